/* event.c: looking fields up in a row. Pure. */
#include "common/base/event.h"

#include <string.h>

static bool
has_field(const struct log_event *e, const char *name)
{
    size_t len = strlen(name);
    for (const char *s = e->fields; *s;) {
        size_t n = strcspn(s, ",");
        if (n == len && memcmp(s, name, len) == 0)
            return true;
        s += n;
        s += strspn(s, ", ");
    }
    return false;
}

bool
event_has_fields(const struct log_event *e, const struct field *fields, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!has_field(e, fields[i].name))
            return false;
    return true;
}
