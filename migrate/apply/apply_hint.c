/* apply_hint.c: what an error of the server means in a migration, and what to do. */
#include <string.h>

#include "common/base/clock.h"
#include "migrate/apply/apply.h"

static bool
is(const struct err *e, const char *sqlstate)
{
    return strcmp(e->sqlstate, sqlstate) == 0;
}

bool
apply_function_asked(const struct apply *a, const struct statement *st)
{
    static const char *const words[] = {"do",     "call",   "select", "with",  "values",
                                        "insert", "update", "delete", "merge", NULL};
    if (!pgconn_diag(a->s->work)->context[0]) /* REINDEX of a partitioned table has one, too */
        return false;
    for (size_t i = 0; words[i]; i++)
        if (apply_begins(a, st, words[i]))
            return true;
    return false;
}

/* 25001 and 2D000 in a file inside a transaction. */
static const char *
of_transaction(const struct apply *a, const struct err *e, const struct statement *st)
{
    if (is(e, "25001") && st && apply_function_asked(a, st))
        return "it was executed by a function or DO block, where the server never allows it; write the statement itself in the migration";
    if (!a->verdict.transaction)
        return NULL;
    if (is(e, "25001") && st && apply_begins(a, st, "set"))
        return "it must be the first statement of its transaction; move it to the beginning of the file";
    return "the statement cannot run inside a transaction; move it to a file of its own, or begin the file with the line \"-- migrate: transaction=off\" (then nothing in the file is rolled back)";
}

static void
of_cancel(const struct apply *a, struct strbuf *out)
{
    char text[CLOCK_DURATION_MAX];
    uint64_t ms;
    if (!apply_statement_timeout(a, &ms) || ms == 0) {
        strbuf_adds(
            out,
            "migrate set no limit; the statement was cancelled by a statement_timeout set in the file or by a function, or by an administrator");
        return;
    }
    strbuf_addf(
        out,
        "the statement was cancelled by the statement_timeout of %s set by %s, by a shorter one set in the file or by a function, or by an administrator",
        clock_format_duration(text, ms),
        a->facts->header.statement_timeout_ms != LAYOUT_UNSET
            ? "the file's header"
            : "--statement-timeout (MIGRATE_STATEMENT_TIMEOUT)");
}

void
apply_hint(const struct apply *a, const struct err *e, const struct statement *st,
           struct strbuf *out)
{
    const char *text = NULL;
    if (is(e, "25001") || (is(e, "2D000") && a->verdict.transaction))
        text = of_transaction(a, e, st);
    else if (a->sent_commits)
        text =
            "it may have committed part of its work before it failed; check what it did, and correct the file or the data so that it can be run again from the beginning";
    else if (apply_lock_failure(e) && a->unwaited)
        strbuf_addf(
            out,
            "the same error occurred in %u attempts, so the file itself may cause it; with --deadline, attempts continue until the deadline",
            a->unwaited + 1);
    else if (is(e, "57014"))
        of_cancel(a, out);
    else if (is(e, "42P01") && !a->first_n && !pgconn_diag(a->s->work)->context[0])
        strbuf_addf(
            out,
            "the file itself dropped or moved %s; keep the history table in a schema that no file drops (--table)",
            a->ledger->table.quoted);
    else if (is(e, "42P07") && !a->verdict.transaction)
        text =
            "an earlier run may have been interrupted in this file; check whether the object is complete (for an index: indisvalid), drop it if not, and correct the file";
    else if (is(e, "55P04"))
        text =
            "a new enum value cannot be used before its transaction has been committed; use it in the next file";
    if (text)
        strbuf_adds(out, text);
}
