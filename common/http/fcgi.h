/*
 * fcgi.h: FastCGI 1.0 as its client speaks it: one request without a body, and what comes back for it. Pure: bytes in,
 * an answer or an error out.
 *
 * The answer is a CGI response (RFC 3875, section 6) in the application's standard output. What it may cost is bounded:
 * FCGI_OUTPUT_MAX bytes of it, and FCGI_BYTES_MAX of records, standard error included, which is read away.
 */
#ifndef RR_HTTP_FCGI_H
#define RR_HTTP_FCGI_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"
#include "common/base/strbuf.h"

#define FCGI_OUTPUT_MAX 16384u
#define FCGI_BYTES_MAX 65536u
#define FCGI_HEADER 8u /* bytes before a record's content */

/* Appends a GET of `script`, at most 4096 bytes, as SCRIPT_NAME and SCRIPT_FILENAME; the server is to close afterwards. */
void fcgi_request_format(struct strbuf *out, const char *script);

struct fcgi_reader {
    unsigned char header[FCGI_HEADER];
    size_t have;             /* bytes of the header */
    size_t content, padding; /* bytes of the record that are still to come */
    unsigned char end;       /* protocolStatus of FCGI_END_REQUEST */
    bool ended;              /* that record is complete */
    size_t bytes;            /* read in all */
    struct strbuf out;       /* standard output */
};

/* Memory is released by fcgi_reader_done(). All zero is a reader that has read nothing. */
void fcgi_reader_done(struct fcgi_reader *r);

/* The next len bytes of the connection. 1: the answer is complete, what follows was not looked at; 0: more is to come;
 * -1: ERR_PROTOCOL, ERR_NOMEM. */
MUST_CHECK int fcgi_reader_feed(struct fcgi_reader *r, const void *data, size_t len, struct err *e);

struct fcgi_answer {
    unsigned status;  /* 100 to 599; 200 when the response names none */
    const char *body; /* borrowed from the reader; NUL-terminated, but may hold further NULs */
    size_t body_len;
};

/* Of a complete answer. ERR_BUSY: the server is overloaded, by its own word (FCGI_OVERLOADED); ERR_PROTOCOL. */
MUST_CHECK int
fcgi_reader_answer(const struct fcgi_reader *r, struct fcgi_answer *ret, struct err *e);

#endif
