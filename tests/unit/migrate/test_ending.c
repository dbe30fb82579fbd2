/* test_ending.c: what decides when several things happened to a wrapped command. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "migrate/wrap/ending.h"

#define EXITED(status_) ((status_) << 8)

static void
check(struct ending_facts f, enum exit_status wanted, const char *words)
{
    struct err e = {0};
    f.command = "tool";
    assert_int_equal(ending_of(&f, &e), wanted);
    assert_string_equal(e.msg, words);
}

static void
causes(void **state)
{
    (void)state;
    struct err why = {0};
    err_set(&why, ERR_LOST, "why");
    check((struct ending_facts){0}, EXIT_DONE, "");
    check((struct ending_facts){.wait_status = EXITED(3)}, EXIT_COMMAND,
          "tool exited with status 3");
    check((struct ending_facts){.wait_status = SIGSEGV}, EXIT_COMMAND,
          "tool was terminated by SIGSEGV");
    check((struct ending_facts){.exec_status = 127, .why = &why, .stop_signo = SIGTERM}, EXIT_INPUT,
          "why");
    check((struct ending_facts){.stop_signo = SIGINT, .lost = true, .why = &why}, EXIT_SIGNAL,
          "terminated by SIGINT; tool exited with status 0");
    check((struct ending_facts){.lost = true, .why = &why, .deadline = true}, EXIT_UNREACHABLE,
          "the lock was lost while tool was running: why");
    check((struct ending_facts){.deadline = true, .wait_status = SIGKILL, .lacks = true},
          EXIT_DEADLINE, "deadline exceeded; tool was terminated by SIGKILL");
}

static void
ahead(void **state)
{
    (void)state;
    check((struct ending_facts){.lacks = true, .wait_status = EXITED(255)}, EXIT_DONE, "");
    check((struct ending_facts){.lacks = true, .refuse_ahead = true, .wait_status = EXITED(255)},
          EXIT_DRIFT, "the database is ahead: tool does not know its revision");
    check((struct ending_facts){.refuse_ahead = true}, EXIT_DONE, "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(causes),
        cmocka_unit_test(ahead),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
