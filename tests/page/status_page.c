/*
 * status_page.c: prints the status page of a made-up pod at a moment that never changes, for looking at it and for the pictures
 * in docs/: `status_page outage|well|starting`.
 */
#include <stdio.h>
#include <string.h>

#include "healthd/page/status.h"
#include "healthd/probe/probe_kinds.h"

#define MINUTE_MS 60000u
#define NOW_MS (400u * MINUTE_MS + 20000u)
#define WALL_MS 1795228407000 /* 2026-11-21T02:33:27Z */

static const char *const lines[] = {
    "database postgres://db/app groups ready,startup",
    "cache redis://cache groups ready",
    "api http://127.0.0.1:8080/healthz groups ready,live",
    "php fcgi://127.0.0.1:9000/ping groups ready,web",
    "search https://search:9200/ groups ready optional",
};
#define N (sizeof(lines) / sizeof(lines[0]))

/* What happened how many minutes ago. */
struct incident {
    size_t check;
    unsigned from, to;
    enum verdict_state state;
    enum reason reason;
};
static const struct incident outage[] = {
    {4, 52, 45, VERDICT_DEGRADED, REASON_TIMEOUT}, {0, 38, 37, VERDICT_DEGRADED, REASON_AUTH},
    {3, 31, 27, VERDICT_DEGRADED, REASON_BUSY},    {1, 19, 18, VERDICT_DOWN, REASON_LOADING},
    {3, 14, 8, VERDICT_DEGRADED, REASON_BUSY},     {0, 12, 0, VERDICT_DOWN, REASON_REFUSED},
    {4, 6, 0, VERDICT_DEGRADED, REASON_CLOSED},
};

static struct check_spec specs[N];
static struct view views[N];
static struct history history;

/* The same each time, and like a server's: a base, some noise, a peak now and then. */
static uint64_t
took_us(size_t check, unsigned second, bool ill)
{
    static const unsigned base_us[N] = {900, 350, 4200, 1500, 28000};
    unsigned noise = (second * 2654435761u + (unsigned)check * 40503u) >> 16;
    uint64_t us = base_us[check] + base_us[check] * (noise % 100) / 130;
    if (noise % 97 == 0)
        us *= 6;
    return ill ? us * 20 > 1000000 ? 1000000 : us * 20 : us;
}

static const struct incident *
incident_at(size_t check, double ago)
{
    for (size_t i = 0; i < sizeof(outage) / sizeof(outage[0]); i++)
        if (outage[i].check == check && ago <= outage[i].from && ago > outage[i].to)
            return &outage[i];
    return NULL;
}

static void
change(struct view *v, enum verdict_state state, enum reason reason, int64_t at_ms)
{
    const struct verdict_view from = v->now;
    v->now = (struct verdict_view){state, reason};
    if (state != from.state)
        v->since_ms = at_ms;
    history_add(&history, v, from);
}

static void
live_through(const char *story)
{
    unsigned begin = strcmp(story, "starting") == 0 ? 1 : 140;
    for (unsigned s = begin * 60; s > 0; s--) {
        for (size_t i = 0; i < N; i++) {
            struct view *v = &views[i];
            const struct incident *in =
                strcmp(story, "outage") == 0 ? incident_at(i, s / 60.0) : NULL;
            uint64_t at_ms = NOW_MS - s * 1000u + i * 130;
            if (begin == 1 && (i == 0 || s > 40))
                continue;
            v->any = v->was_up = true;
            change(v, in ? in->state : VERDICT_UP, in ? in->reason : REASON_NONE,
                   WALL_MS - (int64_t)s * 1000 + (int64_t)i * 130);
            hour_set(&v->hour, at_ms, v->now.state);
            uint64_t us = took_us(i, s, in && in->reason != REASON_REFUSED);
            hour_count(&v->hour, at_ms, us);
            v->result_ms = at_ms;
            v->stats.checks++;
            v->stats.last_seconds = (double)us / 1e6;
        }
    }
}

int
main(int argc, char **argv)
{
    static const struct page probes[] = {{PAGE_READY, "ready"},
                                         {PAGE_LIVE, "live"},
                                         {PAGE_HEALTH, "health"},
                                         {PAGE_STARTUP, "startup"},
                                         {PAGE_GROUP, "web"}};
    const char *story = argc > 1 ? argv[1] : "outage";
    struct err e;
    for (size_t i = 0; i < N; i++) {
        if (checkline_parse(lines[i], probe_kinds, &specs[i], &e) < 0)
            return 1;
        views[i] = (struct view){.spec = &specs[i], .since_ms = WALL_MS - 140 * MINUTE_MS};
    }
    live_through(story);
    const struct render_facts facts = {.views = views,
                                       .n = N,
                                       .history = &history,
                                       .service = "todo-chatbot-api",
                                       .version = "3.0.0",
                                       .now_s = WALL_MS / 1000,
                                       .mono_ms = NOW_MS,
                                       .begun_ms = WALL_MS - 140 * MINUTE_MS,
                                       .started = strcmp(story, "starting") != 0};
    struct status_page page = {.n_probes = sizeof(probes) / sizeof(probes[0])};
    for (size_t i = 0; i < page.n_probes; i++)
        page.probes[i] = &probes[i];
    struct httpd_answer answer = {0};
    if (status_page_init(&page, &e) < 0)
        return 1;
    render_status(&facts, &page, &answer);
    fputs(strbuf_str(&answer.body), stdout);
    httpd_answer_done(&answer);
    for (size_t i = 0; i < N; i++)
        check_spec_done(&specs[i]);
    return 0;
}
