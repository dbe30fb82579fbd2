/*
 * tls.h: TLS contexts of the side that connects, and the CA store. With digest.c the only place that knows OpenSSL.
 *
 * The store's file is looked at again before each connection and loaded anew when it changed; when that fails the old certificates
 * stay in use. TLS 1.2 is the least. A file may lie where reading blocks, and to parse the system's takes tens of milliseconds: both
 * are done in a thread, never on the loop (offload.h), one at a time for each client.
 */
#ifndef RR_NET_TLS_H
#define RR_NET_TLS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"

struct bufferevent;
struct loop;
struct tls_client;

/* At the start of a program that connects over TLS, before anything else that uses OpenSSL: what that holds is left to the end of the
 * process. Else exit() would take it from a thread that is still at work. */
void tls_outlast_exit(void);

/* ---- connecting ---- */

/* ca_file NULL: the system's store (tls_system_ca_file()). verify false: the peer's certificate is not looked at. Nothing is read
 * yet. ERR_TLS: this machine has no store; ERR_NOMEM. */
struct tls_client *tls_client_new(struct loop *l, const char *ca_file, bool verify, struct err *e);
/* NULL allowed; from anywhere, before the loop. Whoever waits by the calls below is called all the same; bufferevents live on. */
void tls_client_free(struct tls_client *t);

/* From now on a certificate of any name will do: the chain alone is verified, as by libpq's verify-ca. */
void tls_client_any_name(struct tls_client *t);

struct tls_to {
    int fd; /* connected already */
    const char *
        name; /* sent as SNI, and must be in the certificate; an IP address is looked for among its addresses, not sent */
    uint64_t deadline_ms; /* of the store, as below; the handshake's is the caller's business */
};

struct tls_open;
/* e NULL: a TLS bufferevent that is connecting, which the callee owns; its callbacks are deferred. Else ERR_NOMEM, or as
 * tls_load_cb. */
typedef void tls_open_cb(const struct err *e, struct bufferevent *bev, void *arg);
/* Takes to->fd, also on failure; copies the name. cb fires exactly once, from the loop, never inside this call, unless cancelled.
 * NULL with *e filled: never. */
MUST_CHECK struct tls_open *tls_open_start(struct tls_client *t, const struct tls_to *to,
                                           tls_open_cb *cb, void *arg, struct err *e);
void tls_open_cancel(struct tls_open *o); /* NULL allowed; invalid once cb has fired; closes */

/* ---- the store alone, for a library that makes connections and contexts of its own ---- */

struct tls_load;
/* ERR_TLS: the store cannot be loaded; ERR_TIMEOUT: the file has not been read by the deadline. */
typedef void tls_load_cb(const struct err *e, void *arg);
/* What each connection begins with: the file is looked at, and loaded when it changed. cb as above. When there is a store already, a
 * file that takes half of the time which is left to read is not waited for any longer. NULL: ERR_NOMEM, or ERR_SYSTEM (no thread, and no
 * store yet). */
MUST_CHECK struct tls_load *tls_load_start(struct tls_client *t, uint64_t deadline_ms,
                                           tls_load_cb *cb, void *arg, struct err *e);
void tls_load_cancel(struct tls_load *w); /* NULL allowed; invalid once cb has fired */
/* ssl_ctx: an SSL_CTX. t's store, shared, as it is now. What is verified with it stays the library's business. */
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
