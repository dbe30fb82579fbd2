/*
 * json.h: writes compact JSON (RFC 8259) onto a strbuf. A writer only; nothing here reads JSON.
 *
 *     struct json j = json_on(&buf);
 *     json_object(&j);
 *     json_kstr(&j, "status", "ready");
 *     json_end(&j);                       -> {"status":"ready"}
 *
 * Commas and colons come by themselves. Invalid UTF-8 becomes U+FFFD, control characters are escaped, so that the
 * output is always valid and one line. Running out of memory shows in buf->failed. Nesting of up to 63.
 */
#ifndef RR_BASE_JSON_H
#define RR_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/strbuf.h"

struct json {
    struct strbuf *out; /* borrowed */
    unsigned depth;
    uint64_t filled; /* bit per depth: something stands before */
    uint64_t arrays; /* bit per depth: 1 an array, 0 an object */
    bool after_key;
};

struct json json_on(struct strbuf *out);

void json_object(struct json *j);
void json_array(struct json *j);
void json_end(struct json *j);                  /* closes the innermost */
void json_key(struct json *j, const char *key); /* then exactly one value */

/* Values: elements of an array, or after json_key. */
void json_str(struct json *j, const char *s); /* NULL writes null */
void json_strn(struct json *j, const char *s, size_t len);
void json_int(struct json *j, int64_t v);
void json_uint(struct json *j, uint64_t v);
void json_double(struct json *j, double v); /* not finite: null */
void json_bool(struct json *j, bool v);
void json_null(struct json *j);
void json_raw(struct json *j, const char *text); /* valid JSON, as it is */

/* Key and value in one. */
void json_kstr(struct json *j, const char *key, const char *s);
void json_kint(struct json *j, const char *key, int64_t v);
void json_kuint(struct json *j, const char *key, uint64_t v);
void json_kbool(struct json *j, const char *key, bool v);

/* How many bytes at the beginning of s a string takes as they are, and are ASCII. Eight at a time. */
size_t json_plain(const char *s, size_t len);
/* The string with its quotes, escaped: for templates that are no tree. */
void json_quote(struct strbuf *out, const char *s, size_t len);

#endif
