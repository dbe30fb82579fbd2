/* The life of a run on a scripted lease and a scripted command: what a loss means before the start, while it runs, and what the
 * run ends with. */
#include <setjmp.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/lease/lease.h"
#include "common/net/loop.h"
#include "common/proc/command.h"
#include "common/proc/signals.h"
#include "cronrun/options.h"
#include "cronrun/run/run.h"

/* ---- what is to happen, and what did ---- */

enum at { NOWHEN, WHILE_ASKED, AT_THE_LOOK, WHILE_IT_RUNS };

static struct {
    enum at loss;
    enum lease_grade grade;
    bool term; /* while the lease is asked for */
    bool busy;
    bool silent; /* the lease never answers */
    int64_t scheduled_ms;
} plan;

static struct {
    bool asked, started;
    bool withdrawn;
    bool lost, unsure; /* the command was told */
    char released[32]; /* with which word */
} seen;

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
on_soon(void *arg)
{
    (void)arg;
    lease_acquired_cb *acquired = lease.acquired_cb;
    if (lease.released_cb) {
        lease.released_cb(&lease, NULL, lease.arg);
        return;
    }
    if (plan.loss == WHILE_ASKED)
        lose();
    lease.acquired_cb = NULL;
    struct err e;
    if (plan.busy)
        err_set(&e, ERR_BUSY, "another has it");
    acquired(&lease, plan.busy ? &e : NULL, 7, NULL, lease.arg);
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
    (void)path;
    (void)owner;
    return lease_none_new(l, e);
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
    (void)deadline_ms;
    (void)e;
    l->acquired_cb = cb;
    l->arg = arg;
    seen.asked = true;
    if (!plan.silent)
        loop_timer_start(l->soon, 0);
    if (plan.term)
        kill(getpid(), SIGTERM);
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
    if (plan.loss == AT_THE_LOOK && !seen.started)
        lose();
}

int
lease_release_start(struct lease *l, const char *outcome, uint64_t deadline_ms,
                    lease_released_cb *cb, void *arg, struct err *e)
{
    (void)arg;
    (void)e;
    assert_true(deadline_ms != CLOCK_NEVER);
    assert_null(l->acquired_cb);
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
};

static struct command command;

static void
on_command_soon(void *arg)
{
    (void)arg;
    if (plan.loss == WHILE_IT_RUNS && !seen.lost && !seen.unsure) {
        lose();
        loop_timer_start(command.soon, 0);
        return;
    }
    command.runs = false;
    command.ops->ended(&command.end, command.arg);
}

struct command *
command_new(struct loop *l, const struct signals *s, const struct command_ops *ops, void *arg,
            struct err *e)
{
    (void)s;
    (void)e;
    command =
        (struct command){.ops = ops, .arg = arg, .soon = loop_timer_new(l, on_command_soon, NULL)};
    return &command;
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
    (void)e;
    assert_string_equal(spec->argv[0], "mail");
    assert_true(spec->deadline_ms == CLOCK_NEVER); /* 0 says so, too */
    seen.started = c->runs = true;
    loop_timer_start(c->soon, 0);
    return 0;
}

bool
command_runs(const struct command *c)
{
    return c->runs;
}

pid_t
command_pid(const struct command *c)
{
    (void)c;
    return 100;
}

void
command_signal(struct command *c, const struct signals_event *ev)
{
    (void)c;
    (void)ev;
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

/* ---- the stories ---- */

static int
run(void)
{
    const struct options o = {.lock_kind = LOCK_NONE,
                              .deadline_ms = 0,
                              .starting_deadline_ms = plan.scheduled_ms ? 1000 : CLOCK_NEVER,
                              .job_deadline_ms = CLOCK_NEVER,
                              .grace_ms = 5000,
                              .stop_signal = SIGTERM,
                              .late_status = 77,
                              .child_status = -1,
                              .scheduled_ms = plan.scheduled_ms ? plan.scheduled_ms : -1};
    char *argv[] = {(char *)"mail", NULL};
    memset(&seen, 0, sizeof(seen));
    return run_main(&o, argv);
}

static void
test_it_runs(void **state)
{
    (void)state;
    memset(&plan, 0, sizeof(plan));
    assert_int_equal(run(), 0);
    assert_true(seen.started);
    assert_string_equal(seen.released, "success");
}

/* Whether it is told while nobody has the lock yet, or by the look before the start; doubt is enough: nothing is started, and
 * what was granted is given back. */
static void
test_lost_before_the_start(void **state)
{
    (void)state;
    const enum at when[] = {WHILE_ASKED, AT_THE_LOOK};
    const enum lease_grade grades[] = {LEASE_GONE, LEASE_UNSURE};
    for (size_t i = 0; i < 4; i++) {
        memset(&plan, 0, sizeof(plan));
        plan.loss = when[i / 2];
        plan.grade = grades[i % 2];
        assert_int_equal(run(), STATUS_UNREACHABLE);
        assert_false(seen.started);
        assert_false(seen.lost || seen.unsure); /* there is no command to tell */
        assert_int_equal(seen.withdrawn, plan.loss == WHILE_ASKED);
        assert_string_equal(seen.released, "lock_unreachable");
    }
}

static void
test_lost_while_it_runs(void **state)
{
    (void)state;
    const enum lease_grade grades[] = {LEASE_GONE, LEASE_UNSURE};
    for (size_t i = 0; i < 2; i++) {
        memset(&plan, 0, sizeof(plan));
        plan.loss = WHILE_IT_RUNS;
        plan.grade = grades[i];
        assert_int_equal(run(), STATUS_LOCK_LOST);
        assert_int_equal(seen.lost, plan.grade == LEASE_GONE);
        assert_int_equal(seen.unsure, plan.grade == LEASE_UNSURE);
        assert_string_equal(seen.released, "lock_lost");
    }
}

static void
test_stopped_before_the_start(void **state)
{
    (void)state;
    memset(&plan, 0, sizeof(plan));
    plan.term = true;
    assert_int_equal(run(), STATUS_STOPPED);
    assert_false(seen.started);
}

/* The lock's server hangs: what it may have granted is waited for, but not for ever. */
static void
test_stopped_while_nobody_answers(void **state)
{
    (void)state;
    memset(&plan, 0, sizeof(plan));
    plan.term = plan.silent = true;
    assert_int_equal(run(), STATUS_STOPPED);
    assert_true(seen.asked && seen.withdrawn);
    assert_false(seen.started);
}

static void
test_too_late(void **state)
{
    (void)state;
    memset(&plan, 0, sizeof(plan));
    plan.scheduled_ms = 1700000000000;
    assert_int_equal(run(), STATUS_LATE);
    assert_false(seen.asked);
    assert_false(seen.started);
}

static void
test_busy(void **state)
{
    (void)state;
    memset(&plan, 0, sizeof(plan));
    plan.busy = true;
    assert_int_equal(run(), 0);
    assert_false(seen.started);
    assert_string_equal(seen.released, ""); /* nothing was granted */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_runs),
        cmocka_unit_test(test_lost_before_the_start),
        cmocka_unit_test(test_lost_while_it_runs),
        cmocka_unit_test(test_stopped_before_the_start),
        cmocka_unit_test(test_stopped_while_nobody_answers),
        cmocka_unit_test(test_too_late),
        cmocka_unit_test(test_busy),
    };
    log_init("cronrun", LOG_FORMAT_JSON, LOG_LEVEL_ERROR, open("/dev/null", O_WRONLY | O_CLOEXEC));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
