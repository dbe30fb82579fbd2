/* cmd_next.c: `cronrun next`: when an expression, or the jobs of a crontab, come, told before they do. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "cronrun/commands.h"
#include "cronrun/cron/civil.h"
#include "cronrun/cron/cron_next.h"
#include "cronrun/cron/cronexpr.h"
#include "cronrun/cron/zone.h"
#include "cronrun/options.h"
#include "cronrun/run/instant.h"
#include "cronrun/tabfile.h"

#define STATUS_REFUSED 2

static int next_run(void *options, const struct opt_result *given);
static int parse_from(void *options, const struct opt_row *row, const char *value, struct err *e);

#define FIELD(name_) offsetof(struct options, name_)

static const struct opt_row next_rows[] = {
    {.name = "count",
     .letter = 'n',
     .kind = OPT_INT,
     .arg = "N",
     .offset = FIELD(next_n),
     .flags = OPT_NO_ENV,
     .def = "10",
     .min = 1,
     .max = 100000,
     .help = "next: how many times"},
    {.name = "from",
     .kind = OPT_CUSTOM,
     .arg = "INSTANT",
     .offset = FIELD(next_from_ms),
     .flags = OPT_NO_ENV,
     .def_text = "now",
     .parse = parse_from,
     .help = "next: only times after INSTANT (RFC 3339)"},
};

const struct opt_command cmd_next = {
    .name = "next",
    .args = "EXPR|CRONTAB",
    .min_args = 1,
    .max_args = 1,
    .path = OPT_PATH_FILE,
    .summary = "print when a cron expression, or the jobs of a crontab, come next",
    .more =
        "EXPR is one argument: five fields, or @hourly and its like, or @every DURATION. CRONTAB is a file (- is standard "
        "input): the next times of all its jobs, in order, each with the job's name. Exit status 2 if either is refused, "
        "and also if something in it can never match.",
    .options = OPT_NAMES("tz", "dialect", "dst", "json"),
    .rows = next_rows,
    .n_rows = sizeof(next_rows) / sizeof(next_rows[0]),
    .run = next_run,
};

static int
parse_from(void *options, const struct opt_row *row, const char *value, struct err *e)
{
    (void)row;
    return instant_parse(value, &((struct options *)options)->next_from_ms, e);
}

/* ---- one time ---- */

#define LOCAL_MAX 48

/* "2026-03-08T03:00:00-04:00"; the seconds of an offset from before time zones are shown, too. */
static const char *
local_text(char buf[LOCAL_MAX], int64_t at_s, int32_t offset_s)
{
    int64_t local_s = at_s + offset_s;
    int64_t days = civil_floor_div(local_s, CIVIL_DAY_S);
    struct civil c = civil_of_days(days);
    int rest = (int)(local_s - days * CIVIL_DAY_S), ahead = abs(offset_s);
    int n = snprintf(buf, LOCAL_MAX, "%04" PRId64 "-%02d-%02dT%02d:%02d:%02d%c%02d:%02d", c.year,
                     c.month, c.day, rest / 3600, rest / 60 % 60, rest % 60,
                     offset_s < 0 ? '-' : '+', ahead / 3600, ahead / 60 % 60);
    if (ahead % 60 != 0)
        snprintf(buf + n, (size_t)(LOCAL_MAX - n), ":%02d", ahead % 60);
    return buf;
}

/* job: its name, of letters that JSON takes as they are; NULL: an expression's time. */
static void
print_time(const struct zone *z, int64_t at_s, const char *job, bool json)
{
    static const char *const weekdays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    int32_t offset_s = zone_at(z, at_s).offset_s;
    char at[CLOCK_RFC3339_MAX], local[LOCAL_MAX];
    clock_format_rfc3339(at, at_s * 1000000, 0);
    local_text(local, at_s, offset_s);
    if (json)
        printf("{\"at\":\"%s\",\"local\":\"%s\"%s%s%s}\n", at, local, job ? ",\"job\":\"" : "",
               job ? job : "", job ? "\"" : "");
    else
        printf("%s  %s  %s%s%s\n",
               weekdays[civil_weekday(civil_floor_div(at_s + offset_s, CIVIL_DAY_S))], local, at,
               job ? "  " : "", job ? job : "");
}

/* ---- an expression ---- */

static const char *
usual_zone(const struct options *o)
{
    const char *variable = getenv("TZ");
    if (o->tz)
        return o->tz;
    return variable && *variable ? variable : "UTC";
}

static int64_t
from_s(const struct options *o)
{
    return civil_floor_div(o->next_from_ms != INT64_MIN ? o->next_from_ms : clock_wall_ms(), 1000);
}

static int
print_times(const struct options *o, const struct cronexpr *x, const struct zone *z, struct err *e)
{
    int64_t at_s = from_s(o);
    for (int64_t i = 0; i < o->next_n; i++) {
        if (!cron_next(x, z, (enum cron_dst)o->dst, at_s, &at_s))
            return i > 0 ? 0
                         : err_set(e, ERR_USAGE, "it never comes: no date within %d years matches",
                                   CRON_HORIZON_YEARS);
        print_time(z, at_s, NULL, o->json);
    }
    return 0;
}

static int
next_of_expression(const struct options *o, const char *text, struct err *e)
{
    struct cronexpr x;
    struct zone *z = NULL;
    if (cronexpr_parse(text, (enum cron_dialect)o->dialect, &x, e) < 0 ||
        zone_load(x.zone[0] ? x.zone : usual_zone(o), &z, e) < 0)
        return -1;
    int status = print_times(o, &x, z, e);
    zone_free(z);
    return status;
}

/* ---- a crontab ---- */

/* A job and its next time. */
struct waiting {
    const struct crontab_job *job;
    const struct zone *z;
    int64_t at_s; /* INT64_MAX: none any more */
};

/* Zones, each loaded once. */
struct named_zone {
    const char *name; /* borrowed */
    struct zone *z;
};
struct zones {
    struct named_zone *items;
    size_t n;
};

static const struct zone *
zone_of(struct zones *zones, const char *name, struct err *e)
{
    struct zone *z = NULL;
    for (size_t i = 0; i < zones->n; i++)
        if (strcmp(zones->items[i].name, name) == 0)
            return zones->items[i].z;
    void *items = realloc(zones->items, (zones->n + 1) * sizeof(zones->items[0]));
    if (!items) {
        err_nomem(e);
        return NULL;
    }
    zones->items = items;
    if (zone_load(name, &z, e) < 0)
        return NULL;
    zones->items[zones->n].name = name;
    zones->items[zones->n++].z = z;
    return z;
}

static void
zones_done(struct zones *zones)
{
    for (size_t i = 0; i < zones->n; i++)
        zone_free(zones->items[i].z);
    free(zones->items);
}

static void
advance(struct waiting *w)
{
    if (!cron_next(&w->job->when, w->z, w->job->dst, w->at_s, &w->at_s))
        w->at_s = INT64_MAX;
}

/* The times of all jobs in order; at the same time, in that of the file. */
static void
print_merged(const struct options *o, struct waiting *all, size_t n)
{
    for (int64_t i = 0; i < o->next_n && n > 0; i++) {
        struct waiting *first = all;
        for (size_t k = 1; k < n; k++)
            if (all[k].at_s < first->at_s)
                first = &all[k];
        if (first->at_s == INT64_MAX)
            return;
        print_time(first->z, first->at_s, first->job->name, o->json);
        advance(first);
    }
}

static int
print_jobs(const struct options *o, const struct crontab *tab, struct err *e)
{
    struct zones zones = {0};
    int status = 0;
    cleanup_free struct waiting *all = calloc(tab->n + 1, sizeof(*all));
    if (!all)
        return err_nomem(e);
    for (size_t i = 0; i < tab->n && status == 0; i++) {
        const struct crontab_job *job = &tab->jobs[i];
        all[i] = (struct waiting){.job = job, .at_s = from_s(o)};
        all[i].z = zone_of(&zones, job->zone ? job->zone : usual_zone(o), e);
        if (all[i].z)
            advance(&all[i]);
        else
            status = -1;
    }
    if (status == 0)
        print_merged(o, all, tab->n);
    zones_done(&zones);
    return status;
}

static int
next_of_crontab(const struct options *o, const char *path, struct err *e)
{
    struct crontab_rules rules =
        tabfile_rules((enum cron_dialect)o->dialect, (enum cron_dst)o->dst);
    struct crontab_faults faults = {0};
    struct crontab *tab = NULL;
    int status = tabfile_read(path, &rules, &tab, &faults, e);
    if (status < 0 && faults.n_errors > 1)
        fprintf(stderr, "cronrun: next: %zu errors; cronrun check tells them all\n",
                faults.n_errors);
    if (status == 0)
        status = print_jobs(o, tab, e);
    crontab_faults_done(&faults);
    crontab_free(tab);
    return status;
}

/* ---- the command ---- */

static int
next_run(void *options, const struct opt_result *given)
{
    const struct options *o = options;
    const char *what = given->argv[0];
    struct err e;
    int status;
    if (access(what, F_OK) == 0 || strcmp(what, "-") == 0)
        status = next_of_crontab(o, what, &e);
    else if (strpbrk(what, " \t") || *what == '@')
        status = next_of_expression(o, what, &e);
    else
        status =
            err_set(&e, ERR_USAGE,
                    "'%.200s' is neither an expression (five fields in one argument; quote it) "
                    "nor a file",
                    tabfile_shown(what));
    if (status == 0)
        return 0;
    fprintf(stderr, "cronrun: next: %s\n", e.msg);
    return STATUS_REFUSED;
}
