/* What a run says: of its command while it lives, and at its end, in words and in figures. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/fakes/run_world.h"

/* The record of that event has it, to the letter. */
static void
says(const char *event, const char *part)
{
    const char *record = record_of(event);
    if (!strstr(record, part))
        fail_msg("no %s in %s", part, record);
}

/* Seconds and microseconds, kilobytes: what the record counts in milliseconds and bytes. */
static void
test_what_it_used(void **state)
{
    (void)state;
    plan_run();
    plan.took_ms = 61234;
    plan.used = (struct rusage){.ru_utime = {.tv_sec = 2, .tv_usec = 345678},
                                .ru_stime = {.tv_sec = 1, .tv_usec = 67890},
                                .ru_maxrss = 3};
    plan.o.scheduled_ms = WALL_MS - 1500;
    plan.takes_ms = 250; /* the lock */
    assert_int_equal(run(), 0);
    says("run_start", "\"lag_ms\":1750,\"pid\":100");
    says("run_end", "\"lag_ms\":1750,\"duration_ms\":61234,\"outcome\":\"success\"");
    says("run_end", "\"max_rss_bytes\":3072,\"user_ms\":2345,\"system_ms\":1067}");
}

static void
test_how_it_ended(void **state)
{
    (void)state;
    const struct {
        int wait_status, stop_signo;
        bool deadline;
        const char *level, *msg, *how;
    } rows[] = {
        {0, 0, false, "info", "mail succeeded", "\"exit\":0,\"command_exit\":0,\"max"},
        {3 << 8, 0, false, "error", "mail failed (exit 3)", "\"exit\":3,\"command_exit\":3,\"max"},
        {SIGSEGV, 0, false, "error", "mail failed (signal SEGV)",
         "\"exit\":139,\"signal\":\"SEGV\",\"max"},
        {SIGKILL, 0, true, "error", "mail took longer than its deadline (signal KILL)",
         "\"exit\":124,\"signal\":\"KILL\",\"max"},
        {5 << 8, SIGTERM, false, "error", "mail was stopped from outside (exit 5)",
         "\"exit\":5,\"command_exit\":5,\"max"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[128];
        plan_run();
        plan.wait_status = rows[i].wait_status;
        plan.stop_signo = rows[i].stop_signo;
        plan.deadline = rows[i].deadline;
        run();
        snprintf(text, sizeof(text), "\"level\":\"%s\"", rows[i].level);
        says("run_end", text);
        snprintf(text, sizeof(text), "\"msg\":\"%s\"", rows[i].msg);
        says("run_end", text);
        says("run_end", rows[i].how);
    }
}

static void
test_what_is_told_of_the_command(void **state)
{
    (void)state;
    const struct {
        struct command_note note;
        const char *event, *level, *fields, *msg;
    } rows[] = {
        {{.news = COMMAND_OVERDUE, .deadline_ms = 3000},
         "deadline",
         "warn",
         "\"deadline_ms\":3000",
         "mail: deadline exceeded"},
        {{.news = COMMAND_STOPPING, .signo = SIGINT},
         "stopping",
         "info",
         "\"signal\":\"INT\",\"grace_ms\":5000",
         "mail: stopping the command with INT"},
        {{.news = COMMAND_LEFT_BEHIND, .processes = "7 (sh)"},
         "left_behind",
         "warn",
         "\"processes\":\"7 (sh)\"",
         "mail ended and left 7 (sh) behind"},
        {{.news = COMMAND_KILLING}, "killing", "warn", "", "mail: killing the remaining processes"},
        {{.news = COMMAND_NOT_DYING, .processes = "7 (sh)"},
         "not_dying",
         "error",
         "\"processes\":\"7 (sh)\"",
         "mail: processes are still alive after SIGKILL: 7 (sh)"},
        {{.news = COMMAND_NOT_DYING, .processes = "7 (sh)", .denied = true},
         "not_dying",
         "error",
         "\"processes\":\"7 (sh)\"",
         "mail: no permission to terminate processes of another user: 7 (sh)"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[128];
        plan_run();
        plan.note = &rows[i].note;
        assert_int_equal(run(), 0);
        says(rows[i].event, rows[i].fields);
        snprintf(text, sizeof(text), "\"level\":\"%s\"", rows[i].level);
        says(rows[i].event, text);
        snprintf(text, sizeof(text), "\"msg\":\"%s\"", rows[i].msg);
        says(rows[i].event, text);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_it_used),
        cmocka_unit_test(test_how_it_ended),
        cmocka_unit_test(test_what_is_told_of_the_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
