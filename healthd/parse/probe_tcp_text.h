/*
 * probe_tcp_text.h: bytes as a check line writes them. Pure.
 */
#ifndef RR_HEALTHD_PROBE_TCP_TEXT_H
#define RR_HEALTHD_PROBE_TCP_TEXT_H

#include <stddef.h>

#include "common/base/err.h"

struct probe_bytes {
    char *data; /* owned; NULL: none */
    size_t len;
};

/* \n \r \t \0 \\ \" \' and \xHH as in C; any other byte is itself. ERR_USAGE; ERR_NOMEM. */
MUST_CHECK int probe_tcp_text(const char *text, struct probe_bytes *ret, struct err *e);

#endif
