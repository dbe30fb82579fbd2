/* Calls off the loop: they are back once, block nobody, and may stay away for ever. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "common/net/loop.h"
#include "common/net/offload.h"

static struct loop *loop;

struct job {
    int gate; /* read until its other end is closed; -1: at once */
    pthread_t thread;
    sigset_t blocked;
    atomic_int *ended;
};

struct waiter {
    bool done;
    int calls;
    pthread_t thread;
    sigset_t blocked;
};

static void
work(void *data)
{
    struct job *j = data;
    char byte;
    j->thread = pthread_self();
    pthread_sigmask(SIG_SETMASK, NULL, &j->blocked);
    if (j->gate >= 0)
        IGNORED(read(j->gate, &byte, 1));
    if (j->ended)
        atomic_store(j->ended, 1);
}

static void
on_back(void *data, void *arg)
{
    const struct job *j = data;
    struct waiter *w = arg;
    w->calls++;
    w->done = true;
    w->thread = j->thread;
    w->blocked = j->blocked;
}

static struct offload *
begin(struct waiter *w, int gate, atomic_int *ended)
{
    struct err e;
    struct job *j = calloc(1, sizeof(*j));
    j->gate = gate;
    j->ended = ended;
    struct offload *o = offload_start(loop, work, j, on_back, w, &e);
    assert_non_null(o);
    assert_int_equal(w->calls, 0);
    return o;
}

static void
turn(const bool *done, uint64_t ms)
{
    struct err e;
    IGNORED(loop_turn_until(loop, done, clock_deadline(ms), &e));
}

static int
setup(void **state)
{
    (void)state;
    struct err e;
    loop = loop_new(&e);
    return loop ? 0 : -1;
}

static int
teardown(void **state)
{
    (void)state;
    loop_free(loop);
    return 0;
}

static void
test_back_once_from_another_thread(void **state)
{
    (void)state;
    struct waiter w = {0};
    begin(&w, -1, NULL);
    turn(&w.done, 10000);
    assert_int_equal(w.calls, 1);
    assert_false(pthread_equal(w.thread, pthread_self()));
    assert_true(sigismember(&w.blocked, SIGTERM));
    sigset_t own;
    pthread_sigmask(SIG_SETMASK, NULL, &own);
    assert_false(sigismember(&own, SIGTERM));
    bool never = false;
    turn(&never, 20);
    assert_int_equal(w.calls, 1);
}

static void
test_a_call_that_blocks_keeps_nobody(void **state)
{
    (void)state;
    int gate[2];
    assert_int_equal(pipe(gate), 0);
    struct waiter slow = {0};
    struct waiter quick = {0};
    begin(&slow, gate[0], NULL);
    begin(&quick, -1, NULL);
    turn(&quick.done, 10000);
    assert_int_equal(quick.calls, 1);
    assert_int_equal(slow.calls, 0);
    close(gate[1]);
    turn(&slow.done, 10000);
    assert_int_equal(slow.calls, 1);
    close(gate[0]);
}

static void
test_cancelled_while_it_blocks(void **state)
{
    (void)state;
    int gate[2];
    atomic_int ended = 0;
    assert_int_equal(pipe(gate), 0);
    struct waiter w = {0};
    offload_cancel(begin(&w, gate[0], &ended));
    assert_int_equal(atomic_load(&ended), 0);
    close(gate[1]);
    for (int i = 0; i < 10000 && !atomic_load(&ended); i++)
        usleep(1000);
    assert_int_equal(atomic_load(&ended), 1);
    bool never = false;
    turn(&never, 20);
    assert_int_equal(w.calls, 0);
    close(gate[0]);
    offload_cancel(NULL);
}

/* It is back already, and the loop has not heard of it. */
static void
test_cancelled_when_it_is_back(void **state)
{
    (void)state;
    atomic_int ended = 0;
    struct waiter w = {0};
    struct offload *o = begin(&w, -1, &ended);
    for (int i = 0; i < 10000 && !atomic_load(&ended); i++)
        usleep(1000);
    offload_cancel(o);
    bool never = false;
    turn(&never, 20);
    assert_int_equal(w.calls, 0);
}

/* What owns more than its own memory goes by another way, whoever leaves last. */
static atomic_int released;

static void
release(void *data)
{
    free(data);
    atomic_fetch_add(&released, 1);
}

static void
test_released_by_who_leaves_last(void **state)
{
    (void)state;
    int gate[2];
    struct waiter w = {0};
    struct waiter nobody = {0};
    atomic_store(&released, 0);
    offload_set_release(begin(&w, -1, NULL), release);
    turn(&w.done, 10000);
    for (int i = 0; i < 10000 && atomic_load(&released) < 1; i++)
        usleep(1000);
    assert_int_equal(pipe(gate), 0);
    struct offload *o = begin(&nobody, gate[0], NULL);
    offload_set_release(o, release);
    offload_cancel(o);
    assert_int_equal(atomic_load(&released), 1);
    close(gate[1]);
    for (int i = 0; i < 10000 && atomic_load(&released) < 2; i++)
        usleep(1000);
    assert_int_equal(atomic_load(&released), 2);
    close(gate[0]);
}

static void
test_no_descriptor(void **state)
{
    (void)state;
    struct rlimit before;
    struct err e;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    int next = dup(0);
    close(next);
    struct rlimit none = {.rlim_cur = (rlim_t)next, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    struct offload *o = offload_start(loop, work, calloc(1, sizeof(struct job)), on_back, NULL, &e);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_null(o);
    assert_int_equal(e.code, ERR_SYSTEM);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_back_once_from_another_thread, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_call_that_blocks_keeps_nobody, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cancelled_while_it_blocks, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cancelled_when_it_is_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_released_by_who_leaves_last, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_descriptor, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
