/* cmd_check.c: `migrate check`: what up would refuse, and what it would do, without a database. */
#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/log.h"
#include "common/base/words.h"
#include "migrate/cmd/check_print.h"
#include "migrate/cmd/cmd.h"
#include "migrate/files/directory.h"
#include "migrate/files/source.h"
#include "migrate/lint/lint.h"
#include "migrate/rehearse/rules.h"
#include "migrate/sql/marks.h"
#include "migrate/sql/position.h"
#include "migrate/sql/verdict.h"
#include "migrate/tell/report.h"
#include "migrate/turn/choice.h"

static int cmd_check_run(void *options, const struct opt_result *given);

static const char *const formats[] = {"text", "json", "github", NULL};

static const struct opt_row rows[] = {
    {.name = "since",
     .kind = OPT_STRING,
     .arg = "V",
     .offset = offsetof(struct options, since),
     .help =
         "report lock hazards only in files above version V, which are assumed not to be applied yet",
     .more =
         "Older files are still read for the types of columns and the like. Names, splitting and transactions are checked in every file."},
    {.name = "format",
     .kind = OPT_CHOICE,
     .offset = offsetof(struct options, format),
     .def = "text",
     .choices = formats,
     .help =
         "output format; github prints annotations for a pull request, --json is short for json"},
    {.name = "rules",
     .kind = OPT_BOOL,
     .offset = offsetof(struct options, rules),
     .flags = OPT_NO_ENV,
     .help = "print the rules for lock hazards as Markdown and exit"},
};

const struct opt_command cmd_check = {
    .name = "check",
    .args = "[DIR]",
    .max_args = 1,
    .path = OPT_PATH_DIR,
    .summary = "check files without a database: names, splitting, transactions, lock hazards",
    .more =
        "Rules report statements that block others for as long as a table is large, or break the release that is still running; "
        "--rules prints them, with a safe alternative for each. The header line -- migrate: allow=RULE,RULE permits findings in a file.",
    .options = OPT_NAMES("dir", "allow-empty", "layout", "json"),
    .rows = rows,
    .n_rows = sizeof(rows) / sizeof(*rows),
    .run = cmd_check_run,
};

struct check {
    struct check_print print;
    struct lint lint;
    const char *since; /* or NULL */
    size_t files;
    size_t statements;
    size_t errors;
    size_t warnings;
    bool bad_input; /* one of them is no SQL text that could be read at all */
    /* the file at hand */
    const struct source_migration *migration;
    const struct source_text *text;
    uint64_t allowed; /* bit by number of the rule */
};

static void
add(struct check *c, const struct check_finding *f)
{
    c->errors += f->level == LINT_ERROR;
    c->warnings += f->level == LINT_WARNING;
    check_print_finding(&c->print, f);
}

/* The file cannot be read as a text, or not any more. */
static void
add_unread(struct check *c, const char *file, size_t line, const struct err *e)
{
    c->bad_input = true;
    add(c, &(struct check_finding){.file = file,
                                   .at = {.line = line},
                                   .level = LINT_ERROR,
                                   .rule = "input",
                                   .message = e->msg});
}

static void
add_found(struct check *c, const char *file, const struct source_text *t, size_t offset,
          const char *rule, const struct err *e)
{
    struct check_finding f = {
        .file = file, .text = t->data, .level = LINT_ERROR, .rule = rule, .message = e->msg};

    position_of_byte(t->data, t->len, 0, 1, offset, &f.at);
    add(c, &f);
}

/* --- lock hazards --- */

static void
on_lint(void *arg, const struct lint_finding *found)
{
    struct check *c = arg;
    const struct lint_rule *rule = found->rule;
    cleanup_strbuf struct strbuf message = STRBUF_INIT;
    struct check_finding f = {.file = c->migration->file,
                              .text = c->text->data,
                              .level = rule->level,
                              .rule = rule->name,
                              .lock = rule->lock,
                              .safe = rule->safe,
                              .number = found->number};

    if (c->allowed & (1ull << found->number))
        return;
    lint_finding_text(found, &message);
    f.message = strbuf_str(&message);
    position_of_byte(c->text->data, c->text->len, found->from, found->line, found->offset, &f.at);
    add(c, &f);
}

/* One name of allow=: its bit, or a finding. */
static void
allow(struct check *c, size_t offset, size_t bytes)
{
    const char *known[LINT_RULES_MAX];
    size_t n = 0;
    const struct lint_rule *rule;
    char name[48];
    struct err e = {0};

    if (rules_named(c->text->data + offset, bytes)) /* for rehearse to look at */
        return;
    for (; (rule = lint_rule(n)); n++) {
        known[n] = rule->name;
        if (strlen(rule->name) == bytes && memcmp(rule->name, c->text->data + offset, bytes) == 0) {
            c->allowed |= 1ull << n;
            return;
        }
    }
    snprintf(name, sizeof(name), "%.*s", (int)(bytes < 40 ? bytes : 40), c->text->data + offset);
    const char *near = words_nearest(name, known, n, NULL);
    err_set(&e, ERR_INPUT, "allow: there is no rule %s%s%s%s", name, near ? ": did you mean " : "",
            near ? near : "", near ? "?" : "");
    add_found(c, c->migration->file, c->text, offset, "header", &e);
}

static void
read_allowed(struct check *c, const struct layout_header *h)
{
    size_t at = h->allow_offset;
    size_t end = at + h->allow_bytes;

    c->allowed = 0;
    while (at < end) {
        const char *comma = memchr(c->text->data + at, ',', end - at);
        size_t bytes = comma ? (size_t)(comma - c->text->data) - at : end - at;
        allow(c, at, bytes);
        at += bytes + 1;
    }
}

static void
lint_text(struct check *c, struct source_text *t, const struct layout_header *h,
          const struct verdict_file *v)
{
    struct lexer lx;
    struct statement st;
    struct err e = {0};

    c->text = t;
    read_allowed(c, h);
    lint_file(&c->lint,
              &(struct lint_file){
                  .text = t->data,
                  .transaction = v->transaction,
                  .told = h->transaction == VERDICT_OFF,
                  .contract = h->phase == MIGRATION_CONTRACT,
                  .old = c->since && migration_compare(c->migration->id.version, c->since) <= 0});
    source_text_rewind(t, 0);
    source_text_lexer(t, &lx);
    while (lexer_next(&lx, &st, &e) > 0)
        lint_statement(&c->lint, &st);
    if (source_text_same(t, &e) < 0)
        add_unread(c, c->migration->file, 0, &e);
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

    if (is_down && source_text_header(s, t, file, MIGRATION_DOWN, &header, &e) < 0) {
        c->bad_input = true;
        add_found(c, file, t, header.error_offset, "header", &e);
        return;
    }
    if (!is_down && header.unusable) {
        c->bad_input = true;
        err_set(&e, ERR_INPUT, "%s", header.unusable);
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
        if (!is_down) {
            check_print_file(&c->print, m, &v);
            lint_text(c, t, &header, &v);
        }
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
    c->files += direction == MIGRATION_UP || strcmp(file, m->file) != 0;
    c->migration = m;
    if (source_text_open(s, m, direction, &t, &e) < 0) {
        add_unread(c, file, t.error_line, &e);
        return;
    }
    check_text(c, s, m, file, &t);
}

static const char *
plural(size_t n)
{
    return n == 1 ? "" : "s";
}

static void
print(struct strbuf *out, struct report *r)
{
    struct err e = {0};

    if (out->failed) {
        err_nomem(&e);
        report_fail(r, EXIT_INPUT, &e);
        return;
    }
    fwrite(strbuf_str(out), 1, out->len, stdout);
    report_output(r);
}

static void
finish(struct check *c, struct report *r)
{
    struct strbuf *out = &c->print.out;
    struct err e = {0};

    if (c->print.format != FORMAT_JSON)
        strbuf_addf(out, "%zu file%s, %zu statement%s, %zu error%s, %zu warning%s\n", c->files,
                    plural(c->files), c->statements, plural(c->statements), c->errors,
                    plural(c->errors), c->warnings, plural(c->warnings));
    out->failed |= c->lint.known.failed;
    print(out, r);
    if (c->errors) {
        err_set(&e, ERR_INPUT, "%zu finding%s of level error", c->errors, plural(c->errors));
        report_fail(r, c->bad_input ? EXIT_INPUT : EXIT_FINDINGS, &e);
    }
}

static void
check_directory(struct check *c, const struct options *o, const char *dir, struct report *r)
{
    CLEANUP_WITH(source_done) struct source s = SOURCE_INIT;
    struct err e = {0};

    if (directory_open(dir, choice_of_files(o, dir), o->allow_empty, &s, &e) < 0) {
        report_fail(r, EXIT_INPUT, &e);
        report_place(r, s.fault_file[0] ? s.fault_file : NULL, s.fault_line, 0);
        return;
    }
    for (size_t i = 0; i < s.n; i++) {
        check_file(c, &s, &s.migrations[i], MIGRATION_UP);
        check_file(c, &s, &s.migrations[i], MIGRATION_DOWN);
    }
    finish(c, r);
}

static int
cmd_check_run(void *options, const struct opt_result *given)
{
    const struct options *o = options;
    const char *dir = given->argc ? given->argv[0] : o->dir;
    CLEANUP_WITH(report_done) struct report r;
    struct check c = {
        .print = {.format = o->json ? FORMAT_JSON : (enum options_format)o->format, .dir = dir},
        .lint = LINT_INIT(on_lint, &c),
        .since = o->since};

    c.lint.since = o->since != NULL;
    report_init(&r, log_is_text());
    if (o->rules) {
        check_print_rules(&c.print.out);
        print(&c.print.out, &r);
    } else {
        check_directory(&c, o, dir, &r);
    }
    lint_done(&c.lint);
    strbuf_done(&c.print.out);
    return report_finish(&r, o->termination_log);
}
