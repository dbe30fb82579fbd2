/* The request parser: any bytes, whole and in pieces, give the same answer and stay within their
 * bounds. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/http/httpd_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_inside(const char *buf, size_t len, struct httpd_text t)
{
    static const char slash[] = "/";
    if (!t.at || (t.len == 1 && t.at[0] == slash[0]))
        return;
    if (t.at < buf || t.at + t.len > buf + len)
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *buf = malloc(size + 1);
    size_t whole = 0, pieces = 0;
    memcpy(buf, data, size);
    int n = httpd_head_end(buf, size, &whole);
    int m = 0;
    for (size_t len = 1; len <= size && m == 0; len++)
        m = httpd_head_end(buf, len, &pieces);
    /* Bytes beyond the limit can only be seen by the whole. */
    if (n != m && size <= HTTPD_HEAD_MAX)
        abort();
    if (n > 0) {
        struct httpd_request r;
        struct httpd_text name, value;
        int status = httpd_parse(buf, (size_t)n, &r);
        if (status != 0 && status != 400 && status != 413 && status != 431 && status != 505)
            abort();
        if (status != 0 && r.keep_alive)
            abort();
        check_inside(buf, (size_t)n, r.path);
        check_inside(buf, (size_t)n, r.query);
        while (httpd_query_next(&r.query, &name, &value)) {
            check_inside(buf, (size_t)n, name);
            check_inside(buf, (size_t)n, value);
        }
    }
    free(buf);
    return 0;
}
