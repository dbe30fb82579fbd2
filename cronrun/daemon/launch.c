/* launch.c: arguments, environment, and the process. */
#include "cronrun/daemon/launch.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/words.h"

#define RECORD_FD 3 /* in the run */
#define WORDS_MOST 20
#define SELF "/proc/self/exe"
#define SHELL "/bin/sh"

/* ---- words ---- */

/* Takes text; NULL is memory that ran out. */
static char *
own(struct launch_words *w, char *text)
{
    if (text)
        w->own[w->n_own++] = text;
    return text;
}

static void __attribute__((format(printf, 2, 3)))
add_word(struct launch_words *w, const char *fmt, ...)
{
    char *text;
    va_list ap;
    va_start(ap, fmt);
    if (vasprintf(&text, fmt, ap) < 0)
        text = NULL;
    va_end(ap);
    w->argv[w->n_argv++] = own(w, text);
}

static bool
same_name(const char *a, const char *b)
{
    size_t len = strcspn(a, "=");
    return strncmp(a, b, len) == 0 && b[len] == '=';
}

/* In the place of one of the same name. */
static void
set_variable(struct launch_words *w, char *text)
{
    for (size_t i = 0; text && i < w->n_envp; i++)
        if (w->envp[i] && same_name(text, w->envp[i])) {
            w->envp[i] = text;
            return;
        }
    w->envp[w->n_envp++] = text;
}

/* name: with its "="; NULL: it is not set, or empty. */
static const char *
value_of(const struct launch_words *w, const char *name)
{
    for (size_t i = 0; i < w->n_envp; i++)
        if (w->envp[i] && same_name(name, w->envp[i]) && w->envp[i][strlen(name)] != '\0')
            return w->envp[i] + strlen(name);
    return NULL;
}

/* It counts from the start with jitter, and the run knows only the time without it. */
static void
add_starting_deadline(struct launch_words *w, const struct crontab_job *tab,
                      const struct due_start *start)
{
    uint64_t most_ms = tab->starting_deadline_ms;
    const char *usual = value_of(w, "CRONRUN_STARTING_DEADLINE=");
    if (most_ms == CLOCK_NEVER && (!usual || clock_parse_duration(usual, &most_ms, NULL) < 0))
        return; /* "none", or what the run refuses */
    add_word(w, "--starting-deadline=%llums",
             (unsigned long long)most_ms + (unsigned long long)(start->at_ms - start->at_s * 1000));
}

/* "--lock=redis://:secret@cache" becomes CRONRUN_LOCK=redis://:secret@cache. */
static char *
variable_of(const char *option)
{
    char *text;
    if (asprintf(&text, "CRONRUN_%s", option + 2) < 0)
        return NULL;
    for (char *p = text; *p && *p != '='; p++)
        *p = *p == '-' ? '_' : (char)toupper((unsigned char)*p);
    return text;
}

/* The daemon's CRONRUN_PING_FILE says nothing to a job that has a URL of its own, and both would be refused. */
static void
drop_file_of(struct launch_words *w, const char *variable)
{
    static const char file[] = "_FILE=";
    size_t len = strcspn(variable, "="), kept = 0;
    for (size_t i = 0; i < w->n_envp; i++)
        if (!w->envp[i] || strncmp(w->envp[i], variable, len) != 0 ||
            strncmp(w->envp[i] + len, file, sizeof(file) - 1) != 0)
            w->envp[kept++] = w->envp[i];
    w->n_envp = kept;
    w->envp[kept] = NULL;
}

/* Kinds of locks that name no server are shown; all else of a lock, and a monitor's URL, may hold a password. */
static bool
may_be_secret(const char *option)
{
    static const char *const plain[] = {"none", "file:", "postgres", "postgresql", "redis"};
    const char *value = strchr(option, '=');
    if (!value)
        return false;
    value++;
    if (strstr(value, "://") || words_hold_password(value) || strncmp(option, "--ping=", 7) == 0)
        return true;
    if (strncmp(option, "--lock=", 7) != 0)
        return false;
    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
        size_t len = strlen(plain[i]);
        if (strncmp(value, plain[i], len) == 0 && (value[len] == '\0' || plain[i][len - 1] == ':'))
            return false;
    }
    return true;
}

static void
add_option(struct launch_words *w, char *option)
{
    if (may_be_secret(option)) {
        char *text = own(w, variable_of(option));
        set_variable(w, text);
        if (text)
            drop_file_of(w, text);
    } else {
        w->argv[w->n_argv++] = option;
    }
}

static bool
names_lock(const struct crontab_job *tab)
{
    for (char **option = tab->run; *option; option++)
        if (strncmp(*option, "--lock=", 7) == 0)
            return true;
    return false;
}

static void
add_words(const struct launch *l, const struct job *job, const struct due_start *start,
          struct launch_words *w)
{
    const struct crontab_job *tab = job->tab;
    char instant[CLOCK_RFC3339_MAX];
    add_word(w, "cronrun");
    add_word(w, "run");
    add_word(w, "--record-fd=%d", RECORD_FD);
    add_word(w, "--log=%s", l->log_format);
    add_word(w, "--log-level=%s", l->log_level);
    add_word(w, "--termination-log="); /* the container's is the daemon's */
    add_word(w, "--name=%s", job->name);
    add_word(w, "--scheduled-at=%s", clock_format_rfc3339(instant, start->at_s * 1000000, 0));
    if (!names_lock(tab) && !value_of(w, "CRONRUN_LOCK="))
        add_word(w, "--lock=none"); /* overlap within this daemon is the policy's */
    add_starting_deadline(w, tab, start);
    if (value_of(w, "CRONRUN_JOB_DEADLINE="))
        add_word(w, "--job-deadline=none"); /* there is no Job of Kubernetes' */
    for (char **option = tab->run; *option; option++)
        add_option(w, *option);
    add_word(w, "--");
    const char *shell = SHELL;
    for (char **v = tab->env; *v; v++)
        if (strncmp(*v, "SHELL=", 6) == 0 && (*v)[6] != '\0')
            shell = *v + 6;
    add_word(w, "%s", shell);
    add_word(w, "-c");
    w->argv[w->n_argv++] = tab->command;
}

static size_t
count(char *const *words)
{
    size_t n = 0;
    while (words[n])
        n++;
    return n;
}

int
launch_words(const struct launch *l, const struct job *job, const struct due_start *start,
             char *const *environment, struct launch_words *ret, struct err *e)
{
    const struct crontab_job *tab = job->tab;
    size_t n_run = count(tab->run), n_env = count(environment) + count(tab->env);
    struct launch_words w = {.argv = calloc(WORDS_MOST + n_run, sizeof(char *)),
                             .envp = calloc(n_env + n_run + 1, sizeof(char *)),
                             .own = calloc(WORDS_MOST + n_run, sizeof(char *))};
    bool made = w.argv && w.envp && w.own;
    if (made) {
        for (char *const *v = environment; *v; v++)
            w.envp[w.n_envp++] = *v;
        for (char **v = tab->env; *v; v++)
            set_variable(&w, *v);
        add_words(l, job, start, &w);
        for (size_t i = 0; i < w.n_argv; i++)
            made = made && w.argv[i];
        for (size_t i = 0; i < w.n_envp; i++)
            made = made && w.envp[i];
    }
    if (!made) {
        launch_words_done(&w);
        return err_nomem(e);
    }
    *ret = w;
    return 0;
}

void
launch_words_done(struct launch_words *w)
{
    for (size_t i = 0; i < w->n_own; i++)
        free(w->own[i]);
    free(w->argv);
    free(w->envp);
    free(w->own);
    *w = (struct launch_words){0};
}

/* ---- the process ---- */

/* A file in memory, because a pipe might have to be waited for. */
static int
open_input(const char *input, struct err *e)
{
    int fd = input ? memfd_create("input", MFD_CLOEXEC) : open("/dev/null", O_RDONLY | O_CLOEXEC);
    size_t len = input ? strlen(input) : 0;
    if (fd >= 0 &&
        (len == 0 || (write(fd, input, len) == (ssize_t)len && lseek(fd, 0, SEEK_SET) == 0)))
        return fd;
    err_sys(e, errno, "cannot make the standard input");
    if (fd >= 0)
        close(fd);
    return -1;
}

const char *
launch_program(void)
{
    return access(SELF, X_OK) == 0 ? SELF : (const char *)getauxval(AT_EXECFN);
}

/* An errno, 0. */
static int
spawn(const struct launch *l, const struct launch_words *w, int in_fd, int record_fd,
      pid_t *ret_pid)
{
    posix_spawn_file_actions_t files;
    int rc = posix_spawn_file_actions_init(&files);
    if (rc)
        return rc;
    rc = posix_spawn_file_actions_adddup2(&files, in_fd, 0);
    rc = rc ? rc : posix_spawn_file_actions_adddup2(&files, record_fd, RECORD_FD);
    rc = rc ? rc : spawn_start(&l->spawn, launch_program(), w->argv, w->envp, &files, ret_pid);
    posix_spawn_file_actions_destroy(&files);
    return rc;
}

int
launch_start(const struct launch *l, const struct job *job, const struct due_start *start,
             pid_t *ret_pid, int *ret_fd, struct err *e)
{
    int pipe_fds[2];
    if (pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK) < 0)
        return err_sys(e, errno, "cannot make a pipe");
    cleanup_close int read_fd = pipe_fds[0];
    cleanup_close int write_fd = pipe_fds[1];
    cleanup_close int in_fd = open_input(job->tab->input, e);
    struct launch_words w = {0};
    pid_t pid = 0;
    if (in_fd < 0 || launch_words(l, job, start, environ, &w, e) < 0 || !w.argv)
        return -1;
    int rc = spawn(l, &w, in_fd, write_fd, &pid);
    launch_words_done(&w);
    if (rc)
        return err_sys(e, rc, "cannot start a process");
    *ret_pid = pid;
    *ret_fd = steal_fd(&read_fd);
    return 0;
}
