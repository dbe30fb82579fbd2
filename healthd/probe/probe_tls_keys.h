/*
 * probe_tls_keys.h: the keys of checks over TLS, tls:// and https://: whose certificate is trusted, and for how long it must
 * still be valid.
 */
#ifndef RR_HEALTHD_PROBE_TLS_KEYS_H
#define RR_HEALTHD_PROBE_TLS_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "healthd/check/checkline.h"
#include "healthd/probe/probe.h"

/* Lies first in check_spec.own of these kinds. */
struct probe_tls_own {
    char *ca; /* NULL: the system's store */
    uint64_t days;
    bool unverified;   /* the certificate may be anybody's */
    const char *given; /* one of the keys that the line has, static; NULL: none */
};

int probe_tls_key_ca(struct check_spec *s, const char *value, struct err *e);
int probe_tls_key_days(struct check_spec *s, const char *value, struct err *e);
int probe_tls_key_verify(struct check_spec *s, const char *value, struct err *e);
void probe_tls_own_done(struct probe_tls_own *own);
/* The keys are not for a URL without TLS: `scheme` ("tls") is the one that has it. ERR_USAGE. */
MUST_CHECK int probe_tls_judge_keys(const struct check_spec *s, const char *scheme, struct err *e);

struct tls_client;

/* Where the store is kept that a check trusts: the schedule's (x->https), or *ret_own for a line that wants another. */
struct tls_client **probe_tls_place(const struct probe_context *x, const struct probe_tls_own *own,
                                    struct tls_client **ret_own);
/* That store, made when first asked for. Borrowed; NULL: ERR_TLS, the machine has none. */
struct tls_client *probe_tls_client(const struct probe_context *x, const struct probe_tls_own *own,
                                    struct tls_client **ret_own, struct err *e);

/* Fills *ret when the certificate that is valid for so long does not suffice. */
void probe_tls_judge(const struct probe_tls_own *own, int64_t seconds_left, const char *who,
                     struct probe_result *ret);

#endif
