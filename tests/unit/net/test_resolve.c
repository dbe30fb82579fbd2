/* Names: against a DNS server that this test plays itself, on 127.0.0.1. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "common/base/strbuf.h"
#include "common/net/loop.h"
#include "common/net/resolve.h"
#include "common/net/resolve_conf.h"

#define LONG_MS 20000

static char conf_path[] = "/tmp/rr-resolve-XXXXXX";

/* ---- the server ---- */

struct record {
    const char *name;
    int type;         /* 1 A, 28 AAAA */
    const char *addr; /* "" no data, "servfail", "silent"; several parted by spaces */
};

static const struct record zone[] = {
    {"both.test", 1, "127.0.0.2"},
    {"both.test", 28, "::1"},
    {"four.test", 1, "127.0.0.3 127.0.0.4"},
    {"four.test", 28, ""},
    {"slow6.test", 1, "127.0.0.5"},
    {"slow6.test", 28, "silent"},
    {"empty.test", 1, ""},
    {"empty.test", 28, ""},
    {"broken.test", 1, "servfail"},
    {"broken.test", 28, "servfail"},
    {"silent.test", 1, "silent"},
    {"silent.test", 28, "silent"},
    {"db.ns.cluster.test", 1, "127.0.0.6"},
    {"db.ns.cluster.test", 28, ""},
    {"a.b", 1, "127.0.0.7"},
    {"a.b", 28, ""},
    {"mixed.ns.cluster.test", 1, "127.0.0.8"},
    {"mixed.ns.cluster.test", 28, ""},
    {"mixed.cluster.test", 28, "::1"},
};

struct server {
    int fd;
    uint16_t port;
    struct loop_watch *watch;
    struct strbuf asked; /* names in the order of the questions, once per pair */
    unsigned unanswered;
};

static struct loop *loop;
static struct server server;

static size_t
read_name(const unsigned char *p, char *ret)
{
    size_t at = 12;
    size_t n = 0;
    while (p[at]) {
        size_t len = p[at++];
        memcpy(ret + n, p + at, len);
        n += len;
        ret[n++] = '.';
        at += len;
    }
    ret[n ? n - 1 : 0] = '\0';
    return at + 1;
}

static size_t
add_answer(unsigned char *out, size_t len, int type, const char *addr)
{
    unsigned char bytes[16];
    unsigned char size = type == 1 ? 4 : 16;
    assert_int_equal(inet_pton(type == 1 ? AF_INET : AF_INET6, addr, bytes), 1);
    const unsigned char head[] = {0xc0, 12, 0, (unsigned char)type, 0, 1, 0, 0, 0, 5, 0, size};
    memcpy(out + len, head, sizeof head);
    memcpy(out + len + sizeof head, bytes, size);
    out[7]++;
    return len + sizeof head + size;
}

static size_t
make_reply(unsigned char *p, size_t question_end, int type, const char *data)
{
    memset(p + 6, 0, 6); /* no answers, no additional records */
    p[2] = 0x81;
    p[3] = 0x80;
    if (!data) {
        p[3] = 0x83;
    } else if (strcmp(data, "servfail") == 0) {
        p[3] = 0x82;
    } else if (*data) {
        char copy[128];
        char *rest = NULL;
        snprintf(copy, sizeof copy, "%s", data);
        for (char *a = strtok_r(copy, " ", &rest); a; a = strtok_r(NULL, " ", &rest)) {
            question_end = add_answer(p, question_end, type, a);
        }
    }
    return question_end;
}

static void
on_question(int fd, int what, void *arg)
{
    (void)what;
    struct server *s = arg;
    unsigned char p[1500];
    struct sockaddr_storage from;
    socklen_t from_len = sizeof from;
    ssize_t got = recvfrom(fd, p, sizeof p, 0, (struct sockaddr *)&from, &from_len);
    if (got < 17) {
        return;
    }
    char name[256];
    size_t end = read_name(p, name);
    int type = p[end + 1];
    const char *data = NULL;
    for (size_t i = 0; i < sizeof zone / sizeof zone[0]; i++) {
        if (zone[i].type == type && strcasecmp(zone[i].name, name) == 0) {
            data = zone[i].addr;
        } else if (!data && strcasecmp(zone[i].name, name) == 0) {
            data = "";
        }
    }
    if (type == 1) {
        strbuf_addf(&s->asked, "%s ", name);
    }
    if (!data || strcmp(data, "silent") != 0) {
        size_t len = make_reply(p, end + 4, type, data);
        sendto(fd, p, len, 0, (struct sockaddr *)&from, from_len);
    } else {
        s->unanswered++;
    }
}

static void
write_conf(const char *more)
{
    FILE *f = fopen(conf_path, "w");
    assert_non_null(f);
    fprintf(f, "# made by a test\nnameserver 127.0.0.1:%u\n%s\n", server.port, more);
    fclose(f);
}

static int
setup(void **state)
{
    (void)state;
    struct err e;
    loop = loop_new(&e);
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof any;
    server.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (bind(server.fd, (struct sockaddr *)&any, len) != 0 ||
        getsockname(server.fd, (struct sockaddr *)&any, &len) != 0) {
        return -1;
    }
    server.port = ntohs(any.sin_port);
    server.watch = loop_watch_new(loop, server.fd, on_question, &server);
    loop_watch_set(server.watch, LOOP_READ);
    close(mkstemp(conf_path));
    setenv("RELEASE_RUNTIME_RESOLV_CONF", conf_path, 1);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    loop_watch_free(server.watch);
    close(server.fd);
    strbuf_done(&server.asked);
    loop_free(loop);
    unlink(conf_path);
    return 0;
}

/* ---- asking ---- */

struct answer {
    bool done;
    int calls;
    struct err e;
    char text[256]; /* addresses parted by spaces */
    uint16_t port;
};

static void
on_answer(const struct err *e, const struct resolve_addr *addrs, size_t n, void *arg)
{
    struct answer *a = arg;
    char buf[RESOLVE_TEXT_MAX];
    a->done = true;
    a->calls++;
    if (e) {
        a->e = *e;
        return;
    }
    for (size_t i = 0; i < n; i++) {
        size_t used = strlen(a->text);
        snprintf(a->text + used, sizeof a->text - used, "%s%s", i ? " " : "",
                 resolve_addr_text(&addrs[i], buf));
        a->port = ntohs(((const struct sockaddr_in *)&addrs[i].sa)->sin_port);
    }
}

static struct answer
ask_within(const char *host, uint64_t ms)
{
    struct err e;
    struct answer a = {0};
    struct resolver *r = resolver_new(loop, &e);
    assert_non_null(r);
    strbuf_clear(&server.asked);
    server.unanswered = 0;
    assert_non_null(resolve_start(r, host, 5432, clock_deadline(ms), on_answer, &a, &e));
    assert_false(a.done);
    assert_int_equal(loop_turn_until(loop, &a.done, clock_deadline(LONG_MS), &e), 0);
    resolver_free(r);
    assert_int_equal(a.calls, 1);
    return a;
}

static struct answer
ask(const char *host)
{
    return ask_within(host, LONG_MS);
}

static void
assert_answer(const char *host, const char *text)
{
    struct answer a = ask(host);
    if (a.e.code != ERR_NONE) {
        fail_msg("%s: %s", host, a.e.msg);
    }
    assert_string_equal(a.text, text);
}

static void
test_literals(void **state)
{
    (void)state;
    write_conf("");
    assert_answer("127.0.0.1", "127.0.0.1");
    assert_answer("::1", "::1");
    assert_answer("[::1]", "::1");
    assert_answer("fe80::1%lo", "fe80::1%lo");
    assert_answer("/run/pg/.s.PGSQL.5432", "/run/pg/.s.PGSQL.5432");
    assert_answer("@abstract", "@abstract");
    assert_int_equal(ask("127.0.0.1").port, 5432);
    assert_string_equal(strbuf_str(&server.asked), "");
}

static void
test_names(void **state)
{
    (void)state;
    write_conf("");
    assert_answer("four.test", "127.0.0.3 127.0.0.4");
    assert_int_equal(ask("four.test").port, 5432);
    struct answer a = ask("both.test"); /* in the order that this machine's routes give */
    assert_non_null(strstr(a.text, "127.0.0.2"));
    assert_non_null(strstr(a.text, "::1"));
    assert_answer("slow6.test", "127.0.0.5");
    assert_int_equal(server.unanswered, 1); /* had it waited for AAAA, it would have asked again */
}

static void
test_localhost(void **state)
{
    (void)state;
    unlink(conf_path); /* no resolv.conf at all */
    struct answer a = ask("localhost");
    assert_non_null(strstr(a.text, "127.0.0.1"));
    a = ask("x.localhost.");
    assert_non_null(strstr(a.text, "127.0.0.1"));
}

static void
assert_error(const char *host, uint64_t ms, const char *piece)
{
    struct answer a = ask_within(host, ms);
    assert_int_equal(a.e.code, ERR_DNS);
    if (!strstr(a.e.msg, piece) || !strstr(a.e.msg, host)) {
        fail_msg("%s: got \"%s\"", host, a.e.msg);
    }
}

static void
test_failures(void **state)
{
    (void)state;
    write_conf("");
    assert_error("none.test", LONG_MS, "no such name");
    assert_error("empty.test", LONG_MS, "has no address");
    assert_error("broken.test", LONG_MS, "fails");
    assert_error("silent.test", 60, "the resolver does not answer (127.0.0.1:");
    assert_error("a..b", LONG_MS, "not a host name");
}

static void
test_search(void **state)
{
    (void)state;
    write_conf("search ns.cluster.test cluster.test\noptions ndots:2");
    assert_answer("db", "127.0.0.6");
    assert_string_equal(strbuf_str(&server.asked), "db.ns.cluster.test ");
    assert_answer("a.b", "127.0.0.7");
    assert_string_equal(strbuf_str(&server.asked), "a.b.ns.cluster.test a.b.cluster.test a.b ");
    assert_answer("a.b.", "127.0.0.7");
    assert_string_equal(strbuf_str(&server.asked), "a.b ");
    assert_error("x.y.z", LONG_MS, "no such name");
    assert_string_equal(strbuf_str(&server.asked),
                        "x.y.z x.y.z.ns.cluster.test x.y.z.cluster.test ");
    /* One family's answer ends the walk: no address of another name is mixed in. */
    assert_answer("mixed", "127.0.0.8");
}

static void
test_cancel(void **state)
{
    (void)state;
    struct err e;
    write_conf("");
    struct resolver *r = resolver_new(loop, &e);
    struct answer cancelled = {0};
    struct answer kept = {0};
    struct resolve_request *q =
        resolve_start(r, "silent.test", 1, clock_deadline(LONG_MS), on_answer, &cancelled, &e);
    assert_non_null(
        resolve_start(r, "four.test", 1, clock_deadline(LONG_MS), on_answer, &kept, &e));
    assert_int_equal(loop_turn_until(loop, &kept.done, clock_deadline(LONG_MS), &e), 0);
    resolve_cancel(q);
    resolve_cancel(NULL);
    resolver_free(r);
    assert_int_equal(cancelled.calls, 0);
    assert_int_equal(kept.calls, 1);
}

static void
test_conf_is_read_again(void **state)
{
    (void)state;
    struct err e;
    write_conf("");
    struct resolver *r = resolver_new(loop, &e);
    struct answer before = {0};
    assert_non_null(resolve_start(r, "db", 1, clock_deadline(LONG_MS), on_answer, &before, &e));
    assert_int_equal(loop_turn_until(loop, &before.done, clock_deadline(LONG_MS), &e), 0);
    assert_int_equal(before.e.code, ERR_DNS);
    write_conf("search ns.cluster.test");
    struct answer after = {0};
    assert_non_null(resolve_start(r, "db", 1, clock_deadline(LONG_MS), on_answer, &after, &e));
    assert_int_equal(loop_turn_until(loop, &after.done, clock_deadline(LONG_MS), &e), 0);
    assert_string_equal(after.text, "127.0.0.6");
    resolver_free(r);
}

static void
test_conf_lines(void **state)
{
    (void)state;
    struct resolve_conf conf;
    FILE *f = fopen(conf_path, "w");
    assert_non_null(f);
    fputs("; x\nnameserver fd00::1 # here\nnameserver\t10.0.0.1\nnameserver [::1]:53\ndomain gone\n"
          "search a.b. c\noptions rotate ndots:5\n",
          f);
    fclose(f);
    resolve_conf_read(&conf, conf_path);
    assert_string_equal(conf.servers, "[fd00::1],10.0.0.1,[::1]:53");
    assert_int_equal(conf.search_n, 2);
    assert_string_equal(conf.search[0], "a.b");
    assert_int_equal(conf.ndots, 5);
    resolve_conf_read(&conf, "/nonexistent");
    assert_string_equal(conf.servers, "127.0.0.1");
    assert_int_equal(conf.ndots, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_literals),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_localhost),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_search),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_conf_is_read_again),
        cmocka_unit_test(test_conf_lines),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
