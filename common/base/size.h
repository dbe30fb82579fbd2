/*
 * size.h: amounts of bytes as people write them.
 */
#ifndef RR_BASE_SIZE_H
#define RR_BASE_SIZE_H

#include <stdint.h>

#include "common/base/err.h"

/*
 * "64KiB", "1.5GiB", "64Ki" (as Kubernetes writes it), "10MB" (powers of 1000), "512B", "512". Letter case
 * matters little (kib, Mb), but a lone K, M, G or T is refused as ambiguous (ERR_USAGE).
 */
MUST_CHECK int size_parse(const char *text, uint64_t *ret_bytes, struct err *e);

#define SIZE_FORMAT_MAX 32
/* The largest binary unit that divides it: 65536 -> "64KiB", 1000 -> "1000B"; buf of SIZE_FORMAT_MAX; returns buf. */
const char *size_format(char *buf, uint64_t bytes);

#endif
