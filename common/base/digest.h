/*
 * digest.h: SHA-256, other sums of bytes, and random bytes.
 *
 *     CLEANUP_WITH(digest_done) struct digest d = DIGEST_INIT;
 *     if (digest_start(&d, e) < 0) return -1;
 *     digest_add(&d, data, len); …
 *     digest_end(&d, sum);
 *
 * Beside tls.c the only place that knows OpenSSL.
 */
#ifndef RR_BASE_DIGEST_H
#define RR_BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

#define DIGEST_BYTES 32
#define DIGEST_HEX_MAX (2 * DIGEST_BYTES + 1)

struct digest {
    void *ctx; /* SHA256_CTX */
    int failed;
};

/* clang-format off */
#define DIGEST_INIT { 0 }
/* clang-format on */

/* Begins, or begins anew (cheap: the context is kept). ERR_NOMEM. */
MUST_CHECK int digest_start(struct digest *d, struct err *e);
void digest_add(struct digest *d, const void *data, size_t len);
/* The sum of all that was added since digest_start. -1 (ERR_SYSTEM) when the library failed on the way. */
MUST_CHECK int digest_end(struct digest *d, uint8_t ret_sum[DIGEST_BYTES], struct err *e);
void digest_done(struct digest *d);

/* One shot. */
MUST_CHECK int
digest_sha256(const void *data, size_t len, uint8_t ret_sum[DIGEST_BYTES], struct err *e);

/* SHA-384, one shot. */
#define DIGEST_SHA384_BYTES 48
MUST_CHECK int
digest_sha384(const void *data, size_t len, uint8_t ret_sum[DIGEST_SHA384_BYTES], struct err *e);

/* CRC-32 of IEEE 802.3, as zlib's crc32() computes it; crc: 0, or that of the bytes before. No protection against
 * anybody. */
uint32_t digest_crc32(uint32_t crc, const void *data, size_t len);

/* The first eight bytes of the SHA-256 of data, big endian, as an int8 of PostgreSQL's: the key of an advisory lock. */
MUST_CHECK int digest_key64(const void *data, size_t len, int64_t *ret_key, struct err *e);

/* Lower-case hex of len bytes and a NUL into buf of 2 * len + 1; returns buf. */
const char *digest_hex(char *buf, const uint8_t *bytes, size_t len);

/* len unpredictable bytes from the kernel. ERR_SYSTEM. */
MUST_CHECK int digest_random(void *buf, size_t len, struct err *e);
/* A random number below bound (> 0), for jitter: never fails, not for secrets. */
uint32_t digest_jitter(uint32_t bound);

#endif
