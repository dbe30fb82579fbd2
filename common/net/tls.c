/* tls.c: OpenSSL's contexts, of the side that connects. */
#include "common/net/tls.h"

#include <arpa/inet.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/net/loop.h"
#include "common/net/offload.h"
#include "common/net/reopen.h"
#include "common/net/tls_private.h"

/* ---- what OpenSSL has to say ---- */

int
tls_set_reason(struct err *e, const char *what, const char *file)
{
    unsigned long code =
        ERR_peek_error(); /* the first: later ones only say what followed from it */
    const char *reason = ERR_reason_error_string(code);
    if (ERR_GET_LIB(code) == ERR_LIB_SYS)
        reason = strerror(ERR_GET_REASON(code));
    err_set(e, ERR_TLS, "%s %s: %s", what, file, reason ? reason : "no reason given");
    ERR_clear_error();
    return -1;
}

/* ---- files that change ---- */

struct tls_stamp
tls_stamp_of(const char *path)
{
    struct stat st;
    struct tls_stamp s = {0};
    if (stat(path, &st) == 0)
        s = (struct tls_stamp){st.st_mtim, st.st_ino, st.st_size};
    return s;
}

bool
tls_stamp_same(struct tls_stamp a, struct tls_stamp b)
{
    return a.changed.tv_sec == b.changed.tv_sec && a.changed.tv_nsec == b.changed.tv_nsec &&
           a.inode == b.inode && a.size == b.size;
}

/* ---- contexts ---- */

static SSL_CTX *
client_context(const struct tls_client *t, struct err *e)
{
    ERR_clear_error();
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    if (!ctx) {
        err_nomem(e);
        return NULL;
    }
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(ctx, t->verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
    return ctx;
}

/* ---- bufferevents ---- */

static bool
is_address(const char *name)
{
    struct in6_addr ignored;
    return inet_pton(AF_INET, name, &ignored) == 1 || inet_pton(AF_INET6, name, &ignored) == 1;
}

static bool
set_name(SSL *ssl, const char *name, bool verify)
{
    if (is_address(name))
        return !verify || X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1;
    /* A final dot is for the resolver: RFC 6066, 3, sends names without it, and certificates have them so. */
    char host[256];
    size_t len = strlen(name);
    snprintf(host, sizeof(host), "%.*s", (int)(len > 0 && name[len - 1] == '.' ? len - 1 : len),
             name);
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set_tlsext_host_name(ssl, host) == 1 && (!verify || SSL_set1_host(ssl, host) == 1);
}

void
tls_client_share(struct tls_client *t, void *ssl_ctx)
{
    SSL_CTX_set1_cert_store(ssl_ctx, SSL_CTX_get_cert_store(t->ctx));
}

void
tls_client_any_name(struct tls_client *t)
{
    t->any_name = true;
}

struct bufferevent *
tls_client_bufferevent(struct tls_client *t, int fd, const char *name, struct err *e)
{
    ERR_clear_error();
    SSL *ssl = SSL_new(t->ctx);
    if (!ssl || !set_name(ssl, name, t->verify && !t->any_name)) {
        tls_set_reason(e, "cannot start TLS with", name);
        SSL_free(ssl);
        close(fd);
        return NULL;
    }
    struct bufferevent *bev =
        bufferevent_openssl_socket_new(loop_base(t->loop), fd, ssl, BUFFEREVENT_SSL_CONNECTING,
                                       BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
    if (!bev) {
        SSL_free(ssl);
        close(fd);
        err_nomem(e);
        return NULL;
    }
    bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
    return bev;
}

int
tls_bufferevent_error(struct bufferevent *bev, struct err *e)
{
    SSL *ssl = bufferevent_openssl_get_ssl(bev);
    unsigned long code = bufferevent_get_openssl_error(bev);
    long verdict = ssl ? SSL_get_verify_result(ssl) : X509_V_OK;
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    ERR_clear_error();
    if (ssl && SSL_get_verify_mode(ssl) != SSL_VERIFY_NONE && verdict != X509_V_OK) {
        return err_set(e, ERR_TLS, "TLS: certificate verification failed: %s",
                       X509_verify_cert_error_string(verdict));
    }
    if (!reason || ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
        return err_set(e, ERR_CLOSED, "the peer closed the connection during the TLS handshake");
    return err_set(e, ERR_TLS, "TLS: %s", reason);
}

bool
tls_bufferevent_alert(struct bufferevent *bev, struct err *e)
{
    unsigned long code = bufferevent_get_openssl_error(bev);
    int alert = code ? ERR_GET_REASON(code) - SSL_AD_REASON_OFFSET : 0;
    if (alert <= 0 || alert > UINT8_MAX)
        return false;
    const char *reason = ERR_reason_error_string(code);
    err_set(e, ERR_TLS, "TLS: %s", reason ? reason : "the peer ended the session");
    return true;
}

/* ---- how long a certificate lasts ---- */

int
tls_seconds_left(const void *ssl, int64_t *ret_s)
{
    const X509 *cert = ssl ? SSL_get0_peer_certificate(ssl) : NULL;
    int days = 0;
    int seconds = 0;
    if (!cert || ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(cert)) != 1)
        return -1;
    *ret_s = (int64_t)days * 86400 + seconds;
    return 0;
}

int
tls_bufferevent_seconds_left(struct bufferevent *bev, int64_t *ret_s)
{
    return tls_seconds_left(bufferevent_openssl_get_ssl(bev), ret_s);
}

bool
tls_verdict_expired(long verdict)
{
    return verdict == X509_V_ERR_CERT_HAS_EXPIRED;
}

bool
tls_bufferevent_expired(struct bufferevent *bev)
{
    const SSL *ssl = bufferevent_openssl_get_ssl(bev);
    return ssl && tls_verdict_expired(SSL_get_verify_result(ssl));
}

/* ---- making them ---- */

struct tls_client *
tls_client_new(struct loop *l, const char *ca_file, bool verify, struct err *e)
{
    const char *file = ca_file ? ca_file : tls_system_ca_file();
    reopen_note(file);
    if (verify && !file) {
        err_set(
            e, ERR_TLS,
            "no CA certificates were found on this machine; install the package ca-certificates or set SSL_CERT_FILE");
        return NULL;
    }
    struct tls_client *t = calloc(1, sizeof(*t));
    if (t)
        *t = (struct tls_client){.loop = l, .refs = 1, .verify = verify};
    if (!t || (file && !(t->ca_file = strdup(file)))) {
        err_nomem(e);
        tls_client_free(t);
        return NULL;
    }
    t->ctx = client_context(t, e);
    if (!t->ctx) {
        tls_client_free(t);
        return NULL;
    }
    return t;
}

void
tls_client_keep(struct tls_client *t)
{
    t->refs++;
}

void
tls_client_free(struct tls_client *t)
{
    if (!t || --t->refs > 0)
        return;
    offload_cancel(t->loading);
    SSL_CTX_free(t->ctx);
    free(t->ca_file);
    free(t);
}
