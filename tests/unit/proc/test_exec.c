/* What is said of a command that cannot be executed. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/proc/exec.h"

/* ERR_SYSTEM whatever the system said, and its own error number. */
static void
test_words(void **state)
{
    (void)state;
    static const struct {
        enum exec_fault fault;
        int sys_errno;
        const char *interpreter, *words;
        int status;
    } rows[] = {
        {EXEC_SYSTEM, ENOENT, "", "cannot execute cmd: No such file or directory", 127},
        {EXEC_SYSTEM, EACCES, "", "cannot execute cmd: Permission denied", 126},
        {EXEC_SYSTEM, ENOMEM, "", "cannot execute cmd: Cannot allocate memory", 126},
        {EXEC_EMPTY, ENOEXEC, "", "cannot execute /bin/cmd: the file is empty", 126},
        {EXEC_FOREIGN, ENOEXEC, "",
         "cannot execute /bin/cmd: it is a program for another machine, ", 126},
        {EXEC_BINARY, ENOEXEC, "", "cannot execute /bin/cmd: it is neither a program nor a script",
         126},
        {EXEC_MARK, ENOEXEC, "", "cannot execute /bin/cmd: a byte order mark (U+FEFF) ", 126},
        {EXEC_CRLF, ENOENT, "", "cannot execute /bin/cmd: its #! line ends in CRLF, ", 126},
        {EXEC_INTERPRETER, ENOENT, "/bin/x",
         "cannot execute /bin/cmd: its interpreter /bin/x: No such file or directory", 126},
        {EXEC_INTERPRETER, ENOENT, "",
         "cannot execute /bin/cmd: its interpreter: No such file or directory", 126},
        {EXEC_INTERPRETER, ENOMEM, "",
         "cannot execute /bin/cmd: its interpreter: Cannot allocate memory", 126},
        {EXEC_SHELL, ENOENT, "",
         "cannot execute /bin/cmd: it has no #! line, and /bin/sh: No such file or directory", 126},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct exec_failure f = {
            .fault = rows[i].fault, .sys_errno = rows[i].sys_errno, .path = "/bin/cmd"};
        struct err e = {0};
        snprintf(f.interpreter, sizeof(f.interpreter), "%s", rows[i].interpreter);
        assert_int_equal(exec_failure_explain(&f, "cmd", &e), -1);
        assert_int_equal(strncmp(e.msg, rows[i].words, strlen(rows[i].words)), 0);
        assert_int_equal(e.code, ERR_SYSTEM);
        assert_int_equal(e.sys_errno, rows[i].sys_errno);
        assert_int_equal(exec_failure_status(&f), rows[i].status);
        assert_int_equal(exec_failure_explain(&f, "cmd", NULL), -1);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
