/*
 * routes.h: from a request to an answer that is prepared already. Nothing here waits or starts
 * work. Each body is made once a change, the text forms, the metrics of checks and the selections of ?exclude that are in use when
 * somebody asks first; only in /metrics the ages and what concerns healthd itself are put together while the request is there.
 */
#ifndef RR_HEALTHD_ROUTES_H
#define RR_HEALTHD_ROUTES_H

#include <stdbool.h>

#include "common/base/err.h"
#include "common/http/httpd.h"
#include "healthd/page/own_paths.h"
#include "healthd/page/render.h"

enum details { DETAILS_NEVER, DETAILS_LOCAL, DETAILS_ALWAYS };

struct routes;

typedef void routes_metrics_fn(struct render_metrics *ret, void *arg);

struct routes_settings {
    enum details details;
    struct own_paths_lines own;
};

/* facts: borrowed, outlives the routes; its checks are there already. The lines of settings are borrowed, too. metrics fills
 * what the page needs. ERR_USAGE: as own_paths_new(); ERR_NOMEM. */
struct routes *routes_new(const struct render_facts *facts, const struct routes_settings *settings,
                          routes_metrics_fn *metrics, void *arg, struct err *e);
/* The answers can be made of these checks: no alias leads to a group that none of them has. Errors as routes_new(). */
MUST_CHECK int routes_try(struct check_spec *const *specs, size_t n,
                          const struct routes_settings *settings, struct err *e);
void routes_free(struct routes *r); /* NULL allowed */
/* Prepares all answers anew: call it whenever the facts have changed. */
void routes_prepare(struct routes *r);
/* The handler for httpd; arg is the struct routes. */
httpd_handler routes_answer;

#endif
