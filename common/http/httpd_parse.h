/*
 * httpd_parse.h: the head of an HTTP/1.x request, strictly (RFC 9112). Pure: no I/O, no allocation,
 * no state but the caller's offset.
 *
 * What it refuses, because proxies and servers disagree about it: bare LF, bare CR, NUL, folded
 * header lines, white space before a colon, two Content-Lengths, any Transfer-Encoding. A body is
 * refused too (413). Host is never judged: kubelets, load balancers and HTTP/1.0 clients send what
 * they like. One empty line before a request is skipped.
 */
#ifndef RR_HTTP_HTTPD_PARSE_H
#define RR_HTTP_HTTPD_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#define HTTPD_HEAD_MAX 8192u
#define HTTPD_HEADERS_MAX 100u

enum httpd_method { HTTPD_GET, HTTPD_HEAD, HTTPD_OTHER };

/* A piece of the input: not NUL-terminated, borrowed. */
struct httpd_text {
    const char *at;
    size_t len;
};

struct httpd_request {
    enum httpd_method method;
    struct httpd_text path;  /* begins with '/', or is "*"; not decoded */
    struct httpd_text query; /* without '?'; at NULL when there is none */
    int minor;               /* HTTP/1.minor: 0 or 1 */
    bool keep_alive;         /* what version and Connection say */
    bool forwarded;          /* a proxy stands between: Forwarded, X-Forwarded-*, X-Real-IP, Via */
    bool local;              /* set by httpd: the peer is this host (loopback or unix socket) */
};

/*
 * Looks for the end of the head in the len bytes at buf. *scanned: where the last call stopped, 0
 * at first; it makes a request that arrives byte by byte cost no more than one that arrives whole.
 * Returns the head's length (> 0), 0 when more bytes are needed, or -status: -400 (bare LF, no
 * method at all), -414 (HTTPD_HEAD_MAX reached within the request line), -431 (reached after it).
 */
int httpd_head_end(const char *buf, size_t len, size_t *scanned);

/*
 * Parses a head of head_len bytes as httpd_head_end measured it. 0, or the status to answer with:
 * 400, 413, 431, 505. On a status other than 0 *ret holds what was understood before (method, for
 * HEAD), keep_alive false.
 */
int httpd_parse(const char *buf, size_t head_len, struct httpd_request *ret);

/* True when the text equals s. */
bool httpd_text_is(struct httpd_text t, const char *s);

/*
 * Takes the next "name=value" or "name" off a query (parts parted by '&', empty ones skipped).
 * False at the end. value.at is NULL when there was no '='.
 */
bool httpd_query_next(struct httpd_text *query, struct httpd_text *ret_name,
                      struct httpd_text *ret_value);

#endif
