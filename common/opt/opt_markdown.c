/* --print-options=markdown and --print-formats: tables for the documents. */
#include <string.h>

#include "common/opt/opt_rows.h"

/* A table's cell: no bar and no line end may stand in it. */
static void
add_cell(struct strbuf *out, const char *text)
{
    for (const char *s = text; *s; s++)
        if (*s == '|')
            strbuf_adds(out, "\\|");
        else
            strbuf_addc(out, (char)(*s == '\n' ? ' ' : *s));
}

static void
add_code(struct strbuf *out, const char *text)
{
    if (!*text)
        return;
    strbuf_addc(out, '`');
    add_cell(out, text);
    strbuf_addc(out, '`');
}

static void
markdown_commands(const struct opt_program *p, struct strbuf *out)
{
    strbuf_adds(out, "| Command | |\n|---|---|\n");
    for (size_t i = 0; i < p->n_commands; i++) {
        const struct opt_command *c = p->commands[i];
        if ((c->flags & OPT_CMD_HIDDEN) || !c->summary)
            continue;
        struct strbuf usage = STRBUF_INIT;
        opt_synopsis(p, c, &usage);
        strbuf_adds(out, "| ");
        add_code(out, strbuf_str(&usage));
        strbuf_adds(out, " | ");
        add_cell(out, c->summary);
        strbuf_adds(out, " |\n");
        strbuf_done(&usage);
    }
}

static void
markdown_row(const struct opt_program *p, const struct opt_row *row, struct strbuf *out)
{
    char env[OPT_ENV_MAX];
    struct strbuf flag = STRBUF_INIT;
    if (row->letter)
        strbuf_addf(&flag, "-%c, ", row->letter);
    strbuf_addf(&flag, "--%s%s%s", row->name, row->kind == OPT_BOOL ? "" : " ", opt_row_arg(row));
    strbuf_adds(out, "| ");
    add_code(out, strbuf_str(&flag));
    strbuf_adds(out, " | ");
    add_code(out, opt_row_env(p, row, env));
    strbuf_adds(out, " | ");
    add_cell(out, opt_row_default(row));
    strbuf_adds(out, " | ");
    add_cell(out, row->help);
    if (!(row->flags & OPT_EVERYWHERE)) {
        strbuf_adds(out, " (");
        opt_row_commands(p, row, out);
        strbuf_adds(out, ")");
    }
    strbuf_adds(out, " |\n");
    strbuf_done(&flag);
}

static void
markdown_pairs(const struct opt_pair *pairs, size_t n, struct strbuf *out)
{
    for (size_t i = 0; i < n && pairs[i].key; i++) {
        strbuf_adds(out, "| ");
        add_code(out, pairs[i].key);
        strbuf_adds(out, " | ");
        add_cell(out, pairs[i].text);
        strbuf_adds(out, " |\n");
    }
}

static void
markdown_exits(const struct opt_program *p, struct strbuf *out)
{
    strbuf_adds(out, "\n| Exit status | |\n|---|---|\n");
    for (size_t i = 0; i < p->n_exits; i++) {
        strbuf_adds(out, "| ");
        if (p->exits[i].label)
            add_cell(out, p->exits[i].label);
        else
            strbuf_addf(out, "%d", p->exits[i].status);
        strbuf_adds(out, " | ");
        add_cell(out, p->exits[i].text);
        strbuf_adds(out, " |\n");
    }
}

void
opt_print_markdown(const struct opt_program *p, struct strbuf *out)
{
    markdown_commands(p, out);
    strbuf_adds(out, "\n| Option | Variable | Default | |\n|---|---|---|---|\n");
    for (size_t i = 0; i < opt_row_count(p); i++)
        if (!(opt_row_at(p, i)->flags & OPT_HIDDEN))
            markdown_row(p, opt_row_at(p, i), out);
    if (p->n_env || p->connections) {
        strbuf_adds(out, "\n| Variable | |\n|---|---|\n");
        markdown_pairs(p->env, p->n_env, out);
        if (p->connections & OPT_CONN_POSTGRES)
            markdown_pairs(opt_postgres_env, SIZE_MAX, out);
        if (p->connections & OPT_CONN_REDIS)
            markdown_pairs(opt_redis_env, SIZE_MAX, out);
        if (p->connections)
            strbuf_adds(
                out,
                "| `…_FILE` | each of `DATABASE_…` and `REDIS_…`: the path of a file that holds "
                "the value; setting both a variable and its `_FILE` is an error |\n");
    }
    if (p->n_exits)
        markdown_exits(p, out);
}

static void
markdown_events(const struct opt_program *p, struct strbuf *out)
{
    strbuf_adds(out, "### Records\n\n| event | fields | when |\n|---|---|---|\n");
    for (const struct log_event *const *e = p->events; *e; e++)
        strbuf_addf(out, "| `%s` | %s | %s |\n", (*e)->name, (*e)->fields, (*e)->when);
}

void
opt_print_formats(const struct opt_program *p, struct strbuf *out)
{
    strbuf_addf(
        out,
        "## %s\n\n"
        "One record a line on stderr, at most 4,096 bytes. Every record begins with:\n\n"
        "| Field | |\n|---|---|\n"
        "| `time` | when, UTC, RFC 3339 with milliseconds |\n"
        "| `level` | `debug`, `info`, `warn` or `error` |\n"
        "| `program` | `%s` |\n"
        "| `event` | what happened: one of the names below, and the record's further fields with it |\n"
        "| `msg` | a message for people; its wording may change |\n\n",
        p->name, p->name);
    markdown_events(p, out);
    if (p->print_formats) {
        strbuf_addc(out, '\n');
        p->print_formats(out);
    }
}
