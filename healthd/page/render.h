/*
 * render.h: the bodies. From views to JSON, to Kubernetes' text form, to metrics; nothing here
 * decides or waits.
 *
 * Words in answers are fixed; the text of an error is never shown, a reason only when `details`
 * says so.
 */
#ifndef RR_HEALTHD_RENDER_H
#define RR_HEALTHD_RENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/http/httpd.h"
#include "healthd/check/history.h"
#include "healthd/check/view.h"

/* What there is to tell. Everything is borrowed. */
struct render_facts {
    const struct view *views;
    size_t n;
    const struct history *history;
    const char *service; /* NULL or "": left out */
    const char *version;
    int64_t now_s;    /* wall time of the answer */
    uint64_t mono_ms; /* the same moment, monotonic */
    int64_t begun_ms; /* wall time of healthd's start */
    bool draining;
    bool started; /* every startup check was up once */
    bool strict;  /* /health follows ready */
};

enum page_kind { PAGE_HEALTH, PAGE_LIVE, PAGE_READY, PAGE_STARTUP, PAGE_GROUP, PAGE_CHECK };

struct page {
    enum page_kind kind;
    const char *name; /* of the group or the check; for the others "health", "live" … */
};

#define RENDER_EXCLUDES_MAX 16

struct render_query {
    bool text;    /* Kubernetes' form instead of JSON */
    bool details; /* reasons are shown */
    struct httpd_text excludes[RENDER_EXCLUDES_MAX];
    size_t n_excludes;
};

#define RENDER_TIMESTAMP_BYTES 20

/* Fills *ret anew. query NULL: plain JSON. Returns where the body holds its RENDER_TIMESTAMP_BYTES of time, 0: nowhere. */
size_t render_page(const struct render_facts *f, const struct page *p,
                   const struct render_query *query, struct httpd_answer *ret);

/* The last changes, the latest first. */
void render_history(const struct render_facts *f, struct httpd_answer *ret);

/* True when the page would be a 200. */
bool render_page_ok(const struct render_facts *f, const struct page *p,
                    const struct render_query *query);

/* True when every check of the group startup that is not optional was up once. */
bool render_all_started(const struct render_facts *f);

struct render_metrics {
    struct httpd_stats http;
    double stall_seconds;
    bool ready;
    bool files_confined, calls_confined; /* the parts of the sandbox */
    uint64_t calls_refused;
};
/* The metrics that only results and changes move: most of the page. Fills *ret anew; where memory ran out it is cut (failed). */
void render_metrics_of_checks(const struct render_facts *f, struct strbuf *ret);
/* The page: those, and what moves all the time (ages, requests, the loop). */
void render_metrics(const struct render_facts *f, const struct render_metrics *m,
                    const struct strbuf *checks, struct httpd_answer *ret);

#endif
