/*
 * probe_kinds.h: the kinds of checks that there are, each a row at the top of its file.
 */
#ifndef RR_HEALTHD_PROBE_KINDS_H
#define RR_HEALTHD_PROBE_KINDS_H

#include "healthd/check/check_kind.h"

/* One line a kind, in the order in which help and documents list them. */
#define PROBE_KINDS(KIND)                                                                          \
    KIND(probe_pg_kind)                                                                            \
    KIND(probe_redis_kind)                                                                         \
    KIND(probe_http_kind)                                                                          \
    KIND(probe_fcgi_kind)                                                                          \
    KIND(probe_tcp_kind)                                                                           \
    KIND(probe_file_kind)                                                                          \
    KIND(probe_disk_kind)

#define PROBE_KIND_DECLARE(kind) extern const struct check_kind kind;
PROBE_KINDS(PROBE_KIND_DECLARE)

extern const struct check_kind *const probe_kinds[]; /* NULL-ended */

#endif
