/* layouts.c: the list of layouts, and who is who. */
#include "migrate/layout/layouts.h"

#include <string.h>
#include <strings.h>

#include "migrate/layout/foreign.h"

static const struct layout *const layouts[] = {
#define LAYOUTS_ENTRY(name) &layout_##name,
    LAYOUTS(LAYOUTS_ENTRY)};
#define LAYOUTS_N (sizeof(layouts) / sizeof(layouts[0]))

const struct layout *
layouts_at(size_t i)
{
    return i < LAYOUTS_N ? layouts[i] : NULL;
}

/* ---- columns ---- */

/* The names of a list "a,b,c", one by one: its bytes, 0 at the end. */
static size_t
next_name(const char **list)
{
    if (**list == ',')
        (*list)++;
    return strcspn(*list, ",");
}

static bool
lists(const char *list, const char *name, size_t bytes)
{
    size_t n;
    for (const char *p = list; (n = next_name(&p)) > 0; p += n)
        if (n == bytes && memcmp(p, name, n) == 0)
            return true;
    return false;
}

/* All names of a stand in b. */
static bool
within(const char *a, const char *b)
{
    size_t n;
    for (const char *p = a; (n = next_name(&p)) > 0; p += n)
        if (!lists(b, p, n))
            return false;
    return true;
}

static bool
fits(const struct layout *l, const struct layout_columns *c)
{
    const char *type = c->first_type;
    return within(l->columns, c->names) && (l->more_columns || within(c->names, l->columns)) &&
           (!type || !l->first_types || lists(l->first_types, type, strlen(type)));
}

const struct layout *
layouts_of_columns(const struct layout_columns *c)
{
    for (size_t i = 0; c->names && i < LAYOUTS_N; i++)
        if (fits(layouts[i], c))
            return layouts[i];
    return NULL;
}

bool
layouts_is_exactly(const struct layout *l, const struct layout_columns *c)
{
    return fits(l, c) && within(c->names, l->columns);
}

static int
check_needed(const struct layout *l, const char *table, const char *needed, struct err *e)
{
    size_t len;
    for (const char *p = needed; (len = next_name(&p)) > 0; p += len)
        if (!lists(l->columns, p, len))
            return err_set(
                e, ERR_INPUT,
                "%s has an additional column %.*s that is NOT NULL and has no default, so migrate cannot insert a row; give the column a default",
                table, (int)len, p);
    return 0;
}

int
layouts_check_columns(const struct layout *l, const char *table, const struct layout_columns *c,
                      bool *ret_exists, struct err *e)
{
    *ret_exists = c->names != NULL;
    if (!c->names)
        return 0;
    if (fits(l, c))
        return check_needed(l, table, c->needed ? c->needed : "", e);
    const struct layout *other = layouts_of_columns(c);
    if (other)
        return err_set(
            e, ERR_INPUT,
            "%s is the history table of %s, not of %s; run with --layout=%s, or name another table with --table",
            table, other->tool, l->tool, other->name);
    const struct foreign *known = foreign_of_columns(table, c->names);
    if (known)
        return err_set(
            e, ERR_INPUT,
            "%s is the history table of %s, whose layout is not supported; %s; or name another table with --table",
            table, known->tool, known->remedy);
    return err_set(e, ERR_INPUT, "%s is not a history table of %s; its columns are %.200s", table,
                   l->tool, c->names);
}

/* ---- files ---- */

static bool
line_is(const char *line, const char *end, const char *sign)
{
    size_t n = strlen(sign);
    if (end - line < 2 || line[0] != '-' || line[1] != '-')
        return false;
    line += 2;
    while (line < end && (*line == ' ' || *line == '\t'))
        line++;
    return (size_t)(end - line) >= n && strncasecmp(line, sign, n) == 0;
}

static const struct layout *
of_line(const char *line, const char *end)
{
    const struct layout *l;
    for (size_t i = 0; (l = layouts_at(i)); i++)
        if (l->sign && line_is(line, end, l->sign))
            return l;
    return NULL;
}

const struct layout *
layouts_of_text(const char *text, size_t len)
{
    const char *end = text + len;
    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        text += 3;
    while (text < end) {
        const char *nl = memchr(text, '\n', (size_t)(end - text));
        const struct layout *l = of_line(text, nl ? nl : end);
        if (l || !nl)
            return l;
        text = nl + 1;
    }
    return NULL;
}
