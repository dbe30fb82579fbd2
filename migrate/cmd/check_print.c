/* check_print.c: findings of `check` in three forms, and the page of its rules. */
#include "migrate/cmd/check_print.h"

#include <string.h>

#include "common/base/json.h"

/* --- files --- */

static void
file_text(struct strbuf *out, const struct source_migration *m, const struct verdict_file *v)
{
    strbuf_addf(out, "%s: %zu statement%s, %s", m->file, v->statements,
                v->statements == 1 ? "" : "s",
                v->transaction ? "in one transaction" : "one by one, outside a transaction");
    if (v->cannot)
        strbuf_addf(out, " (line %zu: %s)", v->cannot_line, v->cannot);
    strbuf_addf(out, "%s\n", m->id.phase == MIGRATION_CONTRACT ? ", phase contract" : "");
}

static void
file_json(struct strbuf *out, const struct source_migration *m, const struct verdict_file *v)
{
    struct json j = json_on(out);

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
    strbuf_addc(out, '\n');
}

void
check_print_file(struct check_print *p, const struct source_migration *m,
                 const struct verdict_file *v)
{
    if (p->format == FORMAT_TEXT)
        file_text(&p->out, m, v);
    else if (p->format == FORMAT_JSON)
        file_json(&p->out, m, v);
}

/* --- findings --- */

/* The first finding of a rule says all of it. */
static bool
is_first(struct check_print *p, const struct check_finding *f)
{
    uint64_t bit = 1ull << f->number;
    bool first = !(p->explained & bit);

    p->explained |= bit;
    return first;
}

static void
finding_text(struct check_print *p, const struct check_finding *f)
{
    struct strbuf *out = &p->out;

    strbuf_adds(out, f->file);
    if (f->at.line)
        strbuf_addf(out, ":%zu", f->at.line);
    if (f->at.column)
        strbuf_addf(out, ":%zu", f->at.column);
    strbuf_addf(out, ": %s: %s [%s]\n", lint_level_text(f->level), f->message, f->rule);
    if (f->text)
        position_caret(f->text, &f->at, "    ", out);
    if (f->lock && is_first(p, f))
        strbuf_addf(out, "    lock: %s\n    safe: %s\n", f->lock, f->safe);
}

static void
finding_json(struct strbuf *out, const struct check_finding *f)
{
    struct json j = json_on(out);

    json_object(&j);
    json_kstr(&j, "file", f->file);
    if (f->at.line)
        json_kuint(&j, "line", f->at.line);
    if (f->at.column)
        json_kuint(&j, "column", f->at.column);
    json_kstr(&j, "level", lint_level_text(f->level));
    json_kstr(&j, "rule", f->rule);
    json_kstr(&j, "message", f->message);
    if (f->lock) {
        json_kstr(&j, "lock", f->lock);
        json_kstr(&j, "safe", f->safe);
    }
    json_end(&j);
    strbuf_addc(out, '\n');
}

/* A value of a workflow command: what would end it is written as the runner reads it back. */
static void
add_escaped(struct strbuf *out, const char *text, bool property)
{
    for (; *text; text++)
        if (strchr("%\r\n", *text) || (property && strchr(":,", *text)))
            strbuf_addf(out, "%%%02X", (unsigned char)*text);
        else
            strbuf_addc(out, *text);
}

static void
finding_github(struct check_print *p, const struct check_finding *f)
{
    const char *dir = strncmp(p->dir, "./", 2) == 0 ? p->dir + 2 : p->dir;
    size_t len = strlen(dir);
    struct strbuf *out = &p->out;

    strbuf_addf(out, "::%s file=", lint_level_text(f->level));
    if (len && strcmp(dir, ".") != 0) {
        add_escaped(out, dir, true);
        if (dir[len - 1] != '/')
            strbuf_addc(out, '/');
    }
    add_escaped(out, f->file, true);
    if (f->at.line)
        strbuf_addf(out, ",line=%zu", f->at.line);
    if (f->at.column)
        strbuf_addf(out, ",col=%zu", f->at.column);
    strbuf_adds(out, ",title=");
    add_escaped(out, f->rule, true);
    strbuf_adds(out, "::");
    add_escaped(out, f->message, false);
    if (f->lock) {
        strbuf_adds(out, "%0ALock: ");
        add_escaped(out, f->lock, false);
        strbuf_adds(out, "%0ASafe: ");
        add_escaped(out, f->safe, false);
    }
    strbuf_addc(out, '\n');
}

void
check_print_finding(struct check_print *p, const struct check_finding *f)
{
    switch (p->format) {
    case FORMAT_TEXT:
        finding_text(p, f);
        break;
    case FORMAT_JSON:
        finding_json(&p->out, f);
        break;
    case FORMAT_GITHUB:
        finding_github(p, f);
        break;
    }
}

/* --- rules --- */

static const char rules_head[] =
    "# Rules of migrate check\n\n"
    "`migrate check` reads the files only; it does not connect to a database. It assumes that a table is large and in use, unless the "
    "files show otherwise: a table created by the same file, or with `--since V` by an earlier file above V, is new, and locking it "
    "blocks nobody. The types of columns and the state of constraints are derived from all files. The bodies of functions and DO blocks "
    "are not examined, nor are down files.\n\n"
    "A rule of level *error* reports a statement that blocks reads or writes for a time that depends on the size of the table, or that "
    "cannot succeed; `check` then exits with status 25. A *warning* does not affect the exit status. If a finding is intended, the header of "
    "the file can permit it:\n\n"
    "```sql\n-- migrate: allow=index-create,column-drop\n```\n\n"
    "Every lock is held until the end of the transaction, and thus of the file. migrate waits for a lock no longer than `lock_timeout`; it "
    "then rolls back and tries again. The rules therefore describe what happens once the lock has been acquired.\n\n"
    "This page is printed by `migrate check --rules`.\n\n";

static void
add_anchored(struct strbuf *out, const char *what)
{
    for (; *what; what++)
        if (*what == '@')
            strbuf_adds(out, "*name*");
        else
            strbuf_addc(out, *what);
}

void
check_print_rules(struct strbuf *out)
{
    const struct lint_rule *r;

    strbuf_adds(out, rules_head);
    strbuf_adds(out, "| Rule | Level | |\n|---|---|---|\n");
    for (size_t i = 0; (r = lint_rule(i)); i++) {
        strbuf_addf(out, "| [%s](#%s) | %s | ", r->name, r->name, lint_level_text(r->level));
        add_anchored(out, r->what);
        strbuf_adds(out, " |\n");
    }
    for (size_t i = 0; (r = lint_rule(i)); i++) {
        strbuf_addf(out, "\n## %s\n\nLevel: %s. What happens: ", r->name,
                    lint_level_text(r->level));
        add_anchored(out, r->what);
        strbuf_addf(out, ".\n\n*Lock:* %s.\n\n*Safe alternative:* %s.\n\n", r->lock, r->safe);
        if (r->flags & LINT_UNLESS_CONTRACT)
            strbuf_adds(out, "Not reported in a file with `phase=contract`.\n\n");
        strbuf_addf(out, "```sql\n-- found\n%s\n-- safe\n%s```\n", r->bad, r->good);
    }
}
