/* crontab_option.c: "[name=mail deadline=50s]" (pure). */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/words.h"
#include "cronrun/tab/crontab_impl.h"

#define KEY_MAX 40
#define NAMES_MAX 64

struct option {
    struct crontab_reader *r;
    struct crontab_job *job;
    uint64_t *seen;        /* a bit for each option that is known */
    char key[KEY_MAX + 1]; /* with "-" */
    const char *at, *value_at;
    const char *value; /* in the store; NULL: none */
};

/* words: NULL-ended, 0 to last. *ret: which of them value is. */
static int
choose(const char *const *words, int last, const char *value, int *ret, struct err *e)
{
    struct strbuf all = STRBUF_INIT;
    for (int n = 0; n <= last; n++) {
        if (strcmp(words[n], value) == 0) {
            *ret = n;
            strbuf_done(&all);
            return 0;
        }
        strbuf_addf(&all, "%s%s", n ? ", " : "", words[n]);
    }
    const char *near = words_nearest(value, words, (size_t)last + 1, NULL);
    err_set(e, ERR_USAGE, "one of %s is expected%s%s%s", strbuf_str(&all),
            near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
    strbuf_done(&all);
    return -1;
}

static int
ask(const struct option *o, struct err *e)
{
    const struct crontab_rules *rules = o->r->rules;
    return rules->check ? rules->check(rules->arg, o->key, o->value, e) : 0;
}

static int
read_name(struct option *o, struct err *e)
{
    if (ask(o, e) < 0)
        return -1;
    unsigned line = crontab_take_name(o->r, o->value, o->r->line);
    if (line > 0)
        return err_set(e, ERR_USAGE, "the job in line %u has this name already", line);
    o->job->name = (char *)o->value;
    return 0;
}

static int
read_policy(struct option *o, struct err *e)
{
    static const char *const words[] = {"forbid", "allow", "replace", "queue", NULL};
    int policy = 0;
    if (choose(words, TAB_QUEUE, o->value, &policy, e) < 0)
        return -1;
    o->job->policy = (enum tab_policy)policy;
    return 0;
}

static int
read_jitter(struct option *o, struct err *e)
{
    return clock_parse_duration(o->value, &o->job->jitter_ms, e);
}

static int
read_starting_deadline(struct option *o, struct err *e)
{
    if (strcmp(o->value, "none") != 0)
        return clock_parse_duration(o->value, &o->job->starting_deadline_ms, e);
    o->job->starting_deadline_ms = CLOCK_NEVER;
    return 0;
}

static int
read_catchup(struct option *o, struct err *e)
{
    static const char *const words[] = {"none", "one", NULL};
    int one = 0;
    if (choose(words, 1, o->value, &one, e) < 0)
        return -1;
    o->job->catchup = one == 1;
    return 0;
}

static int
read_dst(struct option *o, struct err *e)
{
    int dst = 0;
    if (choose(cron_dst_names, CRON_DST_K8S, o->value, &dst, e) < 0)
        return -1;
    o->job->dst = (enum cron_dst)dst;
    return 0;
}

static int
read_tz(struct option *o, struct err *e)
{
    if (o->job->when.zone[0] != '\0')
        return err_set(e, ERR_USAGE, "a time zone stands in front of the fields already");
    o->job->zone = (char *)o->value;
    return ask(o, e);
}

static const struct {
    const char *name;
    int (*read)(struct option *o, struct err *e);
} own[] = {
    {"name", read_name},       {"policy", read_policy},
    {"jitter", read_jitter},   {"starting-deadline", read_starting_deadline},
    {"catchup", read_catchup}, {"dst", read_dst},
    {"tz", read_tz},
};
#define OWN (sizeof(own) / sizeof(own[0]))

static int
add_run(struct option *o, struct err *e)
{
    struct strbuf text = STRBUF_INIT;
    size_t n = 0;
    if (ask(o, e) < 0)
        return -1;
    while (o->job->run && o->job->run[n])
        n++;
    strbuf_addf(&text, "--%s%s%s", o->key, o->value ? "=" : "", o->value ? o->value : "");
    char *kept = crontab_keep(o->r, strbuf_steal(&text));
    char **run = crontab_keep(o->r, calloc(n + 2, sizeof(*run)));
    if (!kept || !run)
        return 0;
    if (n > 0)
        memcpy(run, o->job->run, n * sizeof(*run));
    run[n] = kept;
    o->job->run = run;
    return 0;
}

/* An option that nobody knows, with the one that may be meant. */
static void
tell_unknown(const struct option *o)
{
    const char *names[NAMES_MAX];
    size_t n = 0;
    for (; n < OWN; n++)
        names[n] = own[n].name;
    for (const char *const *p = o->r->rules->options; p && *p && n < NAMES_MAX; p++)
        names[n++] = *p;
    const char *near = words_nearest(o->key, names, n, NULL);
    char hint[KEY_MAX + 1] = "";
    for (size_t i = 0; near && near[i] && i < KEY_MAX; i++)
        hint[i] = near[i] == '-' ? '_' : near[i];
    crontab_tell(o->r, CRONTAB_ERROR, o->at, "unknown option%s%s%s", near ? "; did you mean " : "",
                 hint, near ? "?" : "");
}

/* Number n of those that are known is here for the first time. */
static bool
is_first(struct option *o, size_t n)
{
    bool first = !(*o->seen >> (n % 64) & 1);
    *o->seen |= UINT64_C(1) << (n % 64);
    if (!first)
        crontab_tell(o->r, CRONTAB_ERROR, o->at, "this option is given twice");
    return first;
}

static void
apply_own(struct option *o, size_t i)
{
    struct err e;
    if (!o->value || !*o->value)
        crontab_tell(o->r, CRONTAB_ERROR, o->at, "a value is expected: %.*s=VALUE",
                     (int)strcspn(o->at, " \t=]"), o->at);
    else if (own[i].read(o, &e) < 0)
        crontab_tell(o->r, CRONTAB_ERROR, o->value_at, "%s", crontab_value_error(o->value, &e));
}

static void
apply(struct option *o)
{
    struct err e;
    size_t n = 0;
    for (; n < OWN; n++) {
        if (strcmp(o->key, own[n].name) != 0)
            continue;
        if (is_first(o, n))
            apply_own(o, n);
        return;
    }
    for (const char *const *p = o->r->rules->options; p && *p; p++, n++) {
        if (strcmp(o->key, *p) != 0)
            continue;
        if (is_first(o, n) && add_run(o, &e) < 0)
            crontab_tell(o->r, CRONTAB_ERROR, o->value_at, "%s", e.msg);
        return;
    }
    tell_unknown(o);
}

/* "]" with a blank or nothing behind it: the address in a URL may have brackets, too. */
static bool
is_close(const char *at)
{
    return *at == ']' && (at[1] == '\0' || at[1] == ' ' || at[1] == '\t');
}

/* The value at `at`, behind "="; returns what is behind it, NULL: told. */
static const char *
read_value(struct option *o, const char *at)
{
    const char *end;
    o->value_at = at;
    if (*at == '"') {
        end = strchr(at + 1, '"');
        if (!end) {
            crontab_tell(o->r, CRONTAB_ERROR, at, "the quote is not closed");
            return NULL;
        }
        o->value = crontab_keep_text(o->r, at + 1, (size_t)(end - at - 1));
        return end + 1;
    }
    end = at;
    while (*end && *end != ' ' && *end != '\t' && !is_close(end))
        end++;
    if (end > at && end[-1] == ',') {
        crontab_tell(o->r, CRONTAB_ERROR, end - 1,
                     "options are separated by blanks, not by commas");
        return end;
    }
    o->value = crontab_keep_text(o->r, at, (size_t)(end - at));
    return end;
}

/* One option; returns what is behind it, NULL: told. */
static const char *
read_option(struct option *o)
{
    const char *at = o->at;
    size_t len = 0;
    while (isalnum((unsigned char)at[len]) || at[len] == '_' || at[len] == '-')
        len++;
    const char *end = at + len;
    if (len == 0 || (*end && !strchr(" \t=]", *end))) {
        crontab_tell(o->r, CRONTAB_ERROR, end, "an option is expected here, as in name=mail");
        return NULL;
    }
    for (size_t i = 0; i < len && i < KEY_MAX; i++)
        o->key[i] = at[i] == '_' ? '-' : at[i];
    if (*end == '=') {
        size_t faults = o->r->faults->n_errors;
        end = read_value(o, end + 1);
        if (!end || o->r->faults->n_errors > faults || o->r->failed)
            return end;
    }
    apply(o);
    return end;
}

/* The bracket ends somewhere, not within quotes. */
static bool
is_closed(const char *at)
{
    for (bool quoted = false; *at; at++) {
        quoted ^= *at == '"';
        if (!quoted && is_close(at))
            return true;
    }
    return false;
}

const char *
crontab_read_options(struct crontab_reader *r, const char *at, struct crontab_job *job)
{
    uint64_t seen = 0;
    if (!is_closed(at)) {
        crontab_tell(r, CRONTAB_ERROR, at - 1, "the options are not closed by ']' and a blank");
        return NULL;
    }
    for (;;) {
        at += strspn(at, " \t");
        if (is_close(at))
            return at + 1;
        struct option o = {.r = r, .job = job, .seen = &seen, .at = at, .value_at = at};
        at = read_option(&o);
        if (!at)
            return NULL;
    }
}
