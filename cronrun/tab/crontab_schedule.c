/* crontab_schedule.c: the five fields, or a word, of a line (pure). */
#include <ctype.h>
#include <string.h>

#include "cronrun/tab/crontab_impl.h"

#define FIELDS 5
#define ERRORS_MAX 20 /* of one expression */
#define YEAR_2000_S                                                                                \
    INT64_C(946684800) /* a leap year: 40 years from here hold every date on every weekday */
#define YEAR_S INT64_C(31557600)

static const char *
skip_blanks(const char *at)
{
    return at + strspn(at, " \t");
}

static const char *
skip_word(const char *at)
{
    return at + strcspn(at, " \t");
}

/* Behind the expression; *ret_fields: how many fields there were, 1 for a word. */
static const char *
end_of(const char *at, int *ret_fields)
{
    const char *end = at;
    int n = *at == '@' ? 1 : FIELDS;
    if (strncasecmp(at, "@every", 6) == 0 && (at[6] == ' ' || at[6] == '\t'))
        n = 2;
    for (*ret_fields = 0; *ret_fields < n && *skip_blanks(end); ++*ret_fields)
        end = skip_word(skip_blanks(end));
    return end;
}

/* What is wrong stands from there to the end of its item: made harmless, so that the next fault shows. False: there is no
 * such item. */
static bool
mend(char *expression, size_t wrong)
{
    size_t from = wrong, end = wrong;
    while (from > 0 && !strchr(" \t,", expression[from - 1]))
        from--;
    while (expression[end] && !strchr(" \t,", expression[end]))
        end++;
    if (end == from)
        return false;
    memset(expression + from, '0', end - from);
    expression[end - 1] = '1';
    return true;
}

/* What stands in the last field looks like a command's first word. */
static bool
is_command(const char *wrong)
{
    return (isalpha((unsigned char)*wrong) || strchr("/\"'.", *wrong)) && *wrong != '\0' &&
           !strpbrk(wrong, " \t");
}

/* Every fault of an expression that is refused. at: where it stands in the line. */
static void
tell_all(struct crontab_reader *r, const char *at, const char *expression)
{
    struct cronexpr x;
    struct err e;
    size_t wrong = 0, before = SIZE_MAX;
    char *copy = crontab_keep_text(r, expression, strlen(expression));
    for (int i = 0; copy && i < ERRORS_MAX; i++) {
        if (cronexpr_read(copy, r->rules->dialect, &x, &wrong, &e) == 0 || wrong == before)
            return;
        crontab_tell(r, CRONTAB_ERROR, at + wrong, "%s%s", e.msg,
                     is_command(copy + wrong) ? " (is a field missing in front of the command?)"
                                              : "");
        before = wrong;
        if (*copy == '@' || !mend(copy, wrong))
            return;
    }
}

static const char *
field_at(const char *expression, int n)
{
    const char *at = skip_blanks(expression);
    for (; n > 0; n--)
        at = skip_blanks(skip_word(at));
    return at;
}

/* How the other dialect reads it, where that is not the same: a field that both accept holds the same numbers in both. */
static void
compare_dialects(struct crontab_reader *r, const char *at, const char *expression,
                 const struct cronexpr *x)
{
    enum cron_dialect other = r->rules->dialect == CRON_VIXIE ? CRON_K8S : CRON_VIXIE;
    const char *name = cron_dialect_names[other];
    struct cronexpr y;
    struct err e;
    size_t wrong = 0;
    if (cronexpr_read(expression, other, &y, &wrong, &e) < 0) {
        crontab_tell(r, CRONTAB_WARNING, at + wrong, "the dialect %s refuses this: %s", name,
                     e.msg);
        return;
    }
    if (x->either_day != y.either_day)
        crontab_tell(r, CRONTAB_WARNING, at + (field_at(expression, 2) - expression),
                     "runs on days that match %s day of month and day of week; the dialect %s "
                     "runs it on days that match %s",
                     x->either_day ? "one of" : "both", name,
                     y.either_day ? "one of them" : "both");
}

/* "1-7 * 1", meant for the first Monday. */
static void
check_week(struct crontab_reader *r, const char *at, const char *expression,
           const struct cronexpr *x)
{
    uint64_t first = x->days & -x->days; /* its lowest day */
    if (x->either_day && x->days == 0x7f * first)
        crontab_tell(r, CRONTAB_WARNING, at + (field_at(expression, 2) - expression),
                     "runs on each of these days of the month, and on each of these days of the "
                     "week too; where both are meant, let the command test one of them");
}

bool
crontab_read_schedule(struct crontab_reader *r, const char *at, struct crontab_job *job,
                      const char **ret_end)
{
    const char *fields = at;
    struct err e;
    size_t wrong = 0;
    int n;
    int64_t local_s;
    if (r->rules->dialect == CRON_K8S && (*at == 'T' || *at == 'C'))
        fields = skip_blanks(skip_word(at)); /* TZ=ZONE */
    const char *end = end_of(fields, &n);
    char *expression = crontab_keep_text(r, at, (size_t)(end - at));
    *ret_end = end;
    if (!expression)
        return false;
    if (cronexpr_read(expression, r->rules->dialect, &job->when, &wrong, &e) < 0) {
        tell_all(r, at, expression);
        return false;
    }
    job->expression = expression + (fields - at);
    compare_dialects(r, fields, job->expression, &job->when);
    check_week(r, fields, job->expression, &job->when);
    if (job->when.every_s == 0 &&
        !cronexpr_local(&job->when, YEAR_2000_S, YEAR_2000_S + CRON_HORIZON_YEARS * YEAR_S,
                        &local_s)) {
        crontab_tell(r, CRONTAB_ERROR, fields, "it never runs: no date within %d years matches",
                     CRON_HORIZON_YEARS);
        return false;
    }
    return true;
}
