/*
 * probe_http.h: what the keys of an HTTP check say, in check_spec.own.
 */
#ifndef RR_HEALTHD_PROBE_HTTP_H
#define RR_HEALTHD_PROBE_HTTP_H

#include "healthd/probe/pattern.h"
#include "healthd/probe/probe_tls_keys.h"

#define PROBE_HTTP_HEADERS_MAX 16

struct probe_http_own {
    struct probe_tls_own tls;
    unsigned status_from, status_to;           /* both included */
    char *headers[PROBE_HTTP_HEADERS_MAX + 1]; /* "Name: value", NULL-ended. May hold secrets */
    char *body;                                /* NULL: any */
    struct pattern *match;                     /* NULL: any */
};

#endif
