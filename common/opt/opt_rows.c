/* The rows that every program has, and looking rows up. */
#include "common/opt/opt_rows.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const char *const print_names[] = {"man", "markdown", "bash", "zsh", "fish", NULL};

static const struct opt_row common_rows[] = {
    {.name = "log",
     .kind = OPT_CHOICE,
     .arg = "FORMAT",
     .choices = log_format_names,
     .def = "auto",
     .flags = OPT_EVERYWHERE,
     .offset = offsetof(struct opt_asked, common.log_format),
     .help = "format of the log on stderr: auto, text, kv or json",
     .more = "`auto` is `text` on a terminal and `json` everywhere else. The fields are listed by "
             "`--print-formats`."},
    {.name = "log-level",
     .kind = OPT_CHOICE,
     .arg = "LEVEL",
     .choices = log_level_names,
     .def = "info",
     .flags = OPT_EVERYWHERE,
     .offset = offsetof(struct opt_asked, common.log_level),
     .help = "lowest level that is logged: debug, info, warn or error"},
    {.name = "strict-env",
     .kind = OPT_BOOL,
     .flags = OPT_EVERYWHERE,
     .offset = offsetof(struct opt_asked, common.strict_env),
     .help = "treat an unknown variable with the program's prefix as an error",
     .more =
         "Without this option such a variable only causes a warning, unless its name is within two edits of a known one, "
         "which is always an error. Variables that Kubernetes and Docker set for Services are ignored."},
    {.name = "print-options",
     .kind = OPT_CHOICE,
     .arg = "FORM",
     .choices = print_names,
     .flags = OPT_NO_ENV | OPT_EVERYWHERE,
     .offset = offsetof(struct opt_asked, print),
     .help =
         "print the manual page (man), the option tables (markdown) or a shell's completion script, and exit"},
    {.name = "print-formats",
     .kind = OPT_BOOL,
     .flags = OPT_NO_ENV | OPT_EVERYWHERE,
     .offset = offsetof(struct opt_asked, formats),
     .help = "print the fields of log records and reports, and exit"},
    {.name = "help",
     .letter = 'h',
     .kind = OPT_BOOL,
     .flags = OPT_NO_ENV | OPT_EVERYWHERE,
     .offset = offsetof(struct opt_asked, help),
     .help = "print help (after a command: the help of that command) and exit"},
    {.name = "version",
     .letter = 'V',
     .kind = OPT_BOOL,
     .flags = OPT_NO_ENV | OPT_EVERYWHERE,
     .offset = offsetof(struct opt_asked, version),
     .help = "print the version and exit"},
};

#define N_COMMON (sizeof(common_rows) / sizeof(common_rows[0]))

const struct opt_command opt_version = {
    .name = "version",
    .args = "",
    .flags = OPT_CMD_VERSION | OPT_CMD_NO_ENV,
    .summary = "print the version",
};

/* Without those that every program has. */
static size_t
own_count(const struct opt_program *p)
{
    size_t n = p->n_rows;
    for (size_t i = 0; i < p->n_commands; i++)
        n += p->commands[i]->n_rows;
    return n;
}

size_t
opt_row_count(const struct opt_program *p)
{
    return own_count(p) + N_COMMON;
}

const struct opt_row *
opt_row_at(const struct opt_program *p, size_t i)
{
    if (i < p->n_rows)
        return &p->rows[i];
    i -= p->n_rows;
    for (size_t k = 0; k < p->n_commands; k++) {
        const struct opt_command *c = p->commands[k];
        if (i < c->n_rows)
            return &c->rows[i];
        i -= c->n_rows;
    }
    return &common_rows[i];
}

bool
opt_row_is_common(const struct opt_program *p, size_t i)
{
    return i >= own_count(p);
}

bool
opt_row_applies(const struct opt_program *p, const struct opt_row *row,
                const struct opt_command *command)
{
    if (!command || (row->flags & OPT_EVERYWHERE))
        return true;
    for (size_t i = 0; i < command->n_rows; i++)
        if (row == &command->rows[i])
            return true;
    if (row < p->rows || row >= p->rows + p->n_rows) /* another command's own, of the same name */
        return false;
    for (const char *const *name = command->options; name && *name; name++)
        if (strcmp(*name, row->name) == 0)
            return true;
    return false;
}

static bool
has_row(const struct opt_program *p, const char *name)
{
    for (size_t i = 0; i < p->n_rows; i++)
        if (strcmp(p->rows[i].name, name) == 0)
            return true;
    return false;
}

bool
opt_rows_fit(const struct opt_program *p)
{
    for (size_t i = 0; i < p->n_commands; i++)
        for (const char *const *name = p->commands[i]->options; name && *name; name++)
            if (!has_row(p, *name))
                return false;
    return opt_row_count(p) <= 64; /* the bits of opt_result.set */
}

bool
opt_command_shown(const struct opt_command *c)
{
    return c->name && !(c->flags & OPT_CMD_HIDDEN);
}

const struct opt_command *
opt_command_find(const struct opt_program *p, const char *name)
{
    for (size_t i = 0; i < p->n_commands; i++) {
        const struct opt_command *c = p->commands[i];
        if (name ? c->name && strcmp(c->name, name) == 0 : (c->flags & OPT_CMD_DEFAULT) != 0)
            return c;
    }
    return NULL;
}

int
opt_row_find(const struct opt_program *p, const char *name, char letter,
             const struct opt_command *command)
{
    for (size_t i = 0; i < opt_row_count(p); i++) {
        const struct opt_row *row = opt_row_at(p, i);
        bool same = name ? strcmp(row->name, name) == 0 : row->letter == letter;
        if (same && opt_row_applies(p, row, command))
            return (int)i;
    }
    return -1;
}

const char *
opt_row_arg(const struct opt_row *row)
{
    static const char *const words[] = {
        [OPT_BOOL] = "",      [OPT_STRING] = "TEXT",
        [OPT_INT] = "N",      [OPT_DURATION] = "DURATION",
        [OPT_SIZE] = "BYTES", [OPT_CHOICE] = "WORD",
        [OPT_LIST] = "TEXT",  [OPT_CUSTOM] = "VALUE",
    };
    return row->arg ? row->arg : words[row->kind];
}

bool
opt_row_completes(const struct opt_program *p, size_t i, const struct opt_command *command)
{
    const struct opt_row *row = opt_row_at(p, i);
    if (row->flags & OPT_HIDDEN)
        return false;
    return command ? opt_row_applies(p, row, command)
                   : opt_row_find(p, row->name, 0, NULL) == (int)i;
}

const char *const *
opt_row_words(const struct opt_row *row)
{
    return row->kind == OPT_CHOICE ? row->choices : row->offers;
}

bool
opt_command_wraps(const struct opt_command *c)
{
    return (c->flags & OPT_CMD_STOP) != 0;
}

void
opt_script(const char *script, const char *name, struct strbuf *out)
{
    const char *s = script;
    for (const char *at; (at = strstr(s, "PROGRAM")) != NULL; s = at + strlen("PROGRAM")) {
        strbuf_add(out, s, (size_t)(at - s));
        strbuf_adds(out, name);
    }
    strbuf_adds(out, s);
}

const char *
opt_row_env(const struct opt_program *p, const struct opt_row *row, char *buf)
{
    if (row->flags & OPT_NO_ENV) {
        buf[0] = '\0';
        return buf;
    }
    if (row->env) {
        snprintf(buf, OPT_ENV_MAX, "%s", row->env);
        return buf;
    }
    size_t n = (size_t)snprintf(buf, OPT_ENV_MAX, "%s", p->env_prefix);
    for (const char *s = row->name; *s && n < OPT_ENV_MAX - 1; s++)
        buf[n++] = (char)(*s == '-' ? '_' : toupper((unsigned char)*s));
    buf[n] = '\0';
    return buf;
}

const char *
opt_row_default(const struct opt_row *row)
{
    return row->def_text ? row->def_text : row->def ? row->def : "";
}

void
opt_row_commands(const struct opt_program *p, const struct opt_row *row, struct strbuf *out)
{
    const char *comma = "";
    for (size_t i = 0; i < p->n_commands; i++) {
        const struct opt_command *c = p->commands[i];
        if ((c->flags & OPT_CMD_HIDDEN) || !opt_row_applies(p, row, c))
            continue;
        strbuf_addf(out, "%s%s", comma, c->name ? c->name : p->name);
        comma = ", ";
    }
}

void
opt_synopsis(const struct opt_program *p, const struct opt_command *c, struct strbuf *out)
{
    strbuf_adds(out, p->name);
    if (c->name)
        strbuf_addf(out, " %s", c->name);
    if (c->args && *c->args)
        strbuf_addf(out, " %s", c->args);
}
