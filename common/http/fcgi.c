/* fcgi.c: records of FastCGI 1.0 and the CGI response in them. */
#include "common/http/fcgi.h"

#include <string.h>
#include <strings.h>

/* FastCGI specification 1.0, section 8. */
enum {
    FCGI_VERSION = 1,
    FCGI_BEGIN_REQUEST = 1,
    FCGI_END_REQUEST = 3,
    FCGI_PARAMS = 4,
    FCGI_STDIN = 5,
    FCGI_STDOUT = 6,
    FCGI_STDERR = 7
};
enum { FCGI_RESPONDER = 1 };
enum { FCGI_REQUEST_COMPLETE, FCGI_CANT_MPX_CONN, FCGI_OVERLOADED, FCGI_UNKNOWN_ROLE };
enum { REQUEST_ID = 1, END_CONTENT = 8 };

/* ---- the request ---- */

static void
add_record(struct strbuf *out, int type, const void *content, size_t len)
{
    const unsigned char header[FCGI_HEADER] = {FCGI_VERSION,
                                               (unsigned char)type,
                                               0,
                                               REQUEST_ID,
                                               (unsigned char)(len >> 8),
                                               (unsigned char)len,
                                               0,
                                               0};
    strbuf_add(out, header, sizeof(header));
    strbuf_add(out, content, len);
}

/* In one byte up to 127, else in four with the top bit set. */
static void
add_length(struct strbuf *out, size_t len)
{
    const unsigned char bytes[] = {(unsigned char)(len >> 24 | 0x80), (unsigned char)(len >> 16),
                                   (unsigned char)(len >> 8), (unsigned char)len};
    if (len < 128)
        strbuf_add(out, bytes + 3, 1);
    else
        strbuf_add(out, bytes, sizeof(bytes));
}

static void
add_param(struct strbuf *out, const char *name, const char *value)
{
    add_length(out, strlen(name));
    add_length(out, strlen(value));
    strbuf_adds(out, name);
    strbuf_adds(out, value);
}

void
fcgi_request_format(struct strbuf *out, const char *script)
{
    static const unsigned char begin[8] = {0, FCGI_RESPONDER};
    struct strbuf params = STRBUF_INIT;
    add_param(&params, "REQUEST_METHOD", "GET");
    add_param(&params, "SCRIPT_NAME", script);
    add_param(&params, "SCRIPT_FILENAME", script);
    add_param(&params, "REQUEST_URI", script);
    add_param(&params, "QUERY_STRING", "");
    add_param(&params, "SERVER_PROTOCOL", "HTTP/1.1");
    add_param(&params, "GATEWAY_INTERFACE", "CGI/1.1");
    add_record(out, FCGI_BEGIN_REQUEST, begin, sizeof(begin));
    add_record(out, FCGI_PARAMS, strbuf_str(&params), params.len);
    add_record(out, FCGI_PARAMS, "", 0);
    add_record(out, FCGI_STDIN, "", 0);
    out->failed = out->failed || params.failed;
    strbuf_done(&params);
}

/* ---- records ---- */

void
fcgi_reader_done(struct fcgi_reader *r)
{
    strbuf_done(&r->out);
}

static int
take_header(struct fcgi_reader *r, struct err *e)
{
    const unsigned char *h = r->header;
    unsigned type = h[1];
    r->content = (size_t)h[4] << 8 | h[5];
    r->padding = h[6];
    if (h[0] != FCGI_VERSION || h[2] != 0 || h[3] != REQUEST_ID)
        return err_set(e, ERR_PROTOCOL, "the response is not FastCGI 1.0");
    if (type != FCGI_STDOUT && type != FCGI_STDERR && type != FCGI_END_REQUEST)
        return err_set(e, ERR_PROTOCOL, "a FastCGI record of the unexpected type %u", type);
    if (type == FCGI_END_REQUEST && r->content != END_CONTENT)
        return err_set(e, ERR_PROTOCOL, "a FastCGI end record of %zu bytes", r->content);
    if (type == FCGI_STDOUT && r->out.len + r->content > FCGI_OUTPUT_MAX)
        return err_set(e, ERR_PROTOCOL, "more than %u bytes of output", FCGI_OUTPUT_MAX);
    return 0;
}

/* Up to len bytes of the present record's content; how many there were. */
static size_t
take_content(struct fcgi_reader *r, const unsigned char *data, size_t len)
{
    unsigned type = r->header[1];
    size_t n = len < r->content ? len : r->content;
    if (type == FCGI_STDOUT)
        strbuf_add(&r->out, data, n);
    for (size_t i = 0; type == FCGI_END_REQUEST && i < n; i++)
        if (r->content - i == END_CONTENT - 4) /* behind the four bytes of appStatus */
            r->end = data[i];
    r->content -= n;
    r->ended = type == FCGI_END_REQUEST && r->content == 0;
    return n;
}

static size_t
take_padding(struct fcgi_reader *r, size_t len)
{
    size_t n = len < r->padding ? len : r->padding;
    r->padding -= n;
    return n;
}

/* One piece: a byte of a header, or bytes of a content or of a padding; how many there were into *ret. */
static int
take(struct fcgi_reader *r, const unsigned char *data, size_t len, size_t *ret, struct err *e)
{
    *ret = 1;
    if (r->have < FCGI_HEADER) {
        r->header[r->have++] = data[0];
        if (r->have == FCGI_HEADER && take_header(r, e) < 0)
            return -1;
    } else {
        *ret = r->content > 0 ? take_content(r, data, len) : take_padding(r, len);
    }
    if (r->have == FCGI_HEADER && r->content == 0 && r->padding == 0)
        r->have = 0;
    return 0;
}

int
fcgi_reader_feed(struct fcgi_reader *r, const void *data, size_t len, struct err *e)
{
    const unsigned char *at = data;
    size_t n = 0;
    for (; len > 0 && !r->ended; at += n, len -= n) {
        if (take(r, at, len, &n, e) < 0)
            return -1;
        r->bytes += n;
        if (r->bytes > FCGI_BYTES_MAX)
            return err_set(e, ERR_PROTOCOL, "more than %u bytes", FCGI_BYTES_MAX);
    }
    if (r->out.failed)
        return err_nomem(e);
    return r->ended ? 1 : 0;
}

/* ---- the response ---- */

/* "404 Not Found", "404" */
static int
take_status(const char *value, size_t len, unsigned *ret, struct err *e)
{
    unsigned status = 0;
    size_t n = 0;
    for (; n < len && n < 3 && value[n] >= '0' && value[n] <= '9'; n++)
        status = status * 10 + (unsigned)(value[n] - '0');
    if (n < 3 || (n < len && value[n] != ' ') || status < 100 || status > 599)
        return err_set(e, ERR_PROTOCOL, "the response's Status is no number from 100 to 599");
    *ret = status;
    return 0;
}

/* One line of the head, without its end. */
static int
take_line(const char *line, size_t len, unsigned *ret_status, struct err *e)
{
    static const char name[] = "status:";
    const size_t n = sizeof(name) - 1;
    if (!memchr(line, ':', len))
        return err_set(e, ERR_PROTOCOL, "a header line of the response has no colon");
    if (len < n || strncasecmp(line, name, n) != 0)
        return 0;
    for (line += n, len -= n; len > 0 && (*line == ' ' || *line == '\t'); line++)
        len--;
    return take_status(line, len, ret_status, e);
}

int
fcgi_reader_answer(const struct fcgi_reader *r, struct fcgi_answer *ret, struct err *e)
{
    if (r->end == FCGI_OVERLOADED)
        return err_set(e, ERR_BUSY, "the server is overloaded, it says");
    if (r->end != FCGI_REQUEST_COMPLETE)
        return err_set(e, ERR_PROTOCOL, "the server rejected the request (protocol status %u)",
                       r->end);
    struct fcgi_answer a = {.status = 200};
    const char *line = strbuf_str(&r->out);
    const char *end = line + r->out.len;
    for (;;) {
        const char *lf = memchr(line, '\n', (size_t)(end - line));
        if (!lf)
            return err_set(e, ERR_PROTOCOL, "the response has no end of its header");
        size_t len = (size_t)(lf - line);
        if (len > 0 && line[len - 1] == '\r')
            len--;
        if (len == 0) {
            a.body = lf + 1;
            a.body_len = (size_t)(end - a.body);
            *ret = a;
            return 0;
        }
        if (take_line(line, len, &a.status, e) < 0)
            return -1;
        line = lf + 1;
    }
}
