/* quote.c: text of ours as PostgreSQL reads it. */
#include "migrate/sql/quote.h"

#include <string.h>

static void
add_quoted(struct strbuf *out, const char *text, char mark)
{
    strbuf_addc(out, mark);
    for (; *text; text++) {
        if (*text == mark)
            strbuf_addc(out, mark);
        strbuf_addc(out, *text);
    }
    strbuf_addc(out, mark);
}

/* With a backslash it becomes E'…', which reads the same whatever standard_conforming_strings a
 * script left behind. */
void
quote_literal(struct strbuf *out, const char *text)
{
    if (!strchr(text, '\\')) {
        add_quoted(out, text, '\'');
        return;
    }
    strbuf_adds(out, " E'");
    for (; *text; text++) {
        if (*text == '\'' || *text == '\\')
            strbuf_addc(out, *text);
        strbuf_addc(out, *text);
    }
    strbuf_addc(out, '\'');
}

void
quote_ident(struct strbuf *out, const char *name)
{
    add_quoted(out, name, '"');
}
