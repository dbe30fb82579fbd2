/* probe_tcp_text.c: escapes of C (pure). */
#include "healthd/parse/probe_tcp_text.h"

#include <stdlib.h>
#include <string.h>

/* 16: none. */
static unsigned
hex(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

/* What stands behind a backslash at *at, which moves on; -1: nothing that is known. */
static int
escaped(const char **at)
{
    static const char names[] = "nrt0\\\"'";
    static const char bytes[] = "\n\r\t\0\\\"'";
    const char *p = *at;
    const char *known = *p != '\0' ? strchr(names, *p) : NULL;
    *at = p + 1;
    if (known)
        return (unsigned char)bytes[known - names];
    if (*p != 'x' || hex(p[1]) > 15 || hex(p[2]) > 15)
        return -1;
    *at = p + 3;
    return (int)(16 * hex(p[1]) + hex(p[2]));
}

int
probe_tcp_text(const char *text, struct probe_bytes *ret, struct err *e)
{
    struct probe_bytes b = {malloc(strlen(text) + 1), 0};
    if (!b.data)
        return err_nomem(e); /* uncovered: no test takes memory away */
    for (const char *p = text; *p != '\0';) {
        int byte = (unsigned char)*p++;
        if (byte == '\\')
            byte = escaped(&p);
        if (byte < 0) {
            free(b.data);
            return err_set(
                e, ERR_USAGE,
                "unknown escape; must be one of: \\n, \\r, \\t, \\0, \\\\, \\\", \\', \\xHH");
        }
        b.data[b.len++] = (char)byte;
    }
    *ret = b;
    return 0;
}
