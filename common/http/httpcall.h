/*
 * httpcall.h: outgoing HTTP/1.1 requests: libcurl's multi interface on the loop. The only room that knows curl.
 *
 * A client asks one target. Names go through resolve: curl's own resolver, which may block or start a thread, is not
 * reached. Redirects are not followed, proxies of the environment not used, bodies not decoded. What an answer may cost is
 * bounded: HTTPCALL_HEAD_MAX bytes of heads (interim answers included), HTTPCALL_BODY_MAX bytes of body (HTTPCALL_TEXT_MAX where it is
 * wanted), what frames them, and the deadline.
 */
#ifndef RR_HTTP_HTTPCALL_H
#define RR_HTTP_HTTPCALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

struct httpcall;
struct httpcall_client;
struct loop;
struct resolver;
struct target_peer;
struct tls_client;

#define HTTPCALL_HEAD_MAX 65536u
/* As far as a kubelet reads (k8s.io/kubernetes, pkg/probe/http: maxRespBodyLength); the rest is left, with the connection. */
#define HTTPCALL_BODY_MAX 10240u
/* So much of a body that is wanted. */
#define HTTPCALL_TEXT_MAX 65536u

struct httpcall_setup {
    struct loop *loop;
    struct resolver *resolver;
    const struct target_peer *target; /* http or https */
    const char *user_agent;
    /* Where the CA store is kept that https clients share; made by the first that needs it, freed by whoever owns it. */
    struct tls_client **tls;
    const char *ca_file;        /* of that store, NULL: the system's */
    bool unverified;            /* neither chain nor name of the certificate is looked at */
    const char *const *headers; /* "Name: value", NULL-ended; or NULL. May hold secrets */
    bool body;                  /* it is wanted */
    const char *post;           /* sent by POST; NULL: GET */
    size_t post_bytes;
};

struct httpcall_answer {
    unsigned status;  /* of the final answer */
    const char *body; /* borrowed during the call; not NUL-terminated; "" unless it was wanted */
    size_t body_len;
    int64_t
        cert_left_s; /* how long the server's certificate is still valid; INT64_MAX without one */
    bool expired;    /* with an error: a certificate that has expired was it */
};

/* Everything in x is borrowed and outlives the client. NULL: ERR_NOMEM. */
struct httpcall_client *httpcall_client_new(const struct httpcall_setup *x, struct err *e);
/* NULL allowed; from anywhere; cancels what is under way and closes at once. */
void httpcall_client_free(struct httpcall_client *c);

/* e NULL: answered, and the body came to its end or to its bound. Else ERR_DNS,
 * ERR_REFUSED, ERR_TIMEOUT, ERR_TLS, ERR_CLOSED (before the end of the answer), ERR_PROTOCOL, ERR_NOMEM, ERR_SYSTEM; its
 * text holds neither user nor query. */
typedef void httpcall_cb(const struct err *e, const struct httpcall_answer *a, void *arg);

enum httpcall_way {
    HTTPCALL_KEEP,  /* over the kept connection, else a new one, which is kept */
    HTTPCALL_FRESH, /* over a new connection, which is kept in the place of the old one */
    HTTPCALL_EACH   /* over a new connection, which is closed */
};

/* GET, or POST where the client has something to send. cb fires exactly once, from the loop, never inside this call, unless cancelled. NULL with *e filled: never (ERR_TLS: no
 * CA store). */
MUST_CHECK struct httpcall *
httpcall_start(struct httpcall_client *c, enum httpcall_way way, uint64_t deadline_ms,
               httpcall_cb *cb, void *arg, struct err *e);
void httpcall_cancel(struct httpcall *q); /* NULL allowed; invalid once cb has fired */

/* A connection is kept and idle, and its peer has not ended it. */
bool httpcall_client_connected(const struct httpcall_client *c);
/* cb fires from the loop each time the idle connection ends. */
typedef void httpcall_lost_cb(void *arg);
void httpcall_client_set_lost_cb(struct httpcall_client *c, httpcall_lost_cb *cb, void *arg);

#endif
