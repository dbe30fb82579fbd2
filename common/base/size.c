/* size.c: "64MiB" to bytes and back. */
#include "common/base/size.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct unit {
    const char *name;
    uint64_t bytes;
} units[] = {
    {"TiB", UINT64_C(1) << 40},
    {"GiB", UINT64_C(1) << 30},
    {"MiB", UINT64_C(1) << 20},
    {"KiB", UINT64_C(1) << 10},
    {"B", 1},
    {"", 1},
    {"Ti", UINT64_C(1) << 40},
    {"Gi", UINT64_C(1) << 30},
    {"Mi", UINT64_C(1) << 20},
    {"Ki", UINT64_C(1) << 10},
    {"TB", 1000000000000u},
    {"GB", 1000000000u},
    {"MB", 1000000u},
    {"kB", 1000u},
};

static int
bad_size(const char *text, const char *why, struct err *e)
{
    return err_set(e, ERR_USAGE, "'%.64s' is not a size: %s", text, why);
}

static const struct unit *
find_unit(const char *name)
{
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (strcasecmp(units[i].name, name) == 0)
            return &units[i];
    return NULL;
}

static bool
read_whole(const char **p, uint64_t *ret)
{
    uint64_t v = 0;
    for (; isdigit((unsigned char)**p); (*p)++)
        if (__builtin_mul_overflow(v, 10u, &v) ||
            __builtin_add_overflow(v, (uint64_t)(**p - '0'), &v))
            return false;
    *ret = v;
    return true;
}

int
size_parse(const char *text, uint64_t *ret_bytes, struct err *e)
{
    const char *p = text;
    uint64_t whole, part = 0, scale = 1, total;
    if (!isdigit((unsigned char)*p))
        return bad_size(text, "write it as 512B, 64KiB, 10MiB or 1.5GiB", e);
    if (!read_whole(&p, &whole))
        return bad_size(text, "it is too large", e);
    if (*p == '.') {
        if (!isdigit((unsigned char)*++p))
            return bad_size(text, "write it as 512B, 64KiB, 10MiB or 1.5GiB", e);
        for (; isdigit((unsigned char)*p); p++) {
            if (scale >= 1000000)
                continue;
            part = part * 10 + (uint64_t)(*p - '0');
            scale *= 10;
        }
    }
    if (strlen(p) == 1 && strchr("KkMmGgTt", *p))
        return err_set(e, ERR_USAGE, "'%.64s' is ambiguous: write %ciB (1024s) or %cB (1000s)",
                       text, toupper((unsigned char)*p),
                       *p == 'k' ? 'k' : toupper((unsigned char)*p));
    const struct unit *unit = find_unit(p);
    if (!unit)
        return bad_size(text, "units are B, KiB, MiB, GiB, TiB, and kB, MB, GB, TB by thousands",
                        e);
    if (__builtin_mul_overflow(whole, unit->bytes, &total) ||
        __builtin_add_overflow(total, part * unit->bytes / scale, &total) || total == UINT64_MAX)
        return bad_size(text, "it is too large", e);
    *ret_bytes = total;
    return 0;
}

const char *
size_format(char *buf, uint64_t bytes)
{
    size_t i = 0;
    while (units[i].bytes > 1 && (bytes == 0 || bytes % units[i].bytes != 0))
        i++;
    snprintf(buf, SIZE_FORMAT_MAX, "%llu%s", (unsigned long long)(bytes / units[i].bytes),
             units[i].name);
    return buf;
}
