/* Redis connections: against a scripted server in this loop, and against a real one where it is installed. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <event2/bufferevent.h>
#include <event2/event.h>

#include "common/base/clock.h"
#include "common/base/strbuf.h"
#include "common/net/loop.h"
#include "common/net/redisconn.h"
#include "common/net/redisconn_reply.h"
#include "common/net/resolve.h"
#include "common/net/target.h"
#include "common/net/tls.h"
#include "tests/unit/net/fake_dns.h"
#include "tests/unit/net/throwaway_ca.h"

#define LONG_MS 20000

static struct loop *loop;
static struct resolver *resolver;
static struct dns_server dns;
static const struct dns_record zone[] = {
    {"two.test", 1, "127.0.0.9 127.0.0.1"}, {"two.test", 28, ""}, {NULL, 0, NULL}};

/* ---- the scripted server: one connection at a time ---- */

struct line {
    const char *command; /* "GET a"; NULL: the end */
    const char *reply;   /* bytes; "" silent; "close" */
};

static struct server {
    int listener, fd;
    uint16_t port;
    struct loop_watch *accepting, *reading;
    const struct line *script;
    const char *greeting;    /* sent at once, then the connection is closed */
    struct tls_server *tls;  /* each command is answered with +OK */
    struct bufferevent *bev; /* then */
    struct redis_parser *parser;
    struct strbuf got; /* the commands, one a line */
    unsigned connections;
} server;

static void
server_hang_up(void)
{
    loop_watch_free(server.reading);
    server.reading = NULL;
    if (server.fd >= 0) {
        close(server.fd);
    }
    server.fd = -1;
    if (server.bev) {
        bufferevent_free(server.bev);
    }
    server.bev = NULL;
    redis_parser_free(server.parser);
    server.parser = NULL;
}

static void
server_send(const char *text)
{
    assert_int_equal(write(server.fd, text, strlen(text)), (ssize_t)strlen(text));
}

static void
server_answer(const struct redis_reply *command)
{
    struct strbuf b = STRBUF_INIT;
    for (size_t i = 0; i < command->count; i++) {
        strbuf_addf(&b, "%s%s", i ? " " : "", command->items[i]->text);
    }
    strbuf_addf(&server.got, "%s\n", strbuf_str(&b));
    const struct line *l = server.script;
    while (l && l->command && strcmp(l->command, strbuf_str(&b)) != 0) {
        l++;
    }
    const char *reply = l && l->command ? l->reply : "-ERR not in the script\r\n";
    if (strcmp(reply, "close") == 0) {
        server_hang_up();
    } else {
        server_send(reply);
    }
    strbuf_done(&b);
}

static void
on_server_read(int fd, int what, void *arg)
{
    (void)what;
    (void)arg;
    char buf[4096];
    struct err e;
    ssize_t n = read(fd, buf, sizeof buf);
    if (n <= 0) {
        server_hang_up();
        return;
    }
    assert_int_equal(redis_parser_feed(server.parser, buf, (size_t)n, &e), 0);
    while (server.parser) {
        struct redis_reply *command;
        assert_int_equal(redis_parser_next(server.parser, &command, &e), 0);
        if (!command) {
            return;
        }
        server_answer(command);
        redis_reply_free(command);
    }
}

static void
on_tls_read(struct bufferevent *bev, void *arg)
{
    (void)arg;
    char buf[4096];
    struct err e;
    struct redis_reply *command;
    size_t n = bufferevent_read(bev, buf, sizeof buf);
    assert_int_equal(redis_parser_feed(server.parser, buf, n, &e), 0);
    while (redis_parser_next(server.parser, &command, &e) == 0 && command) {
        redis_reply_free(command);
        bufferevent_write(bev, "+OK\r\n", 5);
    }
}

static void
on_server_accept(int fd, int what, void *arg)
{
    (void)what;
    (void)arg;
    server_hang_up();
    server.connections++;
    server.fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    assert_true(server.fd >= 0);
    if (server.greeting) {
        server_send(server.greeting);
        server_hang_up();
        return;
    }
    server.parser = redis_parser_new();
    if (server.tls) {
        int own = server.fd;
        struct err e;
        server.fd = -1;
        server.bev = tls_server_bufferevent(server.tls, loop_base(loop), own, &e);
        bufferevent_setcb(server.bev, on_tls_read, NULL, NULL, NULL);
        bufferevent_enable(server.bev, EV_READ | EV_WRITE);
        return;
    }
    server.reading = loop_watch_new(loop, server.fd, on_server_read, NULL);
    loop_watch_set(server.reading, LOOP_READ);
}

static int
setup(void **state)
{
    (void)state;
    struct err e;
    loop = loop_new(&e);
    if (dns_start(&dns, loop, zone) != 0) {
        return -1;
    }
    if (ca_make() != 0) {
        return -1;
    }
    dns_conf(&dns, "");
    resolver = resolver_new(loop, &e);
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof any;
    server.fd = -1;
    server.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (bind(server.listener, (struct sockaddr *)&any, len) != 0 ||
        listen(server.listener, 16) != 0 ||
        getsockname(server.listener, (struct sockaddr *)&any, &len) != 0) {
        return -1;
    }
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
    strbuf_done(&server.got);
    resolver_free(resolver);
    dns_stop(&dns);
    loop_free(loop);
    return ca_remove();
}

/* ---- the client ---- */

struct waiter {
    bool done;
    int calls;
    struct err e;
    char text[256];   /* the reply */
    bool free_it;     /* the callback frees the connection */
    const char *then; /* the callback sends this command */
    struct waiter *then_waiter;
};

static struct target_redis *target;

static struct redisconn *
client(const char *url)
{
    char text[256];
    struct err e;
    target_redis_free(target);
    const char *port = strstr(url, "PORT");
    if (port) {
        snprintf(text, sizeof text, "%.*s%u%s", (int)(port - url), url, server.port, port + 4);
    } else {
        snprintf(text, sizeof text, "%s", url);
    }
    if (target_redis_parse(text, &target, &e) != 0) {
        fail_msg("%s", e.msg);
    }
    struct redisconn *c = redisconn_new(loop, resolver, target, &e);
    assert_non_null(c);
    strbuf_clear(&server.got);
    server.greeting = NULL;
    server.script = NULL;
    server.connections = 0;
    return c;
}

static void
note(struct waiter *w, const struct err *e)
{
    w->done = true;
    w->calls++;
    if (e) {
        w->e = *e;
    }
}

static void
on_connected(struct redisconn *c, const struct err *e, void *arg)
{
    struct waiter *w = arg;
    note(w, e);
    if (w->free_it) {
        redisconn_free(c);
    }
}

static void
on_reply(struct redisconn *c, const struct err *e, const struct redis_reply *reply, void *arg);

static void
start(struct redisconn *c, const char *command, uint64_t ms, struct waiter *w)
{
    char copy[128];
    const char *argv[8];
    int argc = 0;
    char *rest = NULL;
    struct err e;
    snprintf(copy, sizeof copy, "%s", command);
    for (char *p = strtok_r(copy, " ", &rest); p; p = strtok_r(NULL, " ", &rest)) {
        argv[argc++] = p;
    }
    assert_int_equal(
        redisconn_command_start(c, argc, argv, NULL, clock_deadline(ms), on_reply, w, &e), 0);
    assert_false(w->done);
}

static void
render(char *out, size_t size, const struct redis_reply *r)
{
    size_t used = strlen(out);
    static const char kinds[] = "_$+-:*";
    if (r->kind == REDIS_ARRAY) {
        snprintf(out + used, size - used, "*%zu(", r->count);
        for (size_t i = 0; i < r->count; i++) {
            render(out, size, r->items[i]);
        }
        strncat(out, ")", size - strlen(out) - 1);
    } else if (r->kind == REDIS_INTEGER) {
        snprintf(out + used, size - used, ":%lld ", r->integer);
    } else {
        assert_int_equal(strlen(r->text), r->len);
        snprintf(out + used, size - used, "%c%s ", kinds[r->kind], r->text);
    }
}

static void
on_reply(struct redisconn *c, const struct err *e, const struct redis_reply *reply, void *arg)
{
    struct waiter *w = arg;
    note(w, e);
    assert_true(!e == !!reply);
    if (reply) {
        render(w->text, sizeof w->text, reply);
    }
    if (w->then) {
        start(c, w->then, LONG_MS, w->then_waiter);
    }
    if (w->free_it) {
        redisconn_free(c);
    }
}

static void
wait_for(struct waiter *w)
{
    struct err e;
    if (loop_turn_until(loop, &w->done, clock_deadline(LONG_MS), &e) != 0) {
        fail_msg("nothing came");
    }
    assert_int_equal(w->calls, 1);
}

static struct waiter
try_connect(struct redisconn *c, uint64_t ms)
{
    struct waiter w = {0};
    struct err e;
    assert_int_equal(redisconn_connect_start(c, clock_deadline(ms), on_connected, &w, &e), 0);
    assert_false(w.done);
    wait_for(&w);
    return w;
}

static void
must_connect(struct redisconn *c)
{
    struct waiter w = try_connect(c, LONG_MS);
    if (w.e.code != ERR_NONE) {
        fail_msg("%s", w.e.msg);
    }
    assert_true(redisconn_connected(c));
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

static void
assert_login(const char *url, const struct line *script, enum err_code code, const char *msg)
{
    struct redisconn *c = client(url);
    server.script = script;
    struct waiter w = try_connect(c, LONG_MS);
    assert_int_equal(w.e.code, code);
    assert_non_null(strstr(w.e.msg, msg));
    assert_null(strstr(w.e.msg, "s3cret"));
    assert_false(redisconn_connected(c));
    redisconn_free(c);
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
    assert_login("redis://:s3cret@127.0.0.1:PORT", wrong, ERR_AUTH, "WRONGPASS");
    assert_login("redis://:s3cret@127.0.0.1:PORT", old, ERR_AUTH, "invalid password");
    assert_login("redis://127.0.0.1:PORT/1", loading, ERR_SERVER, "LOADING wait");
    assert_login("redis://127.0.0.1:PORT/1", range, ERR_SERVER, "DB index is");
    assert_login("redis://127.0.0.1:PORT/1", noauth, ERR_AUTH, "NOAUTH");
    assert_login("redis://:s3cret@127.0.0.1:PORT", full, ERR_SERVER, "max number");
    assert_login("redis://:s3cret@127.0.0.1:PORT", odd, ERR_PROTOCOL, "unexpected");
    assert_login("redis://:s3cret@127.0.0.1:PORT", junk, ERR_PROTOCOL, "not a reply");
    assert_login("redis://:s3cret@127.0.0.1:PORT", gone, ERR_CLOSED, "ended");
}

static void
test_unreachable(void **state)
{
    (void)state;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); /* bound, not listening: refused */
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof any;
    assert_int_equal(bind(fd, (struct sockaddr *)&any, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&any, &len), 0);
    char url[64];
    snprintf(url, sizeof url, "redis://127.0.0.1:%u", ntohs(any.sin_port));
    struct redisconn *c = client(url);
    struct waiter w = try_connect(c, LONG_MS);
    assert_int_equal(w.e.code, ERR_REFUSED);
    assert_non_null(strstr(w.e.msg, "127.0.0.1: Connection refused"));
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
    assert_int_equal(
        redisconn_command_start(c, 1, argv, NULL, clock_deadline(1), on_reply, NULL, &e), -1);
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

static void
test_tls(void **state)
{
    (void)state;
    struct err e;
    char url[256];
    server.tls = tls_server_new(ca_path("one.crt"), ca_path("one.key"), &e);
    assert_non_null(server.tls);
    snprintf(url, sizeof url, "rediss://:s3cret@127.0.0.1:PORT/1?ca_file=%s", ca_path("one.ca"));
    struct redisconn *c = client(url);
    must_connect(c);
    struct waiter w = {0};
    start(c, "PING", LONG_MS, &w);
    wait_for(&w);
    assert_string_equal(w.text, "+OK ");
    must_connect(c);
    redisconn_free(c);

    snprintf(url, sizeof url, "rediss://127.0.0.1:PORT?ca_file=%s", ca_path("two.ca"));
    c = client(url);
    w = try_connect(c, LONG_MS);
    assert_int_equal(w.e.code, ERR_TLS);
    assert_non_null(strstr(w.e.msg, "not accepted"));
    redisconn_free(c);

    snprintf(url, sizeof url, "rediss://127.0.0.1:PORT?ca_file=/nonexistent%s", "");
    c = client(url);
    w = try_connect(c, LONG_MS);
    assert_int_equal(w.e.code, ERR_TLS);
    redisconn_free(c);
    server_hang_up();
    tls_server_free(server.tls);
    server.tls = NULL;

    static const struct line script[] = {{NULL, NULL}};
    c = client(
        "rediss://127.0.0.1:PORT?verify=no"); /* TLS to a server that has none: it never answers */
    server.script = script;
    server.greeting = "-ERR plain\r\n";
    w = try_connect(c, LONG_MS);
    assert_int_equal(w.e.code, ERR_TLS);
    redisconn_free(c);
}

/* ---- the parser alone ---- */

static void
test_parser(void **state)
{
    (void)state;
    static const char good[] = "*2\r\n*1\r\n:7\r\n$5\r\na\0b\r\n\r\n+x\r\n";
    struct redis_parser *p = redis_parser_new();
    struct redis_reply *r;
    struct err e;
    const size_t end = sizeof good - 1 - strlen("+x\r\n");
    for (size_t i = 0; i < end; i++) { /* byte by byte */
        assert_int_equal(redis_parser_feed(p, good + i, 1, &e), 0);
        assert_int_equal(redis_parser_next(p, &r, &e), 0);
        assert_true(!r == (i + 1 < end));
    }
    assert_int_equal(r->count, 2);
    assert_int_equal(r->items[0]->items[0]->integer, 7);
    assert_int_equal(r->items[1]->len, 5);
    assert_memory_equal(r->items[1]->text, "a\0b\r\n", 6);
    redis_reply_free(r);
    redis_parser_free(p);

    static const char *const bad[] = {
        "*9999999\r\n", "?\r\n", "$-7\r\n", ":x\r\n", "*2\r\n:1\r\n*9999999\r\n", "$3\r\nabcde"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        p = redis_parser_new();
        assert_int_equal(redis_parser_feed(p, bad[i], strlen(bad[i]), &e), 0);
        int result = redis_parser_next(p, &r, &e);
        if (result == 0 && r) { /* hiredis does not look at what ends a string */
            redis_reply_free(r);
        } else if (i < 3 || i == 4) {
            assert_int_equal(result, -1);
            assert_int_equal(e.code, ERR_PROTOCOL);
        }
        redis_parser_free(p);
    }

    p = redis_parser_new();
    char *big = calloc(1, REDIS_REPLY_BYTES_MAX);
    assert_int_equal(redis_parser_feed(p, "$99999999\r\n", 11, &e), 0);
    assert_int_equal(redis_parser_feed(p, big, REDIS_REPLY_BYTES_MAX - 11, &e), 0);
    assert_int_equal(redis_parser_feed(p, big, 1, &e), -1);
    assert_int_equal(e.code, ERR_PROTOCOL);
    free(big);
    redis_parser_free(p);
}

/* ---- a real server ---- */

static void
test_real_server(void **state)
{
    (void)state;
    if (access("/usr/bin/redis-server", X_OK) != 0) {
        print_message("no redis-server is installed\n");
        skip();
    }
    char dir[] = "/tmp/rr-redisconn-XXXXXX";
    char path[64];
    char url[128];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/s", dir);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed assertion must not leave it behind */
        if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr)) {
            _exit(126);
        }
        execl("/usr/bin/redis-server", "redis-server", "--port", "0", "--unixsocket", path,
              "--requirepass", "s3cret", "--save", "", "--dir", dir, "--loglevel", "warning",
              (char *)NULL);
        _exit(127);
    }
    snprintf(url, sizeof url, "unix://:s3cret@%s?db=3", path);
    struct redisconn *c = client(url);
    struct waiter w = {0};
    uint64_t deadline_ms = clock_deadline(LONG_MS);
    do { /* until it listens */
        struct err e;
        struct waiter pause = {0};
        w = try_connect(c, LONG_MS);
        loop_turn_until(loop, &pause.done, clock_deadline(5), &e);
    } while (w.e.code == ERR_REFUSED && clock_left_ms(deadline_ms) > 0);
    assert_int_equal(w.e.code, ERR_NONE);
    struct waiter set = {0};
    struct waiter get = {0};
    struct waiter role = {0};
    start(c, "SET k v", LONG_MS, &set);
    start(c, "GET k", LONG_MS, &get);
    start(c, "ROLE", LONG_MS, &role);
    wait_for(&role);
    assert_string_equal(set.text, "+OK ");
    assert_string_equal(get.text, "$v ");
    assert_string_equal(role.text, "*3($master :0 *0())");
    struct waiter lost = {0};
    redisconn_set_lost_cb(c, on_connected, &lost);
    kill(pid, SIGKILL);
    wait_for(&lost);
    assert_int_equal(lost.e.code, ERR_CLOSED);
    redisconn_free(c);
    waitpid(pid, NULL, 0);
    unlink(path);
    rmdir(dir);
}

static int
drop_target(void **state)
{
    (void)state;
    target_redis_free(target);
    target = NULL;
    return 0;
}

#define TEST(f) cmocka_unit_test_teardown(f, drop_target)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_replies),     TEST(test_login),          TEST(test_login_refused),
        TEST(test_unreachable), TEST(test_second_address), TEST(test_deadlines),
        TEST(test_cluster),     TEST(test_loss),           TEST(test_maxclients),
        TEST(test_free_inside), TEST(test_start_inside),   TEST(test_tls),
        TEST(test_parser),      TEST(test_real_server),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
