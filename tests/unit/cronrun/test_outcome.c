/* The exit status table of the contract, one row each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <signal.h>

#include "cronrun/options.h"
#include "cronrun/run/outcome.h"

#define EXITED(n) ((n) << 8)
#define KILLED(n) (n)

static const struct outcome_rules plain = {.busy_status = 0, .late_status = 77, .child_status = -1};

struct row {
    const char *what;
    struct outcome_facts facts;
    struct outcome_rules rules;
    const char *outcome;
    const char *reason;
    int exit;
    int child_exit;
    int child_signal;
};

#define STARTED .started = true
/* clang-format off */
#define PLAIN { .busy_status = 0, .late_status = 77, .child_status = -1 }
/* clang-format on */
/* clang-format off */
#define MAPPED { .busy_status = 5, .late_status = 6, .child_status = 9 }
/* clang-format on */

static const struct row rows[] = {
    {"busy", {.busy = true}, PLAIN, "skipped", "busy", 0, -1, 0},
    {"busy, own status", {.busy = true}, MAPPED, "skipped", "busy", 5, -1, 0},
    {"busy, fail", {.busy_failed = true}, MAPPED, "busy", "busy", 74, -1, 0},
    {"unreachable",
     {.unreachable = true},
     MAPPED,
     "lock_unreachable",
     "lock_unreachable",
     75,
     -1,
     0},
    {"late", {.late = true}, PLAIN, "late", "late", 77, -1, 0},
    {"late, own status", {.late = true}, MAPPED, "late", "late", 6, -1, 0},
    {"stopped before",
     {.stop_signo = SIGTERM},
     PLAIN,
     "stopped",
     "stopped_before_start",
     79,
     -1,
     0},
    {"own",
     {.own_failure = true, .stop_signo = SIGTERM},
     PLAIN,
     "error",
     "own_failure",
     125,
     -1,
     0},
    {"nothing known", {0}, PLAIN, "error", "own_failure", 125, -1, 0},
    {"own, after the start",
     {STARTED, .own_failure = true, .lost = true, .wait_status = KILLED(SIGKILL)},
     MAPPED,
     "error",
     "own_failure",
     125,
     -1,
     SIGKILL},
    {"ends", {STARTED, .wait_status = EXITED(0)}, PLAIN, "success", "exit", 0, 0, 0},
    {"fails", {STARTED, .wait_status = EXITED(3)}, PLAIN, "failure", "exit", 3, 3, 0},
    {"fails like us", {STARTED, .wait_status = EXITED(124)}, PLAIN, "failure", "exit", 124, 124, 0},
    {"mapped", {STARTED, .wait_status = EXITED(3)}, MAPPED, "failure", "exit", 9, 3, 0},
    {"0 is never mapped", {STARTED, .wait_status = EXITED(0)}, MAPPED, "success", "exit", 0, 0, 0},
    {"signal",
     {STARTED, .wait_status = KILLED(SIGSEGV)},
     PLAIN,
     "failure",
     "signal",
     139,
     -1,
     SIGSEGV},
    {"signal, mapped",
     {STARTED, .wait_status = KILLED(SIGKILL)},
     MAPPED,
     "failure",
     "signal",
     9,
     -1,
     SIGKILL},
    {"core",
     {STARTED, .wait_status = KILLED(SIGQUIT) | 0x80},
     PLAIN,
     "failure",
     "signal",
     131,
     -1,
     SIGQUIT},
    {"deadline",
     {STARTED, .deadline = true, .wait_status = KILLED(SIGTERM)},
     PLAIN,
     "deadline",
     "deadline",
     124,
     -1,
     SIGTERM},
    {"deadline, says 0",
     {STARTED, .deadline = true, .wait_status = EXITED(0)},
     MAPPED,
     "deadline",
     "deadline",
     124,
     0,
     0},
    {"deadline, then stopped",
     {STARTED, .deadline = true, .stop_signo = SIGTERM, .wait_status = EXITED(0)},
     PLAIN,
     "deadline",
     "deadline",
     124,
     0,
     0},
    {"lost",
     {STARTED, .lost = true, .wait_status = KILLED(SIGKILL)},
     PLAIN,
     "lock_lost",
     "lock_lost",
     76,
     -1,
     SIGKILL},
    {"lost, says 0",
     {STARTED, .lost = true, .wait_status = EXITED(0)},
     PLAIN,
     "lock_lost",
     "lock_lost",
     76,
     0,
     0},
    {"lost after the deadline",
     {STARTED, .lost = true, .deadline = true, .wait_status = EXITED(1)},
     PLAIN,
     "lock_lost",
     "lock_lost",
     76,
     1,
     0},
    {"stopped, says 0",
     {STARTED, .stop_signo = SIGTERM, .wait_status = EXITED(0)},
     MAPPED,
     "stopped",
     "stopped",
     79,
     0,
     0},
    {"stopped, says 4",
     {STARTED, .stop_signo = SIGTERM, .wait_status = EXITED(4)},
     PLAIN,
     "stopped",
     "stopped",
     4,
     4,
     0},
    {"stopped, mapped",
     {STARTED, .stop_signo = SIGTERM, .wait_status = EXITED(4)},
     MAPPED,
     "stopped",
     "stopped",
     9,
     4,
     0},
    {"stopped, dies",
     {STARTED, .stop_signo = SIGINT, .wait_status = KILLED(SIGINT)},
     PLAIN,
     "stopped",
     "stopped",
     130,
     -1,
     SIGINT},
    {"not found",
     {STARTED, .exec_status = 127, .wait_status = EXITED(127)},
     MAPPED,
     "not_executed",
     "not_found",
     127,
     -1,
     0},
    {"no x bit",
     {STARTED, .exec_status = 126, .wait_status = EXITED(126)},
     PLAIN,
     "not_executed",
     "cannot_execute",
     126,
     -1,
     0},
    {"before exec",
     {STARTED, .exec_status = 125, .wait_status = EXITED(125)},
     PLAIN,
     "error",
     "own_failure",
     125,
     -1,
     0},
    {"its own 127", {STARTED, .wait_status = EXITED(127)}, PLAIN, "failure", "exit", 127, 127, 0},
};

static void
test_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i];
        struct outcome o = outcome_of(&row->facts, &row->rules);
        if (strcmp(outcome_name(o.kind), row->outcome) != 0 || strcmp(o.reason, row->reason) != 0 ||
            o.exit != row->exit || o.child_exit != row->child_exit ||
            o.child_signal != row->child_signal)
            fail_msg("%s: %s %s exit %d, command %d, signal %d", row->what, outcome_name(o.kind),
                     o.reason, o.exit, o.child_exit, o.child_signal);
    }
}

static void
test_every_status_passes(void **state)
{
    (void)state;
    for (int n = 0; n < 256; n++) {
        struct outcome_facts f = {.started = true, .wait_status = EXITED(n)};
        assert_int_equal(outcome_of(&f, &plain).exit, n);
    }
    for (int n = 1; n < 32; n++) {
        struct outcome_facts f = {.started = true, .wait_status = KILLED(n)};
        assert_int_equal(outcome_of(&f, &plain).exit, 128 + n);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_every_status_passes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
