/*
 * --print-options=bash: the completion of bash. It needs nothing of the package bash-completion, but has a wrapped command
 * completed by it where it is loaded.
 *
 * bash parts words at = and : (COMP_WORDBREAKS) and replaces the last part only: the script puts the parts of a word
 * together to read it, and takes from its answers what stands before the last part. Paths are left to readline
 * (compopt), which knows of quotes and tildes.
 */
#include <string.h>

#include "common/opt/opt_rows.h"

static void
add_flags(const struct opt_program *p, const struct opt_command *c, struct strbuf *out)
{
    const char *space = "";
    for (size_t i = 0; i < opt_row_count(p); i++) {
        if (!opt_row_completes(p, i, c))
            continue;
        strbuf_addf(out, "%s--%s", space, opt_row_at(p, i)->name);
        space = " ";
    }
}

/* "path=dirnames": the option of compopt that completes it. */
static const char *
path_word(enum opt_path path)
{
    static const char *const words[] = {
        [OPT_PATH_NONE] = "path=''",
        [OPT_PATH_FILE] = "path=default",
        [OPT_PATH_DIR] = "path=dirnames",
    };
    return words[path];
}

static void
add_pattern(const struct opt_row *row, struct strbuf *out)
{
    strbuf_adds(out, "    ");
    if (row->letter)
        strbuf_addf(out, "-%c | ", row->letter);
    strbuf_addf(out, "--%s) ", row->name);
}

static void
add_words(const char *const *words, struct strbuf *out)
{
    strbuf_adds(out, "path='' words='");
    for (size_t i = 0; words[i]; i++)
        strbuf_addf(out, "%s%s", i ? " " : "", words[i]);
    strbuf_addc(out, '\'');
    for (size_t i = 0; words[i]; i++)
        if (words[i][strlen(words[i]) - 1] == ':')
            strbuf_addf(out, " && if [[ $cur == %s* ]]; then path=default; fi", words[i]);
}

static void
add_values(const struct opt_program *p, struct strbuf *out)
{
    strbuf_addf(out,
                "# What an option's value can be: words, or a path. 1: it takes none.\n"
                "_%s_value() {\n"
                "    case $1 in\n",
                p->name);
    for (size_t i = 0; i < opt_row_count(p); i++) {
        const struct opt_row *row = opt_row_at(p, i);
        if (row->kind == OPT_BOOL || !opt_row_completes(p, i, NULL))
            continue;
        add_pattern(row, out);
        if (opt_row_words(row))
            add_words(opt_row_words(row), out);
        else
            strbuf_addf(out, "words='' %s", path_word(row->path));
        strbuf_adds(out, " ;;\n");
    }
    strbuf_adds(out, "    *) return 1 ;;\n    esac\n}\n\n");
}

static void
add_command_names(const struct opt_program *p, struct strbuf *out)
{
    const char *space = "";
    for (size_t i = 0; i < p->n_commands; i++) {
        if (!opt_command_shown(p->commands[i]))
            continue;
        strbuf_addf(out, "%s%s", space, p->commands[i]->name);
        space = " ";
    }
}

/* c: NULL for the line that names no command yet. */
static void
add_command(const struct opt_program *p, const struct opt_command *c, struct strbuf *out)
{
    const struct opt_command *runs = c ? c : opt_command_find(p, NULL);
    strbuf_addf(out, "    %s) options='", c ? c->name : "''");
    add_flags(p, runs, out);
    strbuf_adds(out, "' words='");
    if (!c)
        add_command_names(p, out);
    strbuf_addf(out, "' %s wraps=%s ;;\n", path_word(c ? c->path : OPT_PATH_NONE),
                runs && opt_command_wraps(runs) ? "1" : "''");
}

static void
add_commands(const struct opt_program *p, struct strbuf *out)
{
    strbuf_addf(
        out,
        "# What is known after a command: options, words, a path; whether a command line follows. 1: no command.\n"
        "_%s_command() {\n"
        "    case $1 in\n",
        p->name);
    for (size_t i = 0; i < p->n_commands; i++)
        if (opt_command_shown(p->commands[i]))
            add_command(p, p->commands[i], out);
    add_command(p, NULL, out);
    strbuf_adds(out, "    *) return 1 ;;\n    esac\n}\n\n");
}

/* PROGRAM stands for the program's name. */
static const char script[] =
    "# A command line of its own begins at word $1.\n"
    "_PROGRAM_wrapped() {\n"
    "    if declare -F _command_offset >/dev/null; then\n"
    "        _command_offset \"$1\"\n"
    "        return\n"
    "    fi\n"
    "    compopt -o default\n"
    "    ((COMP_CWORD > $1)) || mapfile -t COMPREPLY < <(compgen -c -- \"${COMP_WORDS[COMP_CWORD]}\")\n"
    "}\n"
    "\n"
    "_PROGRAM() {\n"
    "    local -a given=() at=()\n"
    "    local options='' words='' path='' wraps='' command='' option='' before='' line=$COMP_LINE cur own skip word i\n"
    "    COMPREPLY=()\n"
    "    for ((i = 0; i <= COMP_CWORD; i++)); do # bash parts words at = and :\n"
    "        word=${COMP_WORDS[i]}\n"
    "        if ((i > 0)) && [[ $line != [[:space:]]* ]]; then\n"
    "            given[-1]+=$word\n"
    "        else\n"
    "            given+=(\"$word\")\n"
    "            at+=(\"$i\")\n"
    "            line=${line#\"${line%%[![:space:]]*}\"}\n"
    "        fi\n"
    "        line=${line#\"$word\"}\n"
    "    done\n"
    "    cur=${given[-1]}\n"
    "    _PROGRAM_command ''\n"
    "    for ((i = 1; i < ${#given[@]} - 1; i++)); do\n"
    "        word=${given[i]}\n"
    "        if [[ $option ]]; then\n"
    "            option=''\n"
    "        elif [[ $word == -- ]]; then\n"
    "            [[ $wraps ]] && _PROGRAM_wrapped $((at[i] + 1))\n"
    "            return\n"
    "        elif [[ $word == -* ]]; then\n"
    "            _PROGRAM_value \"$word\" && option=$word\n"
    "        elif [[ -z $command ]] && _PROGRAM_command \"$word\"; then\n"
    "            command=$word\n"
    "        elif [[ $wraps ]]; then\n"
    "            _PROGRAM_wrapped \"${at[i]}\"\n"
    "            return\n"
    "        elif [[ -z $command ]]; then\n"
    "            return\n"
    "        fi\n"
    "    done\n"
    "    own=${COMP_WORDS[COMP_CWORD]} # what the answers take the place of\n"
    "    [[ $own == *[!=:]* ]] || own=''\n"
    "    skip=${cur%\"$own\"}\n"
    "    if [[ $option ]]; then\n"
    "        _PROGRAM_value \"$option\"\n"
    "        wraps=''\n"
    "    elif [[ $cur == --*=* ]]; then\n"
    "        before=${cur%%=*}=\n"
    "        cur=${cur#*=}\n"
    "        _PROGRAM_value \"${before%=}\" || return\n"
    "        wraps=''\n"
    "    else\n"
    "        _PROGRAM_command \"$command\"\n"
    "        if [[ $cur == -* ]]; then\n"
    "            words=$options path='' wraps=''\n"
    "        fi\n"
    "    fi\n"
    "    mapfile -t COMPREPLY < <(\n"
    "        compgen -W \"$words\" -- \"$cur\"\n"
    "        if [[ $wraps ]]; then compgen -c -- \"$cur\"; fi\n"
    "    )\n"
    "    COMPREPLY=(\"${COMPREPLY[@]/#/$before}\")\n"
    "    COMPREPLY=(\"${COMPREPLY[@]#\"$skip\"}\")\n"
    "    if [[ $path || $wraps ]]; then compopt -o \"${path:-default}\"; fi\n"
    "    if [[ ${COMPREPLY[*]} == *[=:] ]]; then compopt -o nospace; fi\n"
    "}\n"
    "complete -F _PROGRAM PROGRAM\n";

void
opt_print_bash(const struct opt_program *p, struct strbuf *out)
{
    strbuf_addf(out,
                "# shellcheck shell=bash\n"
                "# Completion of %s for bash, as %s --print-options=bash prints it.\n\n",
                p->name, p->name);
    add_values(p, out);
    add_commands(p, out);
    opt_script(script, p->name, out);
}
