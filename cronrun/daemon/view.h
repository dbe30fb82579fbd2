/*
 * view.h: what the daemon shows of itself: metrics for Prometheus, and a page for people. One document without a script and without
 * anything from elsewhere; it names jobs and their schedules, never a command, a variable or the text of an error.
 */
#ifndef RR_CRONRUN_VIEW_H
#define RR_CRONRUN_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/strbuf.h"
#include "cronrun/daemon/jobs.h"

#define VIEW_JOBS_A_PAGE 50

struct view {
    struct job *const *jobs;
    size_t n;
    int64_t now_ms, begun_ms, loaded_ms; /* wall time */
    size_t running;                      /* runs, of jobs that are gone, too */
    uint64_t reloads, refusals;
    bool draining;
    bool refused; /* the latest change of the crontab was */
    /* metrics only */
    double stall_seconds;
    uint64_t http_requests;
};

void view_metrics(const struct view *v, struct strbuf *out);

/* The jobs from number `from` on. paused: the reader does not want it refreshed. */
void view_page(const struct view *v, size_t from, bool paused, struct strbuf *out);
#define VIEW_REFRESH_S 5
extern const char view_style[];

/* The last times of a job as columns, the next one as an empty column at the right. id: a word. */
void view_timeline(struct strbuf *out, const struct job *job, const char *id, int64_t now_ms);
/* In the order in which they are told: "success" ..., and what a column of it is called: "succeeded". */
const char *view_word(enum past_kind kind);
/* A sign of each kind, which depends on no colour: <symbol id='mark-success'>, and mark-running, mark-none. */
extern const char view_marks[];

/* ---- words ---- */
/* "120 ms", "1.2 s", "1 min 3 s" */
void view_took(struct strbuf *out, int64_t ms);
/* A <time>: "09:12:33" of today, "Sat 21 Nov 09:12" of another day; by the clocks of that zone, NULL: UTC. */
void view_time(struct strbuf *out, int64_t at_ms, int64_t now_ms, const struct zone *zone);

#endif
