/*
 * status.h: the page for people: what is wrong, since when, why, and the last hour as a picture. One document without a
 * script and without anything from elsewhere.
 *
 * It names what the configuration names (checks, groups, the service) and reasons, never the text of an error or a target.
 */
#ifndef RR_HEALTHD_STATUS_H
#define RR_HEALTHD_STATUS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/http/html.h"
#include "healthd/page/render.h"

#define STATUS_REFRESH_S 5
#define STATUS_PROBES_MAX 16

struct status_page {
    const struct page *probes[STATUS_PROBES_MAX]; /* the pages for probes that it lists */
    size_t n_probes;
    bool paused; /* the browser is not asked to load it anew */
    char style_hash[HTML_CSP_HASH_MAX];
};

/* Fills style_hash. ERR_SYSTEM, ERR_NOMEM. */
MUST_CHECK int status_page_init(struct status_page *p, struct err *e);

/* Fills *ret anew. */
void
render_status(const struct render_facts *f, const struct status_page *p, struct httpd_answer *ret);
/* What others get instead: 403, and why. local: those who are local would see it. */
void render_status_withheld(const struct status_page *p, bool local, struct httpd_answer *ret);

extern const char status_style[];

#endif
