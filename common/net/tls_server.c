/* tls_server.c: OpenSSL's contexts and sessions, of the side that accepts. */
#include "common/net/tls_server.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/events.h"
#include "common/base/log.h"
#include "common/net/reopen.h"
#include "common/net/tls_private.h"

#define LOOK_AGAIN_MS 1000u

struct tls_server {
    SSL_CTX *ctx;
    char *cert_file, *key_file;
    struct tls_stamp cert, key; /* of the files that were tried last */
    uint64_t looked_ms;
};

struct tls_session {
    SSL *ssl;
    bool stands; /* the handshake is done, and nothing has failed */
};

/* ---- contexts ---- */

static int
no_passphrase(char *buf, int size, int for_writing, void *arg)
{
    (void)buf;
    (void)size;
    (void)for_writing;
    (void)arg;
    return 0; /* otherwise OpenSSL would ask on the terminal */
}

static int
load_pair(SSL_CTX *ctx, const struct tls_server *t, struct err *e)
{
    SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
    if (SSL_CTX_use_certificate_chain_file(ctx, t->cert_file) != 1)
        return tls_set_reason(e, "cannot load the certificate", t->cert_file);
    if (SSL_CTX_use_PrivateKey_file(ctx, t->key_file, SSL_FILETYPE_PEM) != 1)
        return tls_set_reason(e, "cannot load the private key", t->key_file);
    return 0;
}

static SSL_CTX *
server_context(const struct tls_server *t, struct err *e)
{
    ERR_clear_error();
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (!ctx) {
        err_nomem(e);
        return NULL;
    }
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    if (load_pair(ctx, t, e) == 0)
        return ctx;
    SSL_CTX_free(ctx);
    return NULL;
}

struct tls_server *
tls_server_new(const char *cert_file, const char *key_file, struct err *e)
{
    reopen_note(cert_file);
    reopen_note(key_file);
    struct tls_server *t = calloc(1, sizeof(*t));
    if (!t || !(t->cert_file = strdup(cert_file)) || !(t->key_file = strdup(key_file))) {
        err_nomem(e);
        tls_server_free(t);
        return NULL;
    }
    t->cert = tls_stamp_of(cert_file);
    t->key = tls_stamp_of(key_file);
    t->looked_ms = clock_mono_ms();
    t->ctx = server_context(t, e);
    if (t->ctx)
        return t;
    tls_server_free(t);
    return NULL;
}

void
tls_server_free(struct tls_server *t)
{
    if (!t)
        return;
    SSL_CTX_free(t->ctx);
    free(t->cert_file);
    free(t->key_file);
    free(t);
}

/* A pair that is being replaced may not match for a moment: it is tried again when either file changes once more. */
static void
look_again(struct tls_server *t)
{
    uint64_t now_ms = clock_mono_ms();
    struct err e;
    if (now_ms - t->looked_ms < LOOK_AGAIN_MS)
        return;
    t->looked_ms = now_ms;
    struct tls_stamp cert = tls_stamp_of(t->cert_file), key = tls_stamp_of(t->key_file);
    if (tls_stamp_same(cert, t->cert) && tls_stamp_same(key, t->key))
        return;
    t->cert = cert;
    t->key = key;
    SSL_CTX *fresh = server_context(t, &e);
    if (!fresh) {
        log_warn(&event_certificate_refused, LOG_NONE, "the previous certificate stays in use: %s",
                 e.msg);
        return;
    }
    SSL_CTX_free(t->ctx);
    t->ctx = fresh;
    log_info(&event_certificate_loaded, LOG_FIELDS(LF_STR("file", t->cert_file)),
             "the certificate was replaced: %s", t->cert_file);
}

/* ---- sessions ---- */

struct tls_session *
tls_session_new(struct tls_server *t, int fd)
{
    look_again(t);
    ERR_clear_error();
    struct tls_session *s = calloc(1, sizeof(*s));
    if (s && (s->ssl = SSL_new(t->ctx)) && SSL_set_fd(s->ssl, fd) == 1) {
        SSL_set_accept_state(s->ssl);
        return s;
    }
    ERR_clear_error();
    tls_session_free(s);
    return NULL;
}

void
tls_session_shutdown(struct tls_session *s)
{
    if (s->stands)
        SSL_shutdown(s->ssl);
    s->stands = false;
    ERR_clear_error();
}

void
tls_session_free(struct tls_session *s)
{
    if (!s)
        return;
    tls_session_shutdown(s);
    SSL_free(s->ssl);
    free(s);
}

/* What a return value of rc means: the errno of the same call on a plain socket; 0: the end of the connection. */
static int
errno_of(struct tls_session *s, int rc, bool *ret_write)
{
    int sys_errno = errno;
    int what = SSL_get_error(s->ssl, rc);
    ERR_clear_error();
    *ret_write = what == SSL_ERROR_WANT_WRITE;
    if (what == SSL_ERROR_WANT_READ || what == SSL_ERROR_WANT_WRITE)
        return EAGAIN;
    if (what == SSL_ERROR_ZERO_RETURN)
        return 0;
    s->stands = false; /* nothing may be called any more, a goodbye neither */
    return what == SSL_ERROR_SYSCALL && sys_errno != 0 ? sys_errno : EPROTO;
}

int
tls_session_handshake(struct tls_session *s, bool *ret_write)
{
    *ret_write = false;
    ERR_clear_error();
    errno = 0;
    int rc = SSL_do_handshake(s->ssl);
    if (rc == 1) {
        s->stands = true;
        return 0;
    }
    int sys_errno = errno_of(s, rc, ret_write);
    errno = sys_errno == 0 ? EPROTO : sys_errno;
    return -1;
}

ssize_t
tls_session_recv(struct tls_session *s, void *buf, size_t len)
{
    size_t n = 0;
    bool write;
    ERR_clear_error();
    errno = 0;
    int rc = SSL_read_ex(s->ssl, buf, len, &n);
    if (rc == 1)
        return (ssize_t)n;
    errno = errno_of(s, rc, &write);
    return errno == 0 ? 0 : -1;
}

ssize_t
tls_session_send(struct tls_session *s, const void *buf, size_t len)
{
    size_t n = 0;
    bool write;
    ERR_clear_error();
    errno = 0;
    int rc = SSL_write_ex(s->ssl, buf, len, &n);
    if (rc == 1)
        return (ssize_t)n;
    errno = errno_of(s, rc, &write);
    if (errno == 0)
        errno = EPIPE;
    return -1;
}
