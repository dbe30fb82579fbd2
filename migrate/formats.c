/* formats.c: names that machines rely on. */
#include "migrate/formats.h"

#include "migrate/plan.h"
#include "migrate/tell/report.h"

static const struct {
    const char *event;
    const char *fields;
    const char *when;
} records[] = {
    {"setting_unused", "setting",
     "statement_timeout or lock_timeout of a URL: the options of that name count"},
    {"waiting", "reason, sqlstate", "the database does not accept yet: first, then every 10 s"},
    {"ready", "duration_ms", "wait: it accepts"},
    {"lock_wait", "holder_pid, holder, holder_age_s",
     "another runner holds the lock: first, then every 10 s"},
    {"no_directory", "dir",
     "the directory of the migrations is not there, which --allow-empty allows"},
    {"folder", "dir, folder",
     "a folder in the directory holds .sql files, which are not looked at"},
    {"edited", "version, file", "comments, white space or line ends of an applied file changed"},
    {"ahead", "ahead", "the history has versions above the newest file"},
    {"held", "held", "files wait for another --phase"},
    {"would_apply", "version, name, file, phase, transaction, statements",
     "--dry-run: each migration"},
    {"dry_run", "pending", "--dry-run: so many would be applied, or undone"},
    {"rehearsing", "pending", "rehearse: real locks are taken from here on"},
    {"rehearsed", "files, findings, duration_ms", "rehearse: all of it is rolled back"},
    {"applied", "version, name, file, phase, transaction, statements, attempts, duration_ms",
     "each migration"},
    {"notice", "severity, file, line, sqlstate", "the server said something about a statement"},
    {"running", "progress, duration_ms", "a statement takes long: first, then every 10 s"},
    {"blocked", "blockers, duration_ms", "the same, and it waits for a lock"},
    {"retry", "version, file, sqlstate, blockers, attempt, pause_ms",
     "a lock was not got in time: again after a pause"},
    {"skipped", "version, file",
     "somebody else, who does not heed the lock, applied it (down: undid it) meanwhile"},
    {"would_undo", "version, name, file, transaction, statements",
     "down --dry-run: each migration"},
    {"undoing", "version, file, applied_at", "down: each migration that will be undone"},
    {"begun", "version, file, done",
     "down: a file that was begun outside a transaction and is not done: so many statements of it stay"},
    {"drifted", "version, file", "down: its file changed since it was applied"},
    {"undone", "version, name, file, phase, transaction, statements, attempts, duration_ms",
     "down: each migration"},
    {"outside", "file, sqlstate", "the server wants a file's only statement outside a transaction"},
    {"pooler", "mode, seen",
     "a connection pooler stands before the database, or is said to: mode session or transaction is what is used"},
    {"passed", "version, file", "behind a pooler: another runner applied it meanwhile"},
    {"lease", "sqlstate", "behind a pooler: the lease was not renewed, and is tried again"},
    {"resumed", "version, file, done, statements",
     "a file outside a transaction that an earlier run did not end: how far it came"},
    {"resume", "version, file, statement, line, action",
     "a statement of which an earlier run did not say what became of it: done, again, drop (what it left, then again), "
     "finalize (a partition), stop, drift"},
    {"step_wait", "version, holder_pid, holder",
     "the server still runs a statement of an earlier run: first, then every 10 s"},
    {"step_end", "version, holder_pid", "the same, for the whole of --lock-wait: it is ended"},
    {"step_drop", "version, index", "an INVALID index that a failed attempt left is dropped"},
    {"would_record", "version, name, file, phase", "baseline --dry-run: each migration"},
    {"recording", "version, name, file, phase",
     "baseline: each migration, before the rows are written"},
    {"would_accept", "version, name, file, was, now, comments",
     "repair --dry-run: each edited file, with the heads of its digests"},
    {"accepting", "version, name, file, was, now, comments",
     "repair: each edited file, before the rows are written"},
    {"commit_lost", "version", "the connection was lost during COMMIT"},
    {"commit_settled", "version", "the history says that it was committed"},
    {"cancel", "", "the statement could not be cancelled on the server"},
    {"watch", "", "debug: there is no second connection: what runs or blocks is not told"},
    {"wish", "", "debug: the server refused a setting that is not needed everywhere"},
    {"command_start", "command, pid", "run: the lock is held, the command was started"},
    {"revision", "tool, revision", "run: the tool's history table has one more than before"},
    {"tool_ahead", "tool, revision",
     "run: the tool says that its files lack a revision which the database has"},
    {"overdue", "deadline_ms", "run: the deadline passed; the command is asked to end"},
    {"stopping", "signal, grace_ms",
     "run: the command and all that descends from it are asked to end"},
    {"killing", "", "run: they did not end in time, or the lock was lost"},
    {"left_behind", "processes", "run: the command ended, these processes did not"},
    {"not_dying", "processes", "run: these live on after KILL, or belong to another user"},
    {"lock_lost", "", "run: the lock cannot be proven any more; the command is ended"},
    {"blind", "", "run: without a usable /proc only the command's process group is seen"},
    {"evidence", "", "debug, run: the tool's history table could not be read"},
    {"command_done", "outcome, applied, command_exit, duration_ms", "run: the end of a good run"},
    {"input", "exit", "an option or a variable is wrong; nothing was started"},
    {"json", "", "the object of --json could not be made"},
    {"termination_log", "", "the termination message could not be written"},
    {"done",
     "outcome, applied (down: undone, baseline: recorded, repair: accepted), pending, held, ahead, duration_ms",
     "the end of a good run"},
};

static void
print_records(struct strbuf *out)
{
    strbuf_adds(out, "### Records\n\n| event | fields | when |\n|---|---|---|\n");
    for (size_t i = 0; i < sizeof(records) / sizeof(*records); i++)
        strbuf_addf(out, "| `%s` | %s | %s |\n", records[i].event, records[i].fields,
                    records[i].when);
    strbuf_adds(
        out,
        "\nA failure is one record more, of level error; its event is the outcome, its fields are `file`, "
        "`line`, `column`, `sqlstate`, `detail`, `hint`, `source` (the line and a caret below it) and `exit`; after `run` also `command_exit` or `command_signal`.\n");
}

static void
print_outcomes(struct strbuf *out)
{
    static const enum exit_status exits[] = {
        EXIT_UNREACHABLE, EXIT_BUSY,  EXIT_DEADLINE, EXIT_SIGNAL,  EXIT_REFUSED,
        EXIT_DRIFT,       EXIT_ORDER, EXIT_INPUT,    EXIT_PARTIAL, EXIT_COMMAND};
    strbuf_adds(
        out,
        "\n### Termination message\n\n`{\"program\",\"outcome\",\"exit\",\"applied\":[…],\"pending\":n,\"file\","
        "\"line\",\"column\",\"sqlstate\",\"message\",\"hint\",\"duration_ms\"}`: what is not known is null; `message` ends with the server's detail. "
        "After `run` it has `command_exit`, `command_signal` and `tail`, too: what the command wrote last, without the "
        "connection's password. outcome: `done`, `nothing`, `ahead`, `dry-run` (0)");
    for (size_t i = 0; i < sizeof(exits) / sizeof(*exits); i++) {
        struct report r = {.exit = exits[i]};
        strbuf_addf(out, ", `%s` (%d)", report_outcome(&r), (int)exits[i]);
    }
    strbuf_adds(out, ".\n");
}

static void
print_check(struct strbuf *out)
{
    strbuf_adds(
        out,
        "\n### check --json\n\nAn object a line. For each file: `{\"file\",\"version\",\"name\",\"phase\",\"statements\",\"transaction\","
        "\"cannot\",\"cannot_line\"}`, the last two only when it runs outside a transaction. For each finding: "
        "`{\"file\",\"line\",\"column\",\"level\":\"error\"|\"warning\",\"rule\",\"message\",\"lock\",\"safe\"}`; the last two only for the "
        "rules of [migrate-rules.md](migrate-rules.md), `line` and `column` only where there is a place.\n");
}

static void
print_json(struct strbuf *out)
{
    strbuf_adds(
        out,
        "\n### up, down, baseline, repair and wait --json\n\nOne object on standard output at the end, whatever the end was: "
        "`{\"program\",\"command\",\"outcome\",\"exit\",\"applied\":[…],\"pending\":n,\"file\",\"line\",\"column\","
        "\"sqlstate\",\"message\",\"hint\",\"duration_ms\",\"migrations\":[{\"action\",\"version\",\"name\",\"file\",…}]}`: the "
        "fields of the termination message, the command, and each migration in the order in which it was done. "
        "action: `applied`, `undone`, `recorded` (baseline), `accepted` (repair); with --dry-run `would_apply`, "
        "`would_undo`, `would_record`, `would_accept`. The other fields are those of the record of that name (`recorded`: "
        "`recording`, `accepted`: `accepting`); of a migration that was committed while the connection was lost only "
        "`version`, `name`, `file` and `phase` are known. A bad option has no object.\n"
        "\n### split --json\n\nAn object a line, for each statement: `{\"n\",\"line\",\"end_line\",\"offset\",\"bytes\","
        "\"kind\":\"sql\"|\"copy\",\"transaction\"}`.\n");
}

void
formats_print(struct strbuf *out)
{
    print_records(out);
    print_outcomes(out);
    print_json(out);
    strbuf_adds(out, "\n### status --json\n\n`{\"table\"");
    for (int i = 0; i <= PLAN_MISSING; i++)
        strbuf_addf(out, ",\"%s\":n", plan_state_name((enum plan_state)i));
    strbuf_adds(
        out,
        ",\"lock\":{\"pid\",\"application\",\"age_s\"}|null,\"migrations\":[{\"version\",\"name\",\"state\","
        "\"phase\",\"file\",\"applied_name\",\"applied_at\",\"applied_by\",\"duration_ms\",\"release\"}]}`: the last five only for "
        "what is in the history. Of a file outside a transaction that was begun and is not done: `statements`, "
        "`statements_done`, and `statement_begun`, which nobody knows to be done, or null. When the status cannot be had, "
        "the object is that of `up --json`.\n");
    print_check(out);
}
