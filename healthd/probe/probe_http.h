/*
 * probe_http.h: what the keys of an HTTP check say, in check_spec.own.
 */
#ifndef RR_HEALTHD_PROBE_HTTP_H
#define RR_HEALTHD_PROBE_HTTP_H

#include "healthd/parse/pattern.h"
#include "healthd/probe/probe_http_headers.h"
#include "healthd/probe/probe_tls_keys.h"

struct probe_http_own {
    struct probe_tls_own tls;
    unsigned status_from, status_to; /* both included */
    struct probe_http_headers headers;
    char *body;            /* NULL: any */
    struct pattern *match; /* NULL: any */
};

#endif
