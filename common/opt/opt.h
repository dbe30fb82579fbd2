/*
 * opt.h: one row per option and one per command.
 *
 * An option's row parses the flag and the environment variable, and prints help, the manual page, the README's table and
 * the shells' completions. A command's row names the options that it knows, and runs it. A program is one const
 * `struct opt_program`; its options land in a struct of its own through the rows' offsets. main() is
 *
 *     struct options o = {.child_status = -1};                   only what rows give no default for
 *     return opt_run(&program, argc, argv, &o);
 *
 * Order: defaults of the rows, then variables, then flags; the flag wins. `--name value`, `--name=value`, `-n value`,
 * `-nvalue`; bool: `--name`, `--no-name`, `--name=true|false`; `--` ends the options. Names are never abbreviated.
 * A variable that is empty counts as not set.
 *
 * Strings are borrowed from argv and the environment, which stay as they are while the program runs; only a line end at the end
 * of a variable's value is cut off in place. A value with a password in it is refused unless the row is OPT_SECRET.
 */
#ifndef RR_OPT_OPT_H
#define RR_OPT_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/log.h"
#include "common/base/strbuf.h"

struct opt_row;
struct opt_result;

/* What the field at `offset` is. */
enum opt_kind {
    OPT_BOOL,   /* bool */
    OPT_STRING, /* const char * */
    OPT_INT,    /* int64_t, within min and max unless both are 0 */
    OPT_DURATION, /* uint64_t, milliseconds; min and max as for OPT_INT; OPT_NONE_OK: "none" is CLOCK_NEVER */
    OPT_SIZE,   /* uint64_t, bytes; OPT_NONE_OK: "none" is UINT64_MAX */
    OPT_CHOICE, /* int: index into choices (an enum with the same order) */
    OPT_LIST, /* struct opt_list: each flag appends; the variable holds one item a line; flags replace it */
    OPT_CUSTOM, /* parse() puts it there */
};

/* The path that a shell completes where a value or a word is typed. */
enum opt_path { OPT_PATH_NONE, OPT_PATH_FILE, OPT_PATH_DIR };

/* The items: owned copies, freed by opt_list_done. */
struct opt_list {
    char **items;
    size_t n;
};
void opt_list_done(struct opt_list *list);

/* Flags of a row. */
enum {
    OPT_SECRET =
        1u << 0, /* may hold a password: never printed back; the manual says that `ps` shows it */
    OPT_NO_ENV = 1u << 1,  /* has no variable */
    OPT_NONE_OK = 1u << 2, /* the word "none" is a value */
    OPT_HIDDEN = 1u << 3,  /* works, but is not documented */
    OPT_EMPTY_OK =
        1u << 4, /* --name= is a value (OPT_STRING); otherwise empty values are refused */
    OPT_BY_LINES =
        1u << 5, /* OPT_CUSTOM: the variable holds one value a line; parse() is called for each */
    OPT_EVERYWHERE = 1u << 6, /* every command knows it, named in its row or not */
    /* The value can also be in the file that NAME_FILE names, which the program reads; both variables set is an error. other_env
     * knows NAME_FILE. */
    OPT_ENV_FILE = 1u << 7,
};

/* options: the caller's struct. Error: the message says what is wrong with the value; opt names flag or variable. */
typedef int (*opt_parse_cb)(void *options, const struct opt_row *row, const char *value,
                            struct err *e);

struct opt_row {
    const char *name; /* "lock-wait" */
    char letter;      /* 'n', or 0 */
    enum opt_kind kind;
    const char *arg; /* "DURATION"; NULL: a word for the kind */
    size_t offset;   /* offsetof(struct options, …) */
    uint32_t flags;
    const char *def;            /* default as one would type it: parsed and shown; NULL: none */
    const char *def_text;       /* shown instead of def ("TZ, or UTC") */
    const char *env;            /* variable; NULL: PREFIX_NAME_IN_CAPITALS */
    const char *const *choices; /* OPT_CHOICE: NULL-ended */
    const char *const *
        offers; /* words for the shells' completion where there are no choices, NULL-ended; one that
                                   ends in = goes on, one that ends in : goes on with a path; or NULL */
    enum opt_path path;
    int64_t min, max;
    opt_parse_cb parse; /* OPT_CUSTOM */
    const char *help;   /* one line, lower case, no full stop: "how long to wait for the lock" */
    const char *more;   /* further text of the manual; paragraphs parted by a blank line; or NULL */
};

/* Command flags. */
enum {
    OPT_CMD_DEFAULT = 1u << 0, /* runs when no command is named (at most one) */
    OPT_CMD_STOP =
        1u << 1, /* the first word that is no option ends the options: a command line follows */
    OPT_CMD_HIDDEN = 1u << 2,
    OPT_CMD_VERSION = 1u << 3, /* prints the version; opt does it */
    OPT_CMD_NO_ENV =
        1u
        << 4, /* reads no variables but those of log (`copy`, `sleep`: a bad variable is no matter) */
};

/* Runs the command and says all that is to be said; returns the exit status. options: the caller's struct. */
typedef int opt_run_cb(void *options, const struct opt_result *given);

struct opt_command {
    const char
        *name; /* "up"; NULL for a default command that has no name of its own (healthd itself) */
    const char *args;       /* "[--to V] [--steps N]", "FILE": for synopsis and manual; "" */
    int min_args, max_args; /* words after the options; max -1: any number */
    enum opt_path path;     /* what they are */
    uint32_t flags;
    const char *summary;        /* one line */
    const char *more;           /* or NULL */
    const char *const *options; /* OPT_NAMES(…): the program's options that it knows; NULL: none */
    const struct opt_row *rows; /* options of this command alone */
    size_t n_rows;
    opt_run_cb *run;
};
#define OPT_NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

/*
 * A program's commands are one list, `#define COMMANDS(C) C(cmd_up) C(cmd_status) …`, of the rows that its files open
 * with: COMMANDS(OPT_DECLARE) in a header, {COMMANDS(OPT_ENTRY)} for opt_program.commands.
 */
#define OPT_DECLARE(command) extern const struct opt_command command;
#define OPT_ENTRY(command) &(command),

/* `version`, for every program. */
extern const struct opt_command opt_version;

struct opt_exit {
    int status;
    const char *label; /* shown instead of the number ("the command's own"); or NULL */
    const char *text;
};

/* A two-column table of the manual: a file and what it is, an example and what it does. */
struct opt_pair {
    const char *key;
    const char *text;
};

/* A two-column table whose rows the program has elsewhere: in its help and its manual. */
struct opt_section {
    const char *title; /* "URLs of checks" */
    /* Appends row number i; false: there are not so many. */
    bool (*row)(size_t i, struct strbuf *key, struct strbuf *text);
};

/* Which of the connection variables the program reads (common contract): a table of the manual, and known names. */
enum { OPT_CONN_POSTGRES = 1u << 0, OPT_CONN_REDIS = 1u << 1 };

struct opt_program {
    const char *name;        /* "migrate" */
    const char *env_prefix;  /* "MIGRATE_" */
    const char *summary;     /* NAME line: "apply SQL migrations to PostgreSQL exactly once" */
    const char *description; /* paragraphs parted by a blank line */
    const struct opt_command *const *commands;
    size_t n_commands;
    const struct opt_row *rows;
    size_t n_rows;
    const char *const *
        other_env; /* NULL-ended: names with the prefix that are no option but known (CRONRUN_RUN_ID) */
    const struct opt_section *sections; /* behind the options */
    size_t n_sections;
    const struct opt_exit *exits;
    size_t n_exits;
    const struct opt_pair *env; /* further variables for ENVIRONMENT */
    size_t n_env;
    const struct opt_pair *files;
    size_t n_files;
    const struct opt_pair *examples; /* key: the command line; text: what it does */
    size_t n_examples;
    const char *see_also; /* "cronrun(1), healthd(1)" */
    uint32_t connections;
    int usage_status; /* exit status of bad usage: 2, 23, 125 */
    int failure_status; /* of `copy` when it fails, and of a command whose output is lost: 1, 23, 125 */
    const struct log_event *usage_event; /* its log record: "usage" */
    /* Writes the program's termination message about it (base knows no such thing); or NULL. */
    void (*usage_ended)(const char *termination_log, const struct err *e);
    const struct log_event *const *events; /* NULL-ended: all that the program logs */
    /* What stands behind the events in the program's part of docs/formats.md (Markdown); or NULL. */
    void (*print_formats)(struct strbuf *out);
};

/* Options that every program has; opt adds their rows itself. */
struct opt_common {
    int log_format; /* enum log_format */
    int log_level;  /* enum log_level */
    bool strict_env;
};

struct opt_result {
    const struct opt_program *program;
    const struct opt_command *command;
    int argc;    /* words after the options, without the command's name */
    char **argv; /* into the caller's argv, NULL-ended */
    struct opt_common common;
    uint64_t set; /* bit i: row i was given as flag or variable */
};

/*
 * All of it, with the process' environment: parses, initialises the log, prints what was asked for on stdout, tells
 * errors by opt_usage_failed, warnings as log records; runs the command, and sends what waits in the log. Returns the
 * status to exit with: never 0 when what was printed could not be written, also because stdout was closed.
 */
int opt_run(const struct opt_program *p, int argc, char **argv, void *options);

/*
 * What was printed on stdout so far has got out. ERR_SYSTEM: not all of it; what has not is forgotten, so that it is told once.
 * opt_run asks when the command has returned; a command asks itself if it has more to say about it.
 */
MUST_CHECK int opt_output_end(struct err *e);

/*
 * Bad usage, found by opt or, later, by the program itself: a line on stderr where the log is text, else a record of
 * level error; the termination message, unless termination_log is NULL. Returns p->usage_status.
 */
MUST_CHECK int
opt_usage_failed(const struct opt_program *p, const char *termination_log, const struct err *e);

/* What the parser reads: borrowed for as long as the options are used. argv is reordered. */
struct opt_input {
    int argc;
    char **argv;
    char **envp; /* NULL-ended "NAME=value" */
};

/* What it has to say; released by the caller. */
struct opt_said {
    struct strbuf out;      /* for stdout: help and its like */
    struct strbuf warnings; /* one a line */
};

#define OPT_GO (-1)

/*
 * The parser alone; prints nothing. OPT_GO; 0 when --help, --version or --print-… is all that is to be done (said->out);
 * else p->usage_status, with e (ERR_USAGE, ERR_NOMEM).
 */
MUST_CHECK int opt_parse(const struct opt_program *p, const struct opt_input *in, void *options,
                         struct opt_result *ret, struct opt_said *said, struct err *e);

/*
 * One option of a command, from somewhere else than a command line: value into its field of options, as opt_parse puts it there,
 * borrowed; value NULL: a flag alone. ERR_USAGE: the message begins with its name, and repeats no secret.
 */
MUST_CHECK int opt_set(const struct opt_program *p, const struct opt_command *command,
                       const char *name, const char *value, void *options, struct err *e);

/* Frees what opt_parse put into OPT_LIST fields. */
void opt_done(const struct opt_program *p, void *options);

/* The texts; each appends to out. */
void
opt_print_help(const struct opt_program *p, const struct opt_command *only, struct strbuf *out);
void opt_print_man(const struct opt_program *p, struct strbuf *out);
void opt_print_markdown(const struct opt_program *p, struct strbuf *out);
/* The shells' completions, each as the file that the shell looks for. */
void opt_print_bash(const struct opt_program *p, struct strbuf *out);
void opt_print_zsh(const struct opt_program *p, struct strbuf *out);
void opt_print_fish(const struct opt_program *p, struct strbuf *out);
void opt_print_formats(const struct opt_program *p, struct strbuf *out);

#endif
