/* What a lock's file says to those who only look, and that runs do not take them for holders. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/lease/lease_look.h"
#include "common/net/loop.h"
#include "tests/unit/fakes/lease_file_world.h"

static void
look_is(const struct fixture *f, enum lease_state state, struct lease_look *ret)
{
    struct err e;
    assert_int_equal(lease_look_file(f->path, "here", ret, &e), 0);
    assert_int_equal(ret->state, state);
}

static void
test_look(void **state)
{
    struct fixture *f = *state;
    struct lease_look look;
    struct seen s;
    struct err e;
    look_is(f, LEASE_NEVER, &look); /* no file, and none is made */
    assert_int_equal(access(f->path, F_OK), -1);
    struct lease *l = acquire(f, &s);
    look_is(f, LEASE_HELD, &look);
    assert_string_equal(look.holder.run_id, "run-1");
    assert_int_equal(look.holder.pid, getpid());
    release(f, l);
    look_is(f, LEASE_FREE, &look);
    assert_int_equal(look.fence, 1);
    assert_true(look.holder.since[0]);
    int fd = open(f->path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    assert_true(fd >= 0);
    look_is(f, LEASE_NEVER, &look); /* new, nobody had it */
    assert_int_equal(write(fd, "junk", 4), 4);
    close(fd);
    assert_int_equal(lease_look_file(f->path, "here", &look, &e), -1);
    assert_int_equal(e.code, ERR_INPUT);
    assert_int_equal(lease_look_file(f->dir, "here", &look, &e), -1);
    assert_int_equal(e.code, ERR_INPUT);
}

/* Somebody who looks shares the lock for a moment, which is no reason to skip a run. */
static void
test_looked_at(void **state)
{
    struct fixture *f = *state;
    struct seen s;
    int go[2];
    assert_int_equal(pipe(go), 0);
    lease_free(acquire(f, &s)); /* the file is there */
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(go[0]);
        for (unsigned i = 0; i < 1u << 30; i++) {
            struct lease_look look;
            if (lease_look_file(f->path, "here", &look, NULL) < 0 || (i == 100 && close(go[1])))
                _exit(1);
        }
        _exit(0);
    }
    close(go[1]);
    char c;
    assert_int_equal(read(go[0], &c, 1), 0); /* it looks again and again */
    close(go[0]);
    for (int i = 0; i < 200; i++) {
        struct lease *l = acquire(f, &s);
        assert_int_equal(s.e.code, ERR_NONE);
        release(f, l);
    }
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    int fd = open(f->path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(flock(fd, LOCK_SH), 0);
    struct lease *l = acquire(f, &s); /* one who does not go */
    assert_int_equal(s.e.code, ERR_BUSY);
    assert_string_equal(s.holder.since, ""); /* nobody that the file could name */
    lease_free(l);
    close(fd);
}

/* One who looks and was stopped meanwhile, as a container is whose processor time is used up. */
struct looker {
    struct loop_timer *timer;
    int fd;
};

static void
on_looker(void *arg)
{
    struct looker *k = arg;
    close(k->fd);
    k->fd = -1;
}

static void
looker_init(struct looker *k, const struct fixture *f, uint64_t for_ms)
{
    k->timer = loop_timer_new(f->loop, on_looker, k);
    k->fd = open(f->path, O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(flock(k->fd, LOCK_SH), 0);
    loop_timer_start(k->timer, for_ms);
}

static void
test_a_long_look(void **state)
{
    struct fixture *f = *state;
    struct looker k;
    struct seen s;
    looker_init(&k, f, 300);
    struct lease *l = acquire(f, &s);
    assert_int_equal(s.e.code, ERR_NONE);
    assert_int_equal(k.fd, -1);
    release(f, l);
    loop_timer_free(k.timer);
}

static void
test_withdrawn(void **state)
{
    struct fixture *f = *state;
    struct looker k;
    struct seen s = {0};
    struct err e;
    looker_init(&k, f, 60000);
    struct lease *l = lease_file_new(f->loop, f->path, &owner, &e);
    uint64_t deadline_ms = clock_deadline(60000);
    assert_int_equal(lease_acquire_start(l, deadline_ms, on_acquired, &s, &e), 0);
    lease_withdraw(l);
    on_looker(&k); /* free now, and no longer wanted */
    assert_int_equal(loop_turn_until(f->loop, &s.done, clock_deadline(10000), &e), 0);
    assert_int_equal(s.e.code, ERR_BUSY);
    lease_free(l);
    loop_timer_free(k.timer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest all[] = {TEST(test_look), TEST(test_looked_at), TEST(test_a_long_look),
                                     TEST(test_withdrawn)};
    return cmocka_run_group_tests(all, NULL, NULL);
}
