/*
 * command.c: what happens to a command, and what supervise's table says is to be done.
 *
 * One rule spans the functions: what ended is reaped before anything else is believed. A deadline, a TERM or a pass of KILL
 * that comes together with the command's end finds that it has ended, in time and by itself.
 */
#include "common/proc/command.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/strbuf.h"
#include "common/net/boottimer.h"
#include "common/net/loop.h"
#include "common/proc/cgroup.h"
#include "common/proc/child.h"
#include "common/proc/guard.h"
#include "common/proc/signals.h"
#include "common/proc/tree.h"

#define KILL_PAUSE_FIRST_MS 2
#define KILL_PAUSE_MOST_MS 100
#define NOT_DYING_MS 10000
#define DRAIN_MS 2000
#define DESCRIBED_MOST 8

struct command {
    struct loop *loop;
    const struct signals *signals;
    const struct command_ops *ops;
    void *arg;
    bool dead;
    struct loop_later later;

    struct tree *tree;
    struct child child;
    const char *name;
    bool terminal; /* the command shares our foreground group */
    bool exited;   /* the command itself */
    bool known;    /* and how; its pid may be another's now */
    bool forlorn;  /* the guard was killed, and nobody was told yet */
    struct loop_watch *guard_watch;
    bool looking; /* for what was lost before it exited */
    bool output_open;
    enum supervise_state state;
    int stop_signal;
    int ask_signo; /* what the tree is asked with: stop_signal, or what came from outside last */
    bool ask_terminal; /* and the terminal has asked it already */
    uint64_t deadline_ms;
    uint64_t grace_ms;
    struct boottimer *deadline_timer;
    struct boottimer *grace_timer; /* while it drains: until DRAIN_MS are over */
    struct loop_timer *kill_timer;
    uint64_t kill_pause_ms;
    uint64_t kill_since_ms; /* clock_mono_ms(); this and the others below */
    uint64_t kill_told_ms;
    uint64_t started_ms;
    struct command_end end;
};

static void command_event(struct command *c, enum supervise_event event);
static void command_reap(struct command *c);

/* False when the owner has freed the command: the caller returns at once. */
static bool
tell(struct command *c, const struct command_note *note)
{
    c->ops->note(note, c->arg);
    return !c->dead;
}

static bool
tell_processes(struct command *c, enum command_news news, bool denied)
{
    cleanup_strbuf struct strbuf who = STRBUF_INIT;
    tree_describe(c->tree, DESCRIBED_MOST, &who);
    return tell(
        c, &(struct command_note){.news = news, .processes = strbuf_str(&who), .denied = denied});
}

static bool
set_state(struct command *c, enum supervise_state next)
{
    struct command_note note = {.news = COMMAND_STATE, .from = c->state, .to = next};
    if (next == c->state)
        return true;
    c->state = next;
    return tell(c, &note);
}

static void
on_command_deadline(void *arg)
{
    struct command *c = arg;
    command_reap(c);
    if (c->dead || c->exited) /* in time, and we hear of both at once */
        return;
    if (c->end.stop_signo || c->end.lost) /* that is what ends it; its grace goes on */
        return;
    c->end.deadline = true;
    if (tell(c, &(struct command_note){.news = COMMAND_OVERDUE, .deadline_ms = c->deadline_ms}))
        command_event(c, SUPERVISE_DEADLINE);
}

static void
on_command_grace(void *arg)
{
    command_event(arg, SUPERVISE_GRACE);
}

/* ---- killing ---- */

/* group: the command's, or 0. On a terminal it shares ours, and without /proc nothing is found: then the command itself. */
static struct tree_count
signal_tree(struct command *c, int signo, bool wake, pid_t group)
{
    struct tree_count count = tree_signal(c->tree, signo, wake, TREE_ALL, group);
    if (tree_sees_all(c->tree) || c->child.group || c->exited)
        return count;
    if (child_signal(&c->child, signo) == 0 && wake)
        child_signal(&c->child, SIGCONT);
    return count;
}

/* What a guard has reaped no longer holds its group. */
static pid_t
group_of(const struct command *c)
{
    return c->known && c->child.link >= 0 ? 0 : c->child.group;
}

/* The stop signal, or what came in its place. */
static void
ask(struct command *c)
{
    if (!c->ask_terminal)
        signal_tree(c, c->ask_signo, true, c->exited ? 0 : c->child.group);
}

static bool
tell_not_dying(struct command *c, struct tree_count count)
{
    uint64_t now_ms = clock_mono_ms();
    bool denied = count.denied > 0 && c->kill_told_ms == 0;
    uint64_t since_ms = c->kill_told_ms ? c->kill_told_ms : c->kill_since_ms;
    if (!denied && now_ms - since_ms < NOT_DYING_MS)
        return true;
    c->kill_told_ms = now_ms;
    return tell_processes(c, COMMAND_NOT_DYING, count.denied > 0);
}

static void
look_again(struct command *c)
{
    loop_timer_start(c->kill_timer, c->kill_pause_ms);
    c->kill_pause_ms =
        c->kill_pause_ms * 2 > KILL_PAUSE_MOST_MS ? KILL_PAUSE_MOST_MS : c->kill_pause_ms * 2;
}

static bool
kill_pass(struct command *c)
{
    struct tree_count count = signal_tree(c, SIGKILL, false, group_of(c));
    look_again(c);
    return tell_not_dying(c, count);
}

static void
on_command_kill(void *arg)
{
    struct command *c = arg;
    command_reap(c);
    if (!c->dead && c->state == SUPERVISE_KILLING)
        kill_pass(c);
}

/* ---- actions ---- */

static void
start_grace(struct command *c)
{
    if (!boottimer_pending(c->grace_timer))
        boottimer_start_at(c->grace_timer, clock_boot_ms() + c->grace_ms);
}

static void
act_ask(struct command *c)
{
    if (!tell(c, &(struct command_note){.news = COMMAND_STOPPING, .signo = c->ask_signo}))
        return;
    start_grace(c);
    ask(c);
}

static void
act_sweep(struct command *c)
{
    struct tree_count count = tree_signal(c->tree, c->stop_signal, true, TREE_UNASKED, 0);
    bool by_itself = !boottimer_pending(c->grace_timer);
    start_grace(c);
    if (count.alive && by_itself)
        tell_processes(c, COMMAND_LEFT_BEHIND, false);
}

static void
act_kill(struct command *c)
{
    c->kill_since_ms = clock_mono_ms();
    c->kill_pause_ms = KILL_PAUSE_FIRST_MS;
    /* KILL first, words after it: with a lost lock every millisecond counts. */
    if (kill_pass(c))
        tell(c, &(struct command_note){.news = COMMAND_KILLING});
}

/* Who reads the output needs no more than a moment; only somebody outside of the tree can hold it open longer. */
static void
act_drain(struct command *c)
{
    loop_timer_cancel(c->kill_timer);
    boottimer_start_at(c->grace_timer, clock_boot_ms() + DRAIN_MS);
    if (!c->output_open)
        command_event(c, SUPERVISE_OUTPUT);
}

static void
act_finish(struct command *c)
{
    boottimer_cancel(c->grace_timer);
    c->end.took_ms = clock_mono_ms() - c->started_ms;
    c->ops->ended(&c->end, c->arg);
}

static void
command_event(struct command *c, enum supervise_event event)
{
    static void (*const acts[SUPERVISE_ACTIONS])(struct command *) = {
        [SUPERVISE_ASK] = act_ask,   [SUPERVISE_REPEAT] = ask,      [SUPERVISE_SWEEP] = act_sweep,
        [SUPERVISE_KILL] = act_kill, [SUPERVISE_DRAIN] = act_drain, [SUPERVISE_FINISH] = act_finish,
    };
    struct supervise_step step = supervise_next(c->state, event);
    if (set_state(c, step.next) && acts[step.action])
        acts[step.action](c);
}

/* ---- what happens ---- */

static void
has_exited(struct command *c)
{
    if (c->exited)
        return;
    c->exited = true;
    boottimer_cancel(c->deadline_timer); /* for what it left behind there is the grace */
    child_exec_error(&c->child, c->name, &c->end.exec_status, &c->end.error);
}

static void
know_end(struct command *c, int status)
{
    c->known = true;
    c->end.wait_status = status;
    has_exited(c);
}

static void
hear_guard(struct command *c)
{
    int status;
    if (c->known || !guard_hear(c->child.link, &status))
        return;
    guard_let_go(c->child.link);
    know_end(c, status);
}

/* The command may have ended a moment before the guard comes to say so. */
static void
look_at_guard(struct command *c)
{
    guard_wake(c->child.guard);
    hear_guard(c);
    if (!c->exited && guard_command_ended(c->child.guard, c->child.pid))
        has_exited(c);
}

/* By itself when nothing is left. Else what was its own is ours now, and the command has got KILL from the kernel. */
static void
guard_ended(struct command *c, int status)
{
    hear_guard(c);
    c->child.guard = 0;
    tree_set_guard(c->tree, 0);
    loop_watch_free(c->guard_watch);
    c->guard_watch = NULL;
    if (!WIFSIGNALED(status))
        return;
    c->forlorn = true;
    c->end.guard_lost = !c->exited && !c->end.lost && !c->end.deadline && !c->end.stop_signo;
    if (c->end.guard_lost)
        err_set(&c->end.error, ERR_LOST, "its guard was killed (signal %d)", WTERMSIG(status));
}

static void
on_command_reaped(pid_t pid, int status, void *arg)
{
    struct command *c = arg;
    if (pid == c->child.guard)
        guard_ended(c, status);
    else if (pid == c->child.pid && !c->known)
        know_end(c, status);
}

/* False when the owner has freed the command. */
static bool
mourn_guard(struct command *c)
{
    c->forlorn = false;
    if (!tell(c, &(struct command_note){.news = COMMAND_GUARD_LOST}))
        return false;
    command_event(c, SUPERVISE_LOST);
    return !c->dead;
}

/* What was lost before the command ended counts, though nobody heard of it yet. */
static bool
look_at_end(struct command *c)
{
    c->looking = true;
    if (c->ops->look)
        c->ops->look(c->arg);
    c->looking = false;
    return !c->dead;
}

static void
leave_cgroup(struct command *c)
{
    tree_set_cgroup(c->tree, NULL);
    child_leave_cgroup(&c->child);
}

static void
command_reap(struct command *c)
{
    bool had_exited = c->exited;
    tree_reap(c->tree, on_command_reaped, c);
    if (c->child.guard)
        look_at_guard(c);
    if (!command_runs(c) || (c->forlorn && !mourn_guard(c)) || !c->exited)
        return;
    if (!had_exited && !look_at_end(c))
        return;
    if (tree_empty(c->tree)) {
        leave_cgroup(c);
        command_event(c, SUPERVISE_EMPTY);
        return;
    }
    if (c->state != SUPERVISE_KILLING && tree_strays(c->tree))
        look_again(c);
    if (!had_exited)
        command_event(c, SUPERVISE_EXIT);
}

/* The terminal told the command itself when they share its foreground group. */
static void
forward(const struct command *c, const struct signals_event *ev)
{
    if (!c->exited && !(c->terminal && ev->terminal))
        child_signal(&c->child, ev->signo);
}

static void
stop_by(struct command *c, const struct signals_event *ev)
{
    if (!c->exited && !c->end.stop_signo)
        c->end.stop_signo = ev->signo;
    c->ask_signo = ev->signo == SIGTERM ? c->stop_signal : ev->signo;
    c->ask_terminal = c->terminal && ev->terminal;
    command_event(c, SUPERVISE_STOP);
}

/* Whatever it runs under may have ended while we were stopped: then it is not to run another instruction. */
static void
go_on(struct command *c, const struct signals_event *ev)
{
    if (c->ops->look)
        c->ops->look(c->arg);
    if (!c->dead)
        forward(c, ev);
}

void
command_signal(struct command *c, const struct signals_event *ev)
{
    /* TERM is read before a CHLD that came first: what ended already was not stopped. */
    command_reap(c);
    if (c->dead || !command_runs(c) || ev->signo == SIGCHLD)
        return;
    if (ev->ignored) { /* the command's to hear, when it listens again */
        forward(c, ev);
        return;
    }
    switch (ev->signo) {
    case SIGTERM:
    case SIGINT:
    case SIGQUIT:
        stop_by(c, ev);
        return;
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
        forward(c, ev);
        signals_stop_self();
        return;
    case SIGCONT:
        go_on(c, ev);
        return;
    default:
        forward(c, ev);
        return;
    }
}

static void
lose(struct command *c, enum supervise_event event, const struct err *why)
{
    if (!command_runs(c))
        return;
    if (!c->exited || c->looking)
        c->end.lost = true;
    if (c->end.lost && !c->end.exec_status)
        c->end.error = *why;
    command_event(c, event);
}

void
command_lost(struct command *c, const struct err *why)
{
    lose(c, SUPERVISE_LOST, why);
}

void
command_unsure(struct command *c, const struct err *why)
{
    lose(c, SUPERVISE_UNSURE, why);
}

void
command_output_ended(struct command *c)
{
    c->output_open = false;
    command_event(c, SUPERVISE_OUTPUT);
}

/* ---- start and end ---- */

/* A guard does nothing where the kernel does it, or where it can find nobody. */
static bool
guards(const struct command *c)
{
    return getpid() != 1 && tree_sees_all(c->tree);
}

static void
on_guard(int fd, int what, void *arg)
{
    (void)fd;
    (void)what;
    struct command *c = arg;
    command_reap(c);
    if (!c->dead && c->known && c->guard_watch) /* it says no more */
        IGNORED(loop_watch_set(c->guard_watch, 0));
}

/* The guard ends all when we cannot hear it. */
static int
meet_guard(struct command *c, struct err *e)
{
    if (!c->child.guard)
        return 0;
    tree_set_guard(c->tree, c->child.guard);
    c->guard_watch = loop_watch_new(c->loop, c->child.link, on_guard, c);
    if (c->guard_watch && loop_watch_set(c->guard_watch, LOOP_READ) == 0)
        return 0;
    loop_watch_free(c->guard_watch);
    c->guard_watch = NULL;
    child_done(&c->child);
    return err_nomem(e);
}

int
command_start(struct command *c, const struct command_spec *spec, struct err *e)
{
    struct child_spec child = {.argv = spec->argv,
                               .envp = spec->envp,
                               .signals = c->signals,
                               .cores = spec->cores,
                               .guard = guards(c) ? spec->guard : NULL,
                               .keep_fd = spec->keep_fd,
                               .out_fd = spec->out_fd,
                               .err_fd = spec->err_fd,
                               .cgroup = spec->cgroup,
                               .own_group = !c->terminal,
                               .closes = spec->closes};
    assert(!c->child.pid && !c->dead);
    uint64_t now_ms = clock_boot_ms();
    c->started_ms = clock_mono_ms();
    if (child_start(&c->child, &child, e) < 0 || meet_guard(c, e) < 0)
        return -1;
    tree_set_cgroup(c->tree, c->child.cgroup);
    c->name = spec->argv[0];
    c->stop_signal = c->ask_signo = spec->stop_signal;
    c->grace_ms = spec->grace_ms;
    c->deadline_ms = spec->deadline_ms;
    c->output_open = spec->reads_output;
    c->kill_pause_ms = KILL_PAUSE_FIRST_MS;
    c->state = SUPERVISE_RUNNING;
    boottimer_start_at(c->deadline_timer,
                       spec->deadline_ms == CLOCK_NEVER ? CLOCK_NEVER : now_ms + spec->deadline_ms);
    return 0;
}

bool
command_runs(const struct command *c)
{
    return c->state != SUPERVISE_DONE;
}

pid_t
command_pid(const struct command *c)
{
    return c->child.pid;
}

const char *
command_cgroup(const struct command *c, const char **ret_why)
{
    *ret_why = c->child.without_cgroup.msg;
    return c->child.cgroup ? cgroup_path(c->child.cgroup) : NULL;
}

bool
command_sees_all(const struct command *c)
{
    return tree_sees_all(c->tree);
}

struct command *
command_new(struct loop *l, const struct signals *s, const struct command_ops *ops, void *arg,
            struct err *e)
{
    struct command *c = calloc(1, sizeof(*c));
    if (!c) {
        err_nomem(e);
        return NULL;
    }
    *c = (struct command){.loop = l,
                          .signals = s,
                          .ops = ops,
                          .arg = arg,
                          .child = CHILD_INIT,
                          .state = SUPERVISE_DONE,
                          .terminal = child_has_terminal()};
    c->tree = tree_new(e);
    c->deadline_timer = c->tree ? boottimer_new(l, on_command_deadline, c, e) : NULL;
    c->grace_timer = c->deadline_timer ? boottimer_new(l, on_command_grace, c, e) : NULL;
    c->kill_timer = c->grace_timer ? loop_timer_new(l, on_command_kill, c) : NULL;
    if (c->kill_timer)
        return c;
    if (c->grace_timer)
        err_nomem(e);
    command_free(c);
    return NULL;
}

void
command_free(struct command *c)
{
    if (!c || c->dead)
        return;
    c->dead = true;
    loop_timer_free(c->kill_timer);
    boottimer_free(c->grace_timer);
    boottimer_free(c->deadline_timer);
    loop_watch_free(c->guard_watch);
    tree_free(c->tree);
    child_done(&c->child);
    loop_defer(c->loop, &c->later, free, c);
}
