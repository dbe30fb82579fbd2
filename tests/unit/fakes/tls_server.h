/*
 * tls_server.h: the accepting side of TLS, for scripted servers: a certificate and its key, and bufferevents made with them. The
 * programs themselves only connect (common/net/tls.h).
 */
#ifndef RR_TESTS_TLS_SERVER_H
#define RR_TESTS_TLS_SERVER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/ssl.h>

/* PEM files: the certificate with its chain, and the key. */
static inline SSL_CTX *
tls_server_new(const char *cert_file, const char *key_file)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    assert_non_null(ctx);
    assert_int_equal(SSL_CTX_use_certificate_chain_file(ctx, cert_file), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey_file(ctx, key_file, SSL_FILETYPE_PEM), 1);
    assert_int_equal(SSL_CTX_check_private_key(ctx), 1);
    return ctx;
}

/* Over an accepted descriptor, which it takes. It may outlive the server. */
static inline struct bufferevent *
tls_server_bufferevent(SSL_CTX *server, struct event_base *base, int fd)
{
    struct bufferevent *bev =
        bufferevent_openssl_socket_new(base, fd, SSL_new(server), BUFFEREVENT_SSL_ACCEPTING,
                                       BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
    assert_non_null(bev);
    bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
    return bev;
}

static inline void
tls_server_free(SSL_CTX *server)
{
    SSL_CTX_free(server);
}

#endif
