/* finding.c: what is wrong in a file, at its place. */
#include "migrate/apply/finding.h"

#include "common/base/cleanup.h"
#include "migrate/sql/position.h"

void
finding_report(struct report *r, const char *file, const struct source_text *t, size_t offset,
               size_t line, const struct err *e)
{
    cleanup_strbuf struct strbuf caret = STRBUF_INIT;
    struct position at = {.line = 0};

    report_fail(r, EXIT_INPUT, e);
    if (line) {
        position_of_byte(t->data, t->len, 0, 1, offset, &at);
        position_caret(t->data, &at, "    ", &caret);
        report_source(r, strbuf_str(&caret));
    }
    report_place(r, file, at.line, at.column);
}
