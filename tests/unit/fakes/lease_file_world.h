/*
 * lease_file_world.h: a lock's file in a folder of its own, and a lease on it. Included by one test program.
 */
#ifndef RR_TESTS_LEASE_FILE_WORLD_H
#define RR_TESTS_LEASE_FILE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/lease/lease.h"
#include "common/net/loop.h"

static const struct lease_owner owner = {.name = "job", .host = "here", .run_id = "run-1"};

struct fixture {
    struct loop *loop;
    char dir[32];
    char path[64];
};

struct seen {
    bool done;
    struct err e;
    uint64_t fence;
    struct lease_holder holder;
};

static void
on_acquired(struct lease *l, const struct err *e, uint64_t fence, const struct lease_holder *holder,
            void *arg)
{
    (void)l;
    struct seen *s = arg;
    s->done = true;
    s->fence = fence;
    if (e)
        s->e = *e;
    if (holder)
        s->holder = *holder;
}

static void
on_released(struct lease *l, const struct err *e, void *arg)
{
    (void)l;
    assert_null(e);
    *(bool *)arg = true;
}

static struct lease *
acquire(struct fixture *f, struct seen *s)
{
    struct err e;
    *s = (struct seen){0};
    struct lease *l = lease_file_new(f->loop, f->path, &owner, &e);
    assert_non_null(l);
    assert_int_equal(lease_acquire_start(l, clock_deadline(1000), on_acquired, s, &e), 0);
    assert_false(s->done); /* never inside */
    assert_int_equal(loop_turn_until(f->loop, &s->done, clock_deadline(10000), &e), 0);
    return l;
}

static void
release(struct fixture *f, struct lease *l)
{
    bool done = false;
    struct err e;
    assert_int_equal(
        lease_release_start(l, "success", clock_deadline(1000), on_released, &done, &e), 0);
    assert_false(done);
    assert_int_equal(loop_turn_until(f->loop, &done, clock_deadline(10000), &e), 0);
    lease_free(l);
}

static int
setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct err e;
    strcpy(f->dir, "/tmp/test_lease_XXXXXX");
    if (!mkdtemp(f->dir))
        return -1;
    snprintf(f->path, sizeof(f->path), "%s/lock", f->dir);
    f->loop = loop_new(&e);
    *state = f;
    return f->loop ? 0 : -1;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;
    loop_free(f->loop);
    remove(f->path);
    rmdir(f->dir);
    free(f);
    return 0;
}

#endif
