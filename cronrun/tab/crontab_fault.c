/* crontab_fault.c: what is wrong, and where (pure). */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/words.h"
#include "cronrun/tab/crontab_impl.h"

/* In characters, from 1; a byte that is none counts as one. */
static unsigned
column_of(const char *text, const char *at)
{
    unsigned column = 1;
    for (; text < at; text++)
        column += ((unsigned char)text[0] & 0xc0) != 0x80;
    return column;
}

static void
add(struct crontab_reader *r, struct crontab_fault fault)
{
    struct crontab_faults *all = r->faults;
    struct crontab_fault *items = NULL;
    if (fault.text)
        items = realloc(all->items, (all->n + 1) * sizeof(*items));
    if (!items) {
        free(fault.text);
        r->failed = true;
        return;
    }
    all->items = items;
    size_t i = all->n++; /* within a line, in the order of columns */
    for (; i > 0 && items[i - 1].line == fault.line && items[i - 1].column > fault.column; i--)
        items[i] = items[i - 1];
    items[i] = fault;
}

void
crontab_tell(struct crontab_reader *r, enum crontab_level level, const char *at, const char *fmt,
             ...)
{
    struct strbuf text = STRBUF_INIT;
    r->faults->n_errors += level == CRONTAB_ERROR;
    if (r->faults->n > CRONTAB_FAULTS_MAX)
        return;
    struct crontab_fault fault = {.line = r->line,
                                  .column = column_of(strbuf_str(&r->text), at),
                                  .is_error = level == CRONTAB_ERROR};
    if (r->faults->n == CRONTAB_FAULTS_MAX) {
        strbuf_adds(&text, "there are more faults; only the first ones are shown");
    } else {
        va_list ap;
        va_start(ap, fmt);
        strbuf_addv(&text, fmt, ap);
        va_end(ap);
    }
    fault.text = strbuf_steal(&text);
    add(r, fault);
}

const char *
crontab_value_error(const char *value, const struct err *e)
{
    bool may_be_secret = strstr(value, "://") || words_hold_password(value);
    return may_be_secret ? "this is a connection string, which does not belong here" : e->msg;
}

void
crontab_faults_done(struct crontab_faults *faults)
{
    for (size_t i = 0; i < faults->n; i++)
        free(faults->items[i].text);
    free(faults->items);
    *faults = (struct crontab_faults){0};
}
