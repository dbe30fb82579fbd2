/* wrap_command.c: the command under the lock: its signals, its output, and the proof that the lock is still ours. */
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/net/loop.h"
#include "migrate/events.h"
#include "migrate/wrap/output.h"
#include "migrate/wrap/wrap_env.h"
#include "migrate/wrap/wrap_impl.h"

/*
 * How often the lock is proven, and how long an answer may take. Both together are less than the 25 s after which the server
 * gives up a connection that is silent (the keepalives of session_reset.c): until then the lock is ours whatever happens.
 */
#define PROOF_EVERY_MS 5000u
#define PROOF_MS 15000u
/* For a slow reader of what the command wrote, after its end. */
#define PASS_ON_MS 30000u
#define PASS_ON_LOOK_MS 20u

extern char **environ;

/* ---- the lock ---- */

static void
note_cause(struct wrap *w, enum wrap_cause cause)
{
    if (w->cause == CAUSE_NONE)
        w->cause = cause;
}

static void
lose(struct wrap *w, const struct err *why)
{
    if (w->lost)
        return;
    w->lost = w->news = true;
    w->why = *why;
    note_cause(w, CAUSE_LOST);
    command_lost(w->command, why);
    log_error(&event_lock_lost, LOG_NONE, "the lock was lost: %s", why->msg);
}

static void
on_session_lost(struct pgconn *c, const struct err *e, void *arg)
{
    (void)c;
    lose(arg, e);
}

/* Outside any transaction, so that CREATE INDEX CONCURRENTLY of the command never waits for us for longer than an instant. */
static int
prove(struct wrap *w, struct err *e)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    struct pgrows *rows = NULL;
    strbuf_adds(&sql, "SELECT ");
    lock_sql_proof(&w->lock, &sql);
    int result = session_sql(&w->s, &sql, &rows, e);
    if (result == 0 && !session_is(rows, 0, "t"))
        result = err_set(e, ERR_LOST, "the server reports that it is no longer held");
    pgrows_free(rows);
    return result;
}

static void
turn(struct wrap *w, uint64_t ms)
{
    struct err ignored;
    IGNORED(loop_turn_until(w->s.loop, &w->news, clock_deadline(ms), &ignored));
}

/* Until the command has ended. Between two proofs the connection's end is heard at once. */
static void
watch_over(struct wrap *w)
{
    struct err e = {0};
    while (!w->ended) {
        w->news = false;
        if (!w->lost && pgconn_watch_start(w->s.work, on_session_lost, w, &e) != 0)
            lose(w, &e);
        if (!w->ended && !w->news)
            turn(w, PROOF_EVERY_MS);
        if (!w->ended && !w->lost && prove(w, &e) != 0)
            lose(w, &e);
    }
    if (!w->lost && prove(w, &e) != 0)
        lose(w, &e);
}

/* ---- the command ---- */

static void
on_ended(const struct command_end *end, void *arg)
{
    struct wrap *w = arg;
    w->end = *end;
    w->ended = w->news = true;
}

static void
tell_stopping(const struct wrap *w, int signo)
{
    char name[SIGNALS_NAME_MAX];
    log_info(&event_stopping,
             LOG_FIELDS(LF_STR("signal", signals_name(name, signo)),
                        LF_UINT("grace_ms", w->o->grace_ms)),
             "sending SIG%s to %s", name, w->spec->argv[0]);
}

static void
on_note(const struct command_note *note, void *arg)
{
    struct wrap *w = arg;
    const char *name = w->spec->argv[0];
    switch (note->news) {
    case COMMAND_STATE:
        break;
    case COMMAND_OVERDUE:
        note_cause(w, CAUSE_DEADLINE);
        log_warn(&event_overdue, LOG_FIELDS(LF_UINT("deadline_ms", w->o->deadline_ms)),
                 "deadline exceeded while %s was running", name);
        break;
    case COMMAND_STOPPING:
        tell_stopping(w, note->signo);
        break;
    case COMMAND_LEFT_BEHIND:
        log_warn(&event_left_behind, LOG_FIELDS(LF_STR("processes", note->processes)),
                 "%s ended but left processes behind, which are being terminated: %s", name,
                 note->processes);
        break;
    case COMMAND_KILLING:
        log_warn(&event_killing, LOG_NONE, "sending SIGKILL to the remaining processes of %s",
                 name);
        break;
    case COMMAND_GUARD_LOST: /* it has none */
        break;
    case COMMAND_NOT_DYING:
        log_error(&event_not_dying, LOG_FIELDS(LF_STR("processes", note->processes)), "%s: %s",
                  note->denied ? "no permission to terminate processes of another user"
                               : "processes are still alive after SIGKILL",
                  note->processes);
        break;
    }
}

static void
on_output_ended(void *arg)
{
    struct wrap *w = arg;
    command_output_ended(w->command);
}

/* ---- signals ---- */

static bool
is_stop(int signo)
{
    return signo == SIGTERM || signo == SIGINT || signo == SIGQUIT;
}

/* A second one is for a command that does not heed the first. */
static void
while_it_runs(struct wrap *w, const struct signals_event *ev)
{
    struct err why;
    bool stop = is_stop(ev->signo) && !ev->ignored;
    if (stop)
        note_cause(w, CAUSE_STOP);
    if (stop && ++w->stops > 1) {
        err_set(&why, ERR_STOPPED, "a second signal was received");
        command_lost(w->command, &why);
        return;
    }
    command_signal(w->command, ev);
}

static void
otherwise(struct wrap *w, const struct signals_event *ev)
{
    if (ev->signo == SIGTSTP || ev->signo == SIGTTIN || ev->signo == SIGTTOU)
        signals_stop_self();
    if (ev->ignored || !(is_stop(ev->signo) || ev->signo == SIGHUP))
        return;
    if (++w->stops > 1 && !w->started)
        _exit(EXIT_SIGNAL);
    if (!w->started)
        loop_stop(w->s.loop, ev->signo);
}

static void
on_signals(int fd, int what, void *arg)
{
    (void)fd;
    (void)what;
    struct wrap *w = arg;
    struct signals_event ev;
    while (signals_read(&w->signals, &ev))
        if (ev.signo == SIGCHLD)
            command_signal(w->command, &ev);
        else if (command_runs(w->command))
            while_it_runs(w, &ev);
        else
            otherwise(w, &ev);
}

/* ---- start and end ---- */

int
wrap_command_init(struct wrap *w, struct err *e)
{
    static const struct command_ops ops = {.note = on_note, .ended = on_ended};
    w->command = command_new(w->s.loop, &w->signals, &ops, w, e);
    if (!w->command)
        return -1;
    w->signal_watch = loop_watch_new(w->s.loop, w->signals.fd, on_signals, w);
    if (!w->signal_watch || loop_watch_set(w->signal_watch, LOOP_READ) < 0)
        return err_nomem(e);
    if (!command_sees_all(w->command))
        log_warn(&event_blind, LOG_NONE,
                 "/proc is not available, so only the command's own process group is tracked");
    return 0;
}

void
wrap_command_done(struct wrap *w)
{
    output_free(w->output);
    command_free(w->command);
    loop_watch_free(w->signal_watch);
}

static int
start(struct wrap *w, struct err *e)
{
    struct wrap_env env;
    struct command_spec spec = {.argv = w->spec->argv,
                                .cores = &w->o->cores,
                                .keep_fd = -1,
                                .deadline_ms = w->s.deadline_ms == CLOCK_NEVER
                                                   ? CLOCK_NEVER
                                                   : clock_left_ms(w->s.deadline_ms),
                                .grace_ms = w->o->grace_ms,
                                .cgroup = "migrate",
                                .stop_signal = SIGTERM};
    w->output = output_new(w->s.loop, on_output_ended, w, e);
    if (!w->output || wrap_env_make(w->spec->url, w->s.target, environ, &env, e) != 0)
        return -1;
    spec.envp = env.envp;
    spec.reads_output = output_fds(w->output, &spec.out_fd, &spec.err_fd);
    int result = command_start(w->command, &spec, e);
    output_begin(w->output);
    wrap_env_done(&env);
    return result;
}

static void
report_cgroup(const struct wrap *w)
{
    const char *why;
    const char *path = command_cgroup(w->command, &why);
    log_debug(&event_cgroup, LOG_FIELDS(LF_OPT("cgroup", path)), "%s%s",
              path ? "the command has a cgroup of its own"
                   : "the command has no cgroup of its own: ",
              path ? "" : why);
}

/* Its reader may be slow. Who was told to end does not wait for him: the moment that command.h gave him is over. */
static void
pass_on(struct wrap *w)
{
    uint64_t until_ms = clock_deadline(w->cause == CAUSE_NONE ? PASS_ON_MS : 0);
    unsigned stops = w->stops;
    w->news = false;
    while (!output_idle(w->output) && clock_left_ms(until_ms) > 0 && w->stops == stops)
        turn(w, PASS_ON_LOOK_MS);
}

int
wrap_command_run(struct wrap *w, struct err *e)
{
    if (session_check(&w->s, e) != 0 || start(w, e) != 0)
        return -1;
    w->started = true;
    /* Signals and the deadline are the command's from here on. */
    session_steady(&w->s, PROOF_MS);
    log_info(
        &event_command_start,
        LOG_FIELDS(LF_STR("command", w->spec->argv[0]), LF_INT("pid", command_pid(w->command))),
        "%s started", w->spec->argv[0]);
    report_cgroup(w);
    watch_over(w);
    pass_on(w);
    return 0;
}
