/*
 * The rules for lock hazards. Whatever the bytes are: a finding stands inside the statement at hand, its text can be printed, and
 * what a file says about itself twice is found twice. Files of a set are parted by form feeds; the first byte says what is known
 * of them.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/strbuf.h"
#include "migrate/lint/lint.h"
#include "migrate/sql/lexer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

enum { TRANSACTION = 1, CONTRACT = 2, SINCE = 4, FIRST_IS_OLD = 8 };

struct run {
    const struct lint *lint;
    size_t begin, end; /* of the statement at hand */
    size_t findings;
};

static void
on_found(void *arg, const struct lint_finding *f)
{
    struct run *r = arg;
    cleanup_strbuf struct strbuf out = STRBUF_INIT;

    MUST(f->rule && lint_rule(f->number) == f->rule && f->number < LINT_RULES_MAX);
    MUST(f->offset >= r->begin && f->offset < r->end && f->from == r->begin);
    MUST(f->about && memchr(f->about->name, '\0', sizeof(f->about->name)) &&
         memchr(f->about->schema, '\0', sizeof(f->about->schema)));
    lint_finding_text(f, &out);
    MUST(out.failed || out.len > 0);
    MUST(!r->lint->file.old);
    MUST(!(f->rule->flags & LINT_UNLESS_CONTRACT) || !r->lint->file.contract);
    r->findings++;
}

static void
lint_one(struct lint *l, struct run *r, const char *text, size_t len, unsigned flags)
{
    struct lexer lx;
    struct statement st;
    struct err e = {0};

    lint_file(l, &(struct lint_file){.text = text,
                                     .transaction = flags & TRANSACTION,
                                     .contract = flags & CONTRACT,
                                     .old = (flags & FIRST_IS_OLD) && l->n_files == 0});
    lexer_init(&lx, text, len);
    while (lexer_next(&lx, &st, &e) > 0) {
        r->begin = st.offset;
        r->end = st.offset + st.sql_bytes;
        lint_statement(l, &st);
    }
}

/* All files of the set; how many findings. */
static size_t
lint_all(const char *text, size_t len, unsigned flags)
{
    struct run r = {0};
    struct lint l = LINT_INIT(on_found, &r);
    size_t at = 0;

    r.lint = &l;
    l.since = flags & SINCE;
    while (at < len) {
        const char *cut = memchr(text + at, '\f', len - at);
        size_t end = cut ? (size_t)(cut - text) : len;
        /* A copy of its own, so that a read beyond the file's end is seen. */
        cleanup_free char *file = malloc(end - at + 1);
        MUST(file);
        memcpy(file, text + at, end - at);
        file[end - at] = '\0';
        lint_one(&l, &r, file, end - at, flags);
        at = end + 1;
    }
    lint_done(&l);
    return r.findings;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > 1 << 16)
        return 0;
    size_t first = lint_all((const char *)data + 1, size - 1, data[0]);
    MUST(lint_all((const char *)data + 1, size - 1, data[0]) == first);
    return 0;
}
