/* name.c: names of relations (pure). */
#include "migrate/lint/name.h"

#include <string.h>

void
lint_name_part(struct cursor *c, char *buf)
{
    if ((c->t.kind != TOKEN_WORD && c->t.kind != TOKEN_IDENT) ||
        !token_value(&c->ts, &c->t, buf, LINT_NAME_MAX))
        buf[0] = '\0';
    cursor_next(c);
}

bool
lint_name_read(struct cursor *c, struct lint_name *ret)
{
    *ret = (struct lint_name){.name = ""};
    if (c->t.kind != TOKEN_WORD && c->t.kind != TOKEN_IDENT)
        return false;
    lint_name_part(c, ret->name);
    while (cursor_accept_char(c, '.')) {
        memcpy(ret->schema, ret->name, sizeof(ret->schema));
        lint_name_part(c, ret->name);
    }
    return true;
}

bool
lint_name_same(const struct lint_name *a, const struct lint_name *b)
{
    return a->name[0] && strcmp(a->name, b->name) == 0 &&
           (!a->schema[0] || !b->schema[0] || strcmp(a->schema, b->schema) == 0);
}

void
lint_name_format(const struct lint_name *n, struct strbuf *out)
{
    if (n->schema[0])
        strbuf_addf(out, "%s.", n->schema);
    strbuf_adds(out, n->name[0] ? n->name : "the relation");
}
