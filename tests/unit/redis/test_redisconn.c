/* Redis connections: against a scripted server in this loop, with names from a scripted resolver. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/fakes/fake_dns.h"
#include "tests/unit/fakes/redis_client.h"

static struct dns_server dns;
static const struct dns_record zone[] = {{"two.test", 1, "127.0.0.9 127.0.0.1"},
                                         {"two.test", 28, ""},
                                         {"both.test", 1, "127.0.0.1 127.0.0.2"},
                                         {"both.test", 28, ""},
                                         {NULL, 0, NULL}};
static struct target_redis *own[2];

static int
setup(void **state)
{
    (void)state;
    struct err e;
    loop = loop_new(&e);
    if (dns_start(&dns, loop, zone) != 0)
        return -1;
    dns_conf(&dns, "");
    resolver = resolver_new(loop, &e);
    return server_start(loop);
}

static int
teardown(void **state)
{
    (void)state;
    server_stop();
    resolver_free(resolver);
    dns_stop(&dns);
    loop_free(loop);
    return 0;
}

/* ---- scripted ---- */

static void
test_replies(void **state)
{
    (void)state;
    static const struct line script[] = {
        {"PING", "+PONG\r\n"},
        {"GET a", "$3\r\nx\ry\r\n"},
        {"GET b", "$-1\r\n"},
        {"ROLE", "*3\r\n$6\r\nmaster\r\n:42\r\n*0\r\n"},
        {"SET a 1", "-READONLY no\r\n"},
        {NULL, NULL},
    };
    struct redisconn *c = client("redis://127.0.0.1:PORT");
    server.script = script;
    must_connect(c);
    struct waiter w[5] = {0};
    start(c, "PING", LONG_MS, &w[0]);
    start(c, "GET a", LONG_MS, &w[1]);
    start(c, "GET b", LONG_MS, &w[2]);
    start(c, "ROLE", LONG_MS, &w[3]);
    start(c, "SET a 1", LONG_MS, &w[4]);
    wait_for(&w[4]);
    assert_string_equal(w[0].text, "+PONG ");
    assert_string_equal(w[1].text, "$x\ry ");
    assert_string_equal(w[2].text, "_ ");
    assert_string_equal(w[3].text, "*3($master :42 *0())");
    assert_string_equal(w[4].text, "-READONLY no ");
    redisconn_free(c);
}

static void
test_login(void **state)
{
    (void)state;
    static const struct line script[] = {
        {"AUTH me s3cret", "+OK\r\n"}, {"SELECT 5", "+OK\r\n"}, {NULL, NULL}};
    struct redisconn *c = client("redis://me:s3cret@127.0.0.1:PORT/5");
    server.script = script;
    must_connect(c);
    assert_string_equal(strbuf_str(&server.got), "AUTH me s3cret\nSELECT 5\n");
    must_connect(c); /* again: the open one is closed first */
    assert_int_equal(server.connections, 2);
    redisconn_free(c);
}

static struct err
assert_login(const char *url, const struct line *script, enum err_code code, const char *msg)
{
    struct redisconn *c = client(url);
    server.script = script;
    struct waiter w = try_connect(c, LONG_MS);
    assert_int_equal(w.e.code, code);
    assert_non_null(strstr(w.e.msg, msg));
    assert_null(strstr(w.e.msg, "s3cret"));
    assert_null(strstr(w.e.word, "s3cret"));
    assert_false(redisconn_connected(c));
    redisconn_free(c);
    return w.e;
}

/* Each refusal's word, and never one of ours. */
static void
test_login_words(void **state)
{
    (void)state;
    static const struct line loading[] = {{"SELECT 1", "-LOADING wait\r\n"}, {NULL, NULL}};
    static const struct line range[] = {{"SELECT 1", "-ERR DB index is out of range\r\n"},
                                        {NULL, NULL}};
    static const struct line noperm[] = {{"SELECT 1", "-NOPERM x\r\n"}, {NULL, NULL}};
    static const struct line echo[] = {{"AUTH s3cret", "-s3cret is wrong\r\n"}, {NULL, NULL}};
    static const struct line old[] = {{"AUTH password", "-ERR invalid password\r\n"}, {NULL, NULL}};
    static const char plain[] = "redis://127.0.0.1:PORT/1";
    assert_string_equal(assert_login(plain, loading, ERR_SERVER, "LOADING").word, "LOADING");
    assert_string_equal(assert_login(plain, range, ERR_SERVER, "DB index").word, "DBRANGE");
    assert_string_equal(assert_login(plain, noperm, ERR_AUTH, "NOPERM").word, "NOPERM");
    assert_string_equal(
        assert_login("redis://:s3cret@127.0.0.1:PORT", echo, ERR_SERVER, "ERR").word, "ERR");
    assert_string_equal(assert_login("redis://:password@127.0.0.1:PORT", old, ERR_AUTH, "ERR").word,
                        "WRONGPASS");
}

static void
test_login_refused(void **state)
{
    (void)state;
    static const struct line wrong[] = {{"AUTH s3cret", "-WRONGPASS invalid\r\n"}, {NULL, NULL}};
    static const struct line old[] = {{"AUTH s3cret", "-ERR invalid password\r\n"}, {NULL, NULL}};
    static const struct line loading[] = {{"SELECT 1", "-LOADING wait\r\n"}, {NULL, NULL}};
    static const struct line range[] = {{"SELECT 1", "-ERR DB index\x01is\r\n"}, {NULL, NULL}};
    static const struct line noauth[] = {{"SELECT 1", "-NOAUTH x\r\n"}, {NULL, NULL}};
    static const struct line full[] = {{"AUTH s3cret", "-ERR max number of clients reached\r\n"},
                                       {NULL, NULL}};
    static const struct line odd[] = {{"AUTH s3cret", ":1\r\n"}, {NULL, NULL}};
    static const struct line junk[] = {{"AUTH s3cret", "HTTP/1.1 400 Bad Request\r\n"},
                                       {NULL, NULL}};
    static const struct line gone[] = {{"AUTH s3cret", "close"}, {NULL, NULL}};
    /* What Redis says where AUTH was renamed or is no command (proxies): it repeats the arguments. */
    static const struct line renamed[] = {
        {"AUTH s3cret", "-ERR unknown command 'AUTH', with args beginning with: 's3cret' \r\n"},
        {NULL, NULL}};
    static const struct line echo[] = {{"AUTH s3cret", "-ERR not s3cret\r\n"}, {NULL, NULL}};
    assert_login("redis://:s3cret@127.0.0.1:PORT", wrong, ERR_AUTH, "WRONGPASS");
    assert_login("redis://:s3cret@127.0.0.1:PORT", old, ERR_AUTH, "invalid password");
    assert_login("redis://127.0.0.1:PORT/1", loading, ERR_SERVER, "LOADING wait");
    assert_login("redis://127.0.0.1:PORT/1", range, ERR_SERVER, "DB index is");
    assert_login("redis://127.0.0.1:PORT/1", noauth, ERR_AUTH, "NOAUTH");
    assert_login("redis://:s3cret@127.0.0.1:PORT", full, ERR_SERVER, "max number");
    assert_login("redis://:s3cret@127.0.0.1:PORT", odd, ERR_PROTOCOL, "unexpected");
    assert_login("redis://:s3cret@127.0.0.1:PORT", junk, ERR_PROTOCOL, "invalid reply");
    assert_login("redis://:s3cret@127.0.0.1:PORT", gone, ERR_CLOSED, "closed");
    assert_login("redis://:s3cret@127.0.0.1:PORT", renamed, ERR_SERVER, "ERR unknown command");
    assert_login("redis://:s3cret@127.0.0.1:PORT", echo, ERR_SERVER, "ERR");
}

static void
test_unreachable(void **state)
{
    (void)state;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); /* bound, not listening: refused */
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(any);
    assert_int_equal(bind(fd, (struct sockaddr *)&any, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&any, &len), 0);
    char url[64];
    snprintf(url, sizeof(url), "redis://127.0.0.1:%u", ntohs(any.sin_port));
    struct redisconn *c = client(url);
    struct waiter w = try_connect(c, LONG_MS);
    assert_int_equal(w.e.code, ERR_REFUSED);
    char where[64];
    snprintf(where, sizeof(where), "127.0.0.1, port %u: Connection refused", ntohs(any.sin_port));
    assert_non_null(strstr(w.e.msg, where));
    close(fd);
    redisconn_free(c);

    c = client("unix:///nonexistent/redis.sock");
    w = try_connect(c, LONG_MS);
    assert_int_equal(w.e.code, ERR_REFUSED);
    redisconn_free(c);
}

static void
test_second_address(void **state)
{
    (void)state;
    struct redisconn *c = client("redis://two.test:PORT"); /* nobody listens at the first */
    must_connect(c);
    redisconn_free(c);
}

/* Nobody listens, and the kernel gives the socket that very port as its own (test_dial.c): AUTH is for no peer like that. */
static void
test_self(void **state)
{
    (void)state;
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(any);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&any, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&any, &len), 0);
    close(fd);
    struct redisconn *c[2];
    for (unsigned i = 0; i < 2; i++) {
        char url[64];
        snprintf(url, sizeof(url), "redis://127.0.0.1:%u", ntohs(any.sin_port) ^ i);
        struct err e;
        assert_int_equal(target_redis_parse(url, &own[i], &e), 0);
        c[i] = redisconn_new(loop, resolver, own[i], &e);
    }
    for (unsigned i = 0; i < 60000; i++) {
        struct waiter w = try_connect(c[i & 1], LONG_MS);
        if (w.e.code == ERR_NONE)
            fail_msg("connected to itself");
        assert_int_equal(w.e.code, ERR_REFUSED);
    }
    for (unsigned i = 0; i < 2; i++) {
        redisconn_free(c[i]);
        target_redis_free(own[i]);
    }
}

/* Out of descriptors ourselves: that says nothing about the server. */
static void
test_no_descriptors(void **state)
{
    (void)state;
    struct redisconn *c = client("redis://127.0.0.1:PORT");
    struct rlimit before, none;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = (rlim_t)dup(0); /* the lowest that is free, and behind the limit then */
    close((int)none.rlim_cur);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    struct waiter w = try_connect(c, LONG_MS);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(w.e.code, ERR_SYSTEM);
    assert_non_null(strstr(w.e.msg, strerror(EMFILE)));
    redisconn_free(c);
}

/* Which of two listeners the next connection came to. */
static int
came_to(struct redisconn *c, int second)
{
    struct err e;
    unsigned before = server.connections;
    must_connect(c);
    for (;;) {
        bool never = false;
        int fd = accept4(second, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0) {
            close(fd);
            return 2;
        }
        if (server.connections > before)
            return 1;
        loop_turn_until(loop, &never, clock_deadline(1), &e);
    }
}

/* Of two addresses that both answer, the one that was shunned comes last, for one connect. */
static void
test_shun(void **state)
{
    (void)state;
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons(server.port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1)};
    int second = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(second, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(second, 8), 0);
    struct redisconn *c = client("redis://both.test:PORT");
    assert_int_equal(came_to(c, second), 1);
    redisconn_shun(c);
    assert_int_equal(came_to(c, second), 2);
    assert_int_equal(came_to(c, second), 1);
    redisconn_shun(c);
    assert_int_equal(came_to(c, second), 2);
    redisconn_shun(c); /* the other way round, too */
    assert_int_equal(came_to(c, second), 1);
    redisconn_free(c);
    close(second);
}

static void
test_deadlines(void **state)
{
    (void)state;
    static const struct line script[] = {
        {"AUTH s3cret", ""}, {"PING", "+PONG\r\n"}, {"GET a", ""}, {NULL, NULL}};
    struct redisconn *c = client("redis://:s3cret@127.0.0.1:PORT");
    server.script = script;
    struct waiter w = try_connect(c, 50);
    assert_int_equal(w.e.code, ERR_TIMEOUT);
    assert_non_null(strstr(w.e.msg, "login"));
    redisconn_free(c);

    c = client("redis://127.0.0.1:PORT");
    server.script = script;
    must_connect(c);
    struct waiter lost = {0};
    struct waiter slow = {0};
    struct waiter behind = {0};
    redisconn_set_lost_cb(c, on_connected, &lost);
    start(c, "GET a", 2 * LONG_MS, &slow);
    start(c, "GET a", 50, &behind); /* the nearer deadline counts, though it is behind */
    wait_for(&lost);
    assert_int_equal(slow.e.code, ERR_TIMEOUT);
    assert_int_equal(behind.e.code, ERR_TIMEOUT);
    assert_false(redisconn_connected(c));
    struct err e;
    const char *argv[] = {"PING"};
    assert_int_equal(redisconn_command_start(c, &(struct redis_args){1, argv, NULL},
                                             clock_deadline(1), on_reply, NULL, &e),
                     -1);
    assert_int_equal(e.code, ERR_CLOSED);
    redisconn_free(c);
}

static void
test_cluster(void **state)
{
    (void)state;
    static const struct line script[] = {{"GET a", "-MOVED 1 h:2\r\n"},
                                         {"GET b", "-ASK 1 h:2\r\n"},
                                         {"GET c", "-MOVEDX\r\n"},
                                         {NULL, NULL}};
    struct redisconn *c = client("redis://127.0.0.1:PORT");
    server.script = script;
    must_connect(c);
    struct waiter w[3] = {0};
    start(c, "GET a", LONG_MS, &w[0]);
    start(c, "GET b", LONG_MS, &w[1]);
    start(c, "GET c", LONG_MS, &w[2]);
    wait_for(&w[2]);
    assert_int_equal(w[0].e.code, ERR_SERVER);
    assert_non_null(strstr(w[0].e.msg, "MOVED: this is a Redis Cluster"));
    assert_string_equal(w[0].e.word, "MOVED");
    assert_non_null(strstr(w[1].e.msg, "ASK: this is a Redis Cluster"));
    assert_string_equal(w[2].text, "-MOVEDX ");
    redisconn_free(c);
}

static void
test_loss(void **state)
{
    (void)state;
    static const struct line script[] = {{"PING", "+PONG\r\n"}, {"GET a", "close"}, {NULL, NULL}};
    struct redisconn *c = client("redis://127.0.0.1:PORT");
    server.script = script;
    must_connect(c);
    struct waiter lost = {0};
    struct waiter pending = {0};
    redisconn_set_lost_cb(c, on_connected, &lost);
    struct waiter ping = {0};
    start(c, "PING", LONG_MS, &ping);
    wait_for(&ping);
    start(c, "GET a", LONG_MS, &pending);
    wait_for(&lost);
    assert_int_equal(pending.calls, 1);
    assert_int_equal(pending.e.code, ERR_CLOSED);
    assert_int_equal(lost.e.code, ERR_CLOSED);

    must_connect(c); /* idle loss, and not told twice */
    lost = (struct waiter){0};
    redisconn_set_lost_cb(c, on_connected, &lost);
    server_send("-ERR max number of clients reached\r\n");
    server_hang_up();
    wait_for(&lost);
    assert_int_equal(lost.e.code, ERR_SERVER);
    assert_string_equal(lost.e.msg, "ERR max number of clients reached");
    assert_string_equal(lost.e.word, "MAXCLIENTS");

    must_connect(c);
    lost = (struct waiter){0};
    redisconn_set_lost_cb(c, on_connected, &lost);
    server_send("+OK\r\n"); /* a reply to nothing */
    wait_for(&lost);
    assert_int_equal(lost.e.code, ERR_PROTOCOL);
    redisconn_free(c);
}

static void
test_maxclients(void **state)
{
    (void)state;
    struct redisconn *c = client("redis://:s3cret@127.0.0.1:PORT");
    server.greeting = "-ERR max number of clients reached\r\n";
    struct waiter w = try_connect(c, LONG_MS);
    assert_int_equal(w.e.code, ERR_SERVER);
    assert_non_null(strstr(w.e.msg, "max number of clients"));
    redisconn_free(c);
}

static void
test_free_inside(void **state)
{
    (void)state;
    static const struct line script[] = {{"PING", "+PONG\r\n"}, {"GET a", "close"}, {NULL, NULL}};
    struct redisconn *c = client("redis://127.0.0.1:PORT");
    server.script = script;
    struct waiter w = {.free_it = true};
    struct err e;
    assert_int_equal(redisconn_connect_start(c, clock_deadline(LONG_MS), on_connected, &w, &e), 0);
    wait_for(&w);

    c = client("redis://127.0.0.1:PORT");
    server.script = script;
    must_connect(c);
    struct waiter first = {.free_it = true};
    struct waiter second = {0};
    start(c, "PING", LONG_MS, &first);
    start(c, "PING", LONG_MS, &second);
    wait_for(&first);
    struct waiter nothing = {0};
    assert_int_equal(loop_turn_until(loop, &nothing.done, clock_deadline(20), &e), -1);
    assert_int_equal(second.calls, 0); /* after redisconn_free() nothing fires */

    c = client("redis://127.0.0.1:PORT");
    server.script = script;
    must_connect(c);
    struct waiter lost = {.free_it = true};
    struct waiter pending = {.free_it = true};
    redisconn_set_lost_cb(c, on_connected, &lost);
    start(c, "GET a", LONG_MS, &pending);
    wait_for(&pending);
    assert_int_equal(pending.e.code, ERR_CLOSED);
    assert_int_equal(lost.calls, 0);
}

/* A connection that is freed within its callback, as is what it borrowed; a turn later nothing of it is left. */
static void
freed_within(struct waiter *w, enum err_code code)
{
    struct waiter nothing = {0};
    struct err e;
    wait_for(w);
    assert_int_equal(w->e.code, code);
    drop_target(NULL);
    assert_int_equal(loop_turn_until(loop, &nothing.done, clock_deadline(5), &e), -1);
    assert_int_equal(w->calls, 1);
}

/* Each end of a connect: logged in, refused, ended, and silent. */
static void
test_free_inside_connect(void **state)
{
    (void)state;
    static const struct {
        const char *reply;
        uint64_t ms;
        enum err_code code;
    } rows[] = {{"+OK\r\n", LONG_MS, ERR_NONE},
                {"-WRONGPASS x\r\n", LONG_MS, ERR_AUTH},
                {"close", LONG_MS, ERR_CLOSED},
                {"", 30, ERR_TIMEOUT}};
    for (size_t i = 0; i <= sizeof(rows) / sizeof(rows[0]); i++) {
        bool is_row = i < sizeof(rows) / sizeof(rows[0]);
        const struct line script[] = {{"AUTH s3cret", is_row ? rows[i].reply : ""}, {NULL, NULL}};
        struct redisconn *c =
            client(is_row ? "redis://:s3cret@127.0.0.1:PORT" : "unix:///nonexistent/redis.sock");
        struct waiter w = {.free_it = true};
        struct err e;
        server.script = script;
        assert_int_equal(redisconn_connect_start(c, clock_deadline(is_row ? rows[i].ms : LONG_MS),
                                                 on_connected, &w, &e),
                         0);
        freed_within(&w, is_row ? rows[i].code : ERR_REFUSED);
    }
    server.script = NULL;
}

static void
test_free_inside_the_rest(void **state)
{
    (void)state;
    static const struct line script[] = {{"GET a", "close"}, {"GET b", ""}, {NULL, NULL}};
    struct redisconn *c = client("redis://127.0.0.1:PORT");
    server.script = script;
    must_connect(c);
    struct waiter late = {.free_it = true};
    start(c, "GET b", 30, &late);
    freed_within(&late, ERR_TIMEOUT);

    c = client("redis://127.0.0.1:PORT");
    server.script = script;
    must_connect(c);
    struct waiter lost = {.free_it = true};
    struct waiter pending = {0};
    redisconn_set_lost_cb(c, on_connected, &lost);
    start(c, "GET a", LONG_MS, &pending);
    freed_within(&lost, ERR_CLOSED);

    c = client("redis://127.0.0.1:PORT"); /* of no use, and never used; twice is once */
    redisconn_free(c);
    redisconn_free(c);
    drop_target(NULL);
}

static void
test_start_inside(void **state)
{
    (void)state;
    static const struct line script[] = {{"PING", "+PONG\r\n"}, {"GET a", "+A\r\n"}, {NULL, NULL}};
    struct redisconn *c = client("redis://127.0.0.1:PORT");
    server.script = script;
    must_connect(c);
    struct waiter second = {0};
    struct waiter first = {.then = "GET a", .then_waiter = &second};
    start(c, "PING", LONG_MS, &first);
    wait_for(&second);
    assert_string_equal(second.text, "+A ");
    redisconn_free(c);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_replies),
        TEST(test_login),
        TEST(test_login_refused),
        TEST(test_login_words),
        TEST(test_unreachable),
        TEST(test_second_address),
        TEST(test_deadlines),
        TEST(test_cluster),
        TEST(test_loss),
        TEST(test_maxclients),
        TEST(test_free_inside),
        TEST(test_start_inside),
        TEST(test_self),
        TEST(test_no_descriptors),
        TEST(test_shun),
        TEST(test_free_inside_connect),
        TEST(test_free_inside_the_rest),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
