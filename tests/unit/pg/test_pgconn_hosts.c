/*
 * test_pgconn_hosts.c: several hosts: every wanted role against every order of what servers may be. The servers are scripted, in
 * this loop.
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "common/base/strbuf.h"
#include "common/net/loop.h"
#include "common/pg/pgconn_impl.h"

#define LONG_MS 60000
#define HOSTS 3

enum state { PRIMARY, READ_ONLY_PRIMARY, STANDBY, STARTING, FULL, CLOSING, GARBAGE, REFUSED };
#define STATES 8

static const char *const state_names[STATES] = {
    "primary", "read-only primary", "standby", "starting", "full", "closing", "garbage", "refused"};
static const char *const role_names[] = {"any",     "read-write", "read-only",
                                         "primary", "standby",    "prefer-standby"};

#define READY "Z\0\0\0\5I"
#define LOGIN(standby, read_only) "R\0\0\0\x8\0\0\0\0" standby read_only READY
#define STANDBY_ON "S\0\0\0\x16in_hot_standby\0on\0"
#define STANDBY_OFF "S\0\0\0\x17in_hot_standby\0off\0"
#define READ_ONLY_ON                                                                               \
    "S\0\0\0\x25"                                                                                  \
    "default_transaction_read_only\0on\0"
#define READ_ONLY_OFF                                                                              \
    "S\0\0\0\x26"                                                                                  \
    "default_transaction_read_only\0off\0"
#define REFUSAL(sqlstate) "E\0\0\0\x1eSFATAL\0VFATAL\0C" sqlstate "\0Mno\0\0"

#define SAYS(text) .bytes = (text), .n = sizeof(text) - 1
static const struct {
    const char *bytes;
    size_t n;
} answers[STATES] = {
    [PRIMARY] = {SAYS(LOGIN(STANDBY_OFF, READ_ONLY_OFF))},
    [READ_ONLY_PRIMARY] = {SAYS(LOGIN(STANDBY_OFF, READ_ONLY_ON))},
    [STANDBY] = {SAYS(LOGIN(STANDBY_ON, READ_ONLY_OFF))},
    [STARTING] = {SAYS(REFUSAL("57P03"))},
    [FULL] = {SAYS(REFUSAL("53300"))},
    [GARBAGE] = {SAYS("HTTP/1.0 400 Bad Request\r\n\r\n")},
};

static struct loop *loop;
static struct resolver *resolver;

static struct server {
    int listener, fd;
    uint16_t port;
    enum state state;
    struct loop_watch *accepting, *reading;
} servers[HOSTS];
static int closed_port; /* bound, and nobody listens */
static uint16_t closed_port_number;
static const struct server *logged_in;

static void
hang_up(struct server *s)
{
    loop_watch_free(s->reading);
    s->reading = NULL;
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
}

static void
on_read(int fd, int what, void *arg)
{
    struct server *s = arg;
    char got[512];
    (void)what;
    ssize_t n = read(fd, got, sizeof(got));
    if (n <= 0 || s->state == CLOSING || got[0] == 'X') {
        hang_up(s);
        return;
    }
    if (s->state <= STANDBY)
        logged_in = s;
    ssize_t wrote = write(fd, answers[s->state].bytes, answers[s->state].n);
    assert_int_equal(wrote, (ssize_t)answers[s->state].n);
}

static void
on_accept(int fd, int what, void *arg)
{
    struct server *s = arg;
    (void)what;
    hang_up(s);
    s->fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    s->reading = loop_watch_new(loop, s->fd, on_read, s);
    loop_watch_set(s->reading, LOOP_READ);
}

static int
bound_socket(uint16_t *ret_port)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(any);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&any, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&any, &len), 0);
    *ret_port = ntohs(any.sin_port);
    return fd;
}

static int
setup(void **state)
{
    (void)state;
    struct err e;
    loop = loop_new(&e);
    resolver = resolver_new(loop, &e);
    closed_port = bound_socket(&closed_port_number);
    for (struct server *s = servers; s < servers + HOSTS; s++) {
        s->fd = -1;
        s->listener = bound_socket(&s->port);
        assert_int_equal(listen(s->listener, 16), 0);
        s->accepting = loop_watch_new(loop, s->listener, on_accept, s);
        loop_watch_set(s->accepting, LOOP_READ);
    }
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    for (struct server *s = servers; s < servers + HOSTS; s++) {
        hang_up(s);
        loop_watch_free(s->accepting);
        close(s->listener);
    }
    close(closed_port);
    resolver_free(resolver);
    loop_free(loop);
    return 0;
}

/* ---- what has to come out ---- */

static bool
answers_queries(enum state s)
{
    return s <= STANDBY;
}

static bool
fits(enum pgconn_role wanted, enum state s)
{
    return answers_queries(s) && pgconn_role_ok(wanted, s == STANDBY, s == READ_ONLY_PRIMARY);
}

static bool
any_of(const enum state *states, size_t n, enum pgconn_role wanted)
{
    for (size_t i = 0; i < n; i++)
        if (fits(wanted, states[i]))
            return true;
    return false;
}

static enum err_code
failure_of(enum state s)
{
    static const enum err_code codes[STATES] = {ERR_WRONG_ROLE, ERR_WRONG_ROLE, ERR_WRONG_ROLE,
                                                ERR_SERVER,     ERR_SERVER,     ERR_CLOSED,
                                                ERR_PROTOCOL,   ERR_REFUSED};
    return codes[s];
}

/* ---- one connect ---- */

struct waiter {
    bool done;
    struct err e;
};

static void
on_end(struct pgconn *c, const struct err *e, void *arg)
{
    struct waiter *w = arg;
    (void)c;
    w->done = true;
    if (e)
        w->e = *e;
}

static struct target_pg *
target_of(const enum state *states, size_t n, enum pgconn_role wanted)
{
    struct strbuf url = STRBUF_INIT;
    struct target_pg *t = NULL;
    struct err e;
    strbuf_adds(&url, "postgres://u@");
    for (size_t i = 0; i < n; i++) {
        servers[i].state = states[i];
        strbuf_addf(&url, "%s127.0.0.1:%u", i ? "," : "",
                    states[i] == REFUSED ? closed_port_number : servers[i].port);
    }
    strbuf_addf(&url, "/d?sslmode=disable&target_session_attrs=%s", role_names[wanted]);
    if (target_pg_parse(strbuf_str(&url), &t, &e) != 0)
        fail_msg("%s", e.msg);
    strbuf_done(&url);
    return t;
}

static void
judge(const enum state *states, size_t n, enum pgconn_role wanted, const struct err *e)
{
    bool second = wanted == PGCONN_PREFER_STANDBY && !any_of(states, n, wanted);
    enum pgconn_role role = second ? PGCONN_ANY : wanted;
    bool right = any_of(states, n, role)
                     ? e->code == ERR_NONE && logged_in && fits(role, logged_in->state)
                     : e->code != ERR_NONE;
    bool known = e->code == ERR_NONE;
    for (size_t i = 0; i < n; i++)
        known = known || e->code == failure_of(states[i]);
    if (!right || !known)
        fail_msg("%s of %s, %s, %s: %s %s, on %s", role_names[wanted], state_names[states[0]],
                 n > 1 ? state_names[states[1]] : "-", n > 2 ? state_names[states[2]] : "-",
                 err_name(e->code), e->msg, logged_in ? state_names[logged_in->state] : "nobody");
}

static void
connect_to(const enum state *states, size_t n, enum pgconn_role wanted)
{
    struct err e;
    struct waiter w = {0};
    struct target_pg *t = target_of(states, n, wanted);
    struct pgconn *c = pgconn_new(loop, resolver, t, "test", &e);
    logged_in = NULL;
    assert_int_equal(pgconn_connect_start(c, clock_deadline(LONG_MS), on_end, &w, &e), 0);
    assert_int_equal(loop_turn_until(loop, &w.done, clock_deadline(LONG_MS), &e), 0);
    judge(states, n, wanted, &w.e);
    pgconn_free(c);
    target_pg_free(t);
}

/* A server of the wanted role is found wherever in the list it stands, and whatever the others are. */
static void
test_roles_states_orders(void **state)
{
    (void)state;
    for (size_t n = 1; n <= HOSTS; n++) {
        size_t all = n == 1 ? STATES : n == 2 ? STATES * STATES : STATES * STATES * STATES;
        for (size_t k = 0; k < all; k++) {
            enum state states[HOSTS] = {(enum state)(k % STATES), (enum state)(k / STATES % STATES),
                                        (enum state)(k / STATES / STATES)};
            for (int role = PGCONN_ANY; role <= PGCONN_PREFER_STANDBY; role++)
                connect_to(states, n, (enum pgconn_role)role);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_roles_states_orders)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
