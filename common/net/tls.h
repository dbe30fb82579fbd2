/*
 * tls.h: TLS contexts and the CA store. With digest.c the only place that knows OpenSSL.
 */
#ifndef RR_NET_TLS_H
#define RR_NET_TLS_H

#include <stdbool.h>

#include "common/base/err.h"

struct bufferevent;
struct event_base;
struct tls_client;

/* ca_file NULL: the system's store (SSL_CERT_FILE, Debian's, Alpine's, Red Hat's path: the first that exists).
 * verify false: the peer's certificate is not looked at. ERR_TLS when the store cannot be read. */
struct tls_client *tls_client_new(const char *ca_file, bool verify, struct err *e);
void tls_client_free(struct tls_client *t);   /* bufferevents made from it may live on */

/* A connecting TLS bufferevent over fd (takes fd; closed with it), SNI and verified name from name. NULL: ENOMEM. */
struct bufferevent *tls_client_bufferevent(struct tls_client *t, struct event_base *base, int fd, const char *name,
                                           struct err *e);
/* After a failed handshake: ERR_TLS with OpenSSL's or the verifier's reason in *e. Returns -1. */
int tls_bufferevent_error(struct bufferevent *bev, struct err *e);

/* The CA bundle that libpq's sslrootcert should get; NULL when the machine has none. */
const char *tls_system_ca_file(void);

#endif
