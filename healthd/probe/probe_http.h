/*
 * probe_http.h: what the key of an HTTP check says, in check_spec.own.
 */
#ifndef RR_HEALTHD_PROBE_HTTP_H
#define RR_HEALTHD_PROBE_HTTP_H

struct probe_http_own {
    unsigned status_from, status_to; /* both included */
};

#endif
