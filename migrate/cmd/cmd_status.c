/* cmd_status.c: `migrate status`: files and history side by side, and who holds the lock. */
#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/json.h"
#include "common/base/log.h"
#include "migrate/cmd/cmd.h"
#include "migrate/db/claim.h"
#include "migrate/files/directory.h"
#include "migrate/db/lock.h"
#include "migrate/loose.h"
#include "migrate/plan.h"
#include "migrate/tell/report.h"
#include "migrate/db/connect.h"
#include "migrate/db/session.h"
#include "migrate/files/facts.h"
#include "migrate/turn/begun.h"
#include "migrate/turn/choice.h"

static int cmd_status_run(void *options, const struct opt_result *given);

const struct opt_command cmd_status = {
    .name = "status",
    .args = "",
    .summary = "show applied, pending, ahead, drifted and late migrations, and who holds the lock",
    .options =
        OPT_NAMES("dir", "allow-empty", "database", "table", "layout", "wait", "deadline",
                  "out-of-order", "ahead", "phase", "role", "json", "exit-code", "termination-log"),
    .run = cmd_status_run,
};

struct status {
    const struct options *o;
    struct report report;
    struct session s;
    struct source source;
    struct ledger ledger;
    struct lock lock;
    struct plan plan;
    struct lock_holder holder;
    struct claim_holder lease;
    struct loose loose;
    struct begun begun;
    struct choice choice;
};

/* Outside a transaction: how far an earlier run came, on the way back of what has a row; NULL: none did. */
static const struct steps_begun *
begun_of(const struct status *st, const struct plan_item *item)
{
    return begun_find(&st->begun, plan_item_migration(item)->version, item->row != NULL);
}

/* 0: the file cannot be read now. */
static size_t
count_statements(const struct status *st, const struct source_migration *m)
{
    struct source_text text = SOURCE_TEXT_INIT;
    struct facts facts = {.known = false};
    struct err ignored = {0};
    if (source_text_open(&st->source, m, MIGRATION_UP, &text, &ignored) == 0)
        IGNORED(facts_read(&text, &m->header, &facts, &ignored));
    source_text_done(&text);
    return facts.known ? facts.verdict.statements : 0;
}

static void
add_begun(struct json *j, const struct status *st, const struct plan_item *item)
{
    const struct steps_begun *b = begun_of(st, item);
    if (!b)
        return;
    if (item->row) { /* half undone: its down file, which may have any number of them */
        json_kuint(j, "undo_statements_done", b->done);
        return;
    }
    json_kuint(j, "statements", count_statements(st, item->file));
    json_kuint(j, "statements_done", b->done);
    json_key(j, "statement_begun");
    if (b->open)
        json_uint(j, b->open);
    else
        json_null(j);
}

static void
add_item(struct json *j, const struct status *st, const struct plan_item *item)
{
    json_object(j);
    json_kstr(j, "version", plan_item_migration(item)->version);
    json_kstr(j, "name", plan_item_migration(item)->name);
    json_kstr(j, "state", plan_state_name(item->state));
    json_kstr(j, "phase", migration_phase_text(plan_item_migration(item)->phase));
    json_kstr(j, "file", item->file ? item->file->file : NULL);
    if (item->row) {
        json_kstr(j, "applied_name", item->row->id.name);
        json_kstr(j, "applied_at", item->row->applied_at);
        json_kstr(j, "applied_by", item->row->applied_by);
        json_kint(j, "duration_ms", item->row->duration_ms);
        json_kstr(j, "release", item->row->release);
    }
    add_begun(j, st, item);
    json_end(j);
}

/* Of a tool that is not handled, where there is none of ours; NULL: none that is known. */
static const char *
other_history(const struct status *st)
{
    return !st->ledger.exists && st->choice.foreign[0] ? st->choice.foreign : NULL;
}

static void
add_lock(struct json *j, const struct status *st)
{
    json_key(j, "lock");
    if (!st->holder.pid) {
        json_null(j);
        return;
    }
    json_object(j);
    json_kint(j, "pid", st->holder.pid);
    json_kstr(j, "application", st->holder.application);
    if (st->holder.age_s < 0)
        json_kstr(j, "age_s", NULL);
    else
        json_kint(j, "age_s", st->holder.age_s);
    json_end(j);
}

static void
add_lease(struct json *j, const struct status *st)
{
    json_key(j, "lease");
    if (!st->lease.owner[0]) {
        json_null(j);
        return;
    }
    json_object(j);
    json_kstr(j, "owner", st->lease.owner);
    json_kint(j, "expires_in_s", st->lease.left_s);
    json_end(j);
}

static int
print_json(const struct status *st, struct err *e)
{
    cleanup_strbuf struct strbuf out = STRBUF_INIT;
    struct json j = json_on(&out);
    json_object(&j);
    json_kstr(&j, "table", st->ledger.table.quoted);
    for (int i = 0; i <= PLAN_DIRTY; i++)
        json_kuint(&j, plan_state_name((enum plan_state)i), st->plan.count[i]);
    json_kstr(&j, "other_history", other_history(st));
    add_lock(&j, st);
    add_lease(&j, st);
    json_key(&j, "migrations");
    json_array(&j);
    for (size_t i = 0; i < st->plan.n; i++)
        add_item(&j, st, &st->plan.items[i]);
    json_end(&j);
    json_end(&j);
    if (out.failed)
        return err_nomem(e);
    puts(strbuf_str(&out));
    return 0;
}

static void
print_begun(const struct status *st, const struct plan_item *item)
{
    const struct steps_begun *b = begun_of(st, item);
    if (!b)
        return;
    if (item->row) {
        printf("%-16s partly undone: migrate down goes on with it (statements done: %zu)\n", "",
               b->done);
        return;
    }
    printf("%-16s begun: %zu of %zu statements done", "", b->done,
           count_statements(st, item->file));
    if (b->open)
        printf(", statement %zu is not known to be", b->open);
    printf("\n");
}

static int
print_text(const struct status *st)
{
    printf("%-16s %-9s %-9s %-22s %s\n", "VERSION", "STATE", "PHASE", "APPLIED", "NAME");
    for (size_t i = 0; i < st->plan.n; i++) {
        const struct plan_item *item = &st->plan.items[i];
        const char *other = plan_applied_name(item);
        printf("%-16s %-9s %-9s %-22.19s %s%s%s%s\n", plan_item_migration(item)->version,
               plan_state_name(item->state), migration_phase_text(plan_item_migration(item)->phase),
               item->row ? item->row->applied_at : "", plan_item_migration(item)->name,
               other ? " (applied: " : "", other ? other : "", other ? ")" : "");
        print_begun(st, item);
    }
    const char *comma = "\n";
    for (int i = 0; i <= PLAN_DIRTY; i++) {
        if (st->plan.count[i]) {
            printf("%s%zu %s", comma, st->plan.count[i], plan_state_name((enum plan_state)i));
            comma = ", ";
        }
    }
    printf("%s\n", st->plan.n ? "" : "no migrations");
    const struct layout *layout = st->ledger.layout;
    if (layout->keeps)
        printf("history of %s: %s\n", layout->tool, layout->keeps);
    if (other_history(st))
        printf("the database has a history of %s: %s\n", st->choice.foreign, st->choice.remedy);
    char text[128];
    if (st->holder.pid)
        printf("lock held by %s\n", lock_describe(&st->holder, text, sizeof(text)));
    if (st->lease.owner[0])
        printf("lease held by %s (expires in %lld s, unless it is renewed)\n", st->lease.owner,
               (long long)st->lease.left_s);
    return 0;
}

/* Behind a pooler a row is what others hold. */
static int
read_lease(struct status *st, struct err *e)
{
    struct claim claim;
    if (claim_init(&claim, &st->ledger.table, &st->s, e) != 0)
        return -1;
    int result = claim_find_holder(&claim, &st->lease, e);
    claim_done(&claim);
    return result;
}

static int
look(struct status *st, struct err *e)
{
    const struct options *o = st->o;
    struct plan_rules rules = {.phase = (enum options_phase)o->phase};
    st->loose.source = &st->source;
    const struct layout *layout = choice_of_files(o, o->dir);
    st->choice = (struct choice){
        .o = o, .s = &st->s, .source = &st->source, .ledger = &st->ledger, .lock = &st->lock};
    if (directory_open(o->dir, layout, o->allow_empty, &st->source, e) != 0)
        return -1;
    if (ledger_init(&st->ledger, layout, o->table, o->role, e) != 0)
        return -1;
    if (session_init(&st->s, o, e) != 0)
        return -1;
    if (connect_open(&st->s, e) != 0) {
        st->report.exit = report_exit_for_connect(e);
        return -1;
    }
    if (choice_read(&st->choice, e) != 0 ||
        lock_find_holder(&st->lock, &st->s, &st->holder, e) != 0 || read_lease(st, e) != 0 ||
        begun_read(&st->begun, &st->ledger, &st->s, e) != 0)
        return -1;
    return plan_make(&st->source, &st->ledger, &rules, loose_differs, &st->loose, &st->plan, e);
}

static enum exit_status
exit_code(const struct status *st)
{
    const size_t *count = st->plan.count;
    if (!st->o->exit_code)
        return EXIT_DONE;
    if (count[PLAN_DRIFTED] || count[PLAN_MISSING] ||
        (count[PLAN_AHEAD] && st->o->ahead == AHEAD_REFUSE))
        return EXIT_DRIFT;
    if (count[PLAN_LATE] && st->o->out_of_order == ORDER_REFUSE)
        return EXIT_ORDER;
    return count[PLAN_PENDING] || count[PLAN_LATE] ? EXIT_PENDING : EXIT_DONE;
}

static int
cmd_status_run(void *options, const struct opt_result *given)
{
    (void)given;
    const struct options *o = options;
    struct status st = {.o = o, .source = SOURCE_INIT};
    struct err e = {0};
    report_init(&st.report, log_is_text());
    if (look(&st, &e) != 0) {
        st.report.json = o->json ? cmd_status.name : NULL;
        report_fail(&st.report, st.report.exit ? st.report.exit : report_exit_for(&e), &e);
        if (st.loose.file)
            report_place(&st.report, st.loose.file, st.loose.line, 0);
        else
            report_place(&st.report, st.source.fault_file, st.source.fault_line, 0);
        cleanup_strbuf struct strbuf hint = STRBUF_INIT;
        ledger_hint(&st.ledger.table, &e, &hint);
        report_hint(&st.report, strbuf_str(&hint));
    } else {
        st.report.exit = exit_code(&st);
        st.report.planned = true;
        st.report.pending = st.plan.count[PLAN_PENDING] + st.plan.count[PLAN_LATE];
        if ((o->json ? print_json(&st, &e) : print_text(&st)) != 0)
            report_fail(&st.report, report_exit_for(&e), &e);
        report_output(&st.report);
    }
    plan_done(&st.plan);
    begun_done(&st.begun);
    ledger_done(&st.ledger);
    session_done(&st.s);
    int status = report_finish(&st.report, o->termination_log);
    source_done(&st.source);
    report_done(&st.report);
    return status;
}
