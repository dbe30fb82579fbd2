/* apply_row.c: the history's side of a file: its row comes, or goes. */
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "migrate/apply/apply.h"
#include "migrate/events.h"

static const char division_by_zero[] = "22012";

/* No row of the layout's own has a place for the proof on the way back: a statement before it that divides by it. */
static size_t
back_sql(const struct apply *a, const char *proof, struct strbuf *out)
{
    if (proof)
        strbuf_addf(out, "SELECT 1 OPERATOR(pg_catalog./) CASE WHEN %s THEN 1 ELSE 0 END; ", proof);
    ledger_sql_delete(a->ledger, a->back->row, a->back->before, out);
    return proof != NULL;
}

static struct layout_row
row_of(const struct apply *a, int64_t duration_ms)
{
    return (struct layout_row){.migration = &a->m->id,
                               .file = a->m->file,
                               .sum = a->m->sum,
                               .loose_sha256 = a->facts->loose_sha256,
                               .release = a->s->o->release,
                               .duration_ms = duration_ms};
}

size_t
apply_sql_row(const struct apply *a, int64_t duration_ms, const char *proof, struct strbuf *out)
{
    if (a->back)
        return back_sql(a, proof, out);
    const struct layout_row row = row_of(a, duration_ms);
    if (!proof) { /* the history was read before we were alone at it */
        ledger_sql_absent(a->ledger, row.migration, row.sum, out);
        strbuf_adds(out, "; ");
    }
    ledger_sql_insert(a->ledger, &row, proof, out);
    return proof == NULL;
}

size_t
apply_sql_took(const struct apply *a, int64_t duration_ms, struct strbuf *out)
{
    const struct layout_row row = row_of(a, duration_ms);
    if (a->back || !ledger_sql_took(a->ledger, &row, out))
        return 0;
    strbuf_adds(out, "; ");
    return 1;
}

bool
apply_proof_failed(const struct apply *a, const struct err *e)
{
    if (a->back)
        return strcmp(e->sqlstate, division_by_zero) == 0;
    return strcmp(e->sqlstate, "23502") == 0 &&
           strcmp(pgconn_diag(a->s->work)->column, a->ledger->layout->proof_column) == 0;
}

/* The statement ran, and wrote no row. */
static bool
unwritten(const struct apply *a, const struct err *e)
{
    return strcmp(e->sqlstate, a->ledger->layout->unwritten) == 0 &&
           !pgconn_diag(a->s->work)->context[0];
}

bool
apply_row_refused(const struct apply *a, const struct err *e)
{
    if (a->back)
        return unwritten(a, e);
    return strcmp(e->sqlstate, "23505") == 0 || ledger_is_applied(e);
}

enum apply_result
apply_duplicate(struct apply *a, enum exit_status exit, const struct err *e)
{
    const struct migration *m = a->back ? a->back->row : &a->m->id;
    bool there = false;
    struct err why = {0};
    if (ledger_has(a->ledger, a->s, m, a->m->sum, &there, &why) != 0) {
        apply_report_run(a, &why, 0);
        return APPLY_FAILED;
    }
    if (there == (a->back != NULL)) {
        apply_report_at(a, exit, e, NULL);
        return APPLY_FAILED;
    }
    if (a->s->stateless) { /* that is how runners meet there */
        log_info(&event_passed,
                 LOG_FIELDS(LF_STR("version", a->m->id.version), LF_STR("file", a->file)),
                 "%s: another runner has %s it in the meantime", a->file,
                 a->back ? "undone" : "applied");
        return APPLY_SKIPPED;
    }
    log_warn(
        &event_skipped, LOG_FIELDS(LF_STR("version", a->m->id.version), LF_STR("file", a->file)),
        "%s: another session, which does not respect migrate's lock, has %s it in the meantime",
        a->file, a->back ? "undone" : "applied");
    return APPLY_SKIPPED;
}

void
apply_wrap_row(const struct apply *a, const char *what, struct err *e)
{
    if (unwritten(a, e) && a->back)
        err_set(
            e, ERR_PROTOCOL,
            "nothing was deleted from %s: either a trigger kept the row (let it return OLD), or the file itself deleted it (leave that to migrate)",
            a->ledger->table.quoted);
    else if (unwritten(a, e))
        err_set(e, ERR_PROTOCOL, "a trigger on %s suppressed the row; let it return NEW",
                a->ledger->table.quoted);
    err_wrap(e, "%s", what);
}

void
apply_tell(struct apply *a)
{
    char took[CLOCK_DURATION_MAX];
    clock_format_duration(took, a->duration_ms);
    const struct field fields[] = {LF_STR("version", a->m->id.version),
                                   LF_STR("name", a->m->id.name),
                                   LF_STR("file", a->file),
                                   LF_STR("phase", migration_phase_text(a->m->id.phase)),
                                   LF_BOOL("transaction", a->verdict.transaction),
                                   LF_UINT("statements", a->verdict.statements),
                                   LF_UINT("attempts", a->attempts),
                                   LF_UINT("duration_ms", a->duration_ms)};
    const size_t n = sizeof(fields) / sizeof(*fields);
    if (a->back) {
        log_info(&event_undone, fields, n, "undid %s in %s", a->file, took);
        report_step(a->report, "undone", fields, n);
        return;
    }
    log_info(&event_applied, fields, n, "applied %s in %s", a->file, took);
    report_step(a->report, "applied", fields, n);
    report_applied(a->report, a->m->id.version);
}
