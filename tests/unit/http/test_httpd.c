/* The server on real sockets: answers, order, limits. Time is only waited for where a limit is
 * the thing tested, with limits of a few milliseconds. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "common/http/httpd.h"
#include "common/net/loop.h"

/* In place of the C library's: what a kernel answers when its memory is short. */
static struct {
    int sys_errno; /* 0: as usual */
    unsigned calls;
} accepting;

int
accept4(int fd, struct sockaddr *sa, socklen_t *len, int flags)
{
    accepting.calls++;
    if (accepting.sys_errno == 0)
        return (int)syscall(SYS_accept4, fd, sa, len, flags);
    errno = accepting.sys_errno;
    return -1;
}

struct world {
    struct loop *loop;
    struct httpd *httpd;
    struct httpd_answer answer;
    char dir[64], path[96];
    bool saw_local, saw_forwarded;
    size_t body_bytes;
    enum { CUT_NOWHERE, CUT_HEAD, CUT_BODY } cut; /* where memory ran out */
    char order[16];                               /* the first letters of the paths */
};

static const struct httpd_answer *
answer(const struct httpd_request *r, void *arg)
{
    struct world *w = arg;
    size_t n = strlen(w->order);
    if (n + 1 < sizeof(w->order) && r->path.len > 1)
        w->order[n] = r->path.at[1];
    w->saw_local = r->local;
    w->saw_forwarded = r->forwarded;
    strbuf_clear(&w->answer.body);
    strbuf_add(&w->answer.body, r->path.at, r->path.len);
    while (w->answer.body.len < w->body_bytes)
        strbuf_adds(&w->answer.body, "0123456789");
    httpd_answer_finish(&w->answer, 200, HTTPD_TEXT, "");
    if (w->cut != CUT_NOWHERE) {
        struct strbuf *part = w->cut == CUT_HEAD ? &w->answer.head : &w->answer.body;
        strbuf_clear(part);
        part->failed = true;
    }
    return &w->answer;
}

static void
open_world(struct world *w, struct httpd_limits limits)
{
    struct err e;
    char address[128];
    *w = (struct world){0};
    strcpy(w->dir, "/tmp/rr-httpd-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    snprintf(w->path, sizeof(w->path), "%s/s", w->dir);
    snprintf(address, sizeof(address), "unix:%s", w->path);
    w->loop = loop_new(&e);
    assert_non_null(w->loop);
    w->httpd = httpd_new(w->loop, &limits, answer, w, &e);
    assert_non_null(w->httpd);
    assert_int_equal(httpd_listen(w->httpd, address, &e), 0);
    assert_string_equal(httpd_bound(w->httpd, 0), address);
    assert_null(httpd_bound(w->httpd, 1));
}

static void
close_world(struct world *w)
{
    struct stat st;
    httpd_free(w->httpd);
    httpd_answer_done(&w->answer);
    loop_free(w->loop);
    assert_int_equal(lstat(w->path, &st), -1);
    rmdir(w->dir);
}

static const struct httpd_limits wide = {
    .request_ms = 60000, .keep_alive_ms = 60000, .connections = 512};

static int
dial(const struct world *w)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    strcpy(un.sun_path, w->path);
    assert_int_equal(connect(fd, (struct sockaddr *)&un, sizeof(un)), 0);
    return fd;
}

static void
turn(struct world *w, uint64_t ms)
{
    bool never = false;
    struct err e;
    loop_turn_until(w->loop, &never, clock_deadline(ms), &e);
}

static void
say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Turns the loop until n bytes are there or the peer closed; returns what came, NUL-terminated,
 * owned. */
static char *
hear(struct world *w, int fd, const char *until, bool *ret_closed)
{
    size_t len = 0, size = 1 << 20;
    char *buf = calloc(1, size);
    *ret_closed = false;
    for (int i = 0; i < 2000; i++) {
        ssize_t n = recv(fd, buf + len, size - 1 - len, MSG_DONTWAIT);
        if (n > 0)
            len += (size_t)n;
        if (n == 0 || (n < 0 && len == 0 && i > 1000))
            *ret_closed = n == 0;
        if (n == 0 || (until && strstr(buf, until)))
            break;
        if (n <= 0)
            turn(w, 1);
    }
    return buf;
}

static void
expect(struct world *w, int fd, const char *request, const char *until, bool closed,
       const char *wanted)
{
    bool was_closed;
    say(fd, request);
    char *got = hear(w, fd, closed ? NULL : until, &was_closed);
    if (!strstr(got, wanted))
        fail_msg("no '%s' in: %s", wanted, got);
    assert_non_null(strstr(got, until));
    assert_int_equal(was_closed, closed);
    free(got);
}

static void
test_answers(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, wide);
    int fd = dial(&w);
    expect(&w, fd, "GET /one HTTP/1.1\r\n\r\n", "\r\n\r\n/one", false,
           "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: "
           "4\r\nCache-Control: no-store\r\nDate: ");
    assert_true(w.saw_local);
    assert_false(w.saw_forwarded);
    expect(&w, fd, "GET /2 HTTP/1.0\r\nConnection: keep-alive\r\nVia: x\r\n\r\n", "\r\n\r\n/2",
           false, "GMT\r\nConnection: keep-alive\r\n\r\n/2");
    assert_true(w.saw_forwarded);
    expect(&w, fd, "GET /3 HTTP/1.0\r\n\r\n", "\r\n\r\n/3", true, "Connection: close\r\n");
    close(fd);
    fd = dial(&w);
    expect(&w, fd, "GET /4 HTTP/1.1\r\nConnection: close\r\n\r\n", "\r\n\r\n/4", true,
           "Connection: close\r\n");
    close(fd);
    assert_int_equal(httpd_stats(w.httpd).requests, 4);
    assert_int_equal(httpd_stats(w.httpd).accepted, 2);
    turn(&w, 1);
    assert_int_equal(httpd_stats(w.httpd).open, 0);
    close_world(&w);
}

static void
test_head_has_no_body(void **state)
{
    (void)state;
    struct world w;
    bool closed;
    open_world(&w, wide);
    int fd = dial(&w);
    say(fd, "HEAD /one HTTP/1.1\r\n\r\nGET /two HTTP/1.1\r\nConnection: close\r\n\r\n");
    char *got = hear(&w, fd, NULL, &closed);
    assert_non_null(strstr(got, "Content-Length: 4\r\n"));
    assert_non_null(strstr(got, "\r\n\r\nHTTP/1.1 200 OK"));
    assert_null(strstr(got, "/one"));
    assert_non_null(strstr(got, "\r\n\r\n/two"));
    free(got);
    close(fd);
    close_world(&w);
}

static void
test_errors(void **state)
{
    (void)state;
    struct world w;
    const struct {
        const char *request, *status;
    } rows[] = {
        {"GET / HTTP/1.1\n\n", "HTTP/1.1 400 Bad Request"},
        {"GET / HTTP/3.0\r\n\r\n", "HTTP/1.1 505 HTTP Version Not Supported"},
        {"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "HTTP/1.1 400 "},
        {"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", "HTTP/1.1 413 "},
        {"\x16\x03\x01", "HTTP/1.1 400 "},
    };
    open_world(&w, wide);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int fd = dial(&w);
        expect(&w, fd, rows[i].request, "{\"error\":", true, rows[i].status);
        close(fd);
    }
    char *big = malloc(20000);
    memset(big, 'a', 19999);
    big[19999] = '\0';
    memcpy(big, "GET /", 5);
    int fd = dial(&w);
    expect(&w, fd, big, "{\"error\":", true, "HTTP/1.1 414 ");
    close(fd);
    memcpy(big, "GET / HTTP/1.1\r\nA: ", 19);
    fd = dial(&w);
    expect(&w, fd, big, "{\"error\":", true, "HTTP/1.1 431 ");
    close(fd);
    free(big);
    assert_int_equal(httpd_stats(w.httpd).errors, 7);
    close_world(&w);
}

/* A request in pieces, and two in one piece: each answered once, in order. */
static void
test_pieces_and_pipelines(void **state)
{
    (void)state;
    struct world w;
    bool closed;
    open_world(&w, wide);
    int fd = dial(&w);
    for (const char *p = "GET /slow HTTP/1.1\r\nHost: x\r\n\r"; *p != '\0'; p++) {
        assert_int_equal(send(fd, p, 1, 0), 1);
        turn(&w, 0);
    }
    assert_int_equal(httpd_stats(w.httpd).requests, 0);
    expect(&w, fd, "\n", "/slow", false, "200 OK");
    say(fd, "GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\nGET /c HTTP/1.1\r\nConnection: "
            "close\r\n\r\nGET /d HTTP/1.1\r\n\r\n");
    char *got = hear(&w, fd, NULL, &closed);
    char *a = strstr(got, "/a"), *b = strstr(got, "/b"), *c = strstr(got, "\n/c");
    assert_true(a && b && c && a < b && b < c);
    assert_null(strstr(got, "\n/d"));
    free(got);
    close(fd);
    close_world(&w);
}

/* A long pipeline does not keep the loop: after a bufferful of answers the others have their turn. */
static void
test_pipelines_take_turns(void **state)
{
    (void)state;
    struct world w;
    bool closed;
    open_world(&w, wide);
    w.body_bytes = 10000;
    int greedy = dial(&w), other = dial(&w);
    say(greedy, "GET /a HTTP/1.1\r\n\r\nGET /a HTTP/1.1\r\n\r\nGET /a HTTP/1.1\r\n\r\n"
                "GET /last HTTP/1.1\r\n\r\n");
    say(other, "GET /b HTTP/1.1\r\nConnection: close\r\n\r\n");
    char *got = hear(&w, other, NULL, &closed);
    assert_true(closed);
    free(got);
    got = hear(&w, greedy, "/last", &closed);
    assert_non_null(strstr(got, "/last"));
    assert_string_equal(w.order, "aabal");
    free(got);
    close(greedy);
    close(other);
    close_world(&w);
}

/* Answers that the peer does not take wait, without more being read; then all come, in order. */
static void
test_peer_that_does_not_read(void **state)
{
    (void)state;
    struct world w;
    size_t total = 0;
    open_world(&w, wide);
    w.body_bytes = 100000;
    int fd = dial(&w);
    for (int i = 0; i < 60; i++)
        say(fd, "GET /x HTTP/1.1\r\n\r\n");
    turn(&w, 5);
    assert_true(httpd_stats(w.httpd).requests < 60);
    w.body_bytes = 0;
    say(fd, "GET /last HTTP/1.1\r\nConnection: close\r\n\r\n");
    char *got = calloc(1, 8 << 20);
    for (int i = 0; i < 5000; i++) {
        ssize_t n = recv(fd, got + total, 65536, MSG_DONTWAIT);
        if (n == 0)
            break;
        total += n > 0 ? (size_t)n : 0;
        if (n < 0)
            turn(&w, 1);
    }
    assert_int_equal(httpd_stats(w.httpd).requests, 61);
    assert_non_null(memmem(got, total, "\r\n\r\n/last", 9));
    free(got);
    close(fd);
    close_world(&w);
}

static void
test_time_limits(void **state)
{
    (void)state;
    struct world w;
    bool closed;
    open_world(&w,
               (struct httpd_limits){.request_ms = 20, .keep_alive_ms = 40, .connections = 512});
    int slow = dial(&w), idle = dial(&w), mute = dial(&w);
    expect(&w, idle, "GET /i HTTP/1.1\r\n\r\n", "/i", false, "200");
    say(slow, "GET / HTT");
    char *got = hear(&w, slow, NULL, &closed);
    assert_non_null(strstr(got, "HTTP/1.1 408 Request Timeout\r\n"));
    assert_true(closed);
    free(got);
    got = hear(&w, mute, NULL, &closed);
    assert_string_equal(got, "");
    assert_true(closed);
    free(got);
    got = hear(&w, idle, NULL, &closed);
    assert_string_equal(got, "");
    assert_true(closed);
    free(got);
    close(slow);
    close(idle);
    close(mute);
    close_world(&w);
}

/* More connections than places: the oldest idle goes first, then the slowest unfinished, never
 * the new one. */
static void
test_eviction(void **state)
{
    (void)state;
    struct world w;
    bool closed;
    open_world(
        &w, (struct httpd_limits){.request_ms = 60000, .keep_alive_ms = 60000, .connections = 3});
    int slow = dial(&w);
    say(slow, "GET / HT");
    turn(&w, 2);
    int slow2 = dial(&w);
    say(slow2, "GET /s2 HT");
    turn(&w, 2);
    int idle = dial(&w);
    expect(&w, idle, "GET /i HTTP/1.1\r\n\r\n", "/i", false, "200");
    int fresh = dial(&w);
    expect(&w, fresh, "GET /f HTTP/1.1\r\n\r\n", "/f", false, "200");
    free(hear(&w, idle, NULL, &closed));
    assert_true(closed);
    int fresh2 = dial(&w);
    say(fresh2, "GET /g HT");
    turn(&w, 2);
    free(hear(&w, fresh, NULL, &closed)); /* idle by now */
    assert_true(closed);
    int fresh3 = dial(&w);
    expect(&w, fresh3, "GET /h HTTP/1.1\r\n\r\n", "/h", false, "200");
    free(hear(&w, slow, NULL, &closed));
    assert_true(closed);
    expect(&w, slow2, "TP/1.1\r\n\r\n", "/s2", false, "200");
    expect(&w, fresh2, "TP/1.1\r\n\r\n", "/g", false, "200");
    assert_int_equal(httpd_stats(w.httpd).evicted, 3);
    const int fds[] = {slow, slow2, idle, fresh, fresh2, fresh3};
    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
        close(fds[i]);
    close_world(&w);
}

/* The kernel cannot take the next one: it is asked again in measure, and serves when it can. */
/* The peer sees an end, not a part, and the next one is served. */
static void
test_cut_answer(void **state)
{
    (void)state;
    struct world w;
    bool closed;
    open_world(&w, wide);
    for (w.cut = CUT_HEAD; w.cut <= CUT_BODY; w.cut++) {
        int fd = dial(&w);
        say(fd, "GET /c HTTP/1.1\r\n\r\n");
        char *got = hear(&w, fd, NULL, &closed);
        assert_string_equal(got, "");
        assert_true(closed);
        free(got);
        close(fd);
    }
    w.cut = CUT_NOWHERE;
    int fd = dial(&w);
    expect(&w, fd, "GET /n HTTP/1.1\r\n\r\n", "/n", false, "200");
    close(fd);
    close_world(&w);
}

static void
test_short_kernel(void **state)
{
    (void)state;
    static const int errors[] = {ENOBUFS, ENOMEM, EMFILE, ENFILE};
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        struct world w;
        open_world(&w, wide);
        int idle = dial(&w);
        expect(&w, idle, "GET /i HTTP/1.1\r\n\r\n", "/i", false, "200");
        accepting.sys_errno = errors[i];
        accepting.calls = 0;
        int waiting = dial(&w);
        say(waiting, "GET /w HTTP/1.1\r\n\r\n");
        turn(&w, 350); /* at most every 100 ms, but for the ones that may help */
        assert_in_range(accepting.calls, 1, 10);
        accepting.sys_errno = 0;
        int now = dial(&w);
        expect(&w, now, "GET /n HTTP/1.1\r\n\r\n", "/n", false, "200");
        close(idle);
        close(waiting);
        close(now);
        close_world(&w);
    }
}

static void
test_addresses(void **state)
{
    (void)state;
    struct world w;
    struct err e;
    open_world(&w, wide);
    assert_int_equal(httpd_listen(w.httpd, "127.0.0.1:0", &e), 0);
    assert_memory_equal(httpd_bound(w.httpd, 1), "127.0.0.1:", 10);
    assert_string_not_equal(httpd_bound(w.httpd, 1), "127.0.0.1:0");
    const char *const bad[] = {
        "",      "x:1",    "127.0.0.1", "127.0.0.1:65536", "[::1]", "[::1:80", "::1:80",
        "unix:", "unix:x", "1.2.3:80",  "localhost:80",    ":-1",   ":1x"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(httpd_listen(w.httpd, bad[i], &e), -1);
        if (e.code != ERR_USAGE)
            fail_msg("'%s': %s", bad[i], e.msg);
    }
    char taken[128];
    snprintf(taken, sizeof(taken), "%s", httpd_bound(w.httpd, 0));
    assert_int_equal(httpd_listen(w.httpd, taken, &e), -1);
    assert_int_equal(e.code, ERR_SYSTEM);
    close_world(&w);
}

/* The socket of a process that died is no obstacle. */
static void
test_stale_socket(void **state)
{
    (void)state;
    struct world w;
    struct err e;
    char path[96], address[128];
    open_world(&w, wide);
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    snprintf(path, sizeof(path), "%s/old", w.dir);
    snprintf(address, sizeof(address), "unix:%s", path);
    strcpy(un.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
    close(fd);
    assert_int_equal(httpd_listen(w.httpd, address, &e), 0);
    close_world(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_head_has_no_body),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_pieces_and_pipelines),
        cmocka_unit_test(test_pipelines_take_turns),
        cmocka_unit_test(test_peer_that_does_not_read),
        cmocka_unit_test(test_time_limits),
        cmocka_unit_test(test_eviction),
        cmocka_unit_test(test_cut_answer),
        cmocka_unit_test(test_short_kernel),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_stale_socket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
