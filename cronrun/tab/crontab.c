/* crontab.c: a crontab line by line (pure). */
#include "cronrun/tab/crontab.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "cronrun/tab/crontab_impl.h"

static const char *
skip_blanks(const char *at)
{
    return at + strspn(at, " \t");
}

/* Room for one more job; NULL: none, which is told. */
static struct crontab_job *
new_job(struct crontab_reader *r, const char *at)
{
    struct crontab *tab = r->tab;
    if (tab->n == CRONTAB_JOBS_MAX) {
        crontab_tell(r, CRONTAB_ERROR, at, "more than %d jobs", CRONTAB_JOBS_MAX);
        return NULL;
    }
    if (tab->n == r->jobs_size) {
        size_t size = r->jobs_size ? 2 * r->jobs_size : 16;
        struct crontab_job *jobs = realloc(tab->jobs, size * sizeof(*jobs));
        r->failed |= !jobs;
        if (!jobs)
            return NULL;
        tab->jobs = jobs;
        r->jobs_size = size;
    }
    tab->jobs[tab->n] = (struct crontab_job){
        .line = r->line, .dst = r->rules->dst, .starting_deadline_ms = CLOCK_NEVER};
    return &tab->jobs[tab->n++];
}

/* The zone of a job that says nothing in brackets. */
static void
set_zone(struct crontab_reader *r, const char *at, struct crontab_job *job)
{
    struct err e;
    char *in_force = r->cron_tz && *r->cron_tz ? r->cron_tz : r->tz;
    if (job->when.zone[0] == '\0') {
        job->zone = in_force && *in_force ? in_force : NULL;
        return;
    }
    job->zone = crontab_keep_text(r, job->when.zone, strlen(job->when.zone));
    crontab_tell(
        r, CRONTAB_WARNING, at,
        "the dialect vixie reads this line as a variable; CRON_TZ= on a line of its own, or "
        "[tz=ZONE], means the same in both");
    if (job->zone && r->rules->check && r->rules->check(r->rules->arg, "tz", job->zone, &e) < 0)
        crontab_tell(r, CRONTAB_ERROR, at + strcspn(at, "=") + 1, "%s", e.msg);
}

/* Brackets with a blank behind them are the shell's. */
static bool
is_options(const char *at)
{
    return at[0] == '[' && at[1] != '[' && at[1] != ' ' && at[1] != '\t' && at[1] != '\0';
}

/* The minute has no names; a time zone may stand in front of it. */
static bool
begins_schedule(const char *at)
{
    return strchr("0123456789*?@+,", *at) || strncmp(at, "TZ=", 3) == 0 ||
           strncmp(at, "CRON_TZ=", 8) == 0;
}

static void
read_job(struct crontab_reader *r, const char *at)
{
    const char *rest = NULL;
    if (*at == '-') {
        crontab_tell(r, CRONTAB_ERROR, at,
                     "'-' in front of the schedule (cronie: do not log) is not supported");
        return;
    }
    if (!begins_schedule(at)) {
        crontab_tell(r, CRONTAB_ERROR, at,
                     "a schedule is expected: five fields, or a word such as @daily");
        return;
    }
    struct crontab_job *job = new_job(r, at);
    if (!job)
        return;
    bool is_good = crontab_read_schedule(r, at, job, &rest);
    if (is_good)
        set_zone(r, at, job);
    rest = rest ? skip_blanks(rest) : NULL;
    if (rest && is_options(rest))
        rest = crontab_read_options(r, rest + 1, job);
    if (!rest || (!is_good && *rest == '\0'))
        return;
    crontab_read_command(r, skip_blanks(rest), job);
    job->env = crontab_env(r);
    if (!job->run)
        job->run = crontab_keep(r, calloc(1, sizeof(char *)));
    if (!r->ended)
        crontab_tell(r, r->rules->dialect == CRON_VIXIE ? CRONTAB_ERROR : CRONTAB_WARNING,
                     strbuf_str(&r->text) + r->text.len,
                     "the last line does not end with a newline; cronie ignores such a line");
}

/* Takes the carriage return of a line end from Windows away. */
static void
end_line(struct crontab_reader *r)
{
    size_t len = r->text.len;
    if (len == 0 || r->text.data[len - 1] != '\r')
        return;
    if (!r->carriage_told)
        crontab_tell(r, CRONTAB_WARNING, r->text.data + len - 1,
                     "lines end with CR LF; the CR is ignored here, but cronie passes it to the "
                     "command");
    r->carriage_told = true;
    r->text.data[--r->text.len] = '\0';
}

/* The line at r->text. */
static void
read_line(struct crontab_reader *r)
{
    bool continued = r->continued;
    r->continued = false;
    const char *text = strbuf_str(&r->text);
    if (strlen(text) < r->text.len) {
        crontab_tell(r, CRONTAB_ERROR, text + strlen(text), "a NUL byte");
        return;
    }
    end_line(r);
    if (continued) {
        r->continued = r->text.len > 0 && text[r->text.len - 1] == '\\';
        return;
    }
    if (r->line == 1 && strncmp(text, "\xef\xbb\xbf", 3) == 0) {
        crontab_tell(r, CRONTAB_ERROR, text,
                     "the file begins with a byte order mark; save it without one");
        text += 3;
    }
    const char *at = skip_blanks(text);
    if (*at == '\0' || *at == '#')
        return;
    if (crontab_is_env(r, at))
        crontab_read_env(r, at);
    else
        read_job(r, at);
}

static void
read_all(struct crontab_reader *r, const char *text, size_t len)
{
    const char *end = text + len;
    while (text < end && !r->failed) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        size_t n = (size_t)((stop ? stop : end) - text);
        r->line++;
        r->ended = stop != NULL;
        strbuf_clear(&r->text);
        if (n <= CRONTAB_LINE_MAX)
            strbuf_add(&r->text, text, n);
        r->failed |= r->text.failed;
        if (n > CRONTAB_LINE_MAX)
            crontab_tell(r, CRONTAB_ERROR, strbuf_str(&r->text), "the line is longer than %d bytes",
                         CRONTAB_LINE_MAX);
        else
            read_line(r);
        text = stop ? stop + 1 : end;
    }
}

static int
first_error(const struct crontab_faults *faults, struct err *e)
{
    size_t i = 0;
    while (i + 1 < faults->n && !faults->items[i].is_error)
        i++;
    const struct crontab_fault *f = &faults->items[i];
    return err_set(e, ERR_INPUT, "line %u, column %u: %s", f->line, f->column, f->text);
}

int
crontab_parse(const char *text, size_t len, const struct crontab_rules *rules, struct crontab **ret,
              struct crontab_faults *faults, struct err *e)
{
    struct crontab_reader r = {.rules = rules, .faults = faults};
    r.tab = calloc(1, sizeof(*r.tab));
    if (!r.tab)
        return err_nomem(e);
    if (len > CRONTAB_BYTES_MAX) {
        r.line = 1;
        crontab_tell(&r, CRONTAB_ERROR, strbuf_str(&r.text), "the file is larger than %d bytes",
                     CRONTAB_BYTES_MAX);
    } else {
        read_all(&r, text, len);
    }
    if (faults->n_errors == 0 && !r.failed)
        crontab_derive_names(&r);
    crontab_names_done(&r);
    strbuf_done(&r.text);
    free(r.env);
    if (r.failed || faults->n_errors > 0) {
        crontab_free(r.tab);
        return r.failed ? err_nomem(e) : first_error(faults, e);
    }
    *ret = r.tab;
    return 0;
}

void
crontab_free(struct crontab *tab)
{
    if (!tab)
        return;
    crontab_store_free(tab->store);
    free(tab->jobs);
    free(tab);
}
