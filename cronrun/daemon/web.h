/*
 * web.h: what the daemon answers over HTTP: /health/live, /health/ready, /metrics and the page at /.
 */
#ifndef RR_CRONRUN_WEB_H
#define RR_CRONRUN_WEB_H

#include "common/net/loop.h"
#include "common/opt/opt.h"
#include "cronrun/daemon/view.h"

struct web;

/* Fills *ret with what is so now. */
typedef void web_view_cb(struct view *ret, void *arg);

/* addresses: httpd_listen(); none: [::]:9181; the single word "none": NULL with *e cleared, and nothing listens. ERR_USAGE,
 * ERR_SYSTEM: an address cannot be bound; ERR_NOMEM. */
struct web *web_new(struct loop *l, const struct opt_list *addresses, web_view_cb *cb, void *arg,
                    struct err *e);
void web_free(struct web *w);                         /* NULL allowed */
const char *web_bound(const struct web *w, size_t i); /* as httpd_bound() */

#endif
