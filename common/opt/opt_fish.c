/* --print-options=fish: a file for fish's vendor_completions.d; `migrate --print-options=fish | source` works too. */
#include <string.h>

#include "common/opt/opt_rows.h"

/* Text within single quotes. */
static void
add_quoted(const char *text, struct strbuf *out)
{
    strbuf_addc(out, '\'');
    for (const char *s = text; *s; s++) {
        if (*s == '\'' || *s == '\\')
            strbuf_addc(out, '\\');
        strbuf_addc(out, *s);
    }
    strbuf_addc(out, '\'');
}

static const char *
path_words(enum opt_path path)
{
    static const char *const words[] = {
        [OPT_PATH_NONE] = " -x",
        [OPT_PATH_FILE] = " -r -F",
        [OPT_PATH_DIR] = " -x -a '(__fish_complete_directories)'",
    };
    return words[path];
}

/* "auto text": one that ends in : goes on with a path, which fish completes behind a : by itself. */
static void
add_words(const struct opt_program *p, const char *const *words, struct strbuf *out)
{
    strbuf_addf(out, " -x -a '");
    for (size_t i = 0; words[i]; i++) {
        strbuf_addf(out, "%s%s", i ? " " : "", words[i]);
        if (words[i][strlen(words[i]) - 1] == ':')
            strbuf_addf(out, " (__%s_paths %s)", p->name, words[i]);
    }
    strbuf_addc(out, '\'');
}

static void
add_option(const struct opt_program *p, const struct opt_row *row, const char *when,
           struct strbuf *out)
{
    strbuf_addf(out, "complete -c %s -n '__%s_at %s'", p->name, p->name, when);
    if (row->letter)
        strbuf_addf(out, " -s %c", row->letter);
    strbuf_addf(out, " -l %s", row->name);
    if (opt_row_words(row))
        add_words(p, opt_row_words(row), out);
    else if (row->kind != OPT_BOOL)
        strbuf_adds(out, path_words(row->path));
    strbuf_adds(out, " -d ");
    add_quoted(row->help, out);
    strbuf_addc(out, '\n');
}

/* when: what __migrate_at is asked, "up", or "-" for no command. */
static void
add_options(const struct opt_program *p, const struct opt_command *c, const char *when,
            struct strbuf *out)
{
    for (size_t i = 0; i < opt_row_count(p); i++)
        if (opt_row_completes(p, i, c))
            add_option(p, opt_row_at(p, i), when, out);
}

static void
add_wrapped(const struct opt_program *p, const char *when, struct strbuf *out)
{
    strbuf_addf(out, "complete -c %s -n '__%s_at %s wrapped' -x -a '(__%s_wrapped)'\n", p->name,
                p->name, when, p->name);
}

static void
add_command(const struct opt_program *p, const struct opt_command *c, struct strbuf *out)
{
    strbuf_addf(out, "\ncomplete -c %s -n '__%s_at -' -a %s -d ", p->name, p->name, c->name);
    add_quoted(c->summary, out);
    strbuf_addc(out, '\n');
    if (c->path)
        strbuf_addf(out, "complete -c %s -n '__%s_at %s'%s\n", p->name, p->name, c->name,
                    c->path == OPT_PATH_FILE ? " -F" : path_words(c->path));
    if (opt_command_wraps(c))
        add_wrapped(p, c->name, out);
    add_options(p, c, c->name, out);
}

/* " -n --steps --dir": the options that a value follows. */
static void
add_valued(const struct opt_program *p, struct strbuf *out)
{
    for (size_t i = 0; i < opt_row_count(p); i++) {
        const struct opt_row *row = opt_row_at(p, i);
        if (row->kind == OPT_BOOL || !opt_row_completes(p, i, NULL))
            continue;
        if (row->letter)
            strbuf_addf(out, " -%c", row->letter);
        strbuf_addf(out, " --%s", row->name);
    }
}

/* " - run": what a command line of its own may follow; "-" for no command. */
static void
add_wrapping(const struct opt_program *p, struct strbuf *out)
{
    const struct opt_command *unnamed = opt_command_find(p, NULL);
    if (unnamed && opt_command_wraps(unnamed))
        strbuf_adds(out, " -");
    for (size_t i = 0; i < p->n_commands; i++)
        if (opt_command_shown(p->commands[i]) && opt_command_wraps(p->commands[i]))
            strbuf_addf(out, " %s", p->commands[i]->name);
}

static void
add_names(const struct opt_program *p, struct strbuf *out)
{
    for (size_t i = 0; i < p->n_commands; i++)
        if (opt_command_shown(p->commands[i]))
            strbuf_addf(out, " %s", p->commands[i]->name);
}

/* PROGRAM stands for the program's name. */
static const char script[] =
    "\n"
    "# The command (- before one is named); then, when a command line of its own has begun, \"wrapped\" and its words.\n"
    "function __PROGRAM_line\n"
    "    set -l tokens (commandline -opc)\n"
    "    set -l command -\n"
    "    set -l value no\n"
    "    set -e tokens[1]\n"
    "    while set -q tokens[1]\n"
    "        set -l token $tokens[1]\n"
    "        set -e tokens[1]\n"
    "        if test $value = yes\n"
    "            set value no\n"
    "        else if test \"$token\" = --\n"
    "            printf '%s\\n' $command wrapped $tokens\n"
    "            return\n"
    "        else if contains -- $token $__PROGRAM_valued\n"
    "            set value yes\n"
    "        else if string match -q -- '-*' $token\n"
    "        else if test $command = -; and contains -- $token $__PROGRAM_commands\n"
    "            set command $token\n"
    "        else if contains -- $command $__PROGRAM_wrapping\n"
    "            printf '%s\\n' $command wrapped $token $tokens\n"
    "            return\n"
    "        else if test $command = -\n"
    "            return\n"
    "        end\n"
    "    end\n"
    "    echo $command\n"
    "end\n"
    "\n"
    "# Whether the cursor is among the options and words of that command, or where its command line is or begins.\n"
    "function __PROGRAM_at\n"
    "    set -l line (__PROGRAM_line)\n"
    "    test \"$line[1]\" = $argv[1]; or return 1\n"
    "    set -q line[2]; or return 0\n"
    "    set -q argv[2]\n"
    "end\n"
    "\n"
    "function __PROGRAM_wrapped\n"
    "    set -l line (__PROGRAM_line)\n"
    "    set -l word (commandline -ct)\n"
    "    if not set -q line[2]; and string match -q -- '-*' $word\n"
    "        return\n"
    "    end\n"
    "    complete -C (string join ' ' -- (string escape -- $line[3..]) \"$word\")\n"
    "end\n"
    "\n"
    "# The paths that the word goes on with behind what it begins with: \"file:\".\n"
    "function __PROGRAM_paths\n"
    "    set -l word (commandline -ct | string replace -r -- '^--[^=]*=' '')\n"
    "    string match -q -- \"$argv[1]*\" $word; or return\n"
    "    set -l path (string replace -- $argv[1] '' $word)\n"
    "    complete -C \"nosuchprogram $path\" | string replace -r -- '^' $argv[1]\n"
    "end\n"
    "\n"
    "complete -c PROGRAM -f\n";

static void
add_lists(const struct opt_program *p, struct strbuf *out)
{
    strbuf_addf(out, "# Options that a value follows.\nset -g __%s_valued", p->name);
    add_valued(p, out);
    strbuf_addf(out, "\nset -g __%s_commands", p->name);
    add_names(p, out);
    strbuf_addf(out, "\n# Commands that a command line follows.\nset -g __%s_wrapping", p->name);
    add_wrapping(p, out);
    strbuf_addc(out, '\n');
}

void
opt_print_fish(const struct opt_program *p, struct strbuf *out)
{
    const struct opt_command *unnamed = opt_command_find(p, NULL);
    strbuf_addf(out, "# Completion of %s for fish, as %s --print-options=fish prints it.\n\n",
                p->name, p->name);
    add_lists(p, out);
    opt_script(script, p->name, out);
    add_options(p, unnamed, "-", out);
    if (unnamed && opt_command_wraps(unnamed))
        add_wrapped(p, "-", out);
    for (size_t i = 0; i < p->n_commands; i++)
        if (opt_command_shown(p->commands[i]))
            add_command(p, p->commands[i], out);
}
