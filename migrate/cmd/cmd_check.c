/* cmd_check.c: `migrate check`: what up would refuse, and what it would do, without a database. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/json.h"
#include "common/base/log.h"
#include "migrate/cmd/cmd.h"
#include "migrate/files/directory.h"
#include "migrate/sql/marks.h"
#include "migrate/sql/position.h"
#include "migrate/tell/report.h"
#include "migrate/files/source.h"
#include "migrate/sql/verdict.h"

static int cmd_check_run(void *options, const struct opt_result *given);

const struct opt_command cmd_check = {
    .name = "check",
    .args = "[DIR]",
    .max_args = 1,
    .path = OPT_PATH_DIR,
    .summary = "check files without a database: names, splitting, what runs outside a transaction",
    .options = OPT_NAMES("dir", "allow-empty", "json"),
    .run = cmd_check_run,
};

struct check {
    bool json;
    size_t files;
    size_t statements;
    size_t errors;
    bool bad_input; /* one of them is no SQL text that could be read at all */
    struct strbuf out;
};

/* One file and what will happen to it. */
static void
add_file(struct check *c, const struct source_migration *m, const struct verdict_file *v)
{
    struct json j = json_on(&c->out);

    if (!c->json) {
        strbuf_addf(&c->out, "%s: %zu statement%s, %s", m->file, v->statements,
                    v->statements == 1 ? "" : "s",
                    v->transaction ? "in one transaction" : "one by one, outside a transaction");
        if (v->cannot)
            strbuf_addf(&c->out, " (line %zu: %s)", v->cannot_line, v->cannot);
        strbuf_addf(&c->out, "%s\n", m->id.phase == MIGRATION_CONTRACT ? ", phase contract" : "");
        return;
    }
    json_object(&j);
    json_kstr(&j, "file", m->file);
    json_kstr(&j, "version", m->id.version);
    json_kstr(&j, "name", m->id.name);
    json_kstr(&j, "phase", migration_phase_text(m->id.phase));
    json_kuint(&j, "statements", v->statements);
    json_kbool(&j, "transaction", v->transaction);
    if (v->cannot) {
        json_kstr(&j, "cannot", v->cannot);
        json_kuint(&j, "cannot_line", v->cannot_line);
    }
    json_end(&j);
    strbuf_addc(&c->out, '\n');
}

/* text NULL: nothing of it can be shown. at: line 0 is no place at all, column 0 the line as a whole. */
static void
add_finding(struct check *c, const char *file, const char *text, const struct position *at,
            const char *rule, const char *message)
{
    struct json j = json_on(&c->out);

    c->errors++;
    if (!c->json) {
        strbuf_adds(&c->out, file);
        if (at->line)
            strbuf_addf(&c->out, ":%zu", at->line);
        if (at->column)
            strbuf_addf(&c->out, ":%zu", at->column);
        strbuf_addf(&c->out, ": error: %s [%s]\n", message, rule);
        if (text)
            position_caret(text, at, "    ", &c->out);
        return;
    }
    json_object(&j);
    json_kstr(&j, "file", file);
    if (at->line)
        json_kuint(&j, "line", at->line);
    if (at->column)
        json_kuint(&j, "column", at->column);
    json_kstr(&j, "level", "error");
    json_kstr(&j, "rule", rule);
    json_kstr(&j, "message", message);
    json_end(&j);
    strbuf_addc(&c->out, '\n');
}

/* The file cannot be read as a text, or not any more. */
static void
add_unread(struct check *c, const char *file, size_t line, const struct err *e)
{
    const struct position at = {.line = line};

    c->bad_input = true;
    add_finding(c, file, NULL, &at, "input", e->msg);
}

static void
add_found(struct check *c, const char *file, const struct source_text *t, size_t offset,
          const char *rule, const struct err *e)
{
    struct position at;

    position_of_byte(t->data, t->len, 0, 1, offset, &at);
    add_finding(c, file, t->data, &at, rule, e->msg);
}

static void
check_text(struct check *c, const struct source *s, const struct source_migration *m,
           const char *file, struct source_text *t)
{
    struct layout_header header = m->header;
    struct verdict_file v;
    struct lexer lx;
    struct err e = {0};
    bool is_down = file == m->down_file;

    if (is_down &&
        s->layout->header_parse(t->data, t->len, marks_fine_for(file), &header, &e) < 0) {
        c->bad_input = true;
        add_found(c, file, t, header.error_offset, "header", &e);
        return;
    }
    source_text_lexer(t, &lx);
    int judged = verdict_file(&lx, header.transaction, header.marks_fine, &v, &e);
    if (source_text_same(t, &e) < 0) {
        add_unread(c, file, 0, &e);
        return;
    }
    if (judged == 0) {
        c->statements += v.statements;
        if (!is_down)
            add_file(c, m, &v);
        return;
    }
    c->bad_input |= lx.error_line != 0;
    add_found(c, file, t, v.error_offset, v.rule, &e);
}

static void
check_file(struct check *c, const struct source *s, const struct source_migration *m,
           enum migration_direction direction)
{
    CLEANUP_WITH(source_text_done) struct source_text t = SOURCE_TEXT_INIT;
    const char *file = direction == MIGRATION_UP ? m->file : m->down_file;
    struct err e = {0};

    if (!file)
        return;
    c->files++;
    if (source_text_open(s, m, direction, &t, &e) < 0) {
        add_unread(c, file, t.error_line, &e);
        return;
    }
    check_text(c, s, m, file, &t);
}

static int
finish(struct check *c, struct report *r)
{
    struct err e = {0};

    if (!c->json)
        strbuf_addf(&c->out, "%zu file%s, %zu statement%s, %zu error%s\n", c->files,
                    c->files == 1 ? "" : "s", c->statements, c->statements == 1 ? "" : "s",
                    c->errors, c->errors == 1 ? "" : "s");
    if (c->out.failed)
        return err_nomem(&e), report_fail(r, EXIT_INPUT, &e), -1;
    if (fwrite(c->out.data, 1, c->out.len, stdout) != c->out.len || fflush(stdout) != 0) {
        err_sys(&e, errno, "cannot write to standard output");
        report_fail(r, EXIT_INPUT, &e);
        return -1;
    }
    if (c->errors) {
        err_set(&e, ERR_INPUT, "%zu finding%s of level error", c->errors,
                c->errors == 1 ? "" : "s");
        report_fail(r, c->bad_input ? EXIT_INPUT : EXIT_FINDINGS, &e);
    }
    return 0;
}

static int
cmd_check_run(void *options, const struct opt_result *given)
{
    const struct options *o = options;
    const char *dir = given->argc ? given->argv[0] : o->dir;
    CLEANUP_WITH(report_done) struct report r;
    CLEANUP_WITH(source_done) struct source s = SOURCE_INIT;
    struct check c = {.json = o->json};
    struct err e = {0};

    report_init(&r, log_is_text());
    if (directory_open(dir, &layout_native, o->allow_empty, &s, &e) < 0) {
        report_fail(&r, EXIT_INPUT, &e);
        report_place(&r, s.fault_file[0] ? s.fault_file : NULL, s.fault_line, 0);
        return report_finish(&r, o->termination_log);
    }
    for (size_t i = 0; i < s.n; i++) {
        check_file(&c, &s, &s.migrations[i], MIGRATION_UP);
        check_file(&c, &s, &s.migrations[i], MIGRATION_DOWN);
    }
    finish(&c, &r);
    strbuf_done(&c.out);
    return report_finish(&r, o->termination_log);
}
