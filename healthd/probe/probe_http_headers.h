/*
 * probe_http_headers.h: the headers that an HTTP check sends: given in its line, or with a value that is a variable's or a file's,
 * so that a secret one needs to stand in no argument. A file is read again for each request, as a password's is for each
 * login. Values are in no message.
 */
#ifndef RR_HEALTHD_PROBE_HTTP_HEADERS_H
#define RR_HEALTHD_PROBE_HTTP_HEADERS_H

#include "common/base/err.h"

struct check_spec;

#define PROBE_HTTP_HEADERS_MAX 16

struct probe_http_headers {
    struct {
        char *line; /* "Name: value", or "Name: " and the rest is in the file. May hold a secret */
        char *file; /* NULL: none */
    } given[PROBE_HTTP_HEADERS_MAX];
    unsigned n;
};

/* "Name: value", "Name: FILE", "Name: VARIABLE". Of probe_http_own.headers. ERR_USAGE; ERR_NOMEM. */
MUST_CHECK int probe_http_key_header(struct check_spec *s, const char *value, struct err *e);
MUST_CHECK int probe_http_key_header_file(struct check_spec *s, const char *value, struct err *e);
MUST_CHECK int probe_http_key_header_env(struct check_spec *s, const char *value, struct err *e);
void probe_http_headers_done(struct probe_http_headers *h);

/* The lines of one request. */
struct probe_http_lines {
    const char *all[PROBE_HTTP_HEADERS_MAX + 1]; /* NULL-ended */
    char *read[PROBE_HTTP_HEADERS_MAX];          /* those that were read from files */
};

/* Fills *ret, which held such lines before or is all zero, anew; borrows h. ERR_AUTH: a file cannot be read, is empty or has
 * more than one line (*ret is as it was); ERR_NOMEM. */
MUST_CHECK int probe_http_lines_read(const struct probe_http_headers *h,
                                     struct probe_http_lines *ret, struct err *e);
void probe_http_lines_done(struct probe_http_lines *l);

#endif
