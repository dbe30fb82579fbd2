/* Redis connections over TLS, and against a real server where it is installed. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "tests/unit/fakes/redis_client.h"
#include "tests/unit/fakes/throwaway_ca.h"

static int
setup(void **state)
{
    (void)state;
    struct err e;
    loop = loop_new(&e);
    resolver = resolver_new(loop, &e);
    return ca_make() == 0 ? server_start(loop) : -1;
}

static int
teardown(void **state)
{
    (void)state;
    server_stop();
    resolver_free(resolver);
    loop_free(loop);
    return ca_remove();
}

static void
test_tls(void **state)
{
    (void)state;
    char url[256];
    server.tls = tls_server_new(ca_path("one.crt"), ca_path("one.key"));
    assert_non_null(server.tls);
    snprintf(url, sizeof(url), "rediss://:s3cret@127.0.0.1:PORT/1?ca_file=%s", ca_path("one.ca"));
    struct redisconn *c = client(url);
    must_connect(c);
    struct waiter w = {0};
    start(c, "PING", LONG_MS, &w);
    wait_for(&w);
    assert_string_equal(w.text, "+OK ");
    must_connect(c);
    redisconn_free(c);

    snprintf(url, sizeof(url), "rediss://127.0.0.1:PORT?ca_file=%s", ca_path("two.ca"));
    c = client(url);
    w = try_connect(c, LONG_MS);
    assert_int_equal(w.e.code, ERR_TLS);
    assert_non_null(strstr(w.e.msg, "verification failed"));
    redisconn_free(c);

    snprintf(url, sizeof(url), "rediss://127.0.0.1:PORT?ca_file=/nonexistent%s", "");
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
    snprintf(path, sizeof(path), "%s/s", dir);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed assertion must not leave it behind */
        if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
            _exit(126);
        execl("/usr/bin/redis-server", "redis-server", "--port", "0", "--unixsocket", path,
              "--requirepass", "s3cret", "--save", "", "--dir", dir, "--loglevel", "warning",
              (char *)NULL);
        _exit(127);
    }
    snprintf(url, sizeof(url), "unix://:s3cret@%s?db=3", path);
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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_tls),
        TEST(test_real_server),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
