/* --help: for a terminal of 80 columns. */
#include <stdio.h>
#include <string.h>

#include "common/opt/opt_rows.h"

#define WIDTH 80u
#define COLUMN 26u

/* Display columns: bytes that begin a character. */
static size_t
columns(const char *s, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++)
        n += ((unsigned char)s[i] & 0xC0u) != 0x80u;
    return n;
}

/* text without its backquotes, wrapped; the cursor stands at column `at`, later lines begin at `indent`. */
static void
wrap(struct strbuf *out, const char *text, size_t at, size_t indent)
{
    bool first = true;
    while (*text) {
        size_t len = strcspn(text, " \n");
        size_t wide = columns(text, len);
        if (!first && at + 1 + wide > WIDTH) {
            strbuf_addf(out, "\n%*s", (int)indent, "");
            at = indent;
        } else if (!first) {
            strbuf_addc(out, ' ');
            at++;
        }
        for (size_t i = 0; i < len; i++)
            if (text[i] != '`')
                strbuf_addc(out, text[i]);
        at += wide;
        first = false;
        text += len;
        text += strspn(text, " \n");
    }
    strbuf_addc(out, '\n');
}

static void
paragraphs(struct strbuf *out, const char *text)
{
    while (*text) {
        const char *end = strstr(text, "\n\n");
        size_t len = end ? (size_t)(end - text) : strlen(text);
        struct strbuf one = STRBUF_INIT;
        strbuf_add(&one, text, len);
        wrap(out, strbuf_str(&one), 0, 0);
        strbuf_done(&one);
        strbuf_addc(out, '\n');
        text += len;
        text += strspn(text, "\n");
    }
}

/* Two columns. */
static void
entry(struct strbuf *out, const char *left, const char *text)
{
    size_t wide = columns(left, strlen(left));
    strbuf_addf(out, "  %s", left);
    if (wide + 4 > COLUMN)
        strbuf_addf(out, "\n%*s", (int)COLUMN, "");
    else
        strbuf_addf(out, "%*s", (int)(COLUMN - 2 - wide), "");
    wrap(out, text, COLUMN, COLUMN);
}

/* " (only for up, run)" where the list of all options would mislead; a long list would only be noise. */
static void
add_owners(const struct opt_program *p, const struct opt_row *row, struct strbuf *text)
{
    int owners = 0;
    for (size_t i = 0; i < p->n_commands; i++)
        owners += opt_row_applies(p, row, p->commands[i]);
    if ((row->flags & OPT_EVERYWHERE) || owners > 2)
        return;
    strbuf_adds(text, " (only for ");
    opt_row_commands(p, row, text);
    strbuf_addc(text, ')');
}

static void
help_row(const struct opt_program *p, const struct opt_row *row, bool owners, struct strbuf *out)
{
    struct strbuf left = STRBUF_INIT, text = STRBUF_INIT;
    if (row->letter)
        strbuf_addf(&left, "-%c, ", row->letter);
    strbuf_addf(&left, "--%s%s%s", row->name, row->kind == OPT_BOOL ? "" : " ", opt_row_arg(row));
    strbuf_adds(&text, row->help);
    if (*opt_row_default(row))
        strbuf_addf(&text, " (default: %s)", opt_row_default(row));
    if (owners)
        add_owners(p, row, &text);
    entry(out, strbuf_str(&left), strbuf_str(&text));
    strbuf_done(&left);
    strbuf_done(&text);
}

static void
help_usage(const struct opt_program *p, const struct opt_command *only, struct strbuf *out)
{
    strbuf_adds(out, "Usage:\n");
    for (size_t i = 0; i < p->n_commands; i++) {
        const struct opt_command *c = p->commands[i];
        if ((c->flags & OPT_CMD_HIDDEN) || (only && only != c))
            continue;
        strbuf_adds(out, "  ");
        opt_synopsis(p, c, out);
        strbuf_addc(out, '\n');
    }
}

static void
help_commands(const struct opt_program *p, struct strbuf *out)
{
    strbuf_adds(out, "\nCommands:\n");
    for (size_t i = 0; i < p->n_commands; i++) {
        const struct opt_command *c = p->commands[i];
        if (!(c->flags & OPT_CMD_HIDDEN) && c->summary)
            entry(out, c->name ? c->name : "(none)", c->summary);
    }
}

static void
help_rows(const struct opt_program *p, const struct opt_command *only, bool common,
          struct strbuf *out)
{
    for (size_t i = 0; i < opt_row_count(p); i++) {
        const struct opt_row *row = opt_row_at(p, i);
        if (opt_row_is_common(p, i) == common && !(row->flags & OPT_HIDDEN) &&
            opt_row_applies(p, row, only))
            help_row(p, row, !only, out);
    }
}

static void
help_section(const struct opt_section *s, struct strbuf *out)
{
    struct strbuf key = STRBUF_INIT, text = STRBUF_INIT;
    strbuf_addf(out, "\n%s:\n", s->title);
    for (size_t i = 0; s->row(i, &key, &text); i++) {
        entry(out, strbuf_str(&key), strbuf_str(&text));
        strbuf_clear(&key);
        strbuf_clear(&text);
    }
    strbuf_done(&key);
    strbuf_done(&text);
}

static void
help_exits(const struct opt_program *p, struct strbuf *out)
{
    strbuf_adds(out, "\nExit status:\n");
    for (size_t i = 0; i < p->n_exits; i++) {
        char number[16];
        snprintf(number, sizeof(number), "%d", p->exits[i].status);
        entry(out, p->exits[i].label ? p->exits[i].label : number, p->exits[i].text);
    }
}

/* An option whose variable serves as the example. */
static void
help_env(const struct opt_program *p, struct strbuf *out)
{
    char env[OPT_ENV_MAX];
    for (size_t i = 0; i < opt_row_count(p); i++) {
        const struct opt_row *row = opt_row_at(p, i);
        if (row->env || !*opt_row_env(p, row, env))
            continue;
        struct strbuf text = STRBUF_INIT;
        strbuf_addf(
            &text,
            "Each option can also be set by a variable, --%s by %s for example; the option on the command line takes precedence.",
            row->name, env);
        if (p->connections & OPT_CONN_POSTGRES)
            strbuf_adds(
                &text,
                " PostgreSQL is located by DATABASE_URL, DATABASE_DSN, DATABASE_HOST … or PG*.");
        if (p->connections & OPT_CONN_REDIS)
            strbuf_adds(&text, " Redis is located by REDIS_URL or REDIS_HOST ….");
        if (p->connections)
            strbuf_adds(
                &text,
                " Each of these can be given as NAME_FILE, the path of a file that holds the value.");
        strbuf_addc(out, '\n');
        wrap(out, strbuf_str(&text), 0, 0);
        strbuf_done(&text);
        return;
    }
}

void
opt_print_help(const struct opt_program *p, const struct opt_command *only, struct strbuf *out)
{
    if (only && !only->name)
        only = NULL;
    strbuf_addf(out, "%s%s%s - ", p->name, only ? " " : "", only ? only->name : "");
    wrap(out, only ? only->summary : p->summary, columns(p->name, strlen(p->name)) + 3, 2);
    strbuf_addc(out, '\n');
    if (only && only->more)
        paragraphs(out, only->more);
    help_usage(p, only, out);
    if (!only)
        help_commands(p, out);
    strbuf_adds(out, "\nOptions:\n");
    help_rows(p, only, false, out);
    strbuf_adds(out, "\nOptions common to all commands:\n");
    help_rows(p, only, true, out);
    for (size_t i = 0; !only && i < p->n_sections; i++)
        help_section(&p->sections[i], out);
    if (!only && p->n_exits)
        help_exits(p, out);
    help_env(p, out);
    if (!only)
        strbuf_addf(out, "\n%s COMMAND --help shows the options of one command.\n", p->name);
}
