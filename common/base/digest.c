/*
 * The low-level functions on purpose: EVP's first digest costs 0.65 ms for providers and configuration, a third of what
 * a run with nothing to do takes as a whole; these cost nothing. Deprecated since OpenSSL 3.0, still there in 3.5.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "common/base/digest.h"

#include <errno.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

int
digest_start(struct digest *d, struct err *e)
{
    d->failed = 0;
    if (!d->ctx)
        d->ctx = malloc(sizeof(SHA256_CTX));
    if (!d->ctx || SHA256_Init(d->ctx) != 1) {
        d->failed = 1;
        return err_set(e, ERR_NOMEM, "out of memory for a SHA-256");
    }
    return 0;
}

void
digest_add(struct digest *d, const void *data, size_t len)
{
    if (!d->failed && SHA256_Update(d->ctx, data, len) != 1)
        d->failed = 1;
}

int
digest_end(struct digest *d, uint8_t ret_sum[DIGEST_BYTES], struct err *e)
{
    if (d->failed || SHA256_Final(ret_sum, d->ctx) != 1)
        return err_set(e, ERR_SYSTEM, "cannot compute a SHA-256");
    return 0;
}

void
digest_done(struct digest *d)
{
    free(d->ctx);
    *d = (struct digest)DIGEST_INIT;
}

int
digest_sha256(const void *data, size_t len, uint8_t ret_sum[DIGEST_BYTES], struct err *e)
{
    SHA256_CTX ctx;
    if (SHA256_Init(&ctx) != 1 || SHA256_Update(&ctx, data, len) != 1 ||
        SHA256_Final(ret_sum, &ctx) != 1)
        return err_set(e, ERR_SYSTEM, "cannot compute a SHA-256");
    return 0;
}

int
digest_sha384(const void *data, size_t len, uint8_t ret_sum[DIGEST_SHA384_BYTES], struct err *e)
{
    SHA512_CTX ctx;
    if (SHA384_Init(&ctx) != 1 || SHA384_Update(&ctx, data, len) != 1 ||
        SHA384_Final(ret_sum, &ctx) != 1)
        return err_set(e, ERR_SYSTEM, "cannot compute a SHA-384");
    return 0;
}

uint32_t
digest_crc32(uint32_t crc, const void *data, size_t len)
{
    /* Of each half byte, for the reflected polynomial 0xedb88320. */
    static const uint32_t table[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
                                       0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
                                       0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
                                       0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
    const uint8_t *p = data;
    crc = ~crc;
    for (size_t i = 0; i < len; i++) {
        crc ^= p[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}

int
digest_key64(const void *data, size_t len, int64_t *ret_key, struct err *e)
{
    uint8_t sum[DIGEST_BYTES] = {0};
    if (digest_sha256(data, len, sum, e) < 0)
        return -1;
    uint64_t key = 0;
    for (size_t i = 0; i < sizeof(key); i++)
        key = key << 8 | sum[i];
    *ret_key = (int64_t)key;
    return 0;
}

const char *
digest_hex(char *buf, const uint8_t *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        buf[2 * i] = digits[bytes[i] >> 4];
        buf[2 * i + 1] = digits[bytes[i] & 15];
    }
    buf[2 * len] = '\0';
    return buf;
}

int
digest_random(void *buf, size_t len, struct err *e)
{
    uint8_t *p = buf;
    while (len > 0) {
        ssize_t n = getrandom(p, len, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_sys(e, errno, "getrandom");
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

uint32_t
digest_jitter(uint32_t bound)
{
    uint32_t r;
    if (getrandom(&r, sizeof(r), GRND_NONBLOCK) != sizeof(r)) {
        struct timespec ts;
        clock_gettime(CLOCK_MONOTONIC, &ts);
        r = (uint32_t)ts.tv_nsec * 2654435761u;
    }
    return (uint32_t)((uint64_t)r * bound >> 32);
}
