#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/log.h"
#include "common/base/utf8.h"

#define TEST_EVENTS(E)                                                                             \
    E(a, "", "") E(b, "", "") E(c, "", "") E(d, "", "") E(e, "", "") E(tick, "i, pad", "")
TEST_EVENTS(static EVENT_DEFINE)

static void
assert_record(enum log_format format, const struct field *fields, size_t n, const char *msg,
              const char *expected)
{
    struct log_record r = {.wall_us = INT64_C(1795251600123456),
                           .level = LOG_LEVEL_INFO,
                           .program = "migrate",
                           .event = "applied",
                           .msg = msg,
                           .fields = fields,
                           .n = n};
    cleanup_strbuf struct strbuf b = STRBUF_INIT;
    log_format_record(&b, format, &r);
    assert_string_equal(strbuf_str(&b), expected);
}

static void
json_records(void **state)
{
    (void)state;
    assert_record(
        LOG_FORMAT_JSON, LOG_NONE, "x",
        "{\"time\":\"2026-11-21T09:00:00.123Z\",\"level\":\"info\",\"program\":\"migrate\","
        "\"event\":\"applied\",\"msg\":\"x\"}\n");
    assert_record(
        LOG_FORMAT_JSON, LOG_FIELDS(LF_STR("version", "7"), LF_INT("n", 3), LF_OPT("no", "")),
        "a\nb",
        "{\"time\":\"2026-11-21T09:00:00.123Z\",\"level\":\"info\",\"program\":\"migrate\","
        "\"event\":\"applied\",\"msg\":\"a\\nb\",\"version\":\"7\",\"n\":3}\n");
}

static void
kv_records(void **state)
{
    (void)state;
    assert_record(
        LOG_FORMAT_KV,
        LOG_FIELDS(LF_STR("plain", "7"), LF_STR("blank", "a b"), LF_STR("quote", "a\"b"),
                   LF_STR("eq", "a=b"), LF_STR("empty", ""), LF_STR("null", NULL),
                   LF_OPT("opt", ""), LF_STR("ctl", "a\x1b[1m"), LF_STR("bad", "\xff"),
                   LF_BOOL("yes", true)),
        "two words",
        "time=2026-11-21T09:00:00.123Z level=info program=migrate event=applied msg=\"two words\" plain=7 "
        "blank=\"a b\" quote=\"a\\\"b\" eq=\"a=b\" empty=\"\" ctl=\"a\\u001b[1m\" bad=\"\xEF\xBF\xBD\" "
        "yes=true\n");
}

static void
text_records_obey_nothing(void **state)
{
    (void)state;
    setenv("TZ", "UTC", 1);
    tzset();
    assert_record(LOG_FORMAT_TEXT, LOG_NONE, "plain", "09:00:00 info  plain\n");
    assert_record(LOG_FORMAT_TEXT, LOG_FIELDS(LF_STR("k", "v w"), LF_INT("n", 1)),
                  "gr\xC3\xBC\xC3\x9F", "09:00:00 info  gr\xC3\xBC\xC3\x9F  k=\"v w\" n=1\n");
    assert_record(LOG_FORMAT_TEXT, LOG_NONE,
                  "a\nb\tc\x1b[2J\xC2\x9B"
                  "d\x7f\xff",
                  "09:00:00 info  a\\nb\\tc\\x1b[2J\\x9bd\\x7f\xEF\xBF\xBD\n");
}

static void
no_record_is_longer_than_a_line(void **state)
{
    (void)state;
    static char huge[20000];
    static char many[300][8];
    static struct field fields[300];
    for (int variant = 0; variant < 3; variant++) {
        for (size_t i = 0; i + 2 < sizeof(huge); i += 2)
            memcpy(huge + i, variant == 0 ? "xx" : variant == 1 ? "\xC3\xA4" : "\x01\"", 2);
        for (size_t i = 0; i < 300; i++) {
            snprintf(many[i], sizeof(many[i]), "f%zu", i);
            fields[i] = LF_STR(many[i], huge);
        }
        for (enum log_format f = LOG_FORMAT_TEXT; f <= LOG_FORMAT_JSON; f++) {
            for (size_t n = 0; n <= 300; n += 60) {
                cleanup_strbuf struct strbuf b = STRBUF_INIT;
                struct log_record r = {.level = LOG_LEVEL_ERROR,
                                       .program = "p",
                                       .event = "e",
                                       .msg = huge,
                                       .fields = fields,
                                       .n = n};
                log_format_record(&b, f, &r);
                assert_true(b.len <= LOG_LINE_MAX);
                assert_true(b.len > 60);
                assert_int_equal(b.data[b.len - 1], '\n');
                assert_ptr_equal(strchr(b.data, '\n'), b.data + b.len - 1);
                assert_true(utf8_valid(b.data, b.len, NULL));
            }
        }
    }
}

/* What a pipe holds, into out. */
static void
read_all(int fd, struct strbuf *out)
{
    char buf[4096];
    ssize_t n;
    while ((n = read(fd, buf, sizeof(buf))) > 0)
        strbuf_add(out, buf, (size_t)n);
}

static void
read_some(int fd, struct strbuf *out, size_t max)
{
    char buf[1000];
    ssize_t n;
    for (; max > 0 && (n = read(fd, buf, max < sizeof(buf) ? max : sizeof(buf))) > 0;
         max -= (size_t)n)
        strbuf_add(out, buf, (size_t)n);
}

static size_t
count(const char *text, const char *what)
{
    size_t n = 0;
    for (const char *s = text; (s = strstr(s, what)); s++)
        n++;
    return n;
}

static void
levels_filter(void **state)
{
    (void)state;
    int fds[2];
    assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
    log_init("t", LOG_FORMAT_KV, LOG_LEVEL_WARN, fds[1]);
    log_debug(&event_a, LOG_NONE, "a");
    log_info(&event_b, LOG_NONE, "b");
    log_warn(&event_c, LOG_NONE, "%d", 3);
    log_error(&event_d, LOG_NONE, "d");
    log_init("t", LOG_FORMAT_KV, LOG_LEVEL_DEBUG, fds[1]);
    log_debug(&event_e, LOG_NONE, "e");
    cleanup_strbuf struct strbuf b = STRBUF_INIT;
    read_all(fds[0], &b);
    assert_int_equal(count(strbuf_str(&b), "\n"), 3);
    assert_non_null(strstr(strbuf_str(&b), "level=warn program=t event=c msg=3\n"));
    assert_non_null(strstr(strbuf_str(&b), "event=e"));
    close(fds[0]);
    close(fds[1]);
}

static void
auto_is_json_off_a_terminal(void **state)
{
    (void)state;
    int fds[2];
    assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
    log_init("t", LOG_FORMAT_AUTO, LOG_LEVEL_INFO, fds[1]);
    log_info(&event_b, LOG_NONE, "b");
    char c = 0;
    assert_int_equal(read(fds[0], &c, 1), 1);
    assert_int_equal(c, '{');
    close(fds[0]);
    close(fds[1]);
}

/* Fills the reader's side and the ring, then reads it all: whole lines, in order, and one that counts the lost. */
static void
a_slow_reader(int in, int out)
{
    enum { RECORDS = 3000 };
    static char pad[400];
    memset(pad, 'x', sizeof(pad) - 1);
    int flags = fcntl(out, F_GETFL);
    log_init("t", LOG_FORMAT_KV, LOG_LEVEL_INFO, out);
    assert_int_equal(log_pending_fd(), -1);
    cleanup_strbuf struct strbuf b = STRBUF_INIT;
    for (int i = 0; i < RECORDS; i++) {
        if (i == 1000) { /* a sip: the ring goes round, and says how many it lost so far */
            read_some(in, &b, 30000);
            log_flush();
        }
        log_info(&event_tick, LOG_FIELDS(LF_INT("i", i), LF_STR("pad", pad)), "m");
    }
    assert_int_equal(fcntl(out, F_GETFL), flags);
    assert_true(log_pending_fd() >= 0);
    assert_false(log_flush());
    bool empty = false;
    for (int i = 0; i < 10000 && !empty; i++) {
        read_all(in, &b);
        empty = log_flush();
    }
    assert_true(empty);
    assert_int_equal(log_pending_fd(), -1);
    read_all(in, &b);
    size_t told = b.len;
    assert_true(log_flush()); /* what was lost is told once */
    read_all(in, &b);
    assert_int_equal(b.len, told);
    int next = 0;
    unsigned long dropped = 0, lines = 0;
    for (char *line = strtok(b.data, "\n"); line; line = strtok(NULL, "\n")) {
        assert_memory_equal(line, "time=", 5);
        const char *i = strstr(line, " i="), *lost = strstr(line, " dropped=");
        if (lost) {
            assert_non_null(strstr(line, "event=log_dropped"));
            dropped += strtoul(lost + 9, NULL, 10);
            continue;
        }
        assert_non_null(i);
        assert_true(atoi(i + 3) >= next); /* some are missing, none is out of order */
        assert_true(strlen(line) > sizeof(pad) && strcmp(strstr(line, "xxx"), pad) == 0);
        next = atoi(i + 3) + 1;
        lines++;
    }
    assert_int_equal(lines + dropped, RECORDS);
    assert_true(dropped > 1000);
    assert_true(lines * 500 > LOG_RING_BYTES);
}

static void
a_full_pipe_never_blocks(void **state)
{
    (void)state;
    int fds[2];
    assert_int_equal(pipe(fds), 0); /* blocking, as stderr is */
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    a_slow_reader(fds[0], fds[1]);
    close(fds[0]);
    close(fds[1]);
}

/* In a container stderr may belong to root while we are not: it cannot be opened again, poll() has to do. */
static void
a_full_pipe_of_somebody_else_never_blocks(void **state)
{
    (void)state;
    int fds[2];
    bool root = geteuid() == 0;
    assert_int_equal(pipe(fds), 0);
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    assert_int_equal(fchmod(fds[1], 0), 0);
    if (root)
        assert_int_equal(seteuid(65534), 0);
    a_slow_reader(fds[0], fds[1]);
    if (root)
        assert_int_equal(seteuid(0), 0);
    close(fds[0]);
    close(fds[1]);
}

static void
a_full_socket_never_blocks(void **state)
{
    (void)state;
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    int small = 4096;
    setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
    a_slow_reader(fds[0], fds[1]);
    close(fds[0]);
    close(fds[1]);
}

static void
a_stopped_terminal_never_blocks(void **state)
{
    (void)state;
    int in = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
    if (in < 0 || grantpt(in) < 0 || unlockpt(in) < 0)
        skip();
    int out = open(ptsname(in), O_RDWR | O_NOCTTY);
    assert_true(out >= 0);
    struct termios raw;
    assert_int_equal(tcgetattr(out, &raw), 0);
    cfmakeraw(&raw);
    tcsetattr(out, TCSANOW, &raw);
    a_slow_reader(in, out);
    close(in);
    close(out);
}

static void
a_reader_that_is_gone_is_no_matter(void **state)
{
    (void)state;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    log_init("t", LOG_FORMAT_KV, LOG_LEVEL_INFO, fds[1]);
    close(fds[0]);
    errno = 77;
    for (int i = 0; i < 1000; i++)
        log_info(&event_tick, LOG_NONE, "a line that nobody reads");
    assert_int_equal(errno, 77);
    assert_int_equal(log_pending_fd(), -1);
    close(fds[1]);
}

static void
finish_gives_up_in_time(void **state)
{
    (void)state;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    log_init("t", LOG_FORMAT_KV, LOG_LEVEL_INFO, fds[1]);
    for (int i = 0; i < 2000; i++)
        log_info(&event_tick, LOG_NONE,
                 "a line that nobody reads, at least not as long as we look");
    log_finish(20);
    assert_true(log_pending_fd() >= 0);
    close(fds[0]);
    log_finish(60000); /* the reader is gone: at once */
    assert_int_equal(log_pending_fd(), -1);
    close(fds[1]);
}

/* What waits at the end goes out while somebody reads, however late he began. */
static void
finish_sends_what_is_left(void **state)
{
    (void)state;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    log_init("t", LOG_FORMAT_KV, LOG_LEVEL_INFO, fds[1]);
    while (log_pending_fd() < 0)
        log_info(&event_tick, LOG_NONE, "a line that meets a full pipe in the end");
    pid_t reader = fork();
    assert_true(reader >= 0);
    if (reader == 0) {
        char buf[4096];
        close(fds[1]);
        log_init("t", LOG_FORMAT_KV, LOG_LEVEL_INFO,
                 STDERR_FILENO); /* lets its opening of the pipe go */
        while (read(fds[0], buf, sizeof(buf)) > 0) {
        }
        _exit(0);
    }
    log_finish(60000);
    assert_int_equal(log_pending_fd(), -1);
    log_init("t", LOG_FORMAT_KV, LOG_LEVEL_INFO, STDERR_FILENO);
    close(fds[0]);
    close(fds[1]);
    assert_int_equal(waitpid(reader, NULL, 0), reader);
}

static void
files_get_everything(void **state)
{
    (void)state;
    char path[] = "/tmp/rr-test-log-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    unlink(path);
    log_init("t", LOG_FORMAT_JSON, LOG_LEVEL_INFO, fd);
    for (int i = 0; i < 3000; i++)
        log_info(&event_tick, LOG_FIELDS(LF_INT("i", i)), "m");
    assert_int_equal(log_pending_fd(), -1);
    lseek(fd, 0, SEEK_SET);
    cleanup_strbuf struct strbuf b = STRBUF_INIT;
    read_all(fd, &b);
    assert_int_equal(count(strbuf_str(&b), "\n"), 3000);
    close(fd);
}

static int
ignore_sigpipe(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_records),
        cmocka_unit_test(kv_records),
        cmocka_unit_test(text_records_obey_nothing),
        cmocka_unit_test(no_record_is_longer_than_a_line),
        cmocka_unit_test(levels_filter),
        cmocka_unit_test(auto_is_json_off_a_terminal),
        cmocka_unit_test(a_full_pipe_never_blocks),
        cmocka_unit_test(a_full_pipe_of_somebody_else_never_blocks),
        cmocka_unit_test(a_full_socket_never_blocks),
        cmocka_unit_test(a_stopped_terminal_never_blocks),
        cmocka_unit_test(a_reader_that_is_gone_is_no_matter),
        cmocka_unit_test(finish_gives_up_in_time),
        cmocka_unit_test(finish_sends_what_is_left),
        cmocka_unit_test(files_get_everything),
    };
    return cmocka_run_group_tests(tests, ignore_sigpipe, NULL);
}
