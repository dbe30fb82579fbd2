/* --print-options=completion: for bash, and for zsh through bashcompinit. */
#include <string.h>

#include "common/opt/opt_rows.h"

static void
add_flags(const struct opt_program *p, const struct opt_command *c, struct strbuf *out)
{
    const char *space = "";
    for (size_t i = 0; i < opt_row_count(p); i++) {
        const struct opt_row *row = opt_row_at(p, i);
        if ((row->flags & OPT_HIDDEN) || !opt_row_applies(row, c))
            continue;
        strbuf_addf(out, "%s--%s", space, row->name);
        space = " ";
    }
}

static void
add_values(const struct opt_program *p, struct strbuf *out)
{
    strbuf_adds(out, "    case $prev in\n");
    for (size_t i = 0; i < opt_row_count(p); i++) {
        const struct opt_row *row = opt_row_at(p, i);
        if (row->kind == OPT_BOOL || (row->flags & OPT_HIDDEN) ||
            opt_row_find(p, row->name, 0, NULL) != (int)i)
            continue;
        strbuf_addf(out, "    --%s)\n", row->name);
        if (row->kind == OPT_CHOICE) {
            strbuf_adds(out, "        mapfile -t COMPREPLY < <(compgen -W '");
            for (size_t k = 0; row->choices[k]; k++)
                strbuf_addf(out, "%s%s", k ? " " : "", row->choices[k]);
            strbuf_adds(out, "' -- \"$cur\")\n");
        } else {
            strbuf_adds(out, "        mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n");
        }
        strbuf_adds(out, "        return\n        ;;\n");
    }
    strbuf_adds(out, "    esac\n");
}

static void
add_commands(const struct opt_program *p, struct strbuf *out)
{
    strbuf_adds(out, "    case $command in\n");
    for (size_t i = 0; i < p->n_commands; i++) {
        const struct opt_command *c = p->commands[i];
        if (!opt_command_shown(c))
            continue;
        strbuf_addf(out, "    %s) words='", c->name);
        add_flags(p, c, out);
        strbuf_adds(out, "' ;;\n");
    }
    strbuf_adds(out, "    *) words='");
    for (size_t i = 0; i < p->n_commands; i++)
        if (opt_command_shown(p->commands[i]))
            strbuf_addf(out, "%s ", p->commands[i]->name);
    add_flags(p, NULL, out);
    strbuf_adds(out, "' ;;\n    esac\n");
}

static void
add_command_words(const struct opt_program *p, struct strbuf *out)
{
    const char *bar = "";
    for (size_t i = 0; i < p->n_commands; i++) {
        if (!opt_command_shown(p->commands[i]))
            continue;
        strbuf_addf(out, "%s%s", bar, p->commands[i]->name);
        bar = " | ";
    }
}

void
opt_print_completion(const struct opt_program *p, struct strbuf *out)
{
    strbuf_addf(
        out,
        "# shellcheck shell=bash\n"
        "# Completion of %s for bash; zsh reads it after `autoload bashcompinit && bashcompinit`.\n"
        "_%s() {\n"
        "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command='' words='' word\n"
        "    COMPREPLY=()\n",
        p->name, p->name);
    add_values(p, out);
    strbuf_adds(
        out,
        "    for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n        case $word in\n        ");
    add_command_words(p, out);
    strbuf_adds(out,
                ") command=$word && break ;;\n        --) return ;;\n        esac\n    done\n");
    add_commands(p, out);
    strbuf_addf(out,
                "    if [[ $cur == -* || -z $command ]]; then\n"
                "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
                "    else\n"
                "        mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
                "    fi\n"
                "}\n"
                "complete -F _%s %s\n",
                p->name, p->name);
}
