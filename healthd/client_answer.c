#include "healthd/client_answer.h"

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

/* Content-Length in a head of len bytes; SIZE_MAX when there is none. */
static size_t
length_of(const char *head, size_t len)
{
    static const char name[] = "content-length:";
    const char *end = head + len;
    for (const char *lf = memchr(head, '\n', len); lf;
         lf = memchr(lf + 1, '\n', (size_t)(end - lf - 1))) {
        const char *p = lf + 1;
        if ((size_t)(end - p) < sizeof(name) || strncasecmp(p, name, sizeof(name) - 1) != 0)
            continue;
        p += sizeof(name) - 1;
        while (*p == ' ' || *p == '\t')
            p++;
        size_t n = 0;
        for (; *p >= '0' && *p <= '9'; p++)
            n = n < SIZE_MAX / 20 ? n * 10 + (size_t)(*p - '0') : SIZE_MAX / 2;
        return n;
    }
    return SIZE_MAX;
}

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
    size_t wanted = a.status == 204 || a.status == 304 || a.status == 101
                        ? 0
                        : length_of(data + at, a.body_at - at);
    a.whole = wanted == SIZE_MAX ? ended : len - a.body_at >= wanted;
    return a;
}
