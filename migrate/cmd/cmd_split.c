/* cmd_split.c: `migrate split`: the statements of a file. */
#include <stdio.h>

#include "common/base/cleanup.h"
#include "common/base/json.h"
#include "common/base/log.h"
#include "common/base/utf8.h"
#include "migrate/cmd/cmd.h"
#include "migrate/apply/finding.h"
#include "migrate/sql/lexer.h"
#include "migrate/tell/report.h"
#include "migrate/files/source.h"
#include "migrate/sql/verdict.h"

static int cmd_split_run(void *options, const struct opt_result *given);

const struct opt_command cmd_split = {
    .name = "split",
    .args = "FILE",
    .min_args = 1,
    .max_args = 1,
    .path = OPT_PATH_FILE,
    .flags = OPT_CMD_NO_ENV,
    .summary = "print the statements of a file as they are sent to the server",
    .options = OPT_NAMES("json"),
    .run = cmd_split_run,
};

#define PREVIEW_BYTES 60

static void
add_json(struct strbuf *out, const struct statement *st, const struct verdict *v)
{
    struct json j = json_on(out);

    json_object(&j);
    json_kuint(&j, "n", st->n);
    json_kuint(&j, "line", st->line);
    json_kuint(&j, "end_line", st->end_line);
    json_kuint(&j, "offset", st->offset);
    json_kuint(&j, "bytes", st->bytes);
    json_kstr(&j, "kind", st->kind == STATEMENT_COPY ? "copy" : "sql");
    json_kbool(&j, "transaction", v->transaction);
    json_end(&j);
    strbuf_addc(out, '\n');
}

/* The beginning of the statement on one line. */
static void
add_preview(struct strbuf *out, const char *sql, size_t bytes)
{
    size_t shown = utf8_cut(sql, bytes, PREVIEW_BYTES);

    for (size_t i = 0; i < shown; i++) {
        unsigned char c = (unsigned char)sql[i];
        strbuf_addc(out, c < ' ' || c == 0x7f ? ' ' : (char)c);
    }
    strbuf_adds(out, shown < bytes ? " ..." : "");
}

static void
add_text(struct strbuf *out, const char *text, const struct statement *st, const struct verdict *v)
{
    char lines[48];

    if (st->line == st->end_line)
        snprintf(lines, sizeof(lines), "line %zu", st->line);
    else
        snprintf(lines, sizeof(lines), "lines %zu-%zu", st->line, st->end_line);
    strbuf_addf(out, "%5zu  %-16s ", st->n, lines);
    add_preview(out, text + st->offset, st->sql_bytes);
    if (st->kind == STATEMENT_COPY)
        strbuf_addf(out, "  [%zu bytes of data]", st->data_bytes);
    if (!v->transaction)
        strbuf_addf(out, "  [%s: not in a transaction]", v->what);
    strbuf_addc(out, '\n');
}

static int
print(struct strbuf *out, struct err *e)
{
    if (out->failed)
        return err_nomem(e);
    fwrite(strbuf_str(out), 1, out->len, stdout);
    strbuf_clear(out);
    return 0;
}

/* Not to the end when nobody gets it. */
static int
split(struct lexer *lx, bool as_json, struct err *e)
{
    cleanup_strbuf struct strbuf out = STRBUF_INIT;
    struct statement st;
    struct verdict v;
    int rc = 0;

    while (!ferror(stdout) && (rc = lexer_next(lx, &st, e)) > 0) {
        verdict_statement(lx->text + st.offset, st.sql_bytes, st.backslashes, &v);
        if (as_json)
            add_json(&out, &st, &v);
        else
            add_text(&out, lx->text, &st, &v);
        if (out.len > 65536 && print(&out, e) < 0)
            return -1;
    }
    return print(&out, e) < 0 ? -1 : rc;
}

static int
cmd_split_run(void *options, const struct opt_result *given)
{
    const struct options *o = options;
    const char *file = given->argv[0];
    CLEANUP_WITH(report_done) struct report r;
    CLEANUP_WITH(source_text_done) struct source_text t = SOURCE_TEXT_INIT;
    struct lexer lx;
    struct err e = {0};

    report_init(&r, log_is_text());
    if (source_text_open_path(file, &t, &e) < 0) {
        report_fail(&r, EXIT_INPUT, &e);
        report_place(&r, file, t.error_line, 0);
        return report_finish(&r, o->termination_log);
    }
    source_text_lexer(&t, &lx);
    int done = split(&lx, o->json, &e);
    report_output(&r);
    if (r.failed)
        return report_finish(&r, o->termination_log);
    if (source_text_same(&t, &e) < 0)
        finding_report(&r, file, &t, 0, 0, &e);
    else if (done < 0)
        finding_report(&r, file, &t, lx.error_offset, lx.error_line, &e);
    return report_finish(&r, o->termination_log);
}
