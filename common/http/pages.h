/*
 * pages.h: from a request to an answer by its path. A path that is no page is answered with 404, a method other than GET and
 * HEAD with 405; a slash at a path's end is no matter. Nothing here waits.
 */
#ifndef RR_HTTP_PAGES_H
#define RR_HTTP_PAGES_H

#include <stdbool.h>

#include "common/base/err.h"
#include "common/http/httpd.h"

struct pages;

/* The answer to a GET or HEAD; borrowed until the next request, never NULL. To HEAD httpd leaves the body out. */
typedef const struct httpd_answer *pages_cb(const struct httpd_request *q, void *arg);

struct pages *pages_new(struct err *e); /* ERR_NOMEM */
void pages_free(struct pages *p);       /* NULL allowed */

bool pages_have(const struct pages *p, const char *path);
/* path ("/health/live", without a slash at its end) is copied, and is no page yet. ERR_NOMEM. */
MUST_CHECK int pages_add(struct pages *p, const char *path, pages_cb *cb, void *arg, struct err *e);
/* path, which is no page yet, is answered as target, which is one. ERR_NOMEM. */
MUST_CHECK int
pages_add_alias(struct pages *p, const char *path, const char *target, struct err *e);
/* The page whose path resembles `path` most; NULL when none does. Borrowed. */
const char *pages_nearest(const struct pages *p, const char *path);

/* The handler for httpd; arg is the struct pages. */
httpd_handler pages_answer;

/* Fills *a, which is new, with an error's JSON. ERR_NOMEM. */
MUST_CHECK int pages_prepare_error(struct httpd_answer *a, int status, const char *body,
                                   const char *extra, struct err *e);

#endif
