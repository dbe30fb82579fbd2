/* The start of every program, and the texts that all of them share. */
#include "common/opt/opt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/events.h"
#include "common/opt/opt_rows.h"

extern char **environ;

const struct opt_pair opt_postgres_env[] = {
    {"DATABASE_URL",
     "a URL: `postgres://user@host:5432/name?sslmode=verify-full`; several hosts and "
     "`target_session_attrs` work, and so do the schemes and parameters of SQLAlchemy, Rails and JDBC"},
    {"DATABASE_DSN",
     "libpq's keywords (`host=db dbname=app`) or PHP's form (`pgsql:host=db;dbname=app`)"},
    {"DATABASE_HOST", "host name, address or directory of the socket; the port is set separately"},
    {"DATABASE_PORT", "port"},
    {"DATABASE_NAME", "name of the database"},
    {"DATABASE_USER", "role"},
    {"DATABASE_PASSWORD", "password"},
    {"PGHOST, PGPORT, PGDATABASE, PGUSER …",
     "libpq's own variables, PGSERVICE and PGPASSFILE included"},
    {NULL, NULL},
};

const struct opt_pair opt_redis_env[] = {
    {"REDIS_URL",
     "`redis://[user][:password@]host[:port][/db]`, `rediss://` for TLS, or `unix:///path?db=N`"},
    {"REDIS_HOST", "host name, address or path of a socket; the port is set separately"},
    {"REDIS_PORT", "port"},
    {"REDIS_USERNAME", "user"},
    {"REDIS_PASSWORD", "password"},
    {"REDIS_DB", "number of the database"},
    {"REDIS_TLS", "`true`: TLS"},
    {NULL, NULL},
};

void
opt_done(const struct opt_program *p, void *options)
{
    for (size_t i = 0; i < opt_row_count(p); i++) {
        const struct opt_row *row = opt_row_at(p, i);
        if (!opt_row_is_common(p, i) && row->kind == OPT_LIST)
            opt_list_done((struct opt_list *)((char *)options + row->offset));
    }
}

static void
log_warnings(char *lines)
{
    char *save = NULL;
    for (char *line = strtok_r(lines, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
        log_warn(&event_unknown_variable, LOG_NONE, "%s", line);
}

/* Who has closed a pipe knows it, and is told nothing. */
static int
not_printed(const struct opt_program *p, int status, const struct err *e)
{
    int failed = status == 0 ? p->failure_status : status;
    if (e->sys_errno == EPIPE)
        return failed;
    if (log_is_text())
        fprintf(stderr, "%s: %s\n", p->name, e->msg);
    else
        log_error(&event_output_failed, LOG_FIELDS(LF_INT("exit", failed)), "%s", e->msg);
    return failed;
}

/* stdout may be a closed pipe or a full disk: then the exit status says so, unless it says something worse. */
static int
printed(const struct opt_program *p, int status)
{
    struct err e;
    return opt_output_end(&e) == 0 ? status : not_printed(p, status, &e);
}

static int
print_all(const struct opt_program *p, const struct strbuf *out)
{
    struct err e;
    if (out->failed) {
        err_nomem(&e);
        return not_printed(p, 0, &e);
    }
    fputs(strbuf_str(out), stdout);
    return printed(p, 0);
}

static void
said_done(struct opt_said *said)
{
    strbuf_done(&said->out);
    strbuf_done(&said->warnings);
}

/* So that no descriptor of ours becomes one of the three, and gets our records. Where there is no /dev/null, "/" does:
 * opened so, it can neither be read nor written. A command of others may write to such a stdout; what is ours to print is lost
 * there. */
static void
fill_standard_fds(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
            continue;
        if (open("/dev/null", fd == STDIN_FILENO ? O_RDONLY : O_WRONLY) < 0)
            open("/", O_PATH);
        if (fd == STDOUT_FILENO)
            opt_output_none();
    }
}

/* OPT_GO, or the status to exit with. */
static int
start(const struct opt_program *p, int argc, char **argv, void *options, struct opt_result *ret)
{
    fill_standard_fds();
    CLEANUP_WITH(said_done) struct opt_said said = {0};
    struct opt_input in = {.argc = argc, .argv = argv, .envp = environ};
    struct err e;
    const struct opt_last_words last = opt_last_words(p, &in);
    int status = opt_parse(p, &in, options, ret, &said, &e);
    if (status != OPT_GO)
        opt_done(p, options);
    if (status != OPT_GO)
        log_init(p->name, (enum log_format)last.log_format, LOG_LEVEL_INFO, STDERR_FILENO);
    if (status == 0) {
        status = print_all(p, &said.out);
        log_finish(LOG_FINISH_MS);
        return status;
    }
    if (status != OPT_GO)
        return opt_usage_failed(p, last.termination_log, &e);
    log_init(p->name, (enum log_format)ret->common.log_format,
             (enum log_level)ret->common.log_level, STDERR_FILENO);
    if (said.warnings.len)
        log_warnings(said.warnings.data);
    return OPT_GO;
}

int
opt_run(const struct opt_program *p, int argc, char **argv, void *options)
{
    struct opt_result given;
    int status = start(p, argc, argv, options, &given);
    if (status != OPT_GO)
        return status;
    status = printed(p, given.command->run(options, &given));
    opt_done(p, options);
    log_finish(LOG_FINISH_MS);
    return status;
}
