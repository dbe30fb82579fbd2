/*
 * tls.h: TLS contexts of the side that connects, and the CA store. With digest.c the only place that knows OpenSSL.
 *
 * The store's file is looked at again at each connection and loaded anew when it changed; when that fails the old certificates
 * stay in use. TLS 1.2 is the least.
 */
#ifndef RR_NET_TLS_H
#define RR_NET_TLS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"

struct bufferevent;
struct event_base;
struct tls_client;

/* ---- connecting ---- */

/* ca_file NULL: the system's store (tls_system_ca_file()). verify false: the peer's certificate is not looked at.
 * ERR_TLS when the store cannot be read. Loading the system's store takes milliseconds: make one and keep it. */
struct tls_client *tls_client_new(const char *ca_file, bool verify, struct err *e);
void
tls_client_free(struct tls_client *t); /* NULL allowed; bufferevents made from it may live on */

/* From now on a certificate of any name will do: the chain alone is verified, as by libpq's verify-ca. */
void tls_client_any_name(struct tls_client *t);

/* A connecting TLS bufferevent over fd, which is connected already; takes fd, also on failure. Its callbacks are deferred.
 * name is sent as SNI and must be in the certificate; an IP address is looked for among its addresses and not sent.
 * NULL: ERR_NOMEM or ERR_TLS. */
struct bufferevent *tls_client_bufferevent(struct tls_client *t, struct event_base *base, int fd,
                                           const char *name, struct err *e);

/* For a library that makes contexts of its own (ssl_ctx: an SSL_CTX): t's CA store, shared, as it is now. What is verified with
 * it stays the library's business. */
void tls_client_share(struct tls_client *t, void *ssl_ctx);

/* ---- afterwards ---- */

/* After BEV_EVENT_ERROR or BEV_EVENT_EOF: ERR_TLS with OpenSSL's or the verifier's reason in *e; ERR_CLOSED when the peer went without
 * a word, as one that is killed does. Returns -1. */
int tls_bufferevent_error(struct bufferevent *bev, struct err *e);
/* After BEV_EVENT_ERROR behind the handshake: true, with ERR_TLS in *e, when the peer ended the session by an alert. With TLS 1.3 a
 * server says only then that it demands a client's certificate (RFC 8446, 4.4.2.4). */
bool tls_bufferevent_alert(struct bufferevent *bev, struct err *e);

/* How long the peer's own certificate is still valid, below 0: it has expired. ssl: an SSL, of a library that makes its own, whose
 * handshake is over. -1: there is no certificate. */
MUST_CHECK int tls_seconds_left(const void *ssl, int64_t *ret_s);
MUST_CHECK int tls_bufferevent_seconds_left(struct bufferevent *bev, int64_t *ret_s);
/* A verifier's verdict, as OpenSSL numbers them: the peer's certificate, or one above it, has expired. */
bool tls_verdict_expired(long verdict);
/* After BEV_EVENT_ERROR: that was it. */
bool tls_bufferevent_expired(struct bufferevent *bev);

/* The system's CA bundle, as libpq's sslrootcert and curl's CAINFO should get it: SSL_CERT_FILE, else Debian's, Alpine's, Red Hat's
 * or SUSE's path, the first that exists. NULL when the machine has none. */
const char *tls_system_ca_file(void);

#endif
