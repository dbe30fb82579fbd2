/* httpd_parse.c: request line, headers and query of an HTTP/1.x request. */
#include "common/http/httpd_parse.h"

#include <string.h>
#include <strings.h>

/* RFC 9110, 5.6.2: the characters of a token. */
static bool
is_token(unsigned char c)
{
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
        return true;
    return c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

bool
httpd_text_is(struct httpd_text t, const char *s)
{
    size_t n = strlen(s);
    return t.len == n && memcmp(t.at, s, n) == 0;
}

static bool
text_is_nocase(struct httpd_text t, const char *s)
{
    size_t n = strlen(s);
    return t.len == n && strncasecmp(t.at, s, n) == 0;
}

int
httpd_head_end(const char *buf, size_t len, size_t *scanned)
{
    if (len == 0)
        return 0;
    size_t skip = len >= 2 && buf[0] == '\r' && buf[1] == '\n' ? 2 : 0;
    if (skip == 0 && buf[0] != '\r' && !is_token((unsigned char)buf[0]))
        return -400;
    size_t limit = len < HTTPD_HEAD_MAX ? len : HTTPD_HEAD_MAX;
    if (*scanned < skip)
        *scanned = skip;
    while (*scanned < limit) {
        const char *lf = memchr(buf + *scanned, '\n', limit - *scanned);
        if (!lf) {
            *scanned = limit;
            break;
        }
        size_t at = (size_t)(lf - buf);
        *scanned = at + 1;
        if (at == 0 || buf[at - 1] != '\r')
            return -400;
        if (at == skip + 1)
            return -400; /* a second empty line before the request */
        if (at >= 3 && buf[at - 2] == '\n')
            return (int)(at + 1);
    }
    if (limit < HTTPD_HEAD_MAX)
        return 0;
    return memchr(buf + skip, '\n', limit - skip) ? -431 : -414;
}

/* "HTTP/1.0" or "HTTP/1.1": 0; another digit pair: 505; anything else: 400. */
static int
parse_version(struct httpd_text v, struct httpd_request *r)
{
    if (v.len != 8 || memcmp(v.at, "HTTP/", 5) != 0 || v.at[6] != '.')
        return 400;
    if (v.at[5] < '0' || v.at[5] > '9' || v.at[7] < '0' || v.at[7] > '9')
        return 400;
    if (v.at[5] != '1' || v.at[7] > '1')
        return 505;
    r->minor = v.at[7] - '0';
    return 0;
}

/* What is left of the absolute form without its scheme and authority, which are skipped unseen as Host is (a proxy that
 * ended TLS says https:// on the plain port). Other forms are left as they are. */
static struct httpd_text
without_authority(struct httpd_text t)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        size_t n = strlen(schemes[i]);
        if (t.len < n || strncasecmp(t.at, schemes[i], n) != 0)
            continue;
        while (n < t.len && t.at[n] != '/' && t.at[n] != '?')
            n++;
        return (struct httpd_text){.at = t.at + n, .len = t.len - n};
    }
    return t;
}

/* Origin form, absolute form, "*", and what CONNECT brings. */
static int
parse_target(struct httpd_text t, bool is_connect, struct httpd_request *r)
{
    for (size_t i = 0; i < t.len; i++) {
        unsigned char c = (unsigned char)t.at[i];
        if (c <= 0x20 || c >= 0x7f || c == '#')
            return 400;
    }
    struct httpd_text rest = without_authority(t);
    bool absolute = rest.at != t.at;
    if (!absolute && (t.len == 0 || (t.at[0] != '/' && !is_connect && !httpd_text_is(t, "*"))))
        return 400;
    const char *mark = memchr(rest.at, '?', rest.len);
    r->path = rest;
    if (mark) {
        r->path.len = (size_t)(mark - rest.at);
        r->query = (struct httpd_text){.at = mark + 1, .len = rest.len - r->path.len - 1};
    }
    if (absolute && r->path.len == 0)
        r->path = (struct httpd_text){.at = "/", .len = 1};
    return 0;
}

static int
parse_request_line(struct httpd_text line, struct httpd_request *r)
{
    size_t n = 0;
    while (n < line.len && is_token((unsigned char)line.at[n]))
        n++;
    struct httpd_text method = {.at = line.at, .len = n};
    if (n == 0 || n == line.len || line.at[n] != ' ')
        return 400;
    if (httpd_text_is(method, "GET"))
        r->method = HTTPD_GET;
    else if (httpd_text_is(method, "HEAD"))
        r->method = HTTPD_HEAD;
    const char *target = line.at + n + 1;
    size_t left = line.len - n - 1;
    const char *space = memchr(target, ' ', left);
    if (!space)
        return 400;
    struct httpd_text version = {.at = space + 1, .len = left - (size_t)(space - target) - 1};
    int status = parse_version(version, r);
    if (status != 0)
        return status;
    return parse_target((struct httpd_text){.at = target, .len = (size_t)(space - target)},
                        httpd_text_is(method, "CONNECT"), r);
}

/* What the headers said, as far as it matters. */
struct head_facts {
    bool content_length, body, transfer_encoding, close, keep_alive;
};

static bool
parse_content_length(struct httpd_text value, struct head_facts *f)
{
    if (f->content_length || value.len == 0)
        return false;
    f->content_length = true;
    for (size_t i = 0; i < value.len; i++) {
        if (value.at[i] < '0' || value.at[i] > '9')
            return false;
        if (value.at[i] != '0')
            f->body = true;
    }
    return true;
}

static void
parse_connection(struct httpd_text value, struct head_facts *f)
{
    while (value.len > 0) {
        const char *comma = memchr(value.at, ',', value.len);
        size_t n = comma ? (size_t)(comma - value.at) : value.len;
        struct httpd_text word = {.at = value.at, .len = n};
        while (word.len > 0 && is_blank(word.at[0])) {
            word.at++;
            word.len--;
        }
        while (word.len > 0 && is_blank(word.at[word.len - 1]))
            word.len--;
        f->close = f->close || text_is_nocase(word, "close");
        f->keep_alive = f->keep_alive || text_is_nocase(word, "keep-alive");
        size_t used = comma ? n + 1 : n;
        value.at += used;
        value.len -= used;
    }
}

static bool
is_forwarding(struct httpd_text name)
{
    return text_is_nocase(name, "forwarded") || text_is_nocase(name, "x-real-ip") ||
           text_is_nocase(name, "via") ||
           (name.len > 12 && strncasecmp(name.at, "x-forwarded-", 12) == 0);
}

static int
judge_header(struct httpd_text name, struct httpd_text value, struct head_facts *f,
             struct httpd_request *r)
{
    switch (name.at[0] | 0x20) {
    case 'c':
        if (text_is_nocase(name, "content-length") && !parse_content_length(value, f))
            return 400;
        if (text_is_nocase(name, "connection"))
            parse_connection(value, f);
        break;
    case 't':
        if (text_is_nocase(name, "transfer-encoding"))
            f->transfer_encoding = true;
        break;
    case 'f':
    case 'v':
    case 'x':
        if (is_forwarding(name))
            r->forwarded = true;
        break;
    default:
        break;
    }
    return 0;
}

static int
parse_header(struct httpd_text line, struct head_facts *f, struct httpd_request *r)
{
    size_t n = 0;
    while (n < line.len && is_token((unsigned char)line.at[n]))
        n++;
    if (n == 0 || n == line.len || line.at[n] != ':')
        return 400; /* a folded line begins with a blank and ends here too */
    struct httpd_text name = {.at = line.at, .len = n};
    struct httpd_text value = {.at = line.at + n + 1, .len = line.len - n - 1};
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.at[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return 400;
    }
    while (value.len > 0 && is_blank(value.at[0])) {
        value.at++;
        value.len--;
    }
    while (value.len > 0 && is_blank(value.at[value.len - 1]))
        value.len--;
    return judge_header(name, value, f, r);
}

/* The line at buf[*at] without its CRLF; *at moves behind it. The head ends with an empty line,
 * so there is one. */
static struct httpd_text
next_line(const char *buf, size_t head_len, size_t *at)
{
    const char *start = buf + *at;
    const char *lf = memchr(start, '\n', head_len - *at);
    size_t n = lf ? (size_t)(lf - start) : head_len - *at;
    *at += lf ? n + 1 : n;
    return (struct httpd_text){.at = start, .len = lf && n > 0 ? n - 1 : n};
}

int
httpd_parse(const char *buf, size_t head_len, struct httpd_request *ret)
{
    struct head_facts f = {0};
    *ret = (struct httpd_request){.method = HTTPD_OTHER, .minor = 1};
    size_t at = head_len >= 2 && buf[0] == '\r' && buf[1] == '\n' ? 2 : 0;
    int status = parse_request_line(next_line(buf, head_len, &at), ret);
    for (unsigned n = 0; status == 0; n++) {
        struct httpd_text line = next_line(buf, head_len, &at);
        if (line.len == 0)
            break;
        status = n < HTTPD_HEADERS_MAX ? parse_header(line, &f, ret) : 431;
    }
    if (status == 0 && f.transfer_encoding)
        status = 400;
    if (status == 0 && f.body)
        status = 413;
    ret->keep_alive = status == 0 && !f.close && (ret->minor == 1 || f.keep_alive);
    return status;
}

bool
httpd_query_next(struct httpd_text *query, struct httpd_text *ret_name,
                 struct httpd_text *ret_value)
{
    while (query->at && query->len > 0) {
        const char *amp = memchr(query->at, '&', query->len);
        struct httpd_text part = {.at = query->at,
                                  .len = amp ? (size_t)(amp - query->at) : query->len};
        size_t used = amp ? part.len + 1 : part.len;
        query->at += used;
        query->len -= used;
        if (part.len == 0)
            continue;
        const char *eq = memchr(part.at, '=', part.len);
        *ret_name = part;
        *ret_value = (struct httpd_text){0};
        if (eq) {
            ret_name->len = (size_t)(eq - part.at);
            *ret_value = (struct httpd_text){.at = eq + 1, .len = part.len - ret_name->len - 1};
        }
        return true;
    }
    return false;
}
