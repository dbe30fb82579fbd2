/* cmd_next.c: `cronrun next`: when an expression comes, told before it does. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/words.h"
#include "cronrun/commands.h"
#include "cronrun/cron/civil.h"
#include "cronrun/cron/cron_next.h"
#include "cronrun/cron/cronexpr.h"
#include "cronrun/cron/zone.h"
#include "cronrun/options.h"
#include "cronrun/run/instant.h"

#define STATUS_REFUSED 2

static int next_run(void *options, const struct opt_result *given);
static int parse_from(void *options, const struct opt_row *row, const char *value, struct err *e);

static const char *const dialect_names[] = {"vixie", "k8s", NULL};
static const char *const dst_names[] = {"vixie", "skip", "k8s", NULL};

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
    {.name = "tz",
     .kind = OPT_STRING,
     .arg = "ZONE",
     .offset = FIELD(next_tz),
     .flags = OPT_NO_ENV,
     .def_text = "TZ, or UTC",
     .help = "next: time zone, such as Europe/Berlin"},
    {.name = "dialect",
     .kind = OPT_CHOICE,
     .offset = FIELD(next_dialect),
     .flags = OPT_NO_ENV,
     .def = "vixie",
     .choices = dialect_names,
     .help =
         "next: how the expression is read: vixie (as cronie does) or k8s (as Kubernetes reads a CronJob's schedule)"},
    {.name = "dst",
     .kind = OPT_CHOICE,
     .offset = FIELD(next_dst),
     .flags = OPT_NO_ENV,
     .def = "vixie",
     .choices = dst_names,
     .help = "next: what happens to times that the clocks skip or repeat: vixie, skip or k8s",
     .more =
         "vixie: a fixed time in a skipped hour comes once, at the first instant after it, and one in a repeated hour once; "
         "an expression whose minute or hour begins with a star follows real time. skip: skipped times do not come, repeated "
         "ones once. k8s: skipped times do not come, repeated ones twice, as with Kubernetes' own CronJobs."},
    {.name = "json",
     .kind = OPT_BOOL,
     .offset = FIELD(next_json),
     .flags = OPT_NO_ENV,
     .help = "next: one JSON object per line"},
};

const struct opt_command cmd_next = {
    .name = "next",
    .args = "EXPR",
    .min_args = 1,
    .max_args = 1,
    .summary = "print when a cron expression comes next",
    .more =
        "EXPR is one argument: five fields, or @hourly and its like, or @every DURATION. Exit status 2 if it is refused, "
        "and also if it can never match.",
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

static void
print_time(const struct zone *z, int64_t at_s, bool json)
{
    static const char *const weekdays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    int32_t offset_s = zone_at(z, at_s).offset_s;
    char at[CLOCK_RFC3339_MAX], local[LOCAL_MAX];
    clock_format_rfc3339(at, at_s * 1000000, 0);
    local_text(local, at_s, offset_s);
    if (json)
        printf("{\"at\":\"%s\",\"local\":\"%s\"}\n", at, local);
    else
        printf("%s  %s  %s\n",
               weekdays[civil_weekday(civil_floor_div(at_s + offset_s, CIVIL_DAY_S))], local, at);
}

/* ---- the command ---- */

static int
refuse(const struct err *e)
{
    fprintf(stderr, "cronrun: next: %s\n", e->msg);
    return STATUS_REFUSED;
}

static const char *
zone_name(const struct options *o, const struct cronexpr *x)
{
    const char *variable = getenv("TZ");
    if (x->zone[0] != '\0')
        return x->zone;
    if (o->next_tz)
        return o->next_tz;
    return variable && *variable ? variable : "UTC";
}

static int
print_times(const struct options *o, const struct cronexpr *x, const struct zone *z, struct err *e)
{
    int64_t from_ms = o->next_from_ms != INT64_MIN ? o->next_from_ms : clock_wall_ms();
    int64_t at_s = civil_floor_div(from_ms, 1000);
    for (int64_t i = 0; i < o->next_n; i++) {
        if (!cron_next(x, z, (enum cron_dst)o->next_dst, at_s, &at_s))
            return i > 0 ? 0
                         : err_set(e, ERR_USAGE, "it never comes: no date within %d years matches",
                                   CRON_HORIZON_YEARS);
        print_time(z, at_s, o->next_json);
    }
    return 0;
}

static int
next_run(void *options, const struct opt_result *given)
{
    const struct options *o = options;
    struct cronexpr x;
    struct zone *z = NULL;
    struct err e;
    if (!strpbrk(given->argv[0], " \t@")) {
        err_set(&e, ERR_USAGE,
                "'%.60s' is not an expression (five fields in one argument; quote it)",
                words_showable(given->argv[0]));
        return refuse(&e);
    }
    if (cronexpr_parse(given->argv[0], (enum cron_dialect)o->next_dialect, &x, &e) < 0 ||
        zone_load(zone_name(o, &x), &z, &e) < 0)
        return refuse(&e);
    int status = print_times(o, &x, z, &e) < 0 ? refuse(&e) : 0;
    zone_free(z);
    return status;
}
