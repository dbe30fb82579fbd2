/* The command line: first read as a whole, then applied once the command is known. */
#include "common/opt/opt_rows.h"
#include "common/base/words.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"

/* A flag as it stood on the command line. */
struct given {
    const char *name; /* of the row; not always the row of this command */
    char letter;      /* when name is NULL */
    const char *value;
};

struct reader {
    const struct opt_program *p;
    int argc;
    char **argv;
    int i;
    struct given *given;
    size_t n_given;
    const struct opt_command *command;
    int words;  /* positional words so far, moved to argv[1 …] */
    bool ended; /* "--" or a command line was met */
    struct opt_asked asked;
};

static int
unknown_option(const struct reader *r, const char *name, size_t len, struct err *e)
{
    cleanup_free char *word = strndup(name, len);
    cleanup_free const char **known = calloc(opt_row_count(r->p), sizeof(*known));
    if (!word || !known)
        return err_nomem(e);
    size_t n = 0;
    for (size_t i = 0; i < opt_row_count(r->p); i++) {
        const struct opt_row *row = opt_row_at(r->p, i);
        if (!(row->flags & OPT_HIDDEN) && opt_row_applies(r->p, row, r->command))
            known[n++] = row->name;
    }
    const char *near = words_nearest(word, known, n, NULL);
    if (!near)
        return err_set(e, ERR_USAGE, "unknown option --%s; %s --help lists them",
                       words_showable(word), r->p->name);
    return err_set(e, ERR_USAGE, "unknown option --%s; did you mean --%s?", words_showable(word),
                   near);
}

static int
unknown_command(const struct opt_program *p, const char *word, struct err *e)
{
    const char *known[33];
    size_t n = 0;
    for (size_t i = 0; i < p->n_commands && n < 32; i++)
        if (opt_command_shown(p->commands[i]))
            known[n++] = p->commands[i]->name;
    const char *near = words_nearest(word, known, n, NULL);
    if (near)
        return err_set(e, ERR_USAGE, "unknown command '%s'; did you mean '%s'?",
                       words_showable(word), near);
    return err_set(e, ERR_USAGE, "unknown command '%s'; %s --help lists them", words_showable(word),
                   p->name);
}

static int
no_command(const struct opt_program *p, struct err *e)
{
    struct strbuf all = STRBUF_INIT;
    for (size_t i = 0; i < p->n_commands; i++)
        if (opt_command_shown(p->commands[i]))
            strbuf_addf(&all, "%s%s", all.len ? ", " : "", p->commands[i]->name);
    err_set(e, ERR_USAGE, "no command given; the commands are %s (see %s --help)", strbuf_str(&all),
            p->name);
    strbuf_done(&all);
    return -1;
}

static void
record(struct reader *r, const char *name, char letter, const char *value)
{
    r->given[r->n_given++] = (struct given){.name = name, .letter = letter, .value = value};
}

/* The next word as value of a flag. */
static const char *
next_value(struct reader *r, const char *shown, const struct opt_row *row, struct err *e)
{
    const char *value = r->i + 1 < r->argc ? r->argv[r->i + 1] : NULL;
    if (!value || strcmp(value, "--") == 0) {
        err_set(e, ERR_USAGE, "%s needs a value: %s", shown, opt_row_arg(row));
        return NULL;
    }
    if (strncmp(value, "--", 2) == 0) {
        err_set(e, ERR_USAGE, "%s needs a value: %s (a value that begins with -- is written %s=…)",
                shown, opt_row_arg(row), shown);
        return NULL;
    }
    r->i++;
    return value;
}

/* The name of a row, whatever its command, that is `name` of `len` bytes. */
static const struct opt_row *
row_named(const struct reader *r, const char *name, size_t len)
{
    for (size_t i = 0; i < opt_row_count(r->p); i++) {
        const struct opt_row *row = opt_row_at(r->p, i);
        if (strlen(row->name) == len && strncmp(row->name, name, len) == 0)
            return row;
    }
    return NULL;
}

static int
read_long(struct reader *r, const char *word, struct err *e)
{
    const char *equals = strchr(word, '=');
    size_t len = equals ? (size_t)(equals - word) : strlen(word);
    const struct opt_row *row = row_named(r, word, len);
    if (!row && len > 3 && strncmp(word, "no-", 3) == 0) {
        row = row_named(r, word + 3, len - 3);
        if (row && row->kind == OPT_BOOL && !equals) {
            record(r, row->name, 0, "false");
            return 0;
        }
        if (row)
            return err_set(e, ERR_USAGE, "--%.*s is not an option: %s", (int)len, word,
                           equals ? "--no-… takes no value"
                                  : "only switches can be turned off this way");
    }
    if (!row)
        return unknown_option(r, word, len, e);
    const char *value = equals ? equals + 1 : "true";
    if (!equals && row->kind != OPT_BOOL) {
        char shown[64];
        snprintf(shown, sizeof(shown), "--%s", row->name);
        value = next_value(r, shown, row, e);
        if (!value)
            return -1;
    }
    record(r, row->name, 0, value);
    return 0;
}

static int
read_letter(struct reader *r, const char *word, struct err *e)
{
    int index = opt_row_find(r->p, NULL, word[0], r->command);
    if (index < 0)
        index = opt_row_find(r->p, NULL, word[0], NULL);
    if (index < 0)
        return err_set(e, ERR_USAGE, "unknown option -%s; %s --help lists them",
                       words_showable(word), r->p->name);
    const struct opt_row *row = opt_row_at(r->p, (size_t)index);
    const char *value = "true";
    if (row->kind == OPT_BOOL && word[1])
        return err_set(e, ERR_USAGE, "-%c takes no value: write one switch at a time", word[0]);
    if (row->kind != OPT_BOOL) {
        char shown[] = {'-', word[0], '\0'};
        value = word[1] ? word + 1 + (word[1] == '=') : next_value(r, shown, row, e);
        if (!value)
            return -1;
    }
    record(r, NULL, word[0], value);
    return 0;
}

static void
add_word(struct reader *r, char *word)
{
    r->argv[1 + r->words++] = word; /* never ahead of argv[i] */
}

/* A word that is no option. */
static int
read_word(struct reader *r, char *word, struct err *e)
{
    if (!r->command) {
        r->command = opt_command_find(r->p, word);
        if (r->command)
            return 0;
        if (strcmp(word, "help") == 0) {
            r->asked.help = true;
            return 0;
        }
        r->command = opt_command_find(r->p, NULL);
        if (!r->command || r->command->max_args == 0)
            return unknown_command(r->p, word, e);
    }
    if (r->command->flags & OPT_CMD_STOP)
        r->ended = true;
    add_word(r, word);
    return 0;
}

static int
read_all(struct reader *r, struct err *e)
{
    for (r->i = 1; r->i < r->argc; r->i++) {
        char *word = r->argv[r->i];
        int rc = 0;
        if (r->ended) {
            add_word(r, word);
        } else if (strcmp(word, "--") == 0) {
            r->ended = true;
            if (!r->command)
                r->command = opt_command_find(r->p, NULL);
        } else if (strncmp(word, "--", 2) == 0) {
            rc = read_long(r, word + 2, e);
        } else if (word[0] == '-' && word[1]) {
            rc = read_letter(r, word + 1, e);
        } else {
            rc = read_word(r, word, e);
        }
        if (rc < 0)
            return -1;
    }
    r->argv[1 + r->words < r->argc ? 1 + r->words : r->argc] = NULL;
    return 0;
}

static int
wrong_command(const struct reader *r, const struct given *g, struct err *e)
{
    int index = opt_row_find(r->p, g->name, g->letter, NULL);
    const struct opt_row *row = opt_row_at(r->p, (size_t)index);
    struct strbuf knows = STRBUF_INIT;
    opt_row_commands(r->p, row, &knows);
    err_set(e, ERR_USAGE, "--%s is not an option of '%s%s%s' (but of %s)", row->name, r->p->name,
            r->command->name ? " " : "", r->command->name ? r->command->name : "",
            strbuf_str(&knows));
    strbuf_done(&knows);
    return -1;
}

/* Every flag to its row; says in res which rows they were. */
static int
mark_given(const struct reader *r, struct opt_result *res, struct err *e)
{
    for (size_t i = 0; i < r->n_given; i++) {
        int index = opt_row_find(r->p, r->given[i].name, r->given[i].letter, r->command);
        if (index < 0)
            return wrong_command(r, &r->given[i], e);
        res->set |= UINT64_C(1) << index;
    }
    return 0;
}

static int
apply_given(struct reader *r, void *options, struct err *e)
{
    for (size_t i = 0; i < r->n_given; i++) {
        const struct given *g = &r->given[i];
        int index = opt_row_find(r->p, g->name, g->letter, r->command);
        const struct opt_row *row = opt_row_at(r->p, (size_t)index);
        void *base = opt_row_is_common(r->p, (size_t)index) ? (void *)&r->asked : options;
        char shown[64];
        if (g->name)
            snprintf(shown, sizeof(shown), "--%s", g->name);
        else
            snprintf(shown, sizeof(shown), "-%c", g->letter);
        if (opt_value_set(row, base, g->value, shown, e) < 0)
            return -1;
    }
    return 0;
}

static int
apply_defaults(struct reader *r, void *options, struct err *e)
{
    for (size_t i = 0; i < opt_row_count(r->p); i++) {
        const struct opt_row *row = opt_row_at(r->p, i);
        void *base = opt_row_is_common(r->p, i) ? (void *)&r->asked : options;
        if (row->def && opt_row_applies(r->p, row, r->command) &&
            opt_value_set(row, base, row->def, row->name, e) < 0)
            return err_wrap(e, "default");
    }
    return 0;
}

static int
count_words(const struct reader *r, struct err *e)
{
    const struct opt_command *c = r->command;
    struct strbuf usage = STRBUF_INIT;
    opt_synopsis(r->p, c, &usage);
    int rc = 0;
    if (r->words < c->min_args)
        rc = err_set(e, ERR_USAGE, "missing argument: %s", strbuf_str(&usage));
    else if (c->max_args >= 0 && r->words > c->max_args)
        rc = err_set(e, ERR_USAGE, "unexpected argument '%s': %s",
                     words_showable(r->argv[1 + c->max_args]), strbuf_str(&usage));
    strbuf_done(&usage);
    return rc;
}

/* Their values, before the command is known. */
static int
read_asked(struct reader *r, struct err *e)
{
    for (size_t i = 0; i < r->n_given; i++) {
        const struct given *g = &r->given[i];
        size_t index = (size_t)opt_row_find(r->p, g->name, g->letter, NULL);
        const struct opt_row *row = opt_row_at(r->p, index);
        if (!opt_row_is_common(r->p, index) || !(row->flags & OPT_NO_ENV))
            continue;
        char shown[64];
        snprintf(shown, sizeof(shown), "--%s", row->name);
        if (opt_value_set(row, &r->asked, g->value, shown, e) < 0)
            return -1;
    }
    return 0;
}

static void (*const printers[])(const struct opt_program *p, struct strbuf *out) = {
    [OPT_PRINT_MAN] = opt_print_man,   [OPT_PRINT_MARKDOWN] = opt_print_markdown,
    [OPT_PRINT_BASH] = opt_print_bash, [OPT_PRINT_ZSH] = opt_print_zsh,
    [OPT_PRINT_FISH] = opt_print_fish,
};

/*
 * --help and its like, asked for anywhere, win over everything but a line that cannot be read. 1: printed, 0: nothing
 * was asked for, -1: an error.
 */
static int
print_asked(struct reader *r, struct strbuf *out, struct err *e)
{
    if (read_asked(r, e) < 0)
        return -1;
    if (r->asked.help)
        opt_print_help(r->p, r->command, out);
    else if (r->asked.version || (r->command && (r->command->flags & OPT_CMD_VERSION)))
        strbuf_addf(out, "%s %s\n", r->p->name, RR_VERSION);
    else if (r->asked.print != OPT_PRINT_NONE)
        printers[r->asked.print](r->p, out);
    else if (r->asked.formats)
        opt_print_formats(r->p, out);
    else
        return 0;
    return 1;
}

/* The command, its options from defaults, environment and line, and its words. */
static int
read_command(struct reader *r, char **envp, void *options, struct opt_result *res,
             struct strbuf *warnings, struct err *e)
{
    if (!r->command)
        r->command = opt_command_find(r->p, NULL);
    if (!r->command)
        return no_command(r->p, e);
    res->command = r->command;
    if (apply_defaults(r, options, e) < 0 || mark_given(r, res, e) < 0 ||
        opt_env_read(r->p, envp, options, &r->asked, res, e) < 0 || apply_given(r, options, e) < 0)
        return -1;
    bool no_env = r->command->flags & OPT_CMD_NO_ENV;
    if (!no_env && opt_env_check(r->p, envp, r->asked.common.strict_env, warnings, e) < 0)
        return -1;
    if (count_words(r, e) < 0)
        return -1;
    res->argc = r->words;
    res->argv = r->argv + 1;
    res->common = r->asked.common;
    return 0;
}

int
opt_parse(const struct opt_program *p, const struct opt_input *in, void *options,
          struct opt_result *ret, struct opt_said *said, struct err *e)
{
    assert(opt_rows_fit(p));
    *ret = (struct opt_result){.program = p};
    err_clear(e);
    cleanup_free struct given *given = calloc((size_t)in->argc + 1, sizeof(*given));
    if (!given) {
        err_nomem(e);
        return p->usage_status;
    }
    struct reader r = {
        .p = p, .argc = in->argc, .argv = in->argv, .given = given, .asked.print = OPT_PRINT_NONE};
    if (read_all(&r, e) < 0)
        return p->usage_status;
    int printed = print_asked(&r, &said->out, e);
    if (printed != 0)
        return printed > 0 ? 0 : p->usage_status;
    return read_command(&r, in->envp, options, ret, &said->warnings, e) < 0 ? p->usage_status
                                                                            : OPT_GO;
}
