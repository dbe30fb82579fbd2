/* client_answer.c: reads an HTTP/1.x answer as it arrives (pure). */
#include "healthd/client_answer.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

/* The number in "HTTP/1.x NNN …", 0 when it is none. */
static int
status_of(const char *data, size_t len)
{
    int status = 0;
    if (len < 12 || memcmp(data, "HTTP/1.", 7) != 0 || data[8] != ' ')
        return 0;
    for (size_t i = 9; i < 12; i++) {
        if (data[i] < '0' || data[i] > '9')
            return 0;
        status = status * 10 + (data[i] - '0');
    }
    return len == 12 || data[12] == ' ' || data[12] == '\r' ? status : 0;
}

/* Where the value of a field begins in a head of len bytes, which ends with an empty line; NULL when there is none.
 * name: with its colon, in small letters. */
static const char *
value_of(const char *head, size_t len, const char *name)
{
    const char *end = head + len;
    for (const char *lf = memchr(head, '\n', len); lf;
         lf = memchr(lf + 1, '\n', (size_t)(end - lf - 1))) {
        const char *p = lf + 1;
        if ((size_t)(end - p) <= strlen(name) || strncasecmp(p, name, strlen(name)) != 0)
            continue;
        p += strlen(name);
        return p + strspn(p, " \t");
    }
    return NULL;
}

/* Content-Length; SIZE_MAX when there is none. */
static size_t
length_of(const char *head, size_t len)
{
    const char *p = value_of(head, len, "content-length:");
    size_t n = 0;
    for (; p && *p >= '0' && *p <= '9'; p++)
        n = n < SIZE_MAX / 20 ? n * 10 + (size_t)(*p - '0') : SIZE_MAX / 2;
    return p ? n : SIZE_MAX;
}

/* "chunked" is the last coding of Transfer-Encoding. */
static bool
is_chunked(const char *head, size_t len)
{
    static const char word[] = "chunked";
    const char *p = value_of(head, len, "transfer-encoding:");
    size_t n = p ? strcspn(p, "\r\n") : 0;
    while (n > 0 && (p[n - 1] == ' ' || p[n - 1] == '\t'))
        n--;
    return n >= sizeof(word) - 1 &&
           strncasecmp(p + n - (sizeof(word) - 1), word, sizeof(word) - 1) == 0;
}

/* ---- chunks ---- */

enum chunk { CHUNK_PARTIAL, CHUNK_DATA, CHUNK_END, CHUNK_NONE };

/* The number at the begin of a chunk's first line of len bytes; SIZE_MAX: it is none. */
static size_t
chunk_size(const char *line, size_t len)
{
    size_t size = 0;
    size_t i = 0;
    for (; i < len && isxdigit((unsigned char)line[i]) && size < SIZE_MAX / 32; i++) {
        char c = (char)tolower((unsigned char)line[i]);
        size = size * 16 + (size_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return i > 0 && (i == len || strchr(" \t;", line[i])) ? size : SIZE_MAX;
}

/* Trailers, if any, and an empty line. */
static enum chunk
trailers_end(const char *data, size_t len)
{
    bool none = len >= 2 && memcmp(data, "\r\n", 2) == 0;
    return none || memmem(data, len, "\r\n\r\n", 4) ? CHUNK_END : CHUNK_PARTIAL;
}

/* The chunk at *at, which then is behind it. *ret: its data, as far as they came (DATA, PARTIAL). */
static enum chunk
chunk_read(const char *data, size_t len, size_t *at, const char **ret, size_t *ret_len)
{
    const char *line = data + *at;
    size_t left = len - *at;
    const char *end = memmem(line, left, "\r\n", 2);
    *ret_len = 0;
    if (!end)
        return CHUNK_PARTIAL;
    size_t size = chunk_size(line, (size_t)(end - line));
    *ret = end + 2;
    left -= (size_t)(*ret - line);
    if (size == SIZE_MAX)
        return CHUNK_NONE;
    if (size == 0)
        return trailers_end(*ret, left);
    *ret_len = size < left ? size : left;
    *at = (size_t)(*ret - data) + *ret_len;
    if (left < size || left - size < 2)
        return CHUNK_PARTIAL;
    *at += 2;
    return memcmp(*ret + size, "\r\n", 2) == 0 ? CHUNK_DATA : CHUNK_NONE;
}

static void
read_chunks(struct client_answer *a, const char *data, size_t len)
{
    size_t at = a->body_at;
    enum chunk c;
    do {
        const char *part;
        size_t part_len;
        c = chunk_read(data, len, &at, &part, &part_len);
    } while (c == CHUNK_DATA);
    a->whole = c == CHUNK_END;
    a->malformed = c == CHUNK_NONE;
}

size_t
client_answer_piece(const struct client_answer *a, const char *data, size_t len, size_t *at,
                    const char **ret)
{
    size_t n;
    if (a->chunked) {
        enum chunk c = chunk_read(data, len, at, ret, &n);
        return c == CHUNK_DATA || c == CHUNK_PARTIAL ? n : 0;
    }
    *ret = data + *at;
    n = len - *at;
    *at = len;
    return n;
}

/* ---- the answer ---- */

struct client_answer
client_answer_read(const char *data, size_t len, bool ended)
{
    struct client_answer a = {0};
    size_t at = 0;
    const char *end;
    do {
        a.status = status_of(data + at, len - at);
        end = memmem(data + at, len - at, "\r\n\r\n", 4);
        if (a.status == 0 || !end)
            return a;
        a.body_at = (size_t)(end - data) + 4;
        if (a.status / 100 != 1 || a.status == 101)
            break;
        at = a.body_at;
        a.body_at = 0;
    } while (true);
    bool none = a.status == 204 || a.status == 304 || a.status == 101;
    a.chunked = !none && is_chunked(data + at, a.body_at - at);
    size_t wanted = none ? 0 : length_of(data + at, a.body_at - at);
    if (a.chunked)
        read_chunks(&a, data, len);
    else
        a.whole = wanted == SIZE_MAX ? ended : len - a.body_at >= wanted;
    return a;
}
