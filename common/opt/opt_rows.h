/*
 * opt_rows.h: what the parts of opt share; nobody else includes it.
 *
 * The rows of a program, those of its commands and those that every program has are seen as one list, in this order.
 */
#ifndef RR_OPT_OPT_ROWS_H
#define RR_OPT_OPT_ROWS_H

#include "common/opt/opt.h"

#define OPT_ENV_MAX 96

/* The struct behind the rows that every program has. */
struct opt_asked {
    struct opt_common common;
    bool help, version, formats;
    int print; /* enum opt_print */
};

enum opt_print {
    OPT_PRINT_NONE = -1,
    OPT_PRINT_MAN,
    OPT_PRINT_MARKDOWN,
    OPT_PRINT_BASH,
    OPT_PRINT_ZSH,
    OPT_PRINT_FISH
};

size_t opt_row_count(const struct opt_program *p);
const struct opt_row *opt_row_at(const struct opt_program *p, size_t i);
/* True for the rows whose field lies in struct opt_asked. */
bool opt_row_is_common(const struct opt_program *p, size_t i);
/* Every option that a command names is one of the program's rows; for an assertion. */
bool opt_rows_fit(const struct opt_program *p);
/* Shown to people: not hidden, and it has a name. */
bool opt_command_shown(const struct opt_command *c);
/* The command of that name, or the default one when name is NULL; or NULL. */
const struct opt_command *opt_command_find(const struct opt_program *p, const char *name);

/* The index of the row of that name (or letter, when name is NULL) that `command` knows (NULL: any), or -1. */
int opt_row_find(const struct opt_program *p, const char *name, char letter,
                 const struct opt_command *command);
/* The command (NULL: any) knows the row: it is its own, or one of the program's that it names. */
bool opt_row_applies(const struct opt_program *p, const struct opt_row *row,
                     const struct opt_command *command);
/* "DURATION": the word for its value; "" for a bool. */
const char *opt_row_arg(const struct opt_row *row);
/* For the completions: shown, and the command knows it (NULL: any does, and it is the first row of its name). */
bool opt_row_completes(const struct opt_program *p, size_t i, const struct opt_command *command);
/* The words that a value can be, NULL-ended; or NULL. */
const char *const *opt_row_words(const struct opt_row *row);
/* The command line of another program follows the options of this command. */
bool opt_command_wraps(const struct opt_command *c);
/* A script with the program's name wherever it has PROGRAM. */
void opt_script(const char *script, const char *name, struct strbuf *out);
/* The row's variable into buf of OPT_ENV_MAX, "" when it has none; returns buf. */
const char *opt_row_env(const struct opt_program *p, const struct opt_row *row, char *buf);
/* What help shows as default: def_text, def or "". */
const char *opt_row_default(const struct opt_row *row);
/* "up, down": the commands that know the row; for messages. */
void opt_row_commands(const struct opt_program *p, const struct opt_row *row, struct strbuf *out);

/* Parses value into the row's field. name: "--dir" or "MIGRATE_DIR", for the message. */
MUST_CHECK int opt_value_set(const struct opt_row *row, void *base, const char *value,
                             const char *name, struct err *e);

/* stdout was closed: what is printed cannot be written (EBADF), whatever the descriptor has become. */
void opt_output_none(void);

/* The value of a variable; NULL when it is not set, empty, or set by Kubernetes for a Service. */
char *opt_env_lookup(char **envp, const char *name);

/* How bad usage is to be told, as far as a line that may be wrong anywhere says it. */
struct opt_last_words {
    int log_format;              /* enum log_format */
    const char *termination_log; /* borrowed; NULL: the command has no such option */
};
/* Before opt_parse, which reorders argv. */
struct opt_last_words opt_last_words(const struct opt_program *p, const struct opt_input *in);

/* Variables into the rows that the command knows and r->set does not hold yet. */
MUST_CHECK int opt_env_read(const struct opt_program *p, char **envp, void *options,
                            struct opt_asked *asked, struct opt_result *r, struct err *e);
/* Variables with the program's prefix that nobody knows: an error, or a line of warnings. */
MUST_CHECK int opt_env_check(const struct opt_program *p, char **envp, bool strict,
                             struct strbuf *warnings, struct err *e);

/* The connection variables (contract): NULL-keyed end. */
extern const struct opt_pair opt_postgres_env[];
extern const struct opt_pair opt_redis_env[];

/* "migrate up [--to V] …" */
void opt_synopsis(const struct opt_program *p, const struct opt_command *c, struct strbuf *out);

#endif
