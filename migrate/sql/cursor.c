/* cursor.c: one statement, word by word (pure). */
#include "migrate/sql/cursor.h"

#include <string.h>
#include <strings.h>

struct cursor
cursor_on(const char *text, size_t len, bool backslashes)
{
    struct cursor c = {.ts = token_on(text, len, backslashes)};

    cursor_next(&c);
    return c;
}

void
cursor_next(struct cursor *c)
{
    token_next(&c->ts, &c->t);
}

bool
cursor_at_end(const struct cursor *c)
{
    return c->t.kind == TOKEN_END;
}

bool
cursor_is(const struct cursor *c, const char *word)
{
    return token_is(&c->ts, &c->t, word);
}

bool
cursor_is_char(const struct cursor *c, char ch)
{
    return token_is_char(&c->ts, &c->t, ch);
}

bool
cursor_accept(struct cursor *c, const char *word)
{
    bool yes = cursor_is(c, word);
    if (yes)
        cursor_next(c);
    return yes;
}

bool
cursor_accept_char(struct cursor *c, char ch)
{
    bool yes = cursor_is_char(c, ch);
    if (yes)
        cursor_next(c);
    return yes;
}

void
cursor_skip_name(struct cursor *c)
{
    do
        cursor_next(c);
    while (cursor_accept_char(c, '.'));
}

void
cursor_skip_parens(struct cursor *c)
{
    size_t depth = 0;

    do {
        depth += cursor_is_char(c, '(');
        depth -= depth && cursor_is_char(c, ')');
        cursor_next(c);
    } while (depth && !cursor_at_end(c));
}

static void
read_value(struct cursor *c, struct cursor_pair *p)
{
    char v[8] = "";

    if (c->t.kind == TOKEN_NUMBER && c->t.bytes == 1)
        v[0] = c->ts.text[c->t.offset];
    else if (!token_value(&c->ts, &c->t, v, sizeof(v)))
        v[0] = '\0';
    p->off = strcasecmp(v, "false") == 0 || strcasecmp(v, "off") == 0 || strcmp(v, "0") == 0;
}

bool
cursor_next_pair(struct cursor *c, struct cursor_pair *ret)
{
    *ret = (struct cursor_pair){.name = ""};
    if (cursor_at_end(c) || cursor_accept_char(c, ')'))
        return false;
    if (!token_value(&c->ts, &c->t, ret->name, sizeof(ret->name)))
        ret->name[0] = '\0';
    cursor_next(c);
    cursor_accept_char(c, '=');
    if (!cursor_is_char(c, ',') && !cursor_is_char(c, ')'))
        read_value(c, ret);
    while (!cursor_at_end(c) && !cursor_is_char(c, ',') && !cursor_is_char(c, ')')) {
        if (cursor_is_char(c, '('))
            cursor_skip_parens(c);
        else
            cursor_next(c);
    }
    cursor_accept_char(c, ',');
    return true;
}
