/* The life of kept sessions, over scripted steps: what is kept, asked, replaced and dropped, and what a look concludes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "healthd/probe/probe_session.h"
#include "tests/unit/fakes/fake_clock.h"

/* ---- a protocol that does what the test says ---- */

struct conn {
    int number;
    bool usable, watched;
};

static struct world {
    struct check_spec spec;
    struct probe_session s;
    int made, live;
    char script[256]; /* what the steps did: "new1 connect1 ask1 watch1" */
    bool fail_new, fail_connect, fail_ask, fail_watch;
    unsigned done, lost;
    enum probe_depth depth;
    struct probe_result last;
} w;

static void
did(const char *what, int number)
{
    size_t n = strlen(w.script);
    snprintf(w.script + n, sizeof(w.script) - n, "%s%s%d", n > 0 ? " " : "", what, number);
}

/* What happened since the last time. */
static void
expect(const char *script)
{
    assert_string_equal(w.script, script);
    w.script[0] = '\0';
}

static void *
conn_new(struct probe_session *s, struct err *e)
{
    (void)s;
    if (w.fail_new) {
        err_nomem(e);
        return NULL;
    }
    struct conn *c = calloc(1, sizeof(*c));
    assert_non_null(c);
    c->number = ++w.made;
    w.live++;
    did("new", c->number);
    return c;
}

static void
conn_free(void *conn)
{
    if (!conn)
        return;
    did("free", ((struct conn *)conn)->number);
    w.live--;
    free(conn);
}

static bool
usable(const void *conn)
{
    return ((const struct conn *)conn)->usable;
}

static int
connect_to(struct session_lane *l, struct err *e)
{
    did("connect", ((struct conn *)l->conn)->number);
    return w.fail_connect ? err_set(e, ERR_REFUSED, "refused") : 0;
}

static int
ask(struct session_lane *l, struct err *e)
{
    did("ask", ((struct conn *)l->conn)->number);
    return w.fail_ask ? err_set(e, ERR_CLOSED, "closed") : 0;
}

static int
watch(struct probe_session *s, void *conn)
{
    (void)s;
    did("watch", ((struct conn *)conn)->number);
    ((struct conn *)conn)->watched = !w.fail_watch;
    return w.fail_watch ? -1 : 0;
}

static void
unwatch(void *conn)
{
    assert_true(((struct conn *)conn)->watched);
    ((struct conn *)conn)->watched = false;
}

static void
protocol_free(struct probe_session *s)
{
    (void)s;
}

static const struct session_steps steps = {
    .conn_new = conn_new,
    .conn_free = conn_free,
    .usable = usable,
    .connect = connect_to,
    .ask = ask,
    .watch = watch,
    .unwatch = unwatch,
    .free = protocol_free,
};

/* ---- the world ---- */

static void
on_done(struct probe *p, enum probe_depth depth, const struct probe_result *r, void *arg)
{
    (void)arg;
    assert_ptr_equal(p, &w.s.base);
    w.done++;
    w.depth = depth;
    w.last = *r;
}

static void
on_lost(struct probe *p, void *arg)
{
    (void)arg;
    assert_false(p->ops->has_session(p));
    w.lost++;
}

static int
open_world(void **state)
{
    (void)state;
    const struct probe_context x = {0};
    memset(&w, 0, sizeof(w));
    now_ms = 1000;
    probe_session_init(&w.s, &steps, &x, &w.spec);
    w.s.base.done = on_done;
    w.s.base.lost = on_lost;
    return 0;
}

static int
close_world(void **state)
{
    (void)state;
    w.s.base.ops->close(&w.s.base);
    assert_int_equal(w.live, 0);
    return 0;
}

static struct session_lane *
start(enum probe_depth depth)
{
    struct err e;
    assert_int_equal(w.s.base.ops->start(&w.s.base, depth, now_ms + 1000, &e), 0);
    return &w.s.lanes[depth];
}

/* The protocol has its answer, over a connection that stays usable. */
static void
finish(struct session_lane *l, enum reason reason)
{
    const struct probe_result r = {.reason = reason};
    ((struct conn *)l->conn)->usable = true;
    probe_session_finish(l, &r);
}

/* The connection came to nothing. */
static void
fall(struct session_lane *l, enum err_code code)
{
    struct err e;
    err_set(&e, code, "it failed");
    ((struct conn *)l->conn)->usable = false;
    probe_session_finish_err(l, &e);
}

static void
expect_told(unsigned done, enum probe_depth depth, enum reason reason)
{
    assert_int_equal(w.done, done);
    assert_int_equal(w.depth, depth);
    assert_string_equal(reason_text(w.last.reason), reason_text(reason));
}

/* One session, kept. */
static void
have_session(void)
{
    finish(start(PROBE_SESSION), REASON_NONE);
    expect("new1 connect1 watch1");
    expect_told(1, PROBE_SESSION, REASON_NONE);
}

/* ---- the rules ---- */

static void
test_kept_and_asked(void **state)
{
    (void)state;
    have_session();
    assert_true(w.s.base.ops->has_session(&w.s.base));
    finish(start(PROBE_SESSION), REASON_NONE);
    expect("ask1 watch1");
    finish(start(PROBE_SESSION), REASON_BUSY); /* an answer all the same */
    expect("ask1 watch1");
    expect_told(3, PROBE_SESSION, REASON_BUSY);
}

static void
test_each(void **state)
{
    (void)state;
    w.spec.each = true;
    finish(start(PROBE_SESSION), REASON_NONE);
    finish(start(PROBE_SESSION), REASON_NONE);
    expect("new1 connect1 free1 new2 connect2 free2");
    assert_false(w.s.base.ops->has_session(&w.s.base));
}

/* A kept session that turns out to be closed is no failure: a new one decides, and it alone. */
static void
test_closed_when_asked(void **state)
{
    (void)state;
    have_session();
    struct session_lane *l = start(PROBE_SESSION);
    assert_true(probe_session_again(l));
    expect("ask1 free1 new2 connect2");
    assert_int_equal(w.done, 1);
    assert_false(probe_session_again(l)); /* that was no kept one */
    fall(l, ERR_CLOSED);
    expect("free2");
    expect_told(2, PROBE_SESSION, REASON_CLOSED);
}

static void
test_closed_when_time_is_over(void **state)
{
    (void)state;
    have_session();
    struct session_lane *l = start(PROBE_SESSION);
    now_ms = l->deadline_ms;
    assert_false(probe_session_again(l));
    fall(l, ERR_CLOSED);
    expect_told(2, PROBE_SESSION, REASON_CLOSED);
    assert_true(w.last.timed_out);
}

static void
test_ask_that_cannot_start(void **state)
{
    (void)state;
    have_session();
    w.fail_ask = true;
    finish(start(PROBE_SESSION), REASON_NONE);
    expect("ask1 free1 new2 connect2 watch2");
    expect_told(2, PROBE_SESSION, REASON_NONE);
}

static void
test_again_that_cannot_start(void **state)
{
    (void)state;
    have_session();
    struct session_lane *l = start(PROBE_SESSION);
    w.fail_connect = true;
    assert_true(probe_session_again(l)); /* and has told already */
    expect_told(2, PROBE_SESSION, REASON_REFUSED);
    l = &w.s.lanes[PROBE_SESSION];
    assert_null(l->conn);
    assert_false(l->running);
}

static void
test_start_that_fails(void **state)
{
    (void)state;
    struct err e;
    w.fail_new = true;
    assert_int_equal(w.s.base.ops->start(&w.s.base, PROBE_SESSION, 2000, &e), -1);
    assert_int_equal(e.code, ERR_NOMEM);
    w.fail_new = false;
    w.fail_connect = true;
    assert_int_equal(w.s.base.ops->start(&w.s.base, PROBE_SESSION, 2000, &e), -1);
    assert_int_equal(e.code, ERR_REFUSED);
    assert_int_equal(w.done, 0);
    assert_false(w.s.lanes[PROBE_SESSION].running);
}

/* The name may lead to another server by now: a fresh connection decides, and is kept when it is the wanted one. */
static void
test_wrong_server_over_the_kept_one(void **state)
{
    (void)state;
    have_session();
    struct session_lane *l = start(PROBE_SESSION);
    finish(l, REASON_WRONG_ROLE);
    expect("ask1 free1 new2 connect2");
    assert_int_equal(w.done, 1);
    finish(l, REASON_NONE);
    expect("watch2");
    expect_told(2, PROBE_SESSION, REASON_NONE);
}

/* A fresh connection that fails takes nothing back of what the server said itself; nor is a wrong server's session kept. */
static void
test_wrong_server_stays(void **state)
{
    (void)state;
    have_session();
    struct session_lane *l = start(PROBE_SESSION);
    finish(l, REASON_WRONG_ROLE);
    fall(l, ERR_REFUSED);
    expect_told(2, PROBE_SESSION, REASON_WRONG_ROLE);
    expect("ask1 free1 new2 connect2 free2");
    l = start(PROBE_SESSION);
    finish(l, REASON_WRONG_ROLE);
    expect("new3 connect3 free3"); /* and no second fresh one */
    expect_told(3, PROBE_SESSION, REASON_WRONG_ROLE);
}

static void
test_login_replaces_the_session(void **state)
{
    (void)state;
    have_session();
    finish(start(PROBE_LOGIN), REASON_NONE);
    expect("new2 connect2 free1 watch2");
    expect_told(2, PROBE_LOGIN, REASON_NONE);
    finish(start(PROBE_SESSION), REASON_NONE);
    expect("ask2 watch2");
}

static void
test_login_that_fails_leaves_the_session(void **state)
{
    (void)state;
    have_session();
    finish(start(PROBE_LOGIN), REASON_BUSY);
    expect("new2 connect2 free2");
    fall(start(PROBE_LOGIN), ERR_REFUSED);
    expect("new3 connect3 free3");
    finish(start(PROBE_SESSION), REASON_NONE);
    expect("ask1 watch1");
}

/* A login that ends while the session is asked waits for its answer; of two the later one is taken. */
static void
test_login_during_a_question(void **state)
{
    (void)state;
    have_session();
    struct session_lane *l = start(PROBE_SESSION);
    finish(start(PROBE_LOGIN), REASON_NONE);
    expect("ask1 new2 connect2");
    finish(start(PROBE_LOGIN), REASON_NONE);
    expect("new3 connect3 free2");
    finish(l, REASON_NONE);
    expect("free1 watch3");
    assert_int_equal(w.live, 1);
}

/* What is kept is freed with the probe, the waiting one too. */
static void
test_closed_with_a_session_waiting(void **state)
{
    (void)state;
    have_session();
    start(PROBE_SESSION);
    finish(start(PROBE_LOGIN), REASON_NONE);
    assert_int_equal(w.live, 2);
}

static void
test_lost(void **state)
{
    (void)state;
    have_session();
    probe_session_lost(&w.s);
    expect("free1");
    assert_int_equal(w.lost, 1);
    finish(start(PROBE_SESSION), REASON_NONE);
    expect("new2 connect2 watch2");
}

/* A session whose end would not be noticed is not kept. */
static void
test_cannot_be_watched(void **state)
{
    (void)state;
    w.fail_watch = true;
    finish(start(PROBE_SESSION), REASON_NONE);
    expect("new1 connect1 watch1 free1");
    expect_told(1, PROBE_SESSION, REASON_NONE);
    assert_false(w.s.base.ops->has_session(&w.s.base));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_kept_and_asked),
        TEST(test_each),
        TEST(test_closed_when_asked),
        TEST(test_closed_when_time_is_over),
        TEST(test_ask_that_cannot_start),
        TEST(test_again_that_cannot_start),
        TEST(test_start_that_fails),
        TEST(test_wrong_server_over_the_kept_one),
        TEST(test_wrong_server_stays),
        TEST(test_login_replaces_the_session),
        TEST(test_login_that_fails_leaves_the_session),
        TEST(test_login_during_a_question),
        TEST(test_closed_with_a_session_waiting),
        TEST(test_lost),
        TEST(test_cannot_be_watched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
