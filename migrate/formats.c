/* formats.c: names that machines rely on. */
#include "migrate/formats.h"

#include "migrate/events.h"
#include "migrate/plan.h"
#include "migrate/tell/report.h"

#define EXIT_OF(name, exit, when) exit,
static const enum exit_status failures[] = {MIGRATE_FAILURES(EXIT_OF)};

static void
print_outcomes(struct strbuf *out)
{
    strbuf_adds(
        out,
        "A failure is one record, of level error; its event is the outcome. `source` is the line and a caret below it.\n"
        "\n### Termination message\n\n`{\"program\",\"outcome\",\"exit\",\"applied\":[…],\"pending\":n,\"file\","
        "\"line\",\"column\",\"sqlstate\",\"message\",\"hint\",\"duration_ms\"}`: what is not known is null; `message` ends with the server's detail. "
        "After `run` it has `command_exit`, `command_signal` and `tail`, too: what the command wrote last, without the "
        "connection's password. outcome: `done`, `nothing`, `ahead`, `dry-run` (0)");
    for (size_t i = 0; i < sizeof(failures) / sizeof(*failures); i++) {
        struct report r = {.exit = failures[i]};
        strbuf_addf(out, ", `%s` (%d)", report_outcome(&r), (int)failures[i]);
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
        "action: `applied`, `undone`, `recorded` (baseline), `accepted` and `settled` (repair); with --dry-run `would_apply`, "
        "`would_undo`, `would_record`, `would_accept`, `would_settle`. The other fields are those of the record of that name (`recorded`: "
        "`recording`, `accepted`: `accepting`); of a migration that was committed while the connection was lost only "
        "`version`, `name`, `file` and `phase` are known. up: `half_undone`, versions that an interrupted down has undone in part, if "
        "there are any. A bad option has no object.\n"
        "\n### split --json\n\nAn object a line, for each statement: `{\"n\",\"line\",\"end_line\",\"offset\",\"bytes\","
        "\"kind\":\"sql\"|\"copy\",\"transaction\"}`.\n");
}

void
formats_print(struct strbuf *out)
{
    print_outcomes(out);
    print_json(out);
    strbuf_adds(out, "\n### status --json\n\n`{\"table\"");
    for (int i = 0; i <= PLAN_DIRTY; i++)
        strbuf_addf(out, ",\"%s\":n", plan_state_name((enum plan_state)i));
    strbuf_adds(
        out,
        ",\"other_history\":\"TOOL (table)\"|null,\"lock\":{\"pid\",\"application\",\"age_s\"}|null,\"lease\":{\"owner\",\"expires_in_s\"}|null,\"migrations\":[{\"version\",\"name\",\"state\","
        "\"phase\",\"file\",\"applied_name\",\"applied_at\",\"applied_by\",\"duration_ms\",\"release\"}]}`: the last five only for "
        "what is in the history. Of a file outside a transaction that was begun and is not done: `statements`, "
        "`statements_done`, and `statement_begun`, which nobody knows to be done, or null; of one that `down` began to undo: `undo_statements_done`. When the status cannot be had, "
        "the object is that of `up --json`.\n");
    print_check(out);
}
