/*
 * httpd.h: a small strict HTTP/1.1 server for prepared answers; made for probes, not for files.
 *
 * One handler answers each request at once, from memory: nothing here waits for anybody. Limits
 * (httpd_limits): 8 KiB of head, no body, 2 s for a whole request however slowly it comes and for
 * taking its answer, 5 s of keep-alive, 512 connections. A new connection is always taken: when all
 * places are filled the oldest idle one is closed, without one the slowest unfinished one. Without
 * descriptors (EMFILE) the same is done; when the others hold them, a spare one is spent to turn
 * the caller away and the listeners pause for 100 ms. Pipelined requests are answered in order, in
 * one write. 400, 408, 413, 414, 431 and 505 are answered here. Parsing: httpd_parse.h.
 */
#ifndef RR_HTTP_HTTPD_H
#define RR_HTTP_HTTPD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/strbuf.h"
#include "common/http/httpd_parse.h"

struct httpd;
struct loop;

/* A prepared answer. head: status line and header lines, each with CRLF, without Date,
 * Connection and the empty line. */
struct httpd_answer {
    int status;
    struct strbuf head;
    struct strbuf body;
};

#define HTTPD_JSON "application/json"
#define HTTPD_TEXT "text/plain; charset=utf-8"
#define HTTPD_HTML "text/html; charset=utf-8"

/* Makes the head for the body that a holds already. extra: further header lines with CRLF, ""
 * for none. */
void httpd_answer_finish(struct httpd_answer *a, int status, const char *content_type,
                         const char *extra);
void httpd_answer_done(struct httpd_answer *a);
/* Memory ran out while it was made. It is never sent: the caller's connection is closed instead. */
bool httpd_answer_is_cut(const struct httpd_answer *a);
/* "Not Found" */
const char *httpd_status_text(int status);

/* Returns the answer, borrowed until the handler is called again; never NULL. */
typedef const struct httpd_answer *httpd_handler(const struct httpd_request *r, void *arg);

struct httpd_limits {
    uint64_t request_ms;
    uint64_t keep_alive_ms;
    unsigned connections;
};
extern const struct httpd_limits httpd_default_limits;

struct httpd_stats {
    uint64_t accepted;
    uint64_t requests;      /* answered, errors too */
    uint64_t errors;        /* answered here: 400, 408 … */
    uint64_t evicted;       /* closed to make room */
    uint64_t no_descriptor; /* times that no descriptor was left */
    unsigned open;          /* connections now */
};

/* limits NULL: httpd_default_limits. handler is called from the loop. ERR_NOMEM, ERR_SYSTEM. */
struct httpd *httpd_new(struct loop *l, const struct httpd_limits *limits, httpd_handler *handler,
                        void *arg, struct err *e);
/* Closes everything; unlinks the unix sockets it made. NULL allowed. */
void httpd_free(struct httpd *h);

/*
 * address: "[::]:9180" (dual-stack), ":9180" or "9180" (the same, IPv4 alone where IPv6 is switched
 * off), "0.0.0.0:9180", "127.0.0.1:0" (port 0: the kernel's choice), "unix:/path" (a socket nobody
 * listens on any more is replaced), "unix:@name" (abstract). Names are not resolved. ERR_USAGE: not
 * an address; ERR_SYSTEM: cannot be bound.
 */
MUST_CHECK int httpd_listen(struct httpd *h, const char *address, struct err *e);
/* Once, before listening: from then on TCP listeners speak TLS, but for "plain:ADDRESS"; unix sockets stay plain. The files:
 * tls_server.h. ERR_TLS, ERR_NOMEM. */
MUST_CHECK int
httpd_use_tls(struct httpd *h, const char *cert_file, const char *key_file, struct err *e);
/* The i-th listener's address with its real port, in the form of httpd_listen; NULL beyond the
 * last. Borrowed. */
const char *httpd_bound(const struct httpd *h, size_t i);
bool httpd_bound_with_tls(const struct httpd *h, size_t i);
/* The directory in which its socket is removed at the end; "": none is. */
const char *httpd_bound_dir(const struct httpd *h, size_t i);

struct httpd_stats httpd_stats(const struct httpd *h);

#endif
