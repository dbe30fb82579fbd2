/* migration.c: versions and phases. */
#include "migrate/layout/migration.h"

#include <string.h>

static size_t
count_digits(const char *p)
{
    return strspn(p, "0123456789");
}

bool
migration_is_number(const char *version)
{
    for (const char *p = version;; p++) {
        size_t digits = count_digits(p);
        p += digits;
        if (digits == 0 || (*p && *p != '.'))
            return false;
        if (!*p)
            return true;
    }
}

/* Of the numbers that begin there; moves behind them. */
static int
compare_part(const char **a, const char **b)
{
    const char *x = *a + strspn(*a, "0");
    const char *y = *b + strspn(*b, "0");
    size_t nx = count_digits(x);
    size_t ny = count_digits(y);

    *a = x + nx;
    *b = y + ny;
    if (nx != ny)
        return nx < ny ? -1 : 1;
    return memcmp(x, y, nx);
}

/* The common case at a glance: numbers of as many digits. False: they are not. */
static bool
compare_even(const char *a, const char *b, int *ret)
{
    size_t n = 0;
    int order = 0;
    for (; (unsigned)(a[n] - '0') < 10 && (unsigned)(b[n] - '0') < 10; n++)
        if (order == 0)
            order = a[n] - b[n];
    *ret = order;
    return !a[n] && !b[n];
}

int
migration_compare(const char *a, const char *b)
{
    int order;
    if (compare_even(a, b, &order))
        return order;
    if (!migration_is_number(a) || !migration_is_number(b))
        return strcmp(a, b);
    for (;; a++, b++) {
        order = compare_part(&a, &b);
        if (order || (!*a && !*b))
            return order;
        if (!*a || !*b)
            return *a ? 1 : -1; /* 1.2 < 1.2.0 */
    }
}

const char *
migration_stored(const char *version, bool even)
{
    while (even && version[0] == '0' && version[1] >= '0' && version[1] <= '9')
        version++;
    return version;
}

const char *
migration_phase_text(enum migration_phase phase)
{
    return phase == MIGRATION_CONTRACT ? "contract" : "expand";
}
