/* tls_private.h: what tls*.c share. For them alone. */
#ifndef RR_NET_TLS_PRIVATE_H
#define RR_NET_TLS_PRIVATE_H

#include <openssl/ssl.h>
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

struct bufferevent;
struct loop;
struct offload;

struct tls_client {
    struct loop *loop;
    unsigned refs; /* the owner, and each that waits */
    SSL_CTX *ctx;
    char *ca_file; /* NULL: nothing to verify with */
    bool verify;
    bool any_name;
    bool loaded; /* ctx has a store, of the file as `stamp` says */
    struct tls_stamp stamp;
    struct offload *loading; /* under way, also when nobody waits any more */
    struct tls_load *waiting;
};

/* One tls_client_free() more is due. */
void tls_client_keep(struct tls_client *t);
/* With the store as it is, after tls_load_start(); takes fd, also on failure. NULL: ERR_NOMEM or ERR_TLS. */
struct bufferevent *
tls_client_bufferevent(struct tls_client *t, int fd, const char *name, struct err *e);

/* ERR_TLS: what, file, and OpenSSL's first reason, whose queue is empty afterwards. Returns -1. */
int tls_set_reason(struct err *e, const char *what, const char *file);

#endif
