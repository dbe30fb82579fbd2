/* --print-options=man: a manual page in man(7) macros. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "common/base/utf8.h"
#include "common/opt/opt_rows.h"

/* The character of n bytes at s as \[uXXXX]: groff and mandoc know that whatever the locale. */
static void
add_unicode(struct strbuf *out, const char *s, size_t n)
{
    unsigned c = (unsigned char)s[0] & (0xFFu >> (n + 1));
    for (size_t i = 1; i < n; i++)
        c = c << 6 | ((unsigned char)s[i] & 0x3Fu);
    strbuf_addf(out, "\\[u%04X]", c);
}

/* Text for roff: no escape, no request, real minus signs; `words` in backquotes are bold. */
static void
add_text(struct strbuf *out, const char *text, bool line_start)
{
    bool bold = false;
    for (const char *s = text; *s; s++) {
        if (line_start && (*s == '.' || *s == '\''))
            strbuf_adds(out, "\\&");
        line_start = *s == '\n';
        size_t n;
        switch (*s) {
        case '\\':
            strbuf_adds(out, "\\e");
            break;
        case '-':
            strbuf_adds(out, "\\-");
            break;
        case '`':
            bold = !bold;
            strbuf_adds(out, bold ? "\\fB" : "\\fR");
            break;
        default:
            n = utf8_char_len(s, strlen(s));
            if (n > 1)
                add_unicode(out, s, n);
            else
                strbuf_addc(out, *s);
            s += n > 1 ? n - 1 : 0;
        }
    }
}

/* Paragraphs parted by blank lines; `between` is the macro that parts them here. */
static void
add_paragraphs(struct strbuf *out, const char *text, const char *between)
{
    while (*text) {
        const char *end = strstr(text, "\n\n");
        size_t len = end ? (size_t)(end - text) : strlen(text);
        struct strbuf one = STRBUF_INIT;
        strbuf_add(&one, text, len);
        add_text(out, strbuf_str(&one), true);
        strbuf_addc(out, '\n');
        strbuf_done(&one);
        text += len;
        text += strspn(text, "\n");
        if (*text)
            strbuf_addf(out, "%s\n", between);
    }
}

static void
add_bold(struct strbuf *out, const char *text)
{
    strbuf_adds(out, "\\fB");
    add_text(out, text, false);
    strbuf_adds(out, "\\fR");
}

/* The words of a synopsis: CAPITALS are places to fill in, hence italic; the rest is typed as it stands. */
static void
add_args(struct strbuf *out, const char *args)
{
    while (*args) {
        size_t len = strspn(args, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
        bool place =
            len > 0 && !islower((unsigned char)args[len]) && !isdigit((unsigned char)args[len]);
        if (!place)
            len = len + strcspn(args + len, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
        struct strbuf one = STRBUF_INIT;
        strbuf_add(&one, args, len);
        strbuf_adds(out, place ? "\\fI" : "");
        add_text(out, strbuf_str(&one), false);
        strbuf_adds(out, place ? "\\fR" : "");
        strbuf_done(&one);
        args += len;
    }
}

static void
add_usage(const struct opt_program *p, const struct opt_command *c, struct strbuf *out)
{
    add_bold(out, p->name);
    if (c->name) {
        strbuf_addc(out, ' ');
        add_bold(out, c->name);
    }
    if (c->args && *c->args) {
        strbuf_addc(out, ' ');
        add_args(out, c->args);
    }
    strbuf_addc(out, '\n');
}

static void
man_head(const struct opt_program *p, struct strbuf *out)
{
    strbuf_adds(out, ".TH ");
    for (const char *s = p->name; *s; s++)
        strbuf_addc(out, (char)toupper((unsigned char)*s));
    strbuf_addf(out, " 1 \"\" \"release\\-runtime %s\" \"User Commands\"\n", RR_VERSION);
    strbuf_adds(out, ".nh\n.ad l\n.SH NAME\n");
    add_text(out, p->name, true);
    strbuf_adds(out, " \\- ");
    add_text(out, p->summary, false);
    strbuf_adds(out, "\n.SH SYNOPSIS\n.nf\n");
    for (size_t i = 0; i < p->n_commands; i++)
        if (!(p->commands[i]->flags & OPT_CMD_HIDDEN))
            add_usage(p, p->commands[i], out);
    strbuf_adds(out, ".fi\n");
    if (p->description) {
        strbuf_adds(out, ".SH DESCRIPTION\n");
        add_paragraphs(out, p->description, ".PP");
    }
}

static void
man_commands(const struct opt_program *p, struct strbuf *out)
{
    strbuf_adds(out, ".SH COMMANDS\n");
    for (size_t i = 0; i < p->n_commands; i++) {
        const struct opt_command *c = p->commands[i];
        if ((c->flags & OPT_CMD_HIDDEN) || !c->summary)
            continue;
        strbuf_adds(out, ".TP\n");
        add_usage(p, c, out);
        add_paragraphs(out, c->summary, ".IP");
        if (c->more) {
            strbuf_adds(out, ".IP\n");
            add_paragraphs(out, c->more, ".IP");
        }
    }
}

static void
man_row_facts(const struct opt_program *p, const struct opt_row *row, struct strbuf *out)
{
    char env[OPT_ENV_MAX];
    struct strbuf facts = STRBUF_INIT;
    if (*opt_row_default(row))
        strbuf_addf(&facts, "Default: `%s`. ", opt_row_default(row));
    if (*opt_row_env(p, row, env))
        strbuf_addf(&facts, "Variable: `%s`. ", env);
    if (!(row->flags & OPT_EVERYWHERE)) {
        struct strbuf names = STRBUF_INIT;
        opt_row_commands(p, row, &names);
        strbuf_addf(&facts, "For: %s. ", strbuf_str(&names));
        strbuf_done(&names);
    }
    if (row->flags & OPT_SECRET)
        strbuf_adds(
            &facts,
            "The command line can be seen by every user of the machine (`ps`): put a password into a variable "
            "or, better, a file. ");
    if (facts.len) {
        facts.data[facts.len - 1] = '\0';
        add_text(out, strbuf_str(&facts), true);
        strbuf_addc(out, '\n');
    }
    strbuf_done(&facts);
}

/* Not with syntax, which is typed as it stands: file:/path. */
static bool
begins_with_word(const char *text)
{
    size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz");
    return text[len] == '\0' || strchr(" ,;", text[len]);
}

static void
man_row(const struct opt_program *p, const struct opt_row *row, struct strbuf *out)
{
    strbuf_adds(out, ".TP\n");
    if (row->letter)
        strbuf_addf(out, "\\fB\\-%c\\fR, ", row->letter);
    strbuf_adds(out, "\\fB\\-\\-");
    add_text(out, row->name, false);
    strbuf_adds(out, "\\fR");
    if (row->kind != OPT_BOOL) {
        strbuf_adds(out, " \\fI");
        add_text(out, opt_row_arg(row), false);
        strbuf_adds(out, "\\fR");
    }
    strbuf_addc(out, '\n');
    struct strbuf help = STRBUF_INIT;
    strbuf_adds(&help, row->help);
    if (help.len && begins_with_word(row->help))
        help.data[0] = (char)toupper((unsigned char)help.data[0]);
    strbuf_addc(&help, '.');
    add_text(out, strbuf_str(&help), true);
    strbuf_addc(out, '\n');
    strbuf_done(&help);
    if (row->more) {
        strbuf_adds(out, ".IP\n");
        add_paragraphs(out, row->more, ".IP");
    }
    man_row_facts(p, row, out);
}

static void
man_rows(const struct opt_program *p, struct strbuf *out)
{
    strbuf_adds(
        out,
        ".SH OPTIONS\n"
        "\\fB\\-\\-name value\\fR and \\fB\\-\\-name=value\\fR are equivalent; \\fB\\-\\-no\\-name\\fR turns a "
        "switch off; \\fB\\-\\-\\fR ends the options.\n"
        "Durations are written \\fB250ms\\fR, \\fB2s\\fR, \\fB5m\\fR (or \\fB5min\\fR), \\fB1h30m\\fR; sizes \\fB64KiB\\fR.\n");
    for (size_t i = 0; i < opt_row_count(p); i++)
        if (!(opt_row_at(p, i)->flags & OPT_HIDDEN))
            man_row(p, opt_row_at(p, i), out);
}

static void
man_pairs(const struct opt_pair *pairs, size_t n, struct strbuf *out)
{
    for (size_t i = 0; i < n && pairs[i].key; i++) {
        strbuf_adds(out, ".TP\n");
        add_bold(out, pairs[i].key);
        strbuf_addc(out, '\n');
        add_paragraphs(out, pairs[i].text, ".IP");
    }
}

static void
man_section(const struct opt_section *s, struct strbuf *out)
{
    struct strbuf key = STRBUF_INIT, text = STRBUF_INIT;
    strbuf_adds(out, ".SH ");
    for (const char *c = s->title; *c; c++)
        strbuf_addc(out, (char)toupper((unsigned char)*c));
    strbuf_addc(out, '\n');
    for (size_t i = 0; s->row(i, &key, &text); i++) {
        const struct opt_pair pair = {strbuf_str(&key), strbuf_str(&text)};
        man_pairs(&pair, 1, out);
        strbuf_clear(&key);
        strbuf_clear(&text);
    }
    strbuf_done(&key);
    strbuf_done(&text);
}

static void
man_environment(const struct opt_program *p, struct strbuf *out)
{
    struct strbuf text = STRBUF_INIT;
    strbuf_adds(out, ".SH ENVIRONMENT\n");
    strbuf_addf(
        &text,
        "Each option can be set by the variable named with it above; the option on the command line takes precedence. An "
        "empty variable counts as unset. An unknown variable that begins with `%s` causes a warning, or an error if its "
        "name is within two edits of a known one. Variables that Kubernetes and Docker set for Services are ignored.",
        p->env_prefix);
    add_text(out, strbuf_str(&text), true);
    strbuf_addc(out, '\n');
    strbuf_done(&text);
    man_pairs(p->env, p->n_env, out);
    if (p->connections & OPT_CONN_POSTGRES) {
        strbuf_adds(
            out,
            ".SS Where PostgreSQL is\nThe first of these that names a host, a socket or a service is used; what "
            "it leaves open is taken from the later ones, in order.\nEach can be given as \\fINAME\\fR"
            "\\fB_FILE\\fR, the path of a file that holds the value; setting both is an error.\n");
        man_pairs(opt_postgres_env, SIZE_MAX, out);
    }
    if (p->connections & OPT_CONN_REDIS) {
        strbuf_adds(out,
                    ".SS Where Redis is\nEach can also be given as \\fINAME\\fR\\fB_FILE\\fR.\n");
        man_pairs(opt_redis_env, SIZE_MAX, out);
    }
}

static void
man_exits(const struct opt_program *p, struct strbuf *out)
{
    strbuf_adds(out, ".SH EXIT STATUS\n");
    for (size_t i = 0; i < p->n_exits; i++) {
        char number[16];
        snprintf(number, sizeof(number), "%d", p->exits[i].status);
        struct opt_pair pair = {p->exits[i].label ? p->exits[i].label : number, p->exits[i].text};
        man_pairs(&pair, 1, out);
    }
}

static void
man_examples(const struct opt_program *p, struct strbuf *out)
{
    strbuf_adds(out, ".SH EXAMPLES\n");
    for (size_t i = 0; i < p->n_examples; i++) {
        strbuf_adds(out, i ? ".PP\n" : "");
        add_paragraphs(out, p->examples[i].text, ".PP");
        strbuf_adds(out, ".PP\n.RS 4\n.nf\n");
        add_text(out, p->examples[i].key, true);
        strbuf_adds(out, "\n.fi\n.RE\n");
    }
}

void
opt_print_man(const struct opt_program *p, struct strbuf *out)
{
    man_head(p, out);
    man_commands(p, out);
    man_rows(p, out);
    for (size_t i = 0; i < p->n_sections; i++)
        man_section(&p->sections[i], out);
    man_environment(p, out);
    if (p->n_exits)
        man_exits(p, out);
    if (p->n_files) {
        strbuf_adds(out, ".SH FILES\n");
        man_pairs(p->files, p->n_files, out);
    }
    if (p->n_examples)
        man_examples(p, out);
    if (p->see_also) {
        strbuf_adds(out, ".SH SEE ALSO\n");
        add_text(out, p->see_also, true);
        strbuf_addc(out, '\n');
    }
}
