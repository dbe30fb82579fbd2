#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/proc/termination.h"

static char path[64];

static int
make_file(void **state)
{
    (void)state;
    strcpy(path, "/tmp/rr-test-term-XXXXXX");
    int fd = mkstemp(path);
    if (fd < 0 || write(fd, "what stood here before, longer than the object", 46) != 46)
        return -1;
    return close(fd);
}

static int
remove_file(void **state)
{
    (void)state;
    unlink(path);
    return 0;
}

static void
assert_file(const char *expected)
{
    char buf[8192];
    int fd = open(path, O_RDONLY);
    ssize_t n = read(fd, buf, sizeof(buf) - 1);
    close(fd);
    assert_true(n >= 0);
    buf[n] = '\0';
    assert_string_equal(buf, expected);
}

static void
one_object_replaces_the_file(void **state)
{
    (void)state;
    const char *const applied[] = {"0001", "0002"};
    assert_int_equal(termination_write(path,
                                       LOG_FIELDS(LF_STR("program", "migrate"), LF_INT("exit", 0),
                                                  LF_LIST("applied", applied, 2), LF_NULL("file")),
                                       NULL),
                     0);
    assert_file(
        "{\"program\":\"migrate\",\"exit\":0,\"applied\":[\"0001\",\"0002\"],\"file\":null}");
}

static void
nothing_is_created(void **state)
{
    (void)state;
    struct err e = {0};
    unlink(path);
    assert_int_equal(termination_write(path, LOG_FIELDS(LF_INT("exit", 0)), &e), 0);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(termination_write("/nonexistent/dir/file", LOG_FIELDS(LF_INT("exit", 0)), &e),
                     0);
    assert_int_equal(termination_write("", LOG_FIELDS(LF_INT("exit", 0)), &e), 0);
    assert_int_equal(termination_write(NULL, LOG_FIELDS(LF_INT("exit", 0)), &e), 0);
    assert_int_equal(e.code, ERR_NONE);
}

static void
what_cannot_be_written_is_an_error(void **state)
{
    (void)state;
    struct err e = {0};
    assert_int_equal(termination_write("/tmp", LOG_FIELDS(LF_INT("exit", 0)), &e), -1);
    assert_int_equal(e.code, ERR_SYSTEM);
    assert_memory_equal(e.msg, "cannot write the termination message to /tmp: ", 46);
}

static void
a_fifo_without_reader_does_not_block(void **state)
{
    (void)state;
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    struct err e = {0};
    assert_int_equal(termination_write(path, LOG_FIELDS(LF_INT("exit", 0)), &e), -1);
}

static void
long_fields_are_cut_until_it_fits(void **state)
{
    (void)state;
    static char huge[100000];
    static const char *many[2000];
    memset(huge, '"', sizeof(huge) - 1);
    memcpy(huge + sizeof(huge) - 5, "END!", 4);
    for (size_t i = 0; i < 2000; i++)
        many[i] = "0001_migration";
    struct field fields[] = {
        LF_STR("program", "cronrun"), LF_STR("message", huge), LF_LIST("applied", many, 2000),
        LF_TAIL("tail", huge),        LF_INT("exit", 20),
    };
    cleanup_strbuf struct strbuf b = STRBUF_INIT;
    strbuf_adds(&b, "before");
    termination_format(&b, fields, 5);
    const char *text = strbuf_str(&b) + 6;
    assert_true(b.len - 6 <= TERMINATION_MAX);
    assert_true(b.len - 6 > TERMINATION_MAX / 2);
    assert_memory_equal(text, "{\"program\":\"cronrun\",\"message\":\"\\\"", 34);
    assert_non_null(strstr(text, "END!\",\"exit\":20}"));
    assert_non_null(strstr(text, ",\"\xE2\x80\xA6\"],\"tail\":\"\xE2\x80\xA6\\\""));
    assert_int_equal(text[strlen(text) - 1], '}');
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_object_replaces_the_file, make_file, remove_file),
        cmocka_unit_test_setup_teardown(nothing_is_created, make_file, remove_file),
        cmocka_unit_test(what_cannot_be_written_is_an_error),
        cmocka_unit_test_setup_teardown(a_fifo_without_reader_does_not_block, make_file,
                                        remove_file),
        cmocka_unit_test(long_fields_are_cut_until_it_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
