/* Names, against a DNS server that this test plays itself, on 127.0.0.1. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "common/base/strbuf.h"
#include "common/net/loop.h"
#include "common/net/resolve.h"
#include "common/net/resolve_conf.h"
#include "common/net/resolve_hosts.h"
#include "tests/unit/fakes/fake_dns.h"

#define LONG_MS 20000

/* ---- the server ---- */

static const struct dns_record zone[] = {
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
    {NULL, 0, NULL},
};

static struct loop *loop;
static struct dns_server server;

static int
setup(void **state)
{
    (void)state;
    struct err e;
    loop = loop_new(&e);
    return dns_start(&server, loop, zone);
}

static int
teardown(void **state)
{
    (void)state;
    dns_stop(&server);
    loop_free(loop);
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
        snprintf(a->text + used, sizeof(a->text) - used, "%s%s", i ? " " : "",
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
    if (a.e.code != ERR_NONE)
        fail_msg("%s: %s", host, a.e.msg);
    assert_string_equal(a.text, text);
}

static void
test_literals(void **state)
{
    (void)state;
    dns_conf(&server, "");
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
    dns_conf(&server, "");
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
    unlink(server.conf_path); /* no resolv.conf at all */
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
    if (!strstr(a.e.msg, piece) || !strstr(a.e.msg, host))
        fail_msg("%s: got \"%s\"", host, a.e.msg);
}

static void
test_failures(void **state)
{
    (void)state;
    dns_conf(&server, "");
    assert_error("none.test", LONG_MS, "no such name");
    assert_error("empty.test", LONG_MS, "has no address");
    assert_error("broken.test", LONG_MS, "failed");
    assert_error("silent.test", 60, "the name server did not answer (127.0.0.1:");
    assert_error("a..b", LONG_MS, "not a valid host name");
}

static void
test_search(void **state)
{
    (void)state;
    dns_conf(&server, "search ns.cluster.test cluster.test\noptions ndots:2");
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
    dns_conf(&server, "");
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
    dns_conf(&server, "");
    struct resolver *r = resolver_new(loop, &e);
    struct answer before = {0};
    assert_non_null(resolve_start(r, "db", 1, clock_deadline(LONG_MS), on_answer, &before, &e));
    assert_int_equal(loop_turn_until(loop, &before.done, clock_deadline(LONG_MS), &e), 0);
    assert_int_equal(before.e.code, ERR_DNS);
    dns_conf(&server, "search ns.cluster.test");
    struct answer after = {0};
    assert_non_null(resolve_start(r, "db", 1, clock_deadline(LONG_MS), on_answer, &after, &e));
    assert_int_equal(loop_turn_until(loop, &after.done, clock_deadline(LONG_MS), &e), 0);
    assert_string_equal(after.text, "127.0.0.6");
    resolver_free(r);
}

/* c-ares 1.18 refuses other servers while it waits for an answer, and it waits long after we gave up. */
static void
test_conf_changes_while_waiting(void **state)
{
    (void)state;
    struct err e;
    FILE *f =
        fopen(server.conf_path, "w"); /* the server that is to be left: bound, and nobody answers */
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(any);
    assert_non_null(f);
    assert_int_equal(bind(fd, (struct sockaddr *)&any, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&any, &len), 0);
    fprintf(f, "nameserver 127.0.0.1:%u\n", ntohs(any.sin_port));
    fclose(f);
    struct resolver *r = resolver_new(loop, &e);
    struct answer before = {0};
    assert_non_null(resolve_start(r, "four.test", 1, clock_deadline(50), on_answer, &before, &e));
    assert_int_equal(loop_turn_until(loop, &before.done, clock_deadline(LONG_MS), &e), 0);
    assert_int_equal(before.e.code, ERR_DNS);
    struct answer waiting = {0}; /* asked the silent one, and asks again where the answer is */
    assert_non_null(
        resolve_start(r, "db.ns", 1, clock_deadline(LONG_MS / 2), on_answer, &waiting, &e));
    struct answer pause = {0};
    loop_turn_until(loop, &pause.done, clock_deadline(20), &e);
    dns_conf(&server, "search cluster.test");
    for (int i = 0; i < 2; i++) {
        struct answer after = {0};
        assert_non_null(
            resolve_start(r, "four.test", 1, clock_deadline(1000), on_answer, &after, &e));
        assert_int_equal(loop_turn_until(loop, &after.done, clock_deadline(LONG_MS), &e), 0);
        assert_string_equal(after.text, "127.0.0.3 127.0.0.4");
    }
    assert_int_equal(loop_turn_until(loop, &waiting.done, clock_deadline(LONG_MS), &e), 0);
    assert_string_equal(waiting.text, "127.0.0.6");
    resolver_free(r);
    close(fd);
}

static void
test_conf_lines(void **state)
{
    (void)state;
    struct resolve_conf conf;
    FILE *f = fopen(server.conf_path, "w");
    assert_non_null(f);
    fputs("; x\nnameserver fd00::1 # here\nnameserver\t10.0.0.1\nnameserver [::1]:53\ndomain gone\n"
          "search a.b. c\noptions rotate ndots:5\n",
          f);
    fclose(f);
    resolve_conf_read(&conf, server.conf_path);
    assert_string_equal(conf.servers, "[fd00::1],10.0.0.1,[::1]:53");
    assert_int_equal(conf.search_n, 2);
    assert_string_equal(conf.search[0], "a.b");
    assert_int_equal(conf.ndots, 5);
    resolve_conf_read(&conf, "/nonexistent");
    assert_string_equal(conf.servers, "127.0.0.1");
    assert_int_equal(conf.ndots, 1);
}

static void
assert_hosts(const char *name, const char *text)
{
    struct resolve_addr addrs[RESOLVE_ADDRS_MAX];
    size_t n = resolve_hosts(server.conf_path, name, 5432, addrs, RESOLVE_ADDRS_MAX);
    struct answer a = {0};
    on_answer(NULL, addrs, n, &a);
    assert_string_equal(a.text, text);
}

static void
test_hosts(void **state)
{
    (void)state;
    FILE *f = fopen(server.conf_path, "w");
    assert_non_null(f);
    fputs("# db\n127.0.0.2 db db.shop\r\n\n::1\tother  DB\nfe80::1%lo db\n127.0.0.3 x #db\n"
          "/socket db\n@abstract db\nno-address db\n127.0.0.2 db\n127.0.0.4 db-2 d\n127.0.0.5 db",
          f);
    fclose(f);
    assert_hosts("db", "127.0.0.2 ::1 fe80::1%lo 127.0.0.5"); /* each line, each address once */
    assert_hosts("Db.Shop", "127.0.0.2");
    assert_hosts("d", "127.0.0.4");
    assert_hosts("gone", "");
    f = fopen(server.conf_path, "w");
    assert_non_null(f);
    for (int i = 0; i < 100; i++)
        fprintf(f, "127.0.1.%d many\n", i);
    fclose(f);
    struct resolve_addr addrs[RESOLVE_ADDRS_MAX];
    assert_int_equal(resolve_hosts(server.conf_path, "many", 1, addrs, RESOLVE_ADDRS_MAX),
                     RESOLVE_ADDRS_MAX);
    assert_int_equal(resolve_hosts("/nonexistent", "many", 1, addrs, RESOLVE_ADDRS_MAX), 0);
}

/* No descriptor for a question, nor for the files: that says nothing about the name; and it passes. */
static void
test_no_descriptors(void **state)
{
    (void)state;
    struct err e;
    struct rlimit before, none;
    dns_conf(&server, "");
    struct resolver *r = resolver_new(loop, &e);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = (rlim_t)dup(0); /* the lowest that is free, and behind the limit then */
    close((int)none.rlim_cur);
    for (int lacking = 1; lacking >= 0; lacking--) {
        struct answer a = {0};
        assert_int_equal(setrlimit(RLIMIT_NOFILE, lacking ? &none : &before), 0);
        assert_non_null(
            resolve_start(r, "four.test", 5432, clock_deadline(LONG_MS), on_answer, &a, &e));
        loop_turn_until(loop, &a.done, clock_deadline(2 * LONG_MS), &e);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        assert_int_equal(a.calls, 1);
        if (lacking) {
            assert_int_equal(a.e.code, ERR_SYSTEM);
            assert_non_null(strstr(a.e.msg, strerror(EMFILE)));
        } else {
            assert_string_equal(a.text, "127.0.0.3 127.0.0.4");
        }
    }
    resolver_free(r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_descriptors),
        cmocka_unit_test(test_literals),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_localhost),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_search),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_conf_is_read_again),
        cmocka_unit_test(test_conf_changes_while_waiting),
        cmocka_unit_test(test_conf_lines),
        cmocka_unit_test(test_hosts),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
