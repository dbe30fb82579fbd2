/*
 * cron_page.c: prints the page of a made-up daemon of cronrun at a moment that never changes, for looking at it and for the pictures
 * in docs/: `cron_page night|well|fresh|empty|many`.
 */
#include <stdio.h>
#include <string.h>

#include "cronrun/daemon/view.h"

#define WALL_MS INT64_C(1795228407000) /* 2026-11-21T02:33:27Z */

static const char shop[] =
    "CRON_TZ=Europe/Berlin\n"
    "*/5 * * * * [name=send-mail deadline=50s] php bin/console app:email:process\n"
    "*/15 * * * * [name=import-orders policy=queue deadline=10m] ./import.sh\n"
    "30 2 * * * [name=backup deadline=1h catchup=one] ./backup.sh\n"
    "@every 90s [name=poll-payments policy=replace jitter=10s] ./poll\n"
    "0 6 * * mon-fri [name=report] ./report.sh\n"
    "0 4 1 1,7 * [name=rotate-keys-of-all-tenants-in-the-archive] ./rotate\n";

/* A time of a job: `every` minutes apart, the newest `ago` minutes ago. */
struct story {
    size_t job;
    int every_s, ago_s;
    int n;
    unsigned base_ms, deadline_ms;
    const char *
        kinds; /* from the newest to the oldest, again and again: s success, f failure, d deadline, x stopped, k skipped, m missed */
};
static const struct story night[] = {
    {0, 300, 207, 40, 14000, 50000, "sssssdsssssssssssfssssssssssssssssssssss"},
    {1, 900, 207, 40, 190000, 600000, "kssssssssskdsssssssssssssmmmssssssssssss"},
    {2, 86400, 3807, 17, 1700000, 3600000, "ffsssssssssssssss"},
    {3, 90, 57, 40, 1200, 0, "ssssssssxsssssssssssssssssssssssssssssss"},
    {4, 86400, 77607, 9, 42000, 0, "sssssssss"},
};

static const enum past_kind kinds[] = {PAST_SUCCESS, PAST_FAILURE, PAST_DEADLINE,
                                       PAST_STOPPED, PAST_SKIPPED, PAST_MISSED};

static enum past_kind
kind_of(const struct story *s, int back, bool well)
{
    const char *at = strchr("sfdxkm", s->kinds[back % (int)strlen(s->kinds)]);
    return at && !well ? kinds[at - "sfdxkm"] : PAST_SUCCESS;
}

/* The same each time, and like a job's: a base, some noise, a peak now and then. */
static uint32_t
took_ms(const struct story *s, int back, enum past_kind kind)
{
    unsigned noise = ((unsigned)back * 2654435761u + (unsigned)s->job * 40503u) >> 16;
    uint32_t ms =
        s->base_ms + s->base_ms * (noise % 100) / 140 + (noise % 23 == 0 ? s->base_ms * 2 : 0);
    if (kind == PAST_DEADLINE)
        return s->deadline_ms + 400;
    if (kind == PAST_FAILURE)
        return s->base_ms / 3;
    return s->deadline_ms > 0 && ms > s->deadline_ms ? s->deadline_ms * 9 / 10 : ms;
}

static void
live_through(struct jobs *jobs, bool well)
{
    for (size_t k = 0; k < sizeof(night) / sizeof(night[0]); k++) {
        const struct story *s = &night[k];
        for (int back = s->n - 1; back >= 0; back--) {
            enum past_kind kind = kind_of(s, back, well);
            int64_t at_s = WALL_MS / 1000 - s->ago_s - (int64_t)back * s->every_s;
            const struct past_time t = {.at_s = at_s,
                                        .started_ms = kind >= PAST_SKIPPED ? -1 : at_s * 1000 + 4,
                                        .took_ms = took_ms(s, back, kind),
                                        .deadline_ms = s->deadline_ms,
                                        .exit = kind == PAST_FAILURE ? 2 : 0,
                                        .kind = (uint8_t)kind};
            past_add(&jobs->items[s->job]->past, &t);
        }
    }
    jobs->items[1]->running = 1;
    jobs->items[1]->running_since_ms = WALL_MS - (well ? 207000 : 1107000);
    jobs->items[1]->waits = !well;
}

static int
read_jobs(struct jobs *jobs, const char *text)
{
    static const char *const options[] = {"lock", "deadline", "grace", "ping", NULL};
    const struct crontab_rules rules = {.options = options};
    struct crontab_faults faults = {0};
    struct crontab *tab = NULL;
    struct jobs_change change;
    struct err e;
    int rc = crontab_parse(text, strlen(text), &rules, &tab, &faults, &e);
    const struct jobs_source from = {.tab = tab, .zone = "UTC", .now_ms = WALL_MS};
    crontab_faults_done(&faults);
    if (rc == 0 && jobs_set(jobs, &from, &change, &e) == 0)
        return 0;
    fprintf(stderr, "cron_page: %s\n", e.msg);
    return -1;
}

static void
many_jobs(struct strbuf *out)
{
    for (int i = 0; i < 120; i++)
        strbuf_addf(out, "%d %d * * * [name=tenant-%03d] ./clean %d\n", i % 60, i % 24, i, i);
}

int
main(int argc, char **argv)
{
    const char *story = argc > 1 ? argv[1] : "night";
    struct jobs jobs = {0};
    struct strbuf text = STRBUF_INIT, out = STRBUF_INIT;
    if (strcmp(story, "many") == 0)
        many_jobs(&text);
    else if (strcmp(story, "empty") != 0)
        strbuf_adds(&text, shop);
    if (read_jobs(&jobs, strbuf_str(&text)) < 0)
        return 1;
    if (strcmp(story, "night") == 0 || strcmp(story, "well") == 0)
        live_through(&jobs, strcmp(story, "well") == 0);
    struct view v = {.jobs = jobs.items,
                     .n = jobs.n,
                     .now_ms = WALL_MS,
                     .begun_ms = WALL_MS - INT64_C(18) * 86400000,
                     .loaded_ms = WALL_MS - 7500000,
                     .running = strcmp(story, "night") == 0};
    view_page(&v, 0, false, &out);
    fputs(strbuf_str(&out), stdout);
    strbuf_done(&text);
    strbuf_done(&out);
    jobs_done(&jobs);
    return 0;
}
