/*
 * lease_rules.h: a lease on a scripted connection, what it tells its owner, and the rules that hold for each kind. A kind says how it
 * is held, and how its release is answered; the clock stands. Included by one test program, behind cmocka.h and the fakes.
 */
#ifndef RR_TESTS_LEASE_RULES_H
#define RR_TESTS_LEASE_RULES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/lease/lease.h"
#include "common/net/loop.h"
#include "tests/unit/fakes/fake_boottimer.h"
#include "tests/unit/fakes/fake_clock.h"

struct fixture;

/* How a lease of some kind is held, released and gone. */
struct lease_kind {
    void (*hold)(struct fixture *f); /* up to on_acquired(), without an error */
    void (*answer_release)(void);    /* which was asked for a turn ago: all went well */
    bool (*has_ended)(void); /* connection and timers are freed: nothing is to fire any more */
};

struct fixture {
    const struct lease_kind *kind;
    struct loop *loop;
    struct lease *lease;
    bool free_it; /* within the callback */
    bool acquired, released;
    struct err e;
    uint64_t fence;
    struct lease_holder holder;
    int unsure, gone;
    struct err why;
};

/* ---- what it is told ---- */

static inline void
free_within(struct fixture *f)
{
    if (!f->free_it)
        return;
    lease_free(f->lease);
    f->lease = NULL;
}

static inline void
on_acquired(struct lease *l, const struct err *e, uint64_t fence, const struct lease_holder *holder,
            void *arg)
{
    struct fixture *f = arg;
    assert_ptr_equal(l, f->lease);
    assert_false(f->acquired);
    f->acquired = true;
    f->fence = fence;
    f->e = e ? *e : (struct err){0};
    if (holder)
        f->holder = *holder;
    free_within(f);
}

static inline void
on_lost(struct lease *l, enum lease_grade grade, const struct err *why, void *arg)
{
    struct fixture *f = arg;
    assert_ptr_equal(l, f->lease);
    if (grade == LEASE_UNSURE)
        f->unsure++;
    else
        f->gone++;
    f->why = *why;
    free_within(f);
}

static inline void
on_released(struct lease *l, const struct err *e, void *arg)
{
    struct fixture *f = arg;
    assert_ptr_equal(l, f->lease);
    assert_false(f->released);
    f->released = true;
    f->e = e ? *e : (struct err){0};
    free_within(f);
}

/* ---- what a test does ---- */

static inline void
on_turned(void *arg)
{
    *(bool *)arg = true;
}

/* Lets what waits for the next turn happen. */
static inline void
turn(struct fixture *f)
{
    bool turned = false;
    struct loop_timer *t = loop_timer_new(f->loop, on_turned, &turned);
    loop_timer_start(t, 0);
    assert_int_equal(loop_turn_until(f->loop, &turned, now_ms + 1000, NULL), 0);
    loop_timer_free(t);
}

static inline void
acquire(struct fixture *f)
{
    struct err e;
    f->acquired = false;
    assert_int_equal(lease_acquire_start(f->lease, now_ms + 10000, on_acquired, f, &e), 0);
    turn(f);
}

static inline void
freed(struct fixture *f)
{
    assert_null(f->lease);
    assert_true(f->kind->has_ended());
    turn(f);
}

/* The owner of each lease that a test makes. */
static const struct lease_owner test_owner = {.name = "mail", .host = "here", .run_id = "run-1"};

static inline struct fixture *
fixture_new(const struct lease_kind *kind)
{
    struct err e;
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    f->kind = kind;
    timers_made = 0;
    now_ms = 1000000;
    f->loop = loop_new(&e);
    assert_non_null(f->loop);
    return f;
}

/* The lease is the test's now; its kind has made it. */
static inline int
fixture_start(struct fixture *f, struct lease *made, void **state)
{
    assert_non_null(made);
    f->lease = made;
    lease_set_lost_cb(made, on_lost, f);
    *state = f;
    return 0;
}

static inline int
teardown(void **state)
{
    struct fixture *f = *state;
    lease_free(f->lease);
    loop_free(f->loop);
    free(f);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* ---- the rules ---- */

static inline void
rule_free_while_asked(void **state)
{
    struct fixture *f = *state;
    acquire(f);
    lease_free(f->lease);
    f->lease = NULL;
    freed(f);
    assert_false(f->acquired);
}

static inline void
rule_free_while_held(void **state)
{
    struct fixture *f = *state;
    f->kind->hold(f);
    lease_free(f->lease);
    f->lease = NULL;
    freed(f);
    assert_int_equal(f->gone + f->unsure, 0); /* its owner knows */
}

static inline void
rule_free_inside_acquired(void **state)
{
    struct fixture *f = *state;
    f->free_it = true;
    f->kind->hold(f);
    freed(f);
}

static inline void
start_release(struct fixture *f)
{
    struct err e;
    int rc = lease_release_start(f->lease, "success", now_ms + 1000, on_released, f, &e);
    assert_int_equal(rc, 0);
    turn(f);
}

static inline void
rule_free_while_released(void **state)
{
    struct fixture *f = *state;
    f->kind->hold(f);
    start_release(f);
    lease_free(f->lease);
    f->lease = NULL;
    freed(f);
    assert_false(f->released);
}

static inline void
rule_free_inside_released(void **state)
{
    struct fixture *f = *state;
    f->kind->hold(f);
    f->free_it = true;
    start_release(f);
    f->kind->answer_release();
    assert_true(f->released);
    assert_int_equal(f->e.code, ERR_NONE);
    freed(f);
}

#define LEASE_RULES                                                                                \
    TEST(rule_free_while_asked), TEST(rule_free_while_held), TEST(rule_free_inside_acquired),      \
        TEST(rule_free_while_released), TEST(rule_free_inside_released)

#endif
