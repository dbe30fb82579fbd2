#include "migrate/finding.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "migrate/position.h"

static const char *
without_line(const char *msg)
{
    static const char before[] = "line ";
    const char *p = msg;

    if (strncmp(p, before, sizeof(before) - 1) != 0)
        return msg;
    p += sizeof(before) - 1;
    size_t digits = strspn(p, "0123456789");
    return digits && strncmp(p + digits, ": ", 2) == 0 ? p + digits + 2 : msg;
}

const char *
finding_message(const struct err *e)
{
    return without_line(e->msg);
}

void
finding_report(struct report *r, const char *file, const struct source_text *t, size_t offset,
               size_t line, const struct err *e)
{
    cleanup_strbuf struct strbuf caret = STRBUF_INIT;
    struct position at = {.line = 0};
    struct err bare;

    err_set(&bare, e->code, "%s", finding_message(e));
    report_fail(r, EXIT_INPUT, &bare);
    if (line) {
        position_of_byte(t->data, t->len, 0, 1, offset, &at);
        position_caret(t->data, &at, "    ", &caret);
        report_source(r, strbuf_str(&caret));
    }
    report_place(r, file, at.line, at.column);
}

void
finding_source(struct report *r, const struct source *s, const struct err *e)
{
    size_t n = strlen(s->fault_file);
    const char *msg = e->msg;
    struct err bare;

    if (n && strncmp(msg, s->fault_file, n) == 0 && strncmp(msg + n, ": ", 2) == 0)
        msg = without_line(msg + n + 2);
    err_set(&bare, e->code, "%s", msg);
    bare.sys_errno = e->sys_errno;
    report_fail(r, EXIT_INPUT, &bare);
    if (n && msg != e->msg)
        report_place(r, s->fault_file, s->fault_line, 0);
}
