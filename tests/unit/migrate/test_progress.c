/* The progress line on a terminal: when it is drawn and when it gives way, and what the environment makes of it. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/log.h"
#include "migrate/events.h"
#include "migrate/tell/progress.h"
#include "tests/unit/fakes/fake_timer.h"

#define WIPE "\r\033[K"

/* ---- a terminal ---- */

static int master = -1, slave = -1;

static int
open_terminal(void **state)
{
    (void)state;
    const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG", "NO_COLOR"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        unsetenv(names[i]);
    setenv("TERM", "xterm", 1);
    master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
        return -1;
    slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    return slave < 0 ? -1 : 0;
}

static int
close_terminal(void **state)
{
    (void)state;
    close(slave);
    return close(master);
}

/* What came to the terminal since; "" when nothing did. */
static const char *
drawn(void)
{
    static char text[1024];
    ssize_t n = read(master, text, sizeof(text) - 1);
    text[n > 0 ? n : 0] = '\0';
    return text;
}

/* Fires the timer if it is due in `ms`. */
static void
pass(uint64_t ms)
{
    now_ms += ms;
    if (timers[0]->at_ms > now_ms)
        return;
    timers[0]->at_ms = CLOCK_NEVER;
    timers[0]->cb(timers[0]->arg);
}

static struct progress *
begin(void)
{
    struct err e;
    struct progress *p = progress_new(NULL, slave, &e);
    assert_non_null(p);
    progress_begin(p, 2);
    progress_file(p, 1, "1_a.sql", 1);
    return p;
}

static void
say_something(void)
{
    log_info(&event_rehearsing, LOG_FIELDS(LF_UINT("pending", 1)), "something");
}

/* ---- the tests ---- */

static void
test_it_comes_and_gives_way(void **state)
{
    (void)state;
    int log_fd = memfd_create("log", MFD_CLOEXEC);
    log_init("migrate", LOG_FORMAT_TEXT, LOG_LEVEL_INFO, log_fd);
    setenv("NO_COLOR", "1", 1);
    struct progress *p = begin();
    say_something(); /* nothing is there to be wiped */
    pass(99);
    assert_string_equal(drawn(), "");
    pass(1);
    assert_string_equal(drawn(), WIPE "[>                   ] 1/2  0.1s  1_a.sql");
    say_something();
    assert_string_equal(drawn(), WIPE);
    say_something(); /* once */
    assert_string_equal(drawn(), "");
    progress_server(p, "waits");
    pass(100); /* it comes back by itself */
    assert_string_equal(drawn(), WIPE "[>                   ] 1/2  0.2s  1_a.sql  waits");
    progress_end(p);
    assert_string_equal(drawn(), WIPE);
    pass(1000);
    assert_string_equal(drawn(), "");
    progress_begin(p, 1);
    pass(100);
    assert_non_null(strstr(drawn(), " 0/1  0.1s"));
    progress_free(p);
    assert_string_equal(drawn(), WIPE);
    say_something(); /* nobody is asked any more */
    close(log_fd);
}

static void
test_width(void **state)
{
    (void)state;
    const struct {
        unsigned short columns;
        size_t bytes;
    } rows[] = {{30, 29}, {20, 19}, {19, 79}, {0, 79}};
    setenv("NO_COLOR", "1", 1);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct winsize size = {.ws_col = rows[i].columns, .ws_row = 24};
        assert_int_equal(ioctl(master, TIOCSWINSZ, &size), 0);
        struct progress *p = begin();
        progress_file(
            p, 1, "1_a_name_that_is_longer_than_each_of_these_terminals_is_wide_by_far_x.sql", 1);
        pass(100);
        const char *text = drawn();
        assert_int_equal(strlen(text) - strlen(WIPE), rows[i].bytes);
        progress_free(p);
        drawn();
    }
}

static void
test_environment(void **state)
{
    (void)state;
    const struct {
        const char *lc_all, *lc_ctype, *lang, *no_color;
        bool blocks, colour;
    } rows[] = {
        {NULL, NULL, NULL, NULL, false, true},         {NULL, NULL, "de_DE.UTF-8", "", true, true},
        {"C", NULL, "de_DE.UTF-8", "1", false, false}, {"", "C.utf8", "C", NULL, true, true},
        {NULL, "C", "C.UTF-8", NULL, false, true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG", "NO_COLOR"};
        const char *const values[] = {rows[i].lc_all, rows[i].lc_ctype, rows[i].lang,
                                      rows[i].no_color};
        for (size_t k = 0; k < 4; k++)
            if (values[k])
                setenv(names[k], values[k], 1);
            else
                unsetenv(names[k]);
        struct progress *p = begin();
        pass(100);
        const char *text = drawn();
        assert_int_equal(strstr(text, "▕") != NULL, rows[i].blocks);
        assert_int_equal(strstr(text, "[>") != NULL, !rows[i].blocks);
        assert_int_equal(strstr(text, "\033[32m") != NULL, rows[i].colour);
        progress_free(p);
        drawn();
    }
}

static void
test_where_there_is_no_terminal(void **state)
{
    (void)state;
    struct err e;
    int fds[2];
    assert_int_equal(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
    const char *const terms[] = {"xterm", "dumb", NULL};
    for (size_t i = 0; i < 3; i++) {
        if (terms[i])
            setenv("TERM", terms[i], 1);
        else
            unsetenv("TERM");
        struct progress *p = progress_new(NULL, i == 0 ? fds[1] : slave, &e);
        progress_begin(p, 1);
        pass(1000);
        progress_free(p);
        char c;
        assert_true(read(fds[0], &c, 1) < 0);
        assert_string_equal(drawn(), "");
    }
    close(fds[0]);
    close(fds[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_terminal, close_terminal)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_it_comes_and_gives_way),
        TEST(test_width),
        TEST(test_environment),
        TEST(test_where_there_is_no_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
