/* run_command.c: the command while it lives: what happens to it, and what supervise's table says is
 * to be done. */
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "cronrun/run/run_impl.h"

#define KILL_PAUSE_FIRST_MS 2
#define KILL_PAUSE_MOST_MS 100
#define NOT_DYING_MS 10000

extern char **environ;

static void
set_state(struct run *r, enum supervise_state next)
{
    if (next != r->state)
        log_debug("state",
                  LOG_FIELDS(LF_STR("job", r->job), LF_STR("from", supervise_state_name(r->state)),
                             LF_STR("to", supervise_state_name(next))),
                  "%s: %s", r->job, supervise_state_name(next));
    r->state = next;
}

static void
on_deadline(void *arg)
{
    struct run *r = arg;
    run_command_reap(r);
    if (r->main_ended) /* in time, and we hear of both at once */
        return;
    r->facts.deadline = true;
    log_warn("deadline",
             LOG_FIELDS(LF_STR("job", r->job), LF_STR("run_id", r->run_id),
                        LF_UINT("deadline_ms", r->deadline_ms)),
             "%s: the deadline is over", r->job);
    run_command_event(r, SUPERVISE_DEADLINE);
}

static void
on_grace(void *arg)
{
    run_command_event(arg, SUPERVISE_GRACE);
}

/* ---- killing ---- */

/* group: the command's, or 0. On a terminal it shares ours, and without /proc nothing is found: then the command itself. */
static struct tree_count
signal_tree(struct run *r, int signo, bool wake, pid_t group)
{
    struct tree_count count = tree_signal(r->tree, signo, wake, TREE_ALL, group);
    if (tree_sees_all(r->tree) || r->child.group || r->main_ended)
        return count;
    if (kill(r->child.pid, signo) == 0 && wake)
        kill(r->child.pid, SIGCONT);
    count.alive++;
    return count;
}

/* The stop signal, or what came in its place. */
static void
ask(struct run *r)
{
    if (!r->ask_terminal)
        signal_tree(r, r->ask_signo, true, r->main_ended ? 0 : r->child.group);
}

static void
tell_not_dying(struct run *r, struct tree_count count)
{
    uint64_t now_ms = clock_mono_ms();
    bool denied = count.denied > 0 && r->kill_told_ms == 0;
    uint64_t since_ms = r->kill_told_ms ? r->kill_told_ms : r->kill_since_ms;
    if (!denied && now_ms - since_ms < NOT_DYING_MS)
        return;
    r->kill_told_ms = now_ms;
    struct strbuf who = STRBUF_INIT;
    tree_describe(r->tree, 8, &who);
    log_error("not_dying",
              LOG_FIELDS(LF_STR("job", r->job), LF_STR("run_id", r->run_id),
                         LF_STR("processes", strbuf_str(&who))),
              "%s: %s: %s", r->job,
              count.denied ? "not allowed to end what belongs to another user"
                           : "processes live on after KILL",
              strbuf_str(&who));
    strbuf_done(&who);
}

static void
kill_pass(struct run *r)
{
    struct tree_count count = signal_tree(r, SIGKILL, false, r->child.group);
    tell_not_dying(r, count);
    loop_timer_start(r->kill_timer, r->kill_pause_ms);
    r->kill_pause_ms =
        r->kill_pause_ms * 2 > KILL_PAUSE_MOST_MS ? KILL_PAUSE_MOST_MS : r->kill_pause_ms * 2;
}

static void
on_kill_timer(void *arg)
{
    struct run *r = arg;
    run_command_reap(r);
    if (r->state == SUPERVISE_KILLING)
        kill_pass(r);
}

/* ---- actions ---- */

static void
start_grace(struct run *r)
{
    if (!boottimer_pending(r->grace_timer))
        boottimer_start_at(r->grace_timer, clock_boot_ms() + r->o->grace_ms);
}

static void
act_ask(struct run *r)
{
    char name[SIGNALS_NAME_MAX];
    log_info("stopping",
             LOG_FIELDS(LF_STR("job", r->job), LF_STR("run_id", r->run_id),
                        LF_STR("signal", signals_name(name, r->ask_signo)),
                        LF_UINT("grace_ms", r->o->grace_ms)),
             "%s: asked to end by %s", r->job, name);
    start_grace(r);
    ask(r);
}

static void
act_sweep(struct run *r)
{
    struct tree_count count = tree_signal(r->tree, r->o->stop_signal, true, TREE_UNASKED, 0);
    if (count.alive && !boottimer_pending(r->grace_timer)) {
        struct strbuf who = STRBUF_INIT;
        tree_describe(r->tree, 8, &who);
        log_warn("left_behind",
                 LOG_FIELDS(LF_STR("job", r->job), LF_STR("run_id", r->run_id),
                            LF_STR("processes", strbuf_str(&who))),
                 "%s ended and left %s behind", r->job, strbuf_str(&who));
        strbuf_done(&who);
    }
    start_grace(r);
}

static void
act_kill(struct run *r)
{
    boottimer_cancel(r->grace_timer);
    r->kill_since_ms = clock_mono_ms();
    r->kill_pause_ms = KILL_PAUSE_FIRST_MS;
    /* KILL first, words after it: with a lost lock every millisecond counts. */
    kill_pass(r);
    log_warn("killing", LOG_FIELDS(LF_STR("job", r->job), LF_STR("run_id", r->run_id)),
             "%s: killing what is left", r->job);
}

static void
act_finish(struct run *r)
{
    boottimer_cancel(r->deadline_timer);
    boottimer_cancel(r->grace_timer);
    loop_timer_cancel(r->kill_timer);
    r->ended_mono_ms = clock_mono_ms();
    run_finish(r);
}

void
run_command_event(struct run *r, enum supervise_event event)
{
    struct supervise_step step = supervise_next(r->state, event);
    set_state(r, step.next);
    switch (step.action) {
    case SUPERVISE_ASK:
        act_ask(r);
        break;
    case SUPERVISE_REPEAT:
        ask(r);
        break;
    case SUPERVISE_SWEEP:
        act_sweep(r);
        break;
    case SUPERVISE_KILL:
        act_kill(r);
        break;
    case SUPERVISE_FINISH:
        act_finish(r);
        break;
    case SUPERVISE_NOTHING:
    case SUPERVISE_ACTIONS:
        break;
    }
}

/* ---- what happens ---- */

static void
on_reaped(pid_t pid, int status, void *arg)
{
    struct run *r = arg;
    if (pid != r->child.pid || r->main_ended)
        return;
    r->main_ended = true;
    boottimer_cancel(r->deadline_timer); /* for what it left behind there is the grace */
    r->facts.wait_status = status;
    child_exec_error(&r->child, r->argv[0], &r->facts.exec_status, &r->error);
}

/* What was lost before the command ended counts, though nobody heard of it yet. */
static void
look_at_lock(struct run *r)
{
    r->last_look = true;
    lease_check(r->lease);
    r->last_look = false;
}

void
run_command_reap(struct run *r)
{
    bool had_ended = r->main_ended;
    tree_reap(r->tree, on_reaped, r);
    if (r->state == SUPERVISE_DONE || !r->main_ended)
        return;
    if (!had_ended)
        look_at_lock(r);
    if (tree_empty(r->tree)) {
        run_command_event(r, SUPERVISE_EMPTY);
        return;
    }
    if (!had_ended)
        run_command_event(r, SUPERVISE_EXIT);
}

/* The terminal told the command itself when they share its foreground group. */
static void
forward(const struct run *r, const struct signals_event *ev)
{
    if (r->main_ended || (r->terminal && ev->terminal))
        return;
    /* Not reaped yet, so neither the process nor the group can be another's. */
    kill(r->child.group ? -r->child.group : r->child.pid, ev->signo);
}

void
run_command_signal(struct run *r, const struct signals_event *ev)
{
    /* TERM is read before a CHLD that came first: what ended already was not stopped. */
    run_command_reap(r);
    if (r->state == SUPERVISE_DONE)
        return;
    if (ev->ignored) { /* the command's to hear, when it listens again */
        forward(r, ev);
        return;
    }
    switch (ev->signo) {
    case SIGTERM:
    case SIGINT:
    case SIGQUIT:
        if (!r->main_ended && !r->facts.stop_signo)
            r->facts.stop_signo = ev->signo;
        r->ask_signo = ev->signo == SIGTERM ? r->o->stop_signal : ev->signo;
        r->ask_terminal = r->terminal && ev->terminal;
        run_command_event(r, SUPERVISE_STOP);
        r->ask_signo = r->o->stop_signal;
        r->ask_terminal = false;
        return;
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
        forward(r, ev);
        kill(getpid(), SIGSTOP);
        return;
    case SIGCONT:
        /* A lock that ended meanwhile: the command is not to run another instruction. */
        lease_check(r->lease);
        forward(r, ev);
        return;
    default:
        forward(r, ev);
        return;
    }
}

/* ---- start ---- */

/* On clock_boot_ms(); CLOCK_NEVER: none. */
static uint64_t
deadline_at(const struct run *r, uint64_t now_ms)
{
    uint64_t at_ms = r->o->deadline_ms == CLOCK_NEVER || r->o->deadline_ms == 0
                         ? CLOCK_NEVER
                         : now_ms + r->o->deadline_ms;
    if (r->o->job_deadline_ms == CLOCK_NEVER)
        return at_ms;
    int64_t left_ms = r->job_since_ms + (int64_t)r->o->job_deadline_ms - (int64_t)r->o->grace_ms -
                      2000 - clock_wall_ms();
    return clock_earlier(at_ms, now_ms + (uint64_t)(left_ms > 0 ? left_ms : 0));
}

void
run_command_start(struct run *r)
{
    struct run_env env;
    if (run_env_make(r, environ, &env, &r->error) < 0) {
        r->facts.own_failure = true;
        run_finish(r);
        return;
    }
    struct child_spec spec = {.argv = r->argv,
                              .envp = env.envp,
                              .signals = &r->signals,
                              .cores = &r->cores,
                              .keep_fd = r->lease ? lease_keep_fd(r->lease) : -1,
                              .own_group = !r->terminal};
    r->started_mono_ms = clock_mono_ms();
    int64_t wall_ms = clock_wall_ms();
    uint64_t now_ms = clock_boot_ms();
    uint64_t at_ms = deadline_at(r, now_ms);
    int rc = child_start(&r->child, &spec, &r->error);
    run_env_done(&env);
    if (rc < 0) {
        r->facts.own_failure = true;
        run_finish(r);
        return;
    }
    r->started_wall_ms = wall_ms;
    r->facts.started = true;
    r->state = SUPERVISE_RUNNING;
    r->deadline_ms = at_ms == CLOCK_NEVER ? 0 : at_ms - now_ms;
    boottimer_start_at(r->deadline_timer, at_ms);
    run_report_start(r);
}

int
run_command_init(struct run *r, struct err *e)
{
    r->child = (struct child)CHILD_INIT;
    r->state = SUPERVISE_DONE; /* nothing runs yet */
    r->ask_signo = r->o->stop_signal;
    r->started_wall_ms = -1;
    r->terminal = child_has_terminal();
    r->tree = tree_new(e);
    r->deadline_timer = r->tree ? boottimer_new(r->loop, on_deadline, r, e) : NULL;
    r->grace_timer = r->deadline_timer ? boottimer_new(r->loop, on_grace, r, e) : NULL;
    if (!r->grace_timer)
        return -1;
    r->kill_timer = loop_timer_new(r->loop, on_kill_timer, r);
    if (!r->kill_timer)
        return err_nomem(e);
    if (!tree_sees_all(r->tree))
        log_warn("blind", LOG_FIELDS(LF_STR("job", r->job), LF_STR("run_id", r->run_id)),
                 "/proc cannot be used: only the command's own process group is seen");
    return 0;
}

void
run_command_done(struct run *r)
{
    loop_timer_free(r->kill_timer);
    boottimer_free(r->grace_timer);
    boottimer_free(r->deadline_timer);
    tree_free(r->tree);
    child_done(&r->child);
}
