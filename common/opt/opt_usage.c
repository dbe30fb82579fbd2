/*
 * Bad usage, told in the form that was asked for: what says so, --log and --termination-log, stands on a command line, or
 * in an environment, that could not be read. So both are looked up first, by a reader that refuses nothing.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/opt/opt_rows.h"
#include "common/base/words.h"

struct look {
    const struct opt_program *p;
    const struct opt_command *command;
    const char *log;         /* as flags; NULL: not given */
    const char *termination; /* of any command */
};

/* A flag at argv[0]; returns how many words it takes. */
static int
look_at_flag(struct look *l, char **argv)
{
    const char *name = argv[0] + 2;
    size_t len = strcspn(name, "=");
    const struct opt_row *row = NULL;

    if (argv[0][1] != '-') {
        int index = opt_row_find(l->p, NULL, argv[0][1], NULL);
        row = index < 0 ? NULL : opt_row_at(l->p, (size_t)index);
        return 1 + (row && row->kind != OPT_BOOL && !argv[0][2] && argv[1]);
    }
    for (size_t i = 0; i < opt_row_count(l->p) && !row; i++) {
        const struct opt_row *x = opt_row_at(l->p, i);
        row = strlen(x->name) == len && strncmp(x->name, name, len) == 0 ? x : NULL;
    }
    bool joined = name[len] == '=';
    bool takes = row && row->kind != OPT_BOOL && !joined && argv[1];
    const char *value = joined ? name + len + 1 : takes ? argv[1] : NULL;
    if (row && strcmp(row->name, "log") == 0)
        l->log = value;
    if (row && strcmp(row->name, "termination-log") == 0)
        l->termination = value;
    return 1 + takes;
}

static void
look_at_words(struct look *l, char **argv)
{
    for (int i = 1; argv[0] && argv[i];) {
        bool flag = argv[i][0] == '-' && argv[i][1];
        if (strcmp(argv[i], "--") == 0)
            break;
        if (!flag && !l->command)
            l->command = opt_command_find(l->p, argv[i]);
        if (!flag && (!l->command || (l->command->flags & OPT_CMD_STOP)) &&
            !opt_command_find(l->p, argv[i]))
            break; /* of another program's command line */
        i += flag ? look_at_flag(l, argv + i) : 1;
    }
    if (!l->command)
        l->command = opt_command_find(l->p, NULL);
}

/* The flag, else the variable, else the default; NULL: the command has no such option. */
static const char *
value_of(const struct look *l, const char *name, const char *flag, char **envp)
{
    char env[OPT_ENV_MAX];
    int index = opt_row_find(l->p, name, 0, l->command);

    if (index < 0)
        return NULL;
    const struct opt_row *row = opt_row_at(l->p, (size_t)index);
    char *value = opt_env_lookup(envp, opt_row_env(l->p, row, env));
    if (value)
        IGNORED(words_one_line(env, value, NULL)); /* takes its line end off */
    return flag ? flag : value ? value : row->def;
}

struct opt_last_words
opt_last_words(const struct opt_program *p, const struct opt_input *in)
{
    struct look l = {.p = p};
    struct opt_last_words ret = {.log_format = LOG_FORMAT_AUTO};

    look_at_words(&l, in->argv);
    const char *format = value_of(&l, "log", l.log, in->envp);
    for (int i = 0; format && log_format_names[i]; i++)
        if (strcmp(log_format_names[i], format) == 0)
            ret.log_format = i;
    if (l.command)
        ret.termination_log = value_of(&l, "termination-log", l.termination, in->envp);
    return ret;
}

int
opt_usage_failed(const struct opt_program *p, const char *termination_log, const struct err *e)
{
    if (log_is_text())
        fprintf(stderr, "%s: %s\n", p->name, e->msg);
    else
        log_error(p->usage_event, LOG_FIELDS(LF_INT("exit", p->usage_status)), "%s", e->msg);
    if (termination_log && p->usage_ended)
        p->usage_ended(termination_log, e);
    log_finish(LOG_FINISH_MS);
    return p->usage_status;
}
