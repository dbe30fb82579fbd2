/* names.c: endings and numbers of file names. */
#include "migrate/layout/names.h"

#include <string.h>

#include "common/base/utf8.h"

#define BIGINT_MAX "9223372036854775807"

static bool
take_end(const char *file, size_t *len, const char *end)
{
    size_t n = strlen(end);
    if (*len < n || memcmp(file + *len - n, end, n) != 0)
        return false;
    *len -= n;
    return true;
}

int
names_stem(const char *file, size_t *ret_len, struct err *e)
{
    size_t len = strlen(file);
    if (!utf8_valid(file, len, NULL))
        return err_set(e, ERR_INPUT, "the name is not UTF-8; rename the file");
    if (!take_end(file, &len, ".sql"))
        return err_set(e, ERR_INPUT, "the name does not end in .sql (in lower case)");
    *ret_len = len;
    return 0;
}

bool
names_take_direction(const char *file, size_t *len, enum migration_direction *ret)
{
    *ret = MIGRATION_UP;
    if (take_end(file, len, ".up"))
        return true;
    if (!take_end(file, len, ".down"))
        return false;
    *ret = MIGRATION_DOWN;
    return true;
}

int
names_number(const char *file, const char *shape, const char *tool, size_t *ret_bytes,
             struct err *e)
{
    size_t n = strspn(file, "0123456789");
    size_t zeros = strspn(file, "0");
    size_t max = sizeof(BIGINT_MAX) - 1;
    if (n == 0)
        return err_set(e, ERR_INPUT, "the name does not have the form %s required by %s", shape,
                       tool);
    zeros = zeros < n ? zeros : n;
    if (n == zeros)
        return err_set(
            e, ERR_INPUT,
            "the version is 0, which %s treats as no version; number the migrations from 1", tool);
    if (n - zeros > max || (n - zeros == max && memcmp(file + zeros, BIGINT_MAX, max) > 0))
        return err_set(e, ERR_INPUT, "the version is out of range for type bigint");
    *ret_bytes = n;
    return 0;
}

int
names_number_bar(const char *file, size_t len, const char *shape, const char *tool,
                 struct layout_name *ret, struct err *e)
{
    if (names_number(file, shape, tool, &ret->version_bytes, e) < 0)
        return -1;
    if (ret->version_bytes >= len || file[ret->version_bytes] != '_')
        return err_set(e, ERR_INPUT, "the name does not have the form %s required by %s", shape,
                       tool);
    ret->version_offset = 0;
    ret->name_offset = ret->version_bytes + 1;
    ret->name_bytes = len - ret->name_offset;
    return 0;
}

/* How many bytes at name the sign may stand for; each of them is tried. */
static size_t
span(char sign, const char *name)
{
    return sign == '#' ? strspn(name, "0123456789") : strcspn(name, "/");
}

bool
names_match(const char *pattern, const char *name)
{
    for (; *pattern && *pattern != '*' && *pattern != '#'; pattern++, name++)
        if (*pattern != *name)
            return false;
    if (!*pattern)
        return !*name;
    for (size_t n = span(*pattern, name); n > 0; n--)
        if (names_match(pattern + 1, name + n))
            return true;
    return false;
}
