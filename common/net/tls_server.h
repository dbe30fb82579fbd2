/*
 * tls_server.h: TLS of the side that accepts: a certificate with its key, and sessions over accepted sockets.
 *
 * The files are looked at again when a session is made, at most once a second; a pair that was replaced is used from then
 * on, and while it cannot be used the old one stays. TLS 1.2 is the least; no certificate is asked of the client; nothing is
 * negotiated anew within a session.
 */
#ifndef RR_NET_TLS_SERVER_H
#define RR_NET_TLS_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/base/err.h"

struct tls_server;
struct tls_session;

/* PEM files: the certificate with its chain behind it, and its key, which has no passphrase. Both may be one file.
 * ERR_TLS names the file that cannot be used; ERR_NOMEM. */
struct tls_server *tls_server_new(const char *cert_file, const char *key_file, struct err *e);
void tls_server_free(struct tls_server *t); /* NULL allowed; its sessions may live on */

/* Over an accepted, non-blocking socket, which stays the caller's. NULL: no memory. */
struct tls_session *tls_session_new(struct tls_server *t, int fd);
/* Says goodbye to the peer, as far as the socket takes it. NULL allowed. */
void tls_session_free(struct tls_session *s);

/* 0: the session stands. -1 with errno EAGAIN: go on when the socket can be read, or, with *ret_write, written; any other
 * errno: the peer does not speak TLS, or not ours. */
MUST_CHECK int tls_session_handshake(struct tls_session *s, bool *ret_write);
/* As recv and send, once the session stands. EPROTO: the session is broken. A read of 16 KiB or more leaves nothing behind that
 * the socket does not show as readable. */
ssize_t tls_session_recv(struct tls_session *s, void *buf, size_t len);
ssize_t tls_session_send(struct tls_session *s, const void *buf, size_t len);
/* Nothing is sent any more; the peer is told. Once. */
void tls_session_shutdown(struct tls_session *s);

#endif
