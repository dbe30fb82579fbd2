/* probe_fcgi_page.c: two lines of PHP-FPM's status page (pure). */
#include "healthd/parse/probe_fcgi_page.h"

#include <string.h>

/* "NAME:   12" at the beginning of a line. */
static bool
take_count(const char *body, const char *name, unsigned *ret)
{
    size_t len = strlen(name);
    unsigned n = 0;
    for (const char *line = body; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, len) != 0)
            continue;
        const char *digits = line + len + strspn(line + len, " ");
        size_t count = strspn(digits, "0123456789");
        if (count == 0 || count > 9 || (digits[count] != '\n' && digits[count] != '\0'))
            return false;
        for (size_t i = 0; i < count; i++)
            n = n * 10 + (unsigned)(digits[i] - '0');
        *ret = n;
        return true;
    }
    return false;
}

bool
probe_fcgi_page_parse(const char *body, struct probe_fcgi_page *ret)
{
    struct probe_fcgi_page p;
    if (!take_count(body, "idle processes:", &p.idle) ||
        !take_count(body, "active processes:", &p.active))
        return false;
    *ret = p;
    return true;
}

bool
probe_fcgi_page_is_full(const struct probe_fcgi_page *p)
{
    return p->idle == 0 && p->active > 0;
}
