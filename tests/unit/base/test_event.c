/* Rows of events, and records held to them. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/log.h"

static const struct log_event event_none = {.name = "none", .fields = ""};
static const struct log_event event_run = {.name = "run", .fields = "job, run_id, exit"};

static bool
names(const struct log_event *e, const char *field)
{
    return field_all_named(e->fields, LOG_FIELDS(LF_INT(field, 1)));
}

static void
a_row_names_its_fields(void **state)
{
    (void)state;
    assert_true(names(&event_run, "job"));
    assert_true(names(&event_run, "run_id"));
    assert_true(names(&event_run, "exit"));
    assert_false(names(&event_run, "run"));
    assert_false(names(&event_run, "id"));
    assert_false(names(&event_run, "jo"));
    assert_false(names(&event_run, "exit_code"));
    assert_false(names(&event_run, "job, run_id"));
    assert_false(names(&event_run, ""));
    assert_false(names(&event_none, "job"));
    assert_true(field_all_named(event_none.fields, LOG_NONE));
    assert_true(field_all_named(event_run.fields, LOG_FIELDS(LF_INT("exit", 1), LF_INT("job", 1))));
    assert_false(field_all_named(event_run.fields, LOG_FIELDS(LF_INT("exit", 1), LF_INT("at", 1))));
}

/* The signal that a record with these fields ends in; 0: none. */
static int
log_in_child(enum log_level level, const struct field *fields, size_t n)
{
    pid_t pid = fork();
    if (pid == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){0});
        signal(SIGABRT, SIG_DFL); /* cmocka's handler is not to tell of it */
        dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
        log_write(level, &event_run, fields, n, "m");
        _exit(0);
    }
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

/* Also of a record that is not written, for its level is below what is asked for. */
static void
no_record_has_a_field_that_its_row_lacks(void **state)
{
    (void)state;
    assert_int_equal(log_in_child(LOG_LEVEL_INFO, LOG_FIELDS(LF_STR("job", "j"))), 0);
    assert_int_equal(log_in_child(LOG_LEVEL_INFO, LOG_NONE), 0);
    assert_int_equal(
        log_in_child(LOG_LEVEL_INFO, LOG_FIELDS(LF_STR("job", "j"), LF_INT("lag_ms", 1))), SIGABRT);
    assert_int_equal(log_in_child(LOG_LEVEL_DEBUG, LOG_FIELDS(LF_INT("lag_ms", 1))), SIGABRT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_names_its_fields),
        cmocka_unit_test(no_record_has_a_field_that_its_row_lacks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
