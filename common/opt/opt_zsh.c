/* --print-options=zsh: a file for a folder of zsh's fpath; `source <(migrate --print-options=zsh)` works too. */
#include <string.h>

#include "common/opt/opt_rows.h"

/* Text within a quoted spec of _arguments, where colons and brackets part the fields. */
static void
add_text(const char *text, struct strbuf *out)
{
    for (const char *s = text; *s; s++) {
        if (strchr("[]:\\", *s))
            strbuf_addc(out, '\\');
        if (*s == '\'')
            strbuf_adds(out, "'\\'");
        strbuf_addc(out, *s);
    }
}

static const char *
path_action(enum opt_path path)
{
    static const char *const actions[] = {
        [OPT_PATH_NONE] = " ",
        [OPT_PATH_FILE] = "_files",
        [OPT_PATH_DIR] = "_path_files -/",
    };
    return actions[path];
}

/* ":DIR:_path_files -/": what the value is called and how it is completed. */
static void
add_value(const struct opt_program *p, const struct opt_row *row, struct strbuf *out)
{
    strbuf_addc(out, ':');
    add_text(opt_row_arg(row), out);
    strbuf_addc(out, ':');
    if (!opt_row_words(row)) {
        strbuf_adds(out, path_action(row->path));
        return;
    }
    strbuf_addf(out, " _%s_offer", p->name); /* after a blank _arguments adds no words of its own */
    for (const char *const *word = opt_row_words(row); *word; word++) {
        strbuf_addc(out, ' ');
        add_text(*word, out);
    }
}

static void
add_option(const struct opt_program *p, const struct opt_row *row, bool letter, struct strbuf *out)
{
    strbuf_adds(out, "        '");
    if (row->kind == OPT_LIST)
        strbuf_addc(out, '*');
    else if (row->letter)
        strbuf_addf(out, "(-%c --%s)", row->letter, row->name);
    if (letter)
        strbuf_addf(out, "-%c", row->letter);
    else
        strbuf_addf(out, "--%s", row->name);
    if (row->kind != OPT_BOOL)
        strbuf_addc(out, letter ? '+' : '=');
    strbuf_addc(out, '[');
    add_text(row->help, out);
    strbuf_addc(out, ']');
    if (row->kind != OPT_BOOL)
        add_value(p, row, out);
    strbuf_adds(out, "' \\\n");
}

static void
add_options(const struct opt_program *p, const struct opt_command *c, struct strbuf *out)
{
    for (size_t i = 0; i < opt_row_count(p); i++) {
        if (!opt_row_completes(p, i, c))
            continue;
        if (opt_row_at(p, i)->letter)
            add_option(p, opt_row_at(p, i), true, out);
        add_option(p, opt_row_at(p, i), false, out);
    }
}

/* "_migrate_up": the options and words of one command. */
static void
add_command(const struct opt_program *p, const struct opt_command *c, struct strbuf *out)
{
    strbuf_addf(out, "_%s_%s() {\n    _arguments -S -s \\\n", p->name, c->name);
    add_options(p, c, out);
    if (opt_command_wraps(c)) {
        strbuf_adds(out, "        '(-)1:command:_command_names -e' \\\n"
                         "        '*::argument: _normal'\n");
    } else if (c->max_args == 0) {
        strbuf_adds(out, "        '*: : '\n");
    } else {
        strbuf_addf(out, "        '%s:", c->max_args == 1 ? "1" : "*");
        add_text(c->args, out);
        strbuf_addf(out, ":%s'\n", path_action(c->path));
    }
    strbuf_adds(out, "}\n\n");
}

/* "_migrate_commands": their names, and the programs where one may be left out before a command line. */
static void
add_names(const struct opt_program *p, struct strbuf *out)
{
    const struct opt_command *unnamed = opt_command_find(p, NULL);
    strbuf_addf(out,
                "_%s_commands() {\n"
                "    local ret=1\n"
                "    local -a names=(\n",
                p->name);
    for (size_t i = 0; i < p->n_commands; i++) {
        if (!opt_command_shown(p->commands[i]))
            continue;
        strbuf_addf(out, "        '%s:", p->commands[i]->name);
        add_text(p->commands[i]->summary, out);
        strbuf_adds(out, "'\n");
    }
    strbuf_addf(
        out,
        "    )\n    (( given[(Ie)--] )) || _describe -t commands '%s command' names && ret=0\n",
        p->name);
    if (unnamed && opt_command_wraps(unnamed))
        strbuf_adds(out, "    _command_names -e && ret=0\n");
    strbuf_adds(out, "    return ret\n}\n\n");
}

static void
add_main(const struct opt_program *p, struct strbuf *out)
{
    const struct opt_command *unnamed = opt_command_find(p, NULL);
    const char *bar = "";
    strbuf_addf(out,
                "_%s() {\n"
                "    local curcontext=$curcontext state line ret=1\n"
                "    local -a given=($words)\n"
                "    typeset -A opt_args\n"
                "    _arguments -C -S -s \\\n",
                p->name);
    add_options(p, unnamed, out);
    strbuf_addf(out,
                "        '(-)1: :_%s_commands' \\\n"
                "        '*:: :->rest' && ret=0\n"
                "    [[ $state == rest ]] || return ret\n"
                "    if [[ $words[1] == -- ]]; then # it stays when no option stands before it\n"
                "        shift words\n"
                "        (( CURRENT-- ))\n"
                "    fi\n"
                "    if (( ! given[(Ie)--] || given[(Ie)$words[1]] < given[(Ie)--] )); then\n"
                "        case $words[1] in\n"
                "        ",
                p->name);
    for (size_t i = 0; i < p->n_commands; i++) {
        if (!opt_command_shown(p->commands[i]))
            continue;
        strbuf_addf(out, "%s%s", bar, p->commands[i]->name);
        bar = " | ";
    }
    strbuf_addf(out,
                ")\n"
                "            _%s_$words[1]\n"
                "            return\n"
                "            ;;\n"
                "        esac\n"
                "    fi\n",
                p->name);
    if (unnamed && opt_command_wraps(unnamed))
        strbuf_adds(out, "    _normal\n");
    strbuf_adds(out, "}\n\n");
}

/* PROGRAM stands for the program's name. */
static const char offer[] =
    "# The words given; one that ends in = goes on, one that ends in : goes on with a path.\n"
    "_PROGRAM_offer() {\n"
    "    local word ret=1\n"
    "    for word; do\n"
    "        if [[ $word == *: ]] && compset -P $word; then\n"
    "            _files\n"
    "            return\n"
    "        fi\n"
    "    done\n"
    "    compadd -- ${@:#*[=:]} && ret=0\n"
    "    compadd -S '' -- ${(M)@:#*[=:]} && ret=0\n"
    "    return ret\n"
    "}\n\n";

void
opt_print_zsh(const struct opt_program *p, struct strbuf *out)
{
    strbuf_addf(out,
                "#compdef %s\n"
                "# Completion of %s for zsh, as %s --print-options=zsh prints it.\n\n",
                p->name, p->name, p->name);
    opt_script(offer, p->name, out);
    for (size_t i = 0; i < p->n_commands; i++)
        if (opt_command_shown(p->commands[i]))
            add_command(p, p->commands[i], out);
    add_names(p, out);
    add_main(p, out);
    opt_script("if [[ $funcstack[1] == _PROGRAM ]]; then\n"
               "    _PROGRAM \"$@\"\n"
               "else\n"
               "    compdef _PROGRAM PROGRAM\n"
               "fi\n",
               p->name, out);
}
