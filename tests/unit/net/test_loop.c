/* The loop: timers, waiting, stop signals, what is put off. */
#include <setjmp.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/bufferevent.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/net/loop.h"

#define LONG_MS 20000

static struct loop *l;

static int
setup(void **state)
{
    (void)state;
    struct err e;
    l = loop_new(&e);
    return l ? 0 : -1;
}

static int
teardown(void **state)
{
    (void)state;
    loop_free(l);
    return 0;
}

static void
set_true(void *arg)
{
    *(bool *)arg = true;
}

struct stamp {
    bool done;
    uint64_t at_ms;
    unsigned calls;
};

static void
on_stamp(void *arg)
{
    struct stamp *s = arg;
    s->done = true;
    s->at_ms = clock_mono_ms();
    s->calls++;
}

struct late_start {
    struct loop_timer *t;
    uint64_t deadline_ms;
};

/* libevent counts from the start of the turn: what this callback takes would be missing. */
static void
start_late(void *arg)
{
    struct late_start *s = arg;
    uint64_t until_ms = clock_mono_ms() + 4;
    while (clock_mono_ms() < until_ms) {
    }
    s->deadline_ms = clock_deadline(3);
    loop_timer_start_at(s->t, s->deadline_ms);
}

static void
test_timer_after_a_long_callback(void **state)
{
    (void)state;
    struct err e;
    struct stamp s = {0};
    struct late_start late = {.t = loop_timer_new(l, on_stamp, &s)};
    struct loop_timer *first = loop_timer_new(l, start_late, &late);
    loop_timer_start(first, 0);
    assert_int_equal(loop_turn_until(l, &s.done, clock_deadline(LONG_MS), &e), 0);
    assert_true(s.at_ms >= late.deadline_ms);
    loop_timer_free(first);
    loop_timer_free(late.t);
}

static void
test_timer(void **state)
{
    (void)state;
    struct stamp s = {0};
    struct err e;
    struct loop_timer *t = loop_timer_new(l, on_stamp, &s);
    for (unsigned i = 1; i <= 20; i++) { /* never before its deadline */
        uint64_t deadline_ms = clock_deadline(i % 5);
        s.done = false;
        loop_timer_start_at(t, deadline_ms);
        assert_true(loop_timer_pending(t));
        assert_int_equal(loop_turn_until(l, &s.done, clock_deadline(LONG_MS), &e), 0);
        assert_true(s.at_ms >= deadline_ms);
        assert_int_equal(s.calls, i);
        assert_false(loop_timer_pending(t));
    }
    loop_timer_start(t, 1);
    loop_timer_cancel(t);
    assert_false(loop_timer_pending(t));
    loop_timer_start(t, 1);
    loop_timer_start_at(t, CLOCK_NEVER);
    assert_false(loop_timer_pending(t));
    bool never = false;
    assert_int_equal(loop_turn_until(l, &never, clock_deadline(10), &e), -1);
    assert_int_equal(s.calls, 20);
    loop_timer_start_at(t, UINT64_MAX - 1); /* does not overflow */
    assert_true(loop_timer_pending(t));
    assert_int_equal(loop_turn_until(l, &never, clock_deadline(1), &e), -1);
    assert_int_equal(s.calls, 20);
    loop_timer_free(t);
    loop_timer_free(NULL);
}

static void
test_turn_until(void **state)
{
    (void)state;
    struct err e;
    bool done = true;
    assert_int_equal(loop_turn_until(l, &done, 0, &e), 0); /* done counts before the deadline */
    done = false;
    assert_int_equal(loop_turn_until(l, &done, clock_deadline(5), &e), -1);
    assert_int_equal(e.code, ERR_TIMEOUT);
    assert_int_equal(loop_turn_until(l, &done, 0, &e), -1);
    assert_int_equal(e.code, ERR_TIMEOUT);
}

/* ---- stop signals ---- */

struct stops {
    int signo, count;
};

static void
on_stop(int signo, int count, void *arg)
{
    *(struct stops *)arg = (struct stops){signo, count};
}

static void
raise_term(void *arg)
{
    (void)arg;
    raise(SIGTERM);
}

static void
test_stop(void **state)
{
    (void)state;
    struct err e;
    struct stops seen = {0};
    bool done = false;
    assert_int_equal(loop_stop_on(l, SIGTERM, &e), 0);
    loop_set_stop_cb(l, on_stop, &seen);
    assert_int_equal(loop_stopped(l), 0);
    struct loop_later later;
    loop_defer(l, &later, raise_term, NULL);
    assert_int_equal(loop_turn_until(l, &done, clock_deadline(LONG_MS), &e), -1);
    assert_int_equal(e.code, ERR_STOPPED);
    assert_int_equal(loop_stopped(l), SIGTERM);
    assert_int_equal(seen.signo, SIGTERM);
    assert_int_equal(seen.count, 1);
    /* At once, for it came before the call. */
    assert_int_equal(loop_turn_until(l, &done, clock_deadline(LONG_MS), &e), -1);
    assert_int_equal(e.code, ERR_STOPPED);
    /* A cancel path waits again, and the second signal counts. */
    loop_clear_stop(l);
    assert_int_equal(loop_turn_until(l, &done, clock_deadline(5), &e), -1);
    assert_int_equal(e.code, ERR_TIMEOUT);
    raise(SIGTERM);
    assert_int_equal(loop_turn_until(l, &done, clock_deadline(LONG_MS), &e), -1);
    assert_int_equal(e.code, ERR_STOPPED);
    assert_int_equal(seen.count, 2);
}

static void
on_signal(int signo, void *arg)
{
    *(int *)arg = signo;
}

static void
test_signal(void **state)
{
    (void)state;
    struct err e;
    int got = 0;
    bool done = false;
    struct loop_signal *s = loop_signal_new(l, SIGUSR1, on_signal, &got);
    raise(SIGUSR1);
    struct loop_timer *t = loop_timer_new(l, set_true, &done);
    loop_timer_start(t, 5);
    assert_int_equal(loop_turn_until(l, &done, clock_deadline(LONG_MS), &e), 0);
    assert_int_equal(got, SIGUSR1);
    loop_timer_free(t);
    loop_signal_free(s);
    loop_signal_free(NULL);
}

/* ---- descriptors ---- */

struct watched {
    struct loop_watch *w;
    int what;
    unsigned calls;
    bool done;
    bool free_it;
};

static void
on_watched(int fd, int what, void *arg)
{
    struct watched *d = arg;
    char c;
    d->what = what;
    d->calls++;
    d->done = true;
    if (what & LOOP_READ)
        assert_int_equal(read(fd, &c, 1), 1);
    if (what & LOOP_WRITE)
        loop_watch_set(d->w, LOOP_READ);
    if (d->free_it)
        loop_watch_free(d->w);
}

static void
test_watch(void **state)
{
    (void)state;
    struct err e;
    int fds[2];
    bool never = false;
    struct watched d = {0};
    assert_int_equal(pipe(fds), 0);
    d.w = loop_watch_new(l, fds[0], on_watched, &d);
    assert_int_equal(write(fds[1], "abc", 3), 3);
    assert_int_equal(loop_turn_until(l, &never, clock_deadline(5), &e), -1);
    assert_int_equal(d.calls, 0); /* first disabled */
    assert_int_equal(loop_watch_set(d.w, LOOP_READ), 0);
    assert_int_equal(loop_turn_until(l, &never, clock_deadline(5), &e), -1);
    assert_int_equal(d.calls, 3); /* level-triggered and persistent */
    assert_int_equal(d.what, LOOP_READ);
    assert_int_equal(write(fds[1], "abc", 3), 3);
    loop_watch_set(d.w, 0);
    assert_int_equal(loop_turn_until(l, &never, clock_deadline(5), &e), -1);
    assert_int_equal(d.calls, 3);
    d.free_it = true; /* within its own callback */
    d.done = false;
    loop_watch_set(d.w, LOOP_READ);
    assert_int_equal(loop_turn_until(l, &d.done, clock_deadline(LONG_MS), &e), 0);
    assert_int_equal(d.calls, 4);

    struct watched out = {0};
    out.w = loop_watch_new(l, fds[1], on_watched, &out);
    loop_watch_set(out.w, LOOP_WRITE);
    assert_int_equal(loop_turn_until(l, &out.done, clock_deadline(LONG_MS), &e), 0);
    assert_int_equal(out.what, LOOP_WRITE);
    loop_watch_free(out.w);
    close(fds[0]);
    close(fds[1]);
}

/* What was freed while its callback was due calls nobody, and a signal does again what it did before. */
static void
test_freed_when_due(void **state)
{
    (void)state;
    struct err e;
    struct stamp late = {0};
    int got = 0, fds[2];
    bool never = false;
    struct sigaction before, after;
    struct watched d = {0};
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], "a", 1), 1);
    assert_int_equal(sigaction(SIGUSR2, NULL, &before), 0);

    struct loop_timer *t = loop_timer_new(l, on_stamp, &late);
    struct loop_signal *s = loop_signal_new(l, SIGUSR2, on_signal, &got);
    d.w = loop_watch_new(l, fds[0], on_watched, &d);
    loop_timer_start(t, 0);
    assert_int_equal(loop_watch_set(d.w, LOOP_READ), 0);
    assert_int_equal(sigaction(SIGUSR2, NULL, &after), 0);
    assert_ptr_not_equal(after.sa_handler, before.sa_handler);
    raise(SIGUSR2);
    loop_timer_free(t);
    loop_signal_free(s);
    loop_watch_free(d.w);

    assert_int_equal(loop_turn_until(l, &never, clock_deadline(10), &e), -1);
    assert_int_equal(late.calls + d.calls, 0);
    assert_int_equal(got, 0);
    assert_int_equal(sigaction(SIGUSR2, NULL, &after), 0);
    assert_ptr_equal(after.sa_handler, before.sa_handler);
    close(fds[0]);
    close(fds[1]);
}

/* ---- the log ---- */

struct reader {
    struct loop_watch *w;
    bool done;
    char tail[2048];
};

static void
on_readable(int fd, int what, void *arg)
{
    (void)what;
    struct reader *r = arg;
    char buf[1024];
    ssize_t n = read(fd, buf, sizeof(buf));
    assert_true(n > 0);
    memmove(r->tail, r->tail + n, sizeof(r->tail) - (size_t)n);
    memcpy(r->tail + sizeof(r->tail) - (size_t)n, buf, (size_t)n);
    r->done = memmem(r->tail, sizeof(r->tail), "event=waited", 12) != NULL;
}

static const struct log_event event_waited = {.name = "waited", .fields = ""};

/* A record meets a full pipe, its reader reads on: it comes without another one being logged. */
static void
check_log(int in, int out)
{
    struct err e;
    char pad[4096];
    memset(pad, 'x', sizeof(pad));
    int flags = fcntl(out, F_GETFL);
    fcntl(out, F_SETFL, flags | O_NONBLOCK);
    while (write(out, pad, sizeof(pad)) > 0) {
    }
    fcntl(out, F_SETFL, flags);
    log_init("t", LOG_FORMAT_KV, LOG_LEVEL_INFO, out);
    log_info(&event_waited, LOG_NONE, "m");
    assert_true(log_pending_fd() >= 0);
    struct reader r = {0};
    r.w = loop_watch_new(l, in, on_readable, &r);
    assert_int_equal(loop_watch_set(r.w, LOOP_READ), 0);
    assert_int_equal(loop_turn_until(l, &r.done, clock_deadline(LONG_MS), &e), 0);
    assert_int_equal(log_pending_fd(), -1);
    loop_watch_free(r.w);
    close(in);
    close(out);
    log_init("t", LOG_FORMAT_KV, LOG_LEVEL_INFO, STDERR_FILENO);
}

static void
test_log(void **state)
{
    (void)state;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    check_log(fds[0], fds[1]);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    check_log(fds[0], fds[1]);
}

/* A pipe that may not be opened a second time. */
static void
test_log_of_somebody_else(void **state)
{
    (void)state;
    int fds[2];
    bool root = geteuid() == 0;
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(fchmod(fds[1], 0), 0);
    if (root)
        assert_int_equal(seteuid(65534), 0);
    check_log(fds[0], fds[1]);
    if (root)
        assert_int_equal(seteuid(0), 0);
}

/* ---- later ---- */

struct order {
    struct loop_later first, second[2];
    char text[16];
    size_t n;
    bool done;
    bool inside;
};

static void
defer_second(void *arg)
{
    struct order *o = arg;
    assert_false(o->inside);
    o->text[o->n++] = 'b';
    o->done = o->n == 3;
}

static void
defer_first(void *arg)
{
    struct order *o = arg;
    o->inside = true;
    o->text[o->n++] = 'a';
    loop_defer(l, &o->second[0], defer_second, o);
    loop_defer(l, &o->second[1], defer_second, o);
    o->inside = false;
}

static void
test_defer(void **state)
{
    (void)state;
    struct err e;
    struct order o = {0};
    loop_defer(l, &o.first, defer_first, &o);
    assert_int_equal(o.n, 0);
    assert_int_equal(loop_turn_until(l, &o.done, clock_deadline(LONG_MS), &e), 0);
    assert_string_equal(o.text, "abb");
    bool ran = false; /* what is left at the end runs, for it frees memory */
    loop_defer(l, &o.first, set_true, &ran);
    loop_free(l);
    assert_true(ran);
    l = loop_new(&e);
}

/* The memory that it lies in may go with the call, and it may be put off again: who waits for the loop's end needs no more. */
struct again {
    struct loop_later later;
    int left;
    bool *done;
};

static void
once_more(void *arg)
{
    struct again *a = arg;
    if (a->left-- > 0) {
        loop_defer(l, &a->later, once_more, a);
        return;
    }
    set_true(a->done);
    free(a);
}

static void
test_defer_in_an_object(void **state)
{
    (void)state;
    struct err e;
    bool done = false;
    struct again *a = calloc(1, sizeof(*a));
    *a = (struct again){.left = 3, .done = &done};
    loop_defer(l, &a->later, once_more, a);
    assert_int_equal(loop_turn_until(l, &done, clock_deadline(LONG_MS), &e), 0);
}

static void
quit(void *arg)
{
    *(bool *)arg = true;
    loop_quit(l);
}

static void
test_run(void **state)
{
    (void)state;
    bool first = false;
    bool second = false;
    struct loop_later later;
    loop_defer(l, &later, quit, &first);
    loop_run(l);
    assert_true(first);
    loop_defer(l, &later, quit, &second); /* and again */
    loop_run(l);
    assert_true(second);
    loop_quit(l); /* before it runs: returns at once */
    loop_run(l);
}

static void
stall(void *arg)
{
    uint64_t until_us = clock_mono_us() + 3000;
    while (clock_mono_us() < until_us) {
    }
    set_true(arg);
}

static void
test_stall(void **state)
{
    (void)state;
    struct err e;
    bool done = false;
    loop_stall_seconds(l, true);
    assert_true(loop_stall_seconds(l, false) == 0);
    struct loop_later later;
    loop_defer(l, &later, stall, &done);
    assert_int_equal(loop_turn_until(l, &done, clock_deadline(LONG_MS), &e), 0);
    assert_true(loop_stall_seconds(l, true) >= 0.003);
    assert_true(loop_stall_seconds(l, false) == 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static void
on_bufferevent(struct bufferevent *bev, short what, void *arg)
{
    (void)bev;
    (void)what;
    (void)arg;
    fail_msg("a freed one calls back");
}

/* A bufferevent that is freed while a callback of its own is put off lives on in libevent until that had its turn; at the end of
 * a program there is none. The leak sanitizer sees what is left. */
static void
test_free_with_a_bufferevent_between(void **state)
{
    (void)state;
    int fds[2];
    struct err e;
    struct loop *own = loop_new(&e);
    assert_non_null(own);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
    struct bufferevent *bev = bufferevent_socket_new(
        loop_base(own), fds[0], BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
    assert_non_null(bev);
    bufferevent_setcb(bev, NULL, NULL, on_bufferevent, NULL);
    bufferevent_trigger_event(bev, BEV_EVENT_EOF, 0);
    bufferevent_free(bev);
    loop_free(own);
    char c;
    assert_int_equal(read(fds[1], &c, 1), 0); /* it is closed */
    close(fds[1]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_timer),
        TEST(test_timer_after_a_long_callback),
        TEST(test_turn_until),
        TEST(test_stop),
        TEST(test_signal),
        TEST(test_watch),
        TEST(test_freed_when_due),
        TEST(test_defer),
        TEST(test_defer_in_an_object),
        TEST(test_run),
        TEST(test_stall),
        TEST(test_log),
        TEST(test_log_of_somebody_else),
        TEST(test_free_with_a_bufferevent_between),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
