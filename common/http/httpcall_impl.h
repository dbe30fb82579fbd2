/*
 * httpcall_impl.h: the inside of outgoing requests. Private to httpcall*.c.
 *
 * httpcall.c holds calls from start to end, httpcall_curl.c what curl is told and says, httpcall_multi.c its sockets and
 * timer on the loop and the idle connection.
 */
#ifndef RR_HTTP_HTTPCALL_IMPL_H
#define RR_HTTP_HTTPCALL_IMPL_H

#include <curl/curl.h>

#include "common/base/strbuf.h"
#include "common/http/httpcall.h"
#include "common/net/loop.h"
#include "common/net/resolve.h"

/* Heads and body at their most, TLS (certificates, above all), and as much again for the framing of chunks. */
#define HTTPCALL_READ_MAX (UINT64_C(4) * (HTTPCALL_HEAD_MAX + HTTPCALL_TEXT_MAX))

struct httpcall {
    struct httpcall *next;
    struct httpcall_client *client;
    enum httpcall_way way;
    bool reuse; /* over the idle connection, which was silent when q took it */
    uint64_t deadline_ms;
    struct loop_timer *deadline;
    struct resolve_request *request;
    struct tls_load *load;
    CURL *easy; /* once the addresses are known */
    struct curl_slist *headers, *addresses;
    int fd; /* over which it goes, -1: none */
    uint64_t read_before;
    size_t head_bytes, body_bytes;
    struct strbuf body; /* where it is wanted */
    struct httpcall_answer answer;
    bool switched;   /* to another protocol: nobody asked for that */
    bool head_ended; /* with its blank line: curl takes half a head for a whole one */
    char error[CURL_ERROR_SIZE];
    httpcall_cb *cb;
    void *arg;
};

struct httpcall_client {
    struct httpcall_setup x;
    bool dead;
    struct loop_later later;
    char *url;  /* without path, user and final dot of the name */
    char *host; /* as in url */
    CURLM *multi;
    struct loop_timer *timer;
    struct httpcall *calls;
    int idle_fd; /* of the kept connection, -1: none */
    struct loop_watch *idle;
    struct loop_timer *lost_due; /* it was closed behind our back */
    httpcall_lost_cb *lost;
    void *lost_arg;
};

/* httpcall.c: every end of a call. */
void httpcall_done(struct httpcall *q, CURLcode code);

/* httpcall_curl.c */
/* Makes and fills q->easy. addrs: for a name, else n 0. */
MUST_CHECK int
httpcall_prepare(struct httpcall *q, const struct resolve_addr *addrs, size_t n, struct err *e);
/* What a transfer ended with: 0 and q->answer, or -1 with *e filled. */
MUST_CHECK int httpcall_judge(struct httpcall *q, CURLcode code, struct err *e);

/* httpcall_multi.c */
MUST_CHECK int httpcall_multi_init(struct httpcall_client *c, struct err *e);
void httpcall_multi_done(struct httpcall_client *c);
/* For q->easy: how descriptors are opened and closed. */
void httpcall_multi_sockets(struct httpcall *q);
/* Watches the connection that q leaves behind, if it leaves one. */
void httpcall_idle_watch(struct httpcall *q);
/* For the next call: the idle connection is not watched any more. False: there is none, or it is of no use. */
bool httpcall_idle_take(struct httpcall_client *c);
void httpcall_idle_drop(struct httpcall_client *c);

#endif
