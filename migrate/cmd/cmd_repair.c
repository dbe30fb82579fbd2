/* cmd_repair.c: `migrate repair`: the history takes the files as they are now for what was applied. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "migrate/cmd/cmd.h"
#include "migrate/events.h"
#include "migrate/turn/turn.h"

static int cmd_repair_run(void *options, const struct opt_result *given);

static const char *const ways[] = {"leave", "applied", "reverted", NULL};

static const struct opt_row repair_rows[] = {
    {.name = "dirty",
     .kind = OPT_CHOICE,
     .offset = offsetof(struct options, dirty),
     .flags = OPT_NO_ENV,
     .def = "leave",
     .choices = ways,
     .help = "what became of a version that another tool has marked as dirty or failed",
     .more =
         "Nobody but a person can know: look at what the file should have done. applied: all of it is there, and "
         "the version counts as applied. reverted: nothing of it is there, and up applies it again."},
};

const struct opt_command cmd_repair = {
    .name = "repair",
    .args = "[V...]",
    .max_args = -1,
    .summary = "accept changes to applied files by updating their recorded digests",
    .more =
        "Accepts all changed files, or only the versions given. Nothing is run, and the record of when and by whom a version "
        "was applied is kept. --dry-run shows what would be accepted: the file, its old and new digest, and whether more "
        "than comments and white space changed.\n\n"
        "A file with a different name than the one applied is accepted only if its version is given, since it may be another "
        "migration that never ran. A missing file cannot be accepted: restore it. If any drift remains, the exit "
        "status is 21.",
    .options = OPT_NAMES("dir", "database", "table", "layout", "wait", "lock-wait", "lock-timeout",
                         "deadline", "dry-run", "pooler", "role", "json", "termination-log"),
    .rows = repair_rows,
    .n_rows = sizeof(repair_rows) / sizeof(*repair_rows),
    .run = cmd_repair_run,
};

/* The versions that were given; none: all. */
struct repair {
    char **versions;
    size_t n;
};

static bool
is_named(const struct repair *r, const char *version)
{
    for (size_t i = 0; i < r->n; i++)
        if (migration_compare(r->versions[i], version) == 0)
            return true;
    return false;
}

/* Each has to be one that was applied. */
static int
check_named(const struct turn *t, const struct repair *r, struct err *e)
{
    for (size_t k = 0; k < r->n; k++) {
        const struct plan_item *found = NULL;
        for (size_t i = 0; i < t->plan.n && !found; i++)
            if (migration_compare(plan_item_migration(&t->plan.items[i])->version,
                                  r->versions[k]) == 0)
                found = &t->plan.items[i];
        if (!found)
            return plan_unknown_version(&t->plan, "repair", r->versions[k], e);
        if (!found->row)
            return err_set(e, ERR_USAGE, "repair %s: that version is not applied", r->versions[k]);
    }
    return 0;
}

static void
choose(struct turn *t, const struct repair *r)
{
    t->plan.steps = 0;
    for (size_t i = 0; i < t->plan.n; i++) {
        struct plan_item *item = &t->plan.items[i];
        bool named = item->row && is_named(r, item->row->id.version);
        bool edited = item->state == PLAN_EDITED || item->state == PLAN_DRIFTED;
        item->step = edited && (named || (r->n == 0 && !plan_applied_name(item)));
        if (item->state == PLAN_DIRTY && t->o->dirty != DIRTY_LEAVE)
            item->step = named || r->n == 0;
        t->plan.steps += item->step;
    }
}

/* What is wrong and stays so; NULL: nothing. */
static const struct plan_item *
find_left(const struct turn *t, const struct repair *r)
{
    for (size_t i = 0; i < t->plan.n; i++) {
        const struct plan_item *item = &t->plan.items[i];
        bool wanted = item->row && (r->n == 0 || is_named(r, item->row->id.version));
        bool gone = item->state == PLAN_MISSING || (item->state == PLAN_AHEAD && r->n > 0);
        bool stays = item->state == PLAN_DRIFTED || item->state == PLAN_DIRTY;
        if (wanted && (gone || (stays && !item->step)))
            return item;
    }
    return NULL;
}

static void
fail_dirty(struct turn *t, const struct plan_item *item)
{
    struct err e = {0};
    err_set(&e, ERR_INPUT,
            "version %s was started by another tool and not completed: how much of it is there?",
            item->row->id.version);
    report_fail(&t->report, EXIT_PARTIAL, &e);
    report_place(&t->report, item->file ? item->file->file : NULL, 0, 0);
    report_hint(
        &t->report,
        "all of it: migrate repair --dirty applied; nothing of it, or it was undone by hand: "
        "migrate repair --dirty reverted, and up applies it again");
}

static void
fail_left(struct turn *t, const struct plan_item *item)
{
    struct err e = {0};
    const struct ledger_row *row = item->row;
    if (item->state == PLAN_DIRTY) {
        fail_dirty(t, item);
        return;
    }
    if (!item->file) {
        err_set(
            &e, ERR_INPUT,
            "version %s (%s) was applied at %s, but its file is missing, which cannot be accepted",
            row->id.version, row->id.name, row->applied_at);
        report_fail(&t->report, EXIT_DRIFT, &e);
        report_hint(&t->report, "restore the file from the release that applied it");
        return;
    }
    err_set(&e, ERR_INPUT,
            "what was applied as version %s at %s is \"%s\", and this is another file",
            row->id.version, row->applied_at, row->id.name);
    report_fail(&t->report, EXIT_DRIFT, &e);
    report_place(&t->report, item->file->file, 0, 0);
    cleanup_strbuf struct strbuf hint = STRBUF_INIT;
    strbuf_addf(
        &hint,
        "a new migration needs a version of its own; only where this is the old one under a new name: "
        "migrate repair %s",
        row->id.version);
    report_hint(&t->report, strbuf_str(&hint));
}

static void
tell_end(struct turn *t)
{
    size_t accepted = t->report.steps_n;
    const struct plan_item *left = find_left(t, t->arg);
    if (left) {
        fail_left(t, left);
        return;
    }
    if (accepted == 0)
        t->report.outcome = "nothing";
    log_info(&event_done,
             LOG_FIELDS(LF_STR("outcome", report_outcome(&t->report)),
                        LF_UINT("accepted", accepted), LF_UINT("pending", t->report.pending),
                        LF_UINT("duration_ms", clock_mono_ms() - t->report.start_ms)),
             accepted ? "accepted %zu" : "nothing to repair (%zu accepted)", accepted);
}

static int
repair_look(struct turn *t)
{
    const struct repair *r = t->arg;
    struct err e = {0};
    if (check_named(t, r, &e) != 0) {
        report_fail(&t->report, EXIT_INPUT, &e);
        return -1;
    }
    choose(t, r);
    turn_settle_write(t);
    if (t->plan.steps == 0) {
        tell_end(t);
        return 0;
    }
    return turn_read_digests(t) == 0 ? 1 : -1;
}

/* As much of a digest as one compares by eye. */
#define SHORT_DIGEST 12

static void
short_digest(char ret[SHORT_DIGEST + 1], const uint8_t *sum)
{
    char hex[DIGEST_HEX_MAX];
    snprintf(ret, SHORT_DIGEST + 1, "%s", digest_hex(hex, sum, DIGEST_BYTES));
}

static void
tell_step(struct turn *t, const struct plan_item *item)
{
    char was[SHORT_DIGEST + 1], now[SHORT_DIGEST + 1];
    const bool comments = item->state == PLAN_EDITED;
    const struct source_migration *m = item->file;
    short_digest(was, item->row->sum);
    short_digest(now, m->sum);
    const struct field fields[] = {LF_STR("version", m->id.version),
                                   LF_STR("name", m->id.name),
                                   LF_STR("file", m->file),
                                   LF_STR("was", was),
                                   LF_STR("now", now),
                                   LF_BOOL("comments", comments)};
    const size_t n = sizeof(fields) / sizeof(*fields);
    const char *what = comments ? "comments and white space" : "statements";
    if (t->o->dry_run && !t->o->json)
        printf("%s\t%s\t%s\t%s\t%s\n", m->id.version, m->file, was, now, what);
    if (t->o->dry_run)
        log_info(&event_would_accept, fields, n, "would accept %s: %s changed (%s, now %s)",
                 m->file, what, was, now);
    else
        log_info(&event_accepting, fields, n, "accepting %s: %s changed (%s, now %s)", m->file,
                 what, was, now);
    report_step(&t->report, t->o->dry_run ? "would_accept" : "accepted", fields, n);
}

static void
tell_dirty(struct turn *t, const struct plan_item *item)
{
    const bool dry = t->o->dry_run;
    const char *as = ways[t->o->dirty];
    const struct migration *m = plan_item_recorded(item);
    const struct field fields[] = {LF_STR("version", m->version), LF_STR("name", m->name),
                                   LF_STR("file", item->file ? item->file->file : NULL),
                                   LF_STR("as", as)};
    const size_t n = sizeof(fields) / sizeof(*fields);
    if (dry && !t->o->json)
        printf("%s\t%s\tdirty\t%s\n", m->version, item->file ? item->file->file : "", as);
    if (dry)
        log_info(&event_would_settle, fields, n, "would record version %s as %s", m->version, as);
    else
        log_info(&event_settling, fields, n, "recording version %s as %s", m->version, as);
    report_step(&t->report, dry ? "would_settle" : "settled", fields, n);
}

static void
tell_steps(struct turn *t)
{
    for (size_t i = 0; i < t->plan.n; i++) {
        const struct plan_item *item = &t->plan.items[i];
        if (item->step && item->state == PLAN_DIRTY)
            tell_dirty(t, item);
        else if (item->step)
            tell_step(t, item);
    }
}

static void
settle(const struct turn *t, size_t i, struct strbuf *sql)
{
    const struct layout *layout = t->ledger.layout;
    const struct migration *m = plan_item_recorded(&t->plan.items[i]);
    if (t->o->dirty == DIRTY_APPLIED)
        layout->sql_settle(t->ledger.table.quoted, m, sql);
    else
        layout->sql_delete(t->ledger.table.quoted, m, plan_row_before(&t->plan, i), sql);
    strbuf_adds(sql, "; ");
}

static void
repair_show(struct turn *t)
{
    const struct plan_item *left = find_left(t, t->arg);
    tell_steps(t);
    report_output(&t->report);
    if (left) {
        fail_left(t, left);
        return;
    }
    t->report.outcome = "dry-run";
    log_info(&event_dry_run, LOG_FIELDS(LF_UINT("pending", t->plan.steps)), "%zu would be accepted",
             t->plan.steps);
}

/* Returns the first version. */
static const char *
add_rows(struct turn *t, struct strbuf *sql)
{
    const char *first = NULL;
    for (size_t i = 0; i < t->plan.n; i++) {
        const struct plan_item *item = &t->plan.items[i];
        if (!item->step)
            continue;
        first = first ? first : plan_item_migration(item)->version;
        if (item->state == PLAN_DIRTY) {
            settle(t, i, sql);
            continue;
        }
        const struct layout_row row = {.migration = &item->row->id,
                                       .file = item->file->file,
                                       .sum = item->file->sum,
                                       .loose_sha256 = turn_facts(t, item->file)->loose_sha256};
        ledger_sql_accept(&t->ledger, &row, item->row->sum, sql);
        strbuf_adds(sql, "; ");
    }
    return first;
}

static enum turn_step
repair_act(struct turn *t)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    bool done;
    const char *first = add_rows(t, &sql);
    tell_steps(t);
    enum turn_step step = turn_write(t, &sql, first, &done);
    if (done)
        tell_end(t);
    else if (step == TURN_END)
        report_forget_steps(&t->report);
    return step;
}

static int
cmd_repair_run(void *options, const struct opt_result *given)
{
    static const struct turn_work work = {
        .look = repair_look, .show = repair_show, .act = repair_act};
    struct repair r = {.versions = given->argv, .n = (size_t)given->argc};
    struct turn t;
    turn_init(&t, cmd_repair.name, &work, options);
    t.arg = &r;
    t.rules = (struct plan_rules){.phase = PHASE_ALL, .out_of_order = ORDER_APPLY};
    turn_run(&t);
    return turn_done(&t);
}
