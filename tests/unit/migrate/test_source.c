/* source.c and source_text.c: directories and files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "migrate/files/facts.h"
#include "migrate/files/source.h"
#include "migrate/layout/layouts.h"

struct fixture {
    char dir[64];
    struct source s;
    struct err e;
};

static int
setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    if (!f)
        return -1;
    strcpy(f->dir, "/tmp/rr-source-XXXXXX");
    f->s = (struct source)SOURCE_INIT;
    *state = f;
    return mkdtemp(f->dir) ? 0 : -1;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    source_done(&f->s);
    nftw(f->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(f);
    return 0;
}

static void
path_of(const struct fixture *f, const char *name, char path[256])
{
    snprintf(path, 256, "%s/%s", f->dir, name);
}

static void
put_n(struct fixture *f, const char *name, const char *text, size_t len)
{
    char path[256];

    path_of(f, name, path);
    cleanup_file FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
}

static void
put(struct fixture *f, const char *name, const char *text)
{
    put_n(f, name, text, strlen(text));
}

static void
opens(struct fixture *f, size_t n)
{
    source_done(&f->s);
    if (source_open(f->dir, &layout_native, false, &f->s, &f->e) < 0)
        fail_msg("%s", f->e.msg);
    assert_int_equal(f->s.n, n);
}

static void
refuses(struct fixture *f, const char *file, size_t line, const char *says)
{
    assert_int_equal(source_open(f->dir, &layout_native, false, &f->s, &f->e), -1);
    assert_int_equal(f->e.code, ERR_INPUT);
    char shown[sizeof(f->e.msg) + 300];
    char place[32] = "";
    if (f->s.fault_line)
        snprintf(place, sizeof(place), "line %zu: ", f->s.fault_line);
    snprintf(shown, sizeof(shown), "%s: %s%s", f->s.fault_file, place, f->e.msg);
    if (!strstr(shown, says))
        fail_msg("%s", shown);
    assert_null(strchr(f->e.msg, '\n'));
    assert_string_equal(f->s.fault_file, file);
    assert_int_equal(f->s.fault_line, line);
    assert_int_equal(f->s.dir_fd, -1);
    assert_int_equal(f->s.n, 0);
}

static void
test_list(void **state)
{
    struct fixture *f = *state;

    put(f, "10_ten.up.sql", "-- migrate: phase=contract\nselect 10");
    put(f, "10_ten.down.sql", "select -10");
    put(f, "9_nine.sql", "");
    put(f, "README.md", "\xff");
    put(f, ".hidden_x.sql", "\xff");
    put(f, "x.sql~", "\xff");
    put(f, "011_eleven.sql", "abc");
    opens(f, 3);
    const struct source_migration *m = f->s.migrations;
    assert_string_equal(m[0].id.version, "9");
    assert_string_equal(m[0].id.name, "nine");
    assert_string_equal(m[0].file, "9_nine.sql");
    assert_null(m[0].down_file);
    assert_int_equal(m[0].bytes, 0);
    assert_string_equal(m[1].id.version, "10");
    assert_string_equal(m[1].down_file, "10_ten.down.sql");
    assert_int_equal(m[1].id.phase, MIGRATION_CONTRACT);
    assert_string_equal(m[2].id.version, "011");
    assert_memory_equal(m[2].sha256, "\xba\x78\x16\xbf\x8f\x01\xcf\xea", 8);
    assert_ptr_equal(source_find(&f->s, "0010"), &m[1]);
    assert_ptr_equal(source_find(&f->s, "11"), &m[2]);
    assert_null(source_find(&f->s, "12"));
    assert_null(source_find(&f->s, "x"));
}

static void
test_empty(void **state)
{
    struct fixture *f = *state;

    put(f, "notes.txt", "");
    refuses(f, "", 0, "no migrations");
    assert_int_equal(source_open(f->dir, &layout_native, true, &f->s, &f->e), 0);
    assert_int_equal(f->s.n, 0);
    source_done(&f->s);
    assert_false(f->s.missing);
    source_done(&f->s);
    assert_int_equal(source_open("/nonexistent", &layout_native, true, &f->s, &f->e), 0);
    assert_true(f->s.missing);
    assert_int_equal(f->s.n, 0);
    source_done(&f->s);
    assert_int_equal(source_open("/nonexistent", &layout_native, false, &f->s, &f->e), -1);
    assert_non_null(strstr(f->e.msg, "/nonexistent"));
    assert_int_equal(f->e.code, ERR_INPUT);
    assert_int_equal(source_open("/dev/null/x", &layout_native, true, &f->s, &f->e), -1);
    assert_non_null(strstr(f->e.msg, "/dev/null/x"));
}

static void
make_folder(struct fixture *f, const char *name)
{
    char path[256];

    path_of(f, name, path);
    assert_int_equal(mkdir(path, 0700), 0);
}

/* Folders are not read, but one that holds .sql files is noted. */
static void
test_folders(void **state)
{
    struct fixture *f = *state;
    char path[256];

    make_folder(f, "docs");
    put(f, "docs/readme.md", "");
    make_folder(f, ".git");
    put(f, ".git/0001_a.sql", "");
    path_of(f, "link", path);
    assert_int_equal(symlink(".git", path), 0);
    put(f, "0001_a.sql", "");
    opens(f, 1);
    assert_null(f->s.folder);
    make_folder(f, "v2");
    make_folder(f, "v2/03");
    put(f, "v2/03/0002_b.SQL", "");
    opens(f, 1);
    assert_string_equal(f->s.folder, "v2");
    make_folder(f, "seed");
    put(f, "seed/x.sql", "");
    opens(f, 1);
    assert_string_equal(f->s.folder, "seed");
    source_done(&f->s);
    path_of(f, "0001_a.sql", path);
    assert_int_equal(unlink(path), 0);
    refuses(
        f, "", 0,
        "no migrations (VERSION_name.sql) in this directory; the .sql files in its folder seed");
}

static void
test_versions(void **state)
{
    struct fixture *f = *state;

    put(f, "1_a.sql", "");
    put(f, "01_b.sql", "");
    refuses(f, "1_a.sql", 0, "01_b.sql and 1_a.sql are of one version");
}

static void
test_two_ups(void **state)
{
    struct fixture *f = *state;

    put(f, "1_a.sql", "");
    put(f, "1_a.up.sql", "");
    refuses(f, "1_a.up.sql", 0, "1_a.sql and 1_a.up.sql are of one version: 1");
}

static void
test_lonely_down(void **state)
{
    struct fixture *f = *state;

    put(f, "1_a.sql", "");
    put(f, "2_b.down.sql", "");
    refuses(f, "2_b.down.sql", 0, "no file that goes up");
}

static void
test_order(void **state)
{
    struct fixture *f = *state;

    put(f, "9_a.sql", "");
    put(f, "9a_b.sql", "");
    opens(f, 2);
    put(f, "10_c.sql", "");
    source_done(&f->s);
    refuses(f, "9a_b.sql", 0, "no order");
}

static void
test_dotted(void **state)
{
    struct fixture *f = *state;

    put(f, "1.10_c.sql", "");
    put(f, "1.2_a.sql", "");
    put(f, "1.9_b.sql", "");
    opens(f, 3);
    assert_string_equal(f->s.migrations[0].id.version, "1.2");
    assert_string_equal(f->s.migrations[1].id.version, "1.9");
    assert_string_equal(f->s.migrations[2].id.version, "1.10");
    assert_ptr_equal(source_find(&f->s, "1.09"), &f->s.migrations[1]);
    put(f, "1.2-rc_d.sql", "");
    source_done(&f->s);
    refuses(f, "1.2-rc_d.sql", 0, "no order");
}

static void
test_bad_name(void **state)
{
    struct fixture *f = *state;

    put(f, "create_table.sql", "");
    put(f, "drop_table.sql", "");
    opens(f, 2);
    source_done(&f->s);
    put(f, "oops.sql", "");
    refuses(f, "oops.sql", 0, "oops.sql: the name does not have the form");
}

/* Beside numbers they are no migrations: a copy, a script. */
static void
test_unnumbered(void **state)
{
    struct fixture *f = *state;

    put(f, "0001_a.sql", "");
    put(f, "2b_b.sql", "");
    opens(f, 2);
    source_done(&f->s);
    put(f, "seed_data.sql", "");
    refuses(f, "seed_data.sql", 0,
            "seed_data.sql: its version, \"seed\", does not begin with a digit, as that of "
            "0001_a.sql does");
    put(f, "Copy of 0001_a.sql", "");
    refuses(f, "Copy of 0001_a.sql", 0, "\"Copy of 0001\"");
}

static void
test_not_text(void **state)
{
    struct fixture *f = *state;

    put(f, "1_a.sql", "select 1;\n\nselect '\xe9';");
    refuses(f, "1_a.sql", 3, "1_a.sql: line 3: byte 0xe9 is not UTF-8");
    put_n(f, "1_a.sql", "a\nb\0c", 5);
    refuses(f, "1_a.sql", 2, "1_a.sql: line 2: a NUL byte");
    put(f, "1_a.sql", "\xc3");
    refuses(f, "1_a.sql", 1, "1_a.sql: line 1: byte 0xc3 is not UTF-8");
    put_n(f, "1_a.sql", "\xff\xfes\0\n\0", 6);
    refuses(f, "1_a.sql", 1,
            "1_a.sql: line 1: the file is UTF-16, as its byte order mark says: save it as UTF-8");
    put_n(f, "1_a.sql", "\xfe\xff\0s", 4);
    refuses(f, "1_a.sql", 1, "UTF-16");
    put_n(f, "1_a.sql", "\xff\xfe\0\0s\0\0\0", 8);
    refuses(f, "1_a.sql", 1, "UTF-32");
    put_n(f, "1_a.sql", "\0\0\xfe\xff\0\0\0s", 8);
    refuses(f, "1_a.sql", 1, "UTF-32");
    put(f, "1_a.sql", "\n-- migrate: x=1\n");
    refuses(f, "1_a.sql", 2, "1_a.sql: line 2: unknown key x");
    put(f, "1_a.sql", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
    opens(f, 1);
}

static void
test_not_a_file(void **state)
{
    struct fixture *f = *state;
    char path[256];

    path_of(f, "1_a.sql", path);
    assert_int_equal(mkdir(path, 0700), 0);
    refuses(f, "1_a.sql", 0, "1_a.sql: is not a regular file");
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    refuses(f, "1_a.sql", 0, "1_a.sql: is not a regular file");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("nowhere", path), 0);
    refuses(f, "1_a.sql", 0, "1_a.sql: cannot be read: No such file");
}

/*
 * A ConfigMap: its files are links through ..data; what ..data named at the start is what is read.
 */
static void
test_config_map(void **state)
{
    struct fixture *f = *state;
    CLEANUP_WITH(source_text_done) struct source_text t = SOURCE_TEXT_INIT;
    char path[256];
    char next[256];

    path_of(f, "..one", path);
    assert_int_equal(mkdir(path, 0700), 0);
    path_of(f, "..two", path);
    assert_int_equal(mkdir(path, 0700), 0);
    put(f, "..one/1_a.sql", "one");
    put(f, "..two/1_a.sql", "two");
    path_of(f, "..data", path);
    assert_int_equal(symlink("..one", path), 0);
    path_of(f, "1_a.sql", path);
    assert_int_equal(symlink("..data/1_a.sql", path), 0);
    opens(f, 1);

    path_of(f, "..data_tmp", next);
    assert_int_equal(symlink("..two", next), 0);
    path_of(f, "..data", path);
    assert_int_equal(rename(next, path), 0);
    assert_int_equal(source_text_open(&f->s, &f->s.migrations[0], MIGRATION_UP, &t, &f->e), 0);
    assert_memory_equal(t.data, "one", 3);
}

static void
test_text(void **state)
{
    struct fixture *f = *state;
    struct source_text t = SOURCE_TEXT_INIT;

    put(f, "1_a.sql", "select 1");
    put(f, "1_a.down.sql", "select -1");
    put(f, "2_b.sql", "");
    opens(f, 2);
    assert_int_equal(source_text_open(&f->s, &f->s.migrations[0], MIGRATION_DOWN, &t, &f->e), 0);
    assert_int_equal(t.len, 9);
    source_text_done(&t);
    assert_int_equal(source_text_open(&f->s, &f->s.migrations[1], MIGRATION_UP, &t, &f->e), 0);
    assert_int_equal(t.len, 0);
    source_text_done(&t);
    assert_int_equal(source_text_open(&f->s, &f->s.migrations[1], MIGRATION_DOWN, &t, &f->e), -1);
    assert_non_null(strstr(f->e.msg, "has no .down.sql"));
    put(f, "1_a.sql", "select 2");
    assert_int_equal(source_text_open(&f->s, &f->s.migrations[0], MIGRATION_UP, &t, &f->e), -1);
    assert_non_null(strstr(f->e.msg, "was changed"));
    put(f, "1_a.down.sql", "\n\xff");
    assert_int_equal(source_text_open(&f->s, &f->s.migrations[0], MIGRATION_DOWN, &t, &f->e), -1);
    assert_string_equal(f->e.msg, "byte 0xff is not UTF-8");
    assert_int_equal(t.error_line, 2);
}

/*
 * Larger than what is read: mapped; bad bytes are found behind, and across, the pieces it is
 * looked at in.
 */
static void
test_large(void **state)
{
    struct fixture *f = *state;
    size_t len = 5u << 20;
    cleanup_free char *text = malloc(len);
    CLEANUP_WITH(source_text_done) struct source_text t = SOURCE_TEXT_INIT;
    struct lexer lx;
    struct statement st;

    assert_non_null(text);
    memset(text, '\n', len);
    memcpy(text, "copy t from stdin;", 18);
    memcpy(text + (1u << 20) - 1, "\xe2\x82\xac", 3);
    put_n(f, "1_a.sql", text, len);
    opens(f, 1);
    assert_int_equal(source_text_open(&f->s, &f->s.migrations[0], MIGRATION_UP, &t, &f->e), 0);
    assert_true(t.mapped);
    source_text_lexer(&t, &lx);
    assert_int_equal(lexer_next(&lx, &st, &f->e), 1);
    assert_true(t.released >= len - (2u << 20));
    assert_memory_equal(t.data, text, len);

    text[len - 1] = '\xff';
    put_n(f, "1_a.sql", text, len);
    source_done(&f->s);
    refuses(f, "1_a.sql", len - 18 - 3, "byte 0xff");
}

/* A mapped text follows its file: what is cut off reads as NUL bytes, and whoever asks is told. */
static void
test_changes(void **state)
{
    struct fixture *f = *state;
    const size_t len = (size_t)4 << 20;
    cleanup_free char *text = malloc(len);
    char path[256];
    struct stat before;

    assert_non_null(text);
    memset(text, '\n', len);
    path_of(f, "1_a.sql", path);
    for (int change = 0; change < 3; change++) {
        struct source_text t = SOURCE_TEXT_INIT;
        put_n(f, "1_a.sql", text, len);
        opens(f, 1);
        assert_int_equal(stat(path, &before), 0);
        assert_int_equal(source_text_open(&f->s, f->s.migrations, MIGRATION_UP, &t, &f->e), 0);
        assert_int_equal(source_text_same(&t, &f->e), 0);
        if (change == 0)
            assert_int_equal(truncate(path, 100), 0);
        else if (change == 1)
            put_n(f, "1_a.sql", text, len);
        else
            assert_int_equal(truncate(path, (off_t)len + 1), 0);
        const struct timespec times[] = {before.st_atim, before.st_mtim};
        assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
        assert_int_equal(source_text_same(&t, &f->e), -1);
        assert_int_equal(f->e.code, ERR_INPUT);
        assert_string_equal(f->e.msg, "the file was changed while migrate was running");
        if (change == 0)
            assert_int_equal(t.data[len - 1], '\0');
        struct source_text again = SOURCE_TEXT_INIT;
        assert_int_equal(source_text_open(&f->s, f->s.migrations, MIGRATION_UP, &again, &f->e), -1);
        source_text_done(&t);
    }
}

static void
loose_of(struct fixture *f, const char *text, uint8_t sum[DIGEST_BYTES])
{
    CLEANUP_WITH(source_text_done) struct source_text t = SOURCE_TEXT_INIT;
    char path[256];

    put(f, "x", text);
    path_of(f, "x", path);
    assert_int_equal(source_text_open_path(path, &t, &f->e), 0);
    if (facts_loose(&t, sum, &f->e) < 0)
        fail_msg("%s", f->e.msg);
}

static void
loose(struct fixture *f, const char *a, const char *b, bool same)
{
    uint8_t x[DIGEST_BYTES];
    uint8_t y[DIGEST_BYTES];

    loose_of(f, a, x);
    loose_of(f, b, y);
    if ((memcmp(x, y, sizeof(x)) == 0) != same)
        fail_msg("%s and %s", a, b);
}

static void
test_loose(void **state)
{
    struct fixture *f = *state;
    struct source_text t = {.data = "'", .len = 1, .to = 1};
    uint8_t sum[DIGEST_BYTES];

    loose(f, "select 1;", "-- licence\n/* b */\r\nSELECT  1 -- x\n ;;", false);
    loose(f, "select 1;", "-- licence\n/* b */\r\nselect  1 -- x\n ;;", true);
    loose(f, "select a+b", "select a + b;", true);
    loose(f, "\xef\xbb\xbfselect 1", "select 1", true);
    loose(f, "", "-- x", true);
    loose(f, "select 'a  b'", "select 'a b'", false);
    loose(f, "select ab", "select a b", false);
    loose(f, "select 1; select 2", "select 1 select 2", false);
    loose(f, "select - -1", "select --1\n", false);
    loose(f, "copy t from stdin;\n1 2\n\\.\n", "copy t /**/ from stdin;\n1 2\n\\.\n", true);
    loose(f, "copy t from stdin;\n1 2\n\\.\n", "copy t from stdin;\n1  2\n\\.\n", false);
    loose(f, "copy t from stdin;\n-- 1\n\\.\n", "copy t from stdin;\n\\.\n", false);
    loose(f, "\\restrict a\nx", "\\restrict b\nx", true);
    /* How lines end is nowhere a difference; a \r that ends no line is. */
    loose(f, "do $$\n x\n$$", "do $$\r\n x\r\n$$", true);
    loose(f, "select 'a\nb', \"c\nd\", e'f\ng'", "select 'a\r\nb', \"c\r\nd\", e'f\r\ng'", true);
    loose(f, "select 'a'\n'b'", "select 'a'\r\n'b'", true);
    loose(f, "copy t from stdin;\n1\n2\n\\.\nx", "copy t from stdin;\r\n1\r\n2\r\n\\.\r\nx", true);
    loose(f, "copy t from stdin;\n1\n", "copy t from stdin;\n1\r\n", true);
    loose(f, "select 'a\nb'", "select 'a\rb'", false);
    loose(f, "select 'a\nb'", "select 'a\r\r\nb'", false);
    loose(f, "select 'ab'", "select 'a\rb'", false);
    loose(f, "copy t from stdin;\n1\n", "copy t from stdin;\n1\n\r", false);
    loose(f, "copy t from stdin;\n1\r", "copy t from stdin;\n1", false);
    assert_int_equal(facts_loose(&t, sum, &f->e), -1);
    assert_int_equal(f->e.code, ERR_INPUT);
}

/* Tokens longer than what is gathered do not change the sum's meaning. */
static void
test_loose_long(void **state)
{
    struct fixture *f = *state;
    cleanup_free char *a = malloc(20000);
    cleanup_free char *b = malloc(20000);

    assert_non_null(a);
    assert_non_null(b);
    for (size_t n = 4080; n < 4110; n++) {
        snprintf(a, 20000, "x '%0*d' y", (int)n, 0);
        snprintf(b, 20000, "x  '%0*d'\n--\ny;", (int)n, 0);
        loose(f, a, b, true);
        a[n / 2] = '1';
        loose(f, a, b, false);
    }
}

/* A line end that lies across the pieces in which large data is read. */
static void
test_loose_pieces(void **state)
{
    struct fixture *f = *state;
    const size_t len = (size_t)3 << 20;
    cleanup_free char *a = malloc(len);
    cleanup_free char *b = malloc(len + 1);

    assert_non_null(a);
    assert_non_null(b);
    memset(a, 'x', len);
    memcpy(a, "copy t from stdin;\n", 19);
    a[len - 1] = '\0';
    for (size_t at = ((size_t)1 << 20) + 16; at < ((size_t)1 << 20) + 22; at++) {
        a[at] = '\n';
        memcpy(b, a, at);
        b[at] = '\r';
        memcpy(b + at + 1, a + at, len - at);
        loose(f, a, b, true);
        b[at + 1] = 'x';
        loose(f, a, b, false);
        a[at] = 'x';
    }
}

int
main(void)
{
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_list),        CASE(test_empty),      CASE(test_versions),     CASE(test_two_ups),
        CASE(test_lonely_down), CASE(test_order),      CASE(test_bad_name),     CASE(test_not_text),
        CASE(test_not_a_file),  CASE(test_config_map), CASE(test_text),         CASE(test_large),
        CASE(test_loose),       CASE(test_loose_long), CASE(test_loose_pieces), CASE(test_changes),
        CASE(test_folders),     CASE(test_dotted),     CASE(test_unnumbered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
