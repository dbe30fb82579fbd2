/* tls_private.h: what tls.c and tls_server.c share. For tls*.c alone. */
#ifndef RR_NET_TLS_PRIVATE_H
#define RR_NET_TLS_PRIVATE_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

#include "common/base/err.h"

/* What a file was when it was loaded. */
struct tls_stamp {
    struct timespec changed;
    ino_t inode;
    off_t size;
};

/* All zero when there is no such file. */
struct tls_stamp tls_stamp_of(const char *path);
bool tls_stamp_same(struct tls_stamp a, struct tls_stamp b);

/* ERR_TLS: what, file, and OpenSSL's first reason, whose queue is empty afterwards. Returns -1. */
int tls_set_reason(struct err *e, const char *what, const char *file);

#endif
