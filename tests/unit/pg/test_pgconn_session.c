/* test_pgconn_session.c: sessions against a scripted server in this loop, which says what a real one says only at times. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/sockios.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "common/base/clock.h"
#include "common/net/loop.h"
#include "common/pg/pgconn.h"
#include "common/net/resolve.h"
#include "common/target/target.h"

#define LONG_MS 20000

static struct loop *loop;
static struct resolver *resolver;

/* ---- the scripted server: logs everybody in, answers each query with `answer`; one connection at a time, and while
 * takes_cancel, one more that asks to cancel ---- */

static struct server {
    int listener, fd, side;
    uint16_t port;
    struct loop_watch *accepting, *reading, *cancelling;
    const char *answer;
    size_t answer_bytes;
    bool startup;
    char got[512]; /* the last message */
    size_t got_bytes;
    bool hangs_up; /* after the answer */
    bool resets;   /* … when it has arrived, with RST */
    bool takes_cancel;
    char cancel[16];
} server;

#define READY "Z\0\0\0\5I"
#define LOGIN "R\0\0\0\x8\0\0\0\0K\0\0\0\xc\0\0\0\x4d\1\2\3\4" READY
#define DONE "C\0\0\0\xdSELECT 1\0" READY
#define ANSWER(text) (server.answer = (text), server.answer_bytes = sizeof(text) - 1)

/* What is not acknowledged yet would be lost with a reset. */
static void
server_will_reset(void)
{
    const struct linger reset = {.l_onoff = 1};
    int left;
    do
        assert_int_equal(ioctl(server.fd, SIOCOUTQ, &left), 0);
    while (left > 0);
    assert_int_equal(setsockopt(server.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)), 0);
}

static void
server_hang_up(void)
{
    loop_watch_free(server.reading);
    server.reading = NULL;
    if (server.fd >= 0)
        close(server.fd);
    server.fd = -1;
}

static void
server_send(const char *bytes, size_t n)
{
    assert_int_equal(write(server.fd, bytes, n), (ssize_t)n);
}

static void
on_server_read(int fd, int what, void *arg)
{
    (void)what;
    (void)arg;
    ssize_t n = read(fd, server.got, sizeof(server.got));
    if (n <= 0 || server.got[0] == 'X') {
        server_hang_up();
    } else if (server.startup) {
        server.startup = false;
        server_send(LOGIN, sizeof(LOGIN) - 1);
    } else {
        server.got_bytes = (size_t)n;
        server_send(server.answer, server.answer_bytes);
        if (server.resets)
            server_will_reset();
        if (server.hangs_up || server.resets)
            server_hang_up();
    }
}

static void
on_server_cancel(int fd, int what, void *arg)
{
    (void)what;
    (void)arg;
    assert_int_equal(read(fd, server.cancel, sizeof(server.cancel)), 16); /* one small write */
    loop_watch_free(server.cancelling);
    server.cancelling = NULL;
    close(fd);
}

static void
on_server_accept(int fd, int what, void *arg)
{
    (void)what;
    (void)arg;
    if (server.takes_cancel) {
        server.takes_cancel = false;
        server.side = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        server.cancelling = loop_watch_new(loop, server.side, on_server_cancel, NULL);
        loop_watch_set(server.cancelling, LOOP_READ);
        return;
    }
    server_hang_up();
    server.fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    assert_true(server.fd >= 0);
    server.startup = true;
    server.reading = loop_watch_new(loop, server.fd, on_server_read, NULL);
    loop_watch_set(server.reading, LOOP_READ);
}

static int
setup(void **state)
{
    (void)state;
    struct err e;
    loop = loop_new(&e);
    resolver = resolver_new(loop, &e);
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(any);
    server = (struct server){.fd = -1};
    server.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (bind(server.listener, (struct sockaddr *)&any, len) != 0 ||
        listen(server.listener, 16) != 0 ||
        getsockname(server.listener, (struct sockaddr *)&any, &len) != 0)
        return -1;
    server.port = ntohs(any.sin_port);
    server.accepting = loop_watch_new(loop, server.listener, on_server_accept, NULL);
    return loop_watch_set(server.accepting, LOOP_READ);
}

static int
teardown(void **state)
{
    (void)state;
    server_hang_up();
    loop_watch_free(server.accepting);
    close(server.listener);
    resolver_free(resolver);
    loop_free(loop);
    return 0;
}

/* ---- the client ---- */

struct waiter {
    bool done;
    int calls;
    struct err e;
    size_t statements;
};

static void
on_end(struct pgconn *c, const struct err *e, void *arg)
{
    (void)c;
    struct waiter *w = arg;
    w->done = true;
    w->calls++;
    if (e)
        w->e = *e;
}

static void
on_rows(struct pgconn *c, const struct err *e, struct pgrows *rows, void *arg)
{
    struct waiter *w = arg;
    w->statements = pgrows_count_statements(rows);
    pgrows_free(rows);
    on_end(c, e, arg);
}

static void
wait_for(struct waiter *w)
{
    struct err e;
    if (loop_turn_until(loop, &w->done, clock_deadline(LONG_MS), &e) != 0)
        fail_msg("nothing came");
    assert_int_equal(w->calls, 1);
}

static void
on_turned(void *arg)
{
    *(bool *)arg = true;
}

/* Lets what is on its way arrive. */
static void
turns(int n)
{
    bool turned = false;
    struct loop_timer *t = loop_timer_new(loop, on_turned, &turned);
    for (; n > 0; n--, turned = false) {
        loop_timer_start(t, 0);
        assert_int_equal(loop_turn_until(loop, &turned, clock_deadline(LONG_MS), NULL), 0);
    }
    loop_timer_free(t);
}

/* more_hosts: before the scripted server. */
static struct target_pg *
parse(const char *more_hosts)
{
    char text[200];
    struct target_pg *t = NULL;
    struct err e;
    snprintf(text, sizeof(text), "postgres://u@%s127.0.0.1:%u/d?sslmode=disable", more_hosts,
             server.port);
    if (target_pg_parse(text, &t, &e) != 0)
        fail_msg("%s", e.msg);
    return t;
}

static struct pgconn *
connected(struct target_pg *t)
{
    struct err e;
    struct waiter w = {0};
    struct pgconn *c = pgconn_new(loop, resolver, t, "test", &e);
    assert_int_equal(pgconn_connect_start(c, clock_deadline(LONG_MS), on_end, &w, &e), 0);
    wait_for(&w);
    if (w.e.code != ERR_NONE)
        fail_msg("%s", w.e.msg);
    return c;
}

/* ---- the tests ---- */

/* Each connect reads the target's files anew: hosts that another connection still walks over must not go under it. */
static void
test_two_on_one_target(void **state)
{
    (void)state;
    struct err e;
    struct waiter first = {0};
    struct waiter second = {0};
    struct target_pg *t = parse("127.0.0.1:1,");
    struct pgconn *a = pgconn_new(loop, resolver, t, "test", &e);
    struct pgconn *b = pgconn_new(loop, resolver, t, "test", &e);
    assert_int_equal(pgconn_connect_start(a, clock_deadline(LONG_MS), on_end, &first, &e), 0);
    assert_int_equal(pgconn_connect_start(b, clock_deadline(500), on_end, &second, &e), 0);
    wait_for(&first);
    wait_for(&second);
    pgconn_free(a);
    pgconn_free(b);
    target_pg_free(t);
}

/* libpq takes a C string: what stands behind a zero byte would be left out, and called done. */
static void
test_zero_byte(void **state)
{
    (void)state;
    struct err e;
    struct waiter w = {0};
    struct target_pg *t = parse("");
    struct pgconn *c = connected(t);
    ANSWER(DONE);
    static const char sql[] = "SELECT 1;\0SELECT 2";
    assert_int_equal(
        pgconn_query_start(c, sql, sizeof(sql) - 1, clock_deadline(LONG_MS), on_rows, &w, &e), -1);
    assert_int_equal(e.code, ERR_INPUT);
    assert_int_equal(
        pgconn_query_start(c, sql, strlen(sql), clock_deadline(LONG_MS), on_rows, &w, &e), 0);
    wait_for(&w);
    assert_int_equal(w.e.code, ERR_NONE);
    assert_int_equal(w.statements, 1);
    pgconn_free(c);
    target_pg_free(t);
}

/* Data that nobody asked for has not been stored. */
static void
test_copy_data_left_over(void **state)
{
    (void)state;
    struct err e;
    struct waiter w = {0};
    struct target_pg *t = parse("");
    struct pgconn *c = connected(t);
    ANSWER(DONE);
    assert_int_equal(pgconn_copy_in_start(c, &(struct pgconn_copy){"SELECT 1", 8, "1\n", 2},
                                          clock_deadline(LONG_MS), on_rows, &w, &e),
                     0);
    wait_for(&w);
    assert_int_equal(w.e.code, ERR_PROTOCOL);
    assert_true(pgconn_connected(c));
    pgconn_free(c);
    target_pg_free(t);
}

/* libpq gives such a result as often as it is asked. */
static void
test_role_by_copy(void **state)
{
    (void)state;
    struct err e;
    struct waiter w = {0};
    char url[100];
    struct target_pg *t = NULL;
    snprintf(url, sizeof(url),
             "postgres://u@127.0.0.1:%u/d?sslmode=disable&target_session_attrs=standby",
             server.port);
    assert_int_equal(target_pg_parse(url, &t, &e), 0);
    struct pgconn *c = pgconn_new(loop, resolver, t, "test", &e);
    ANSWER("H\0\0\0\7\0\0\0");
    assert_int_equal(pgconn_connect_start(c, clock_deadline(LONG_MS), on_end, &w, &e), 0);
    wait_for(&w);
    assert_int_equal(w.e.code, ERR_PROTOCOL);
    pgconn_free(c);
    target_pg_free(t);
}

/* Rows of COPY … TO STDOUT come as the server gets them: between two of them the loop turns. */
static void
test_copy_out_in_pieces(void **state)
{
    (void)state;
    struct err e;
    struct waiter w = {0};
    struct target_pg *t = parse("");
    struct pgconn *c = connected(t);
    static const char more[] = "d\0\0\0\6b\n";
    static const char end[] = "c\0\0\0\4C\0\0\0\xb"
                              "COPY 2\0" READY;
    ANSWER("H\0\0\0\7\0\0\0d\0\0\0\6a\n");
    assert_int_equal(
        pgconn_query_start(c, "COPY t TO STDOUT", 16, clock_deadline(LONG_MS), on_rows, &w, &e), 0);
    turns(10);
    server_send(more, sizeof(more) - 1);
    turns(10);
    assert_false(w.done);
    server_send(end, sizeof(end) - 1);
    wait_for(&w);
    assert_int_equal(w.e.code, ERR_NONE);
    assert_int_equal(w.statements, 1);
    assert_true(pgconn_connected(c));
    pgconn_free(c);
    target_pg_free(t);
}

/* Nothing can be cancelled before there is a session; afterwards the request names it. */
static void
test_cancel(void **state)
{
    (void)state;
    struct err e;
    struct waiter w = {0};
    static const char request[] = "\0\0\0\x10\x4\xd2\x16\x2e\0\0\0\x4d\1\2\3\4";
    struct target_pg *t = parse("");
    struct pgconn *c = pgconn_new(loop, resolver, t, "test", &e);
    assert_int_equal(pgconn_cancel_start(c, clock_deadline(LONG_MS), on_end, &w, &e), -1);
    assert_int_equal(e.code, ERR_CLOSED);
    assert_string_equal(e.msg, "not connected");
    pgconn_free(c);
    c = connected(t);
    server.takes_cancel = true;
    assert_int_equal(pgconn_cancel_start(c, clock_deadline(LONG_MS), on_end, &w, &e), 0);
    wait_for(&w);
    assert_int_equal(w.e.code, ERR_NONE);
    assert_memory_equal(server.cancel, request, 16);
    pgconn_free(c);
    target_pg_free(t);
}

/* libevent's memory, which runs out where a test wants it. */
static bool no_memory;

static void *
event_malloc(size_t size)
{
    return no_memory ? NULL : malloc(size);
}

/* -1 means that nothing was sent: what is out may be carried out, whatever is said about it here. */
static void
test_no_memory_to_wait(void **state)
{
    (void)state;
    struct err e;
    struct waiter w = {0};
    struct target_pg *t = parse("");
    struct pgconn *c = connected(t);
    ANSWER(DONE);
    for (int i = 0; i < 2; i++) {
        memset(server.got, 0, sizeof(server.got));
        assert_int_equal(pgconn_watch_start(c, on_end, &w, &e),
                         0); /* a query needs another watch */
        no_memory = true;
        int rc = i ? pgconn_exec_start(c, "COMMIT", &(struct pgconn_params){0, NULL},
                                       clock_deadline(LONG_MS), on_rows, &w, &e)
                   : pgconn_query_start(c, "COMMIT", 6, clock_deadline(LONG_MS), on_rows, &w, &e);
        no_memory = false;
        assert_int_equal(rc, -1);
        assert_int_equal(e.code, ERR_NOMEM);
        turns(5);
        assert_int_equal(server.got[0], '\0');
    }
    assert_int_equal(pgconn_query_start(c, "COMMIT", 6, clock_deadline(LONG_MS), on_rows, &w, &e),
                     0);
    wait_for(&w);
    assert_int_equal(w.e.code, ERR_NONE);
    assert_int_equal(w.statements, 1);
    pgconn_free(c);
    target_pg_free(t);
}

/* The kernel's memory for what is watched: so many times more it is there, -1 always. */
static int watches_left = -1;

int
epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
    if (op != EPOLL_CTL_DEL && watches_left == 0) {
        errno = ENOMEM;
        return -1;
    }
    watches_left -= op != EPOLL_CTL_DEL && watches_left > 0;
    return (int)syscall(SYS_epoll_ctl, epfd, op, fd, event);
}

/* A session whose answer nobody would see ends: or its query would be waited for until the deadline. */
static void
test_unwatched(void **state)
{
    (void)state;
    struct err e;
    struct waiter w = {0};
    struct target_pg *t = parse("");
    struct pgconn *c = connected(t);
    static char data[4 << 20]; /* more than goes out in a turn: room is waited for */
    ANSWER("G\0\0\0\7\0\0\0");
    watches_left = 0;
    assert_int_equal(pgconn_copy_in_start(c, &(struct pgconn_copy){"COPY", 4, data, sizeof(data)},
                                          clock_deadline(LONG_MS), on_rows, &w, &e),
                     0);
    wait_for(&w);
    assert_int_equal(watches_left, 0);
    watches_left = -1;
    assert_int_equal(w.e.code, ERR_NOMEM);
    assert_int_equal(w.statements, 0);
    assert_false(pgconn_connected(c));
    assert_int_equal(pgconn_query_start(c, "SELECT 1", 8, clock_deadline(LONG_MS), on_rows, &w, &e),
                     -1);
    assert_int_equal(e.code, ERR_CLOSED);
    server_hang_up(); /* it has not read all of it */
    pgconn_free(c);
    target_pg_free(t);
}

/* An immediate shutdown is told in a WARNING, and is why the connection is lost in the middle of a query. */
static void
test_last_words(void **state)
{
    (void)state;
    struct err e;
    struct waiter w = {0};
    struct target_pg *t = parse("");
    struct pgconn *c = connected(t);
    ANSWER("N\0\0\0$SWARNING\0VWARNING\0C57P02\0Mgone\0\0");
    server.hangs_up = true;
    assert_int_equal(pgconn_query_start(c, "SELECT 1", 8, clock_deadline(LONG_MS), on_rows, &w, &e),
                     0);
    wait_for(&w);
    server.hangs_up = false;
    assert_int_equal(w.e.code, ERR_CLOSED);
    assert_string_equal(w.e.sqlstate, "57P02");
    assert_non_null(strstr(w.e.msg, "gone"));
    assert_false(pgconn_connected(c));
    pgconn_free(c);
    target_pg_free(t);
}

/* The next session knows nothing of them: it is alive, and when it is lost in turn, nothing was said. */
static void
test_last_words_are_forgotten(void **state)
{
    (void)state;
    struct err e;
    struct waiter w = {0}, again = {0}, idle = {0};
    struct target_pg *t = parse("");
    struct pgconn *c = connected(t);
    ANSWER("N\0\0\0$SWARNING\0VWARNING\0C57P02\0Mgone\0\0");
    server.hangs_up = true;
    assert_int_equal(pgconn_query_start(c, "SELECT 1", 8, clock_deadline(LONG_MS), on_rows, &w, &e),
                     0);
    wait_for(&w);
    assert_string_equal(w.e.sqlstate, "57P02");
    assert_int_equal(pgconn_connect_start(c, clock_deadline(LONG_MS), on_end, &again, &e), 0);
    wait_for(&again);
    assert_int_equal(again.e.code, ERR_NONE);

    static const char notice[] = "N\0\0\0 SNOTICE\0VNOTICE\0C00000\0Mhi\0\0";
    assert_int_equal(pgconn_watch_start(c, on_end, &idle, &e), 0);
    server_send(notice, sizeof(notice) - 1);
    turns(5);
    assert_int_equal(idle.calls, 0);
    assert_true(pgconn_connected(c));

    w = (struct waiter){0};
    ANSWER("");
    assert_int_equal(pgconn_query_start(c, "SELECT 1", 8, clock_deadline(LONG_MS), on_rows, &w, &e),
                     0);
    wait_for(&w);
    server.hangs_up = false;
    assert_int_equal(w.e.code, ERR_CLOSED);
    assert_string_equal(w.e.sqlstate, "");
    assert_null(strstr(w.e.msg, "gone"));
    pgconn_free(c);
    target_pg_free(t);
}

/* Of what the server completed before it ended the session nothing is left out. Behind a long row libpq reads on until there is no
 * more, so that this arrives together with the reset of the connection. */
static void
test_completed_before_the_end(void **state)
{
    (void)state;
    static const char columns[] =
        "T\0\0\0\x1a\0\1c\0\0\0\0\0\0\0\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\0";
    static const char end[] = "C\0\0\0\xdSELECT 1\0C\0\0\0\xb"
                              "COMMIT\0E\0\0\0 SFATAL\0VFATAL\0C57P01\0Mgone\0\0";
    enum { VALUE = 40000, ROW = 11 };
    static char answer[sizeof(columns) + ROW + VALUE + sizeof(end)];
    struct err e;
    struct waiter w = {0};
    struct target_pg *t = parse("");
    struct pgconn *c = connected(t);
    const uint32_t row_bytes = htonl(ROW - 1 + VALUE), value_bytes = htonl(VALUE);
    char *row = answer + sizeof(columns) - 1;
    memcpy(answer, columns, sizeof(columns) - 1);
    memcpy(row, "D\0\0\0\0\0\1", 7);
    memcpy(row + 1, &row_bytes, 4);
    memcpy(row + 7, &value_bytes, 4);
    memset(row + ROW, 'x', VALUE);
    memcpy(row + ROW + VALUE, end, sizeof(end) - 1);
    server.answer = answer;
    server.answer_bytes = sizeof(columns) - 1 + ROW + VALUE + sizeof(end) - 1;
    server.resets = true;
    assert_int_equal(
        pgconn_query_start(c, "SELECT 1; COMMIT", 16, clock_deadline(LONG_MS), on_rows, &w, &e), 0);
    wait_for(&w);
    server.resets = false;
    assert_int_equal(w.e.code, ERR_CLOSED);
    assert_string_equal(w.e.sqlstate, "57P01");
    assert_int_equal(w.statements, 2);
    pgconn_free(c);
    target_pg_free(t);
}

int
main(void)
{
    event_set_mem_functions(event_malloc, realloc, free);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_on_one_target),
        cmocka_unit_test(test_zero_byte),
        cmocka_unit_test(test_copy_data_left_over),
        cmocka_unit_test(test_role_by_copy),
        cmocka_unit_test(test_copy_out_in_pieces),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_no_memory_to_wait),
        cmocka_unit_test(test_unwatched),
        cmocka_unit_test(test_last_words),
        cmocka_unit_test(test_completed_before_the_end),
        cmocka_unit_test(test_last_words_are_forgotten),
        cmocka_unit_test(test_completed_before_the_end),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
