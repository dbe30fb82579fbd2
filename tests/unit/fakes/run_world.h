/*
 * run_world.h: a lease, a command, a clock and a host name that do what a test plans, for the life of a run: `plan` says what is to
 * happen, `seen` and told() what did. In place of common/lease, proc/command.c and clock.c. Included by one test program, behind
 * cmocka.h.
 */
#ifndef RR_TESTS_RUN_WORLD_H
#define RR_TESTS_RUN_WORLD_H

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/lease/lease_look.h"
#include "common/net/loop.h"
#include "common/proc/command.h"
#include "common/proc/signals.h"
#include "cronrun/options.h"
#include "cronrun/run/run.h"

/* ---- what is to happen, and what did ---- */

enum at { NOWHEN, WHILE_ASKED, AT_THE_LOOK, WHILE_IT_RUNS, BETWEEN_ATTEMPTS, AT_THE_RELEASE };

static struct {
    struct options o;
    const char *host;    /* of this machine */
    const char *command; /* NULL: mail */
    enum at loss;
    enum lease_grade grade;
    int signals[3];        /* come while the lease is asked for */
    int command_signal;    /* comes while the command runs */
    unsigned busy;         /* answers that say so, before one that grants it */
    bool signal_when_busy; /* the signals come with such an answer */
    const struct lease_holder *holder;
    bool silent;              /* the lease never answers */
    enum err_code refused;    /* by lease_acquire_start() */
    enum err_code failed;     /* the answer */
    enum err_code no_release; /* by lease_release_start() */
    enum err_code bad_release;
    int64_t takes_ms; /* until the answer, of wall time */
    int wait_status;
    unsigned good;      /* the attempt that ends well, 0: none differs */
    unsigned unstarted; /* attempts from `fails_from` on for which there is no process */
    unsigned fails_from;
    int fails_with;     /* errno */
    int between_signal; /* comes when an attempt has ended */
    uint64_t took_ms;   /* the command, and whether it was ended from without: */
    bool deadline;
    int stop_signo;
    const struct command_note *note; /* is told while the command runs */
    struct rusage used;              /* by the command */
} plan;

static struct {
    unsigned asked;
    unsigned tries, starts; /* of the command */
    bool started;
    bool withdrawn;
    bool lost, unsure; /* the command was told */
    int signalled;     /* the command */
    uint64_t deadline_ms;
    char released[32]; /* with which word */
    char path[64];     /* of a lock that is a file */
} seen;

/* ---- what is said ---- */

static int said_fd = -1;
static char said[32768];

static inline bool
told(const char *word)
{
    return strstr(said, word) != NULL;
}

/* The record of an event, which is told once; ended by a NUL until the next run. */
static const char *
record_of(const char *event)
{
    static char line[8192];
    char word[64];
    snprintf(word, sizeof(word), "\"event\":\"%s\"", event);
    const char *at = strstr(said, word);
    assert_non_null(at);
    assert_null(strstr(at + 1, word));
    while (at > said && at[-1] != '\n')
        at--;
    snprintf(line, sizeof(line), "%.*s", (int)strcspn(at, "\n"), at);
    return line;
}

/* ---- the machine ---- */

#define WALL_MS 1795251600000 /* 2026-11-21T09:00:00Z, when each run begins */
static int64_t wall_ms;

static uint64_t
real_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

uint64_t
clock_mono_ms(void)
{
    return real_us() / 1000;
}

uint64_t
clock_mono_us(void)
{
    return real_us();
}

uint64_t
clock_boot_ms(void)
{
    return real_us() / 1000;
}

int64_t
clock_wall_ms(void)
{
    return wall_ms;
}

int
gethostname(char *name, size_t len)
{
    snprintf(name, len, "%s", plan.host);
    return 0;
}

int
getrusage(__rusage_who_t who, struct rusage *used)
{
    assert_int_equal(who, RUSAGE_CHILDREN);
    *used = plan.used;
    return 0;
}

/* ---- the lease ---- */

struct lease {
    struct loop_timer *soon;
    lease_acquired_cb *acquired_cb;
    lease_released_cb *released_cb;
    lease_lost_cb *lost_cb;
    void *arg; /* the run, of all three */
};

static struct lease lease;

static void
lose(void)
{
    struct err why;
    err_set(&why, ERR_LOST, "the connection was lost");
    lease.lost_cb(&lease, plan.grade, &why, lease.arg);
}

static void
send_signals(void)
{
    for (size_t i = 0; i < 3 && plan.signals[i]; i++)
        kill(getpid(), plan.signals[i]);
}

static void
on_soon(void *arg)
{
    (void)arg;
    lease_acquired_cb *acquired = lease.acquired_cb;
    struct err e;
    if (lease.released_cb) {
        if (plan.bad_release)
            err_set(&e, plan.bad_release, "it is not ours any more");
        lease.released_cb(&lease, plan.bad_release ? &e : NULL, lease.arg);
        return;
    }
    if (plan.loss == WHILE_ASKED)
        lose();
    wall_ms += plan.takes_ms;
    lease.acquired_cb = NULL;
    bool busy = seen.asked <= plan.busy;
    if (busy || plan.failed)
        err_set(&e, busy ? ERR_BUSY : plan.failed, busy ? "another has it" : "nobody answers");
    if (busy && plan.signal_when_busy)
        send_signals();
    acquired(&lease, busy || plan.failed ? &e : NULL, 7, busy ? plan.holder : NULL, lease.arg);
}

struct lease *
lease_none_new(struct loop *l, struct err *e)
{
    (void)e;
    lease = (struct lease){.soon = loop_timer_new(l, on_soon, NULL)};
    return &lease;
}

struct lease *
lease_file_new(struct loop *l, const char *path, const struct lease_owner *owner, struct err *e)
{
    (void)owner;
    snprintf(seen.path, sizeof(seen.path), "%s", path);
    return lease_none_new(l, e);
}

/* Nobody looks at locks here. */
int
lease_look_file(const char *path, const char *host, struct lease_look *ret, struct err *e)
{
    (void)path;
    (void)host;
    (void)ret;
    return err_set(e, ERR_SYSTEM, "nobody looks");
}

int
lease_look_pg(struct loop *l, struct resolver *r, struct target_pg *target,
              const struct lease_asked *asked, uint64_t deadline_ms, struct lease_looks *ret,
              struct err *e)
{
    (void)l;
    (void)r;
    (void)target;
    (void)asked;
    (void)deadline_ms;
    (void)ret;
    return err_set(e, ERR_SYSTEM, "nobody looks");
}

int
lease_look_redis(struct loop *l, struct resolver *r, struct target_redis *target,
                 const struct lease_asked *asked, uint64_t deadline_ms, struct lease_looks *ret,
                 struct err *e)
{
    (void)l;
    (void)r;
    (void)target;
    (void)asked;
    (void)deadline_ms;
    (void)ret;
    return err_set(e, ERR_SYSTEM, "nobody looks");
}

struct lease *
lease_pg_new(struct loop *l, struct resolver *r, struct target_pg *target,
             const struct lease_owner *owner, uint64_t settle_ms, struct err *e)
{
    (void)r;
    (void)target;
    (void)owner;
    (void)settle_ms;
    return lease_none_new(l, e);
}

struct lease *
lease_redis_new(struct loop *l, struct resolver *r, struct target_redis *target,
                const struct lease_owner *owner, uint64_t ttl_ms, struct err *e)
{
    return lease_pg_new(l, r, (struct target_pg *)target, owner, ttl_ms, e);
}

void
lease_free(struct lease *l)
{
    if (l)
        loop_timer_free(l->soon);
}

int
lease_acquire_start(struct lease *l, uint64_t deadline_ms, lease_acquired_cb *cb, void *arg,
                    struct err *e)
{
    assert_in_range(clock_left_ms(deadline_ms), 1, 10000);
    seen.asked++;
    if (plan.refused)
        return err_set(e, plan.refused, "it cannot be asked");
    l->acquired_cb = cb;
    l->arg = arg;
    if (!plan.silent)
        loop_timer_start(l->soon, 0);
    if (!plan.signal_when_busy)
        send_signals();
    return 0;
}

void
lease_withdraw(struct lease *l)
{
    (void)l;
    seen.withdrawn = true;
}

void
lease_set_lost_cb(struct lease *l, lease_lost_cb *cb, void *arg)
{
    l->lost_cb = cb;
    l->arg = arg;
}

void
lease_check(struct lease *l)
{
    assert_null(l->acquired_cb);
    if ((plan.loss == AT_THE_LOOK && !seen.started) ||
        (plan.loss == BETWEEN_ATTEMPTS && seen.starts > 0))
        lose();
}

int
lease_release_start(struct lease *l, const char *outcome, uint64_t deadline_ms,
                    lease_released_cb *cb, void *arg, struct err *e)
{
    (void)arg;
    assert_in_range(clock_left_ms(deadline_ms), 1, 3000);
    assert_null(l->acquired_cb);
    if (plan.loss == AT_THE_RELEASE)
        lose();
    if (plan.no_release)
        return err_set(e, plan.no_release, "it cannot be released");
    snprintf(seen.released, sizeof(seen.released), "%s", outcome);
    l->released_cb = cb;
    loop_timer_start(l->soon, 0);
    return 0;
}

int
lease_keep_fd(const struct lease *l)
{
    (void)l;
    return -1;
}

int
lease_name_check(const char *name, struct err *e)
{
    (void)name;
    (void)e;
    return 0;
}

/* ---- the command ---- */

struct command {
    const struct command_ops *ops;
    void *arg;
    struct loop_timer *soon;
    struct command_end end;
    bool runs;
    pid_t pid;
};

/* Of two attempts: the next is made before the last is freed. */
static struct command both[2], *command = both;

static void
on_command_soon(void *arg)
{
    (void)arg;
    if (plan.loss == WHILE_IT_RUNS && !seen.lost && !seen.unsure) {
        lose();
        loop_timer_start(command->soon, 0);
        return;
    }
    if (plan.note)
        command->ops->note(plan.note, command->arg);
    command->runs = false;
    command->end.wait_status = plan.good == seen.starts ? 0 : plan.wait_status;
    command->end.took_ms = plan.took_ms;
    command->end.deadline = plan.deadline;
    command->end.stop_signo = plan.stop_signo;
    command->ops->ended(&command->end, command->arg);
    if (plan.between_signal)
        kill(getpid(), plan.between_signal);
}

struct command *
command_new(struct loop *l, const struct signals *s, const struct command_ops *ops, void *arg,
            struct err *e)
{
    (void)s;
    (void)e;
    command = command == both ? both + 1 : both;
    *command =
        (struct command){.ops = ops, .arg = arg, .soon = loop_timer_new(l, on_command_soon, NULL)};
    return command;
}

void
command_free(struct command *c)
{
    if (c)
        loop_timer_free(c->soon);
}

bool
command_sees_all(const struct command *c)
{
    (void)c;
    return true;
}

int
command_start(struct command *c, const struct command_spec *spec, struct err *e)
{
    assert_string_equal(spec->argv[0], plan.command ? plan.command : "mail");
    seen.deadline_ms = spec->deadline_ms;
    seen.tries++;
    if (seen.tries >= plan.fails_from && plan.unstarted > 0) {
        plan.unstarted--;
        if (plan.between_signal)
            kill(getpid(), plan.between_signal);
        return err_sys(e, plan.fails_with, "cannot start a process");
    }
    seen.started = c->runs = true;
    c->pid = 100;
    seen.starts++;
    loop_timer_start(c->soon, 0);
    if (plan.command_signal)
        kill(getpid(), plan.command_signal);
    return 0;
}

const char *
command_cgroup(const struct command *c, const char **ret_why)
{
    (void)c;
    *ret_why = "a test";
    return NULL;
}

bool
command_runs(const struct command *c)
{
    return c->runs;
}

pid_t
command_pid(const struct command *c)
{
    return c->pid;
}

void
command_signal(struct command *c, const struct signals_event *ev)
{
    (void)c;
    seen.signalled = ev->signo;
}

void
command_lost(struct command *c, const struct err *why)
{
    c->end.lost = seen.lost = true;
    c->end.error = *why;
}

void
command_unsure(struct command *c, const struct err *why)
{
    command_lost(c, why);
    seen.lost = false;
    seen.unsure = true;
}

void
command_output_ended(struct command *c)
{
    (void)c;
}

/* ---- a run ---- */

/* Without a lock's settings, deadlines, or a scheduled time; what a busy lock means is BUSY_SKIP. */
static void
plan_run(void)
{
    memset(&plan, 0, sizeof(plan));
    /* A shell that starts this in the background may have had INT and QUIT ignored, nohup HUP: a run keeps it so. */
    const int stopping[] = {SIGTERM, SIGINT, SIGQUIT, SIGHUP};
    for (size_t i = 0; i < 4; i++)
        signal(stopping[i], SIG_DFL);
    plan.host = "web-1";
    plan.o = (struct options){.lock_kind = LOCK_NONE,
                              .starting_deadline_ms = CLOCK_NEVER,
                              .job_deadline_ms = CLOCK_NEVER,
                              .grace_ms = 5000,
                              .stop_signal = SIGTERM,
                              .late_status = 77,
                              .child_status = -1,
                              .scheduled_ms = -1};
}

static int
run(void)
{
    if (said_fd < 0) {
        said_fd = memfd_create("said", MFD_CLOEXEC);
        assert_true(said_fd >= 0);
        log_init("cronrun", LOG_FORMAT_JSON, LOG_LEVEL_INFO, said_fd);
    }
    off_t before = lseek(said_fd, 0, SEEK_END);
    memset(&seen, 0, sizeof(seen));
    wall_ms = WALL_MS;
    char *argv[] = {(char *)(plan.command ? plan.command : "mail"), NULL};
    int status = run_main(&plan.o, argv);
    ssize_t n = pread(said_fd, said, sizeof(said) - 1, before);
    assert_true(n >= 0);
    said[n] = '\0';
    return status;
}

#endif
