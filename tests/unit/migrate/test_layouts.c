/* test_layouts.c: other tools' layouts: names, annotations, checksums, lock keys, and whose table is whose. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "migrate/layout/layouts.h"
#include "migrate/sql/lexer.h"

static const struct layout_place place = {
    .schema = "public", .table = "t", .quoted = "\"public\".\"t\""};

static void
test_names(void **state)
{
    (void)state;
    static const struct {
        const struct layout *l;
        const char *file, *version, *name;
        enum migration_direction way;
    } rows[] = {
        {&layout_golang, "0001_a.up.sql", "0001", "a", MIGRATION_UP},
        {&layout_golang, "1_.down.sql", "1", "", MIGRATION_DOWN},
        {&layout_golang, "9223372036854775807_a.up.sql", "9223372036854775807", "a", MIGRATION_UP},
        {&layout_golang, "0009223372036854775807_a.up.sql", "0009223372036854775807", "a",
         MIGRATION_UP},
        {&layout_dbmate, "001.sql", "001", "", MIGRATION_UP},
        {&layout_dbmate, "001_a.sql", "001", "a", MIGRATION_UP},
        {&layout_dbmate, "001-a.sql", "001", "a", MIGRATION_UP},
        {&layout_dbmate, "001a.sql", "001", "a", MIGRATION_UP},
        {&layout_goose, "1_a.sql", "1", "a", MIGRATION_UP},
        {&layout_sqlx, "1_a.sql", "1", "a", MIGRATION_UP},
        {&layout_sqlx, "1_a.up.sql", "1", "a", MIGRATION_UP},
        {&layout_sqlx, "1_a.down.sql", "1", "a", MIGRATION_DOWN},
        {&layout_flyway, "V1.2_3__a.sql", "1.2_3", "a", MIGRATION_UP},
        {&layout_flyway, "U1__a.sql", "1", "a", MIGRATION_DOWN},
        {&layout_flyway, "R__a.sql", "R__a", "a", MIGRATION_UP},
        {&layout_flyway, "V00000000000000000000000000000000000000000000000001__a.sql",
         "00000000000000000000000000000000000000000000000001", "a", MIGRATION_UP},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct layout_name n;
        assert_int_equal(rows[i].l->name_parse(rows[i].file, &n, NULL), 0);
        assert_int_equal(n.version_bytes, strlen(rows[i].version));
        assert_memory_equal(rows[i].file + n.version_offset, rows[i].version, n.version_bytes);
        assert_int_equal(n.name_bytes, strlen(rows[i].name));
        assert_memory_equal(rows[i].file + n.name_offset, rows[i].name, n.name_bytes);
        assert_int_equal(n.direction, rows[i].way);
        assert_int_equal(n.repeatable, rows[i].file[0] == 'R');
    }
}

#define FORM(shape) "the name does not have the form " shape " required by "

static void
test_names_refused(void **state)
{
    (void)state;
    static const char flyway[] = FORM("VVERSION__name.sql or R__name.sql") "Flyway";
    static const char parts[] = "the version is not a number or a sequence of numbers separated";
    static const char range[] = "the version is out of range for type bigint";
    static const char end[] = "the name does not end in .sql (in lower case)";
    static const struct {
        const struct layout *l;
        const char *file, *says;
    } rows[] = {
        {&layout_golang, "0001_a.sql",
         FORM("VERSION_name.up.sql or VERSION_name.down.sql") "golang-migrate"},
        {&layout_golang, "a_1.up.sql",
         FORM("VERSION_name.up.sql or VERSION_name.down.sql") "golang-migrate"},
        {&layout_golang, "9223372036854775808_a.up.sql", range},
        {&layout_golang, "10000000000000000000_a.up.sql", range},
        {&layout_golang, "0_a.up.sql",
         "the version is 0, which golang-migrate treats as no version; number the migrations"},
        {&layout_golang, "0001_a.up.txt", end},
        {&layout_dbmate, "a_1.sql", FORM("VERSION_name.sql") "dbmate"},
        {&layout_dbmate, "001.SQL", end},
        {&layout_goose, "1.sql", FORM("VERSION_name.sql") "goose"},
        {&layout_goose, "1a.sql", FORM("VERSION_name.sql") "goose"},
        {&layout_goose, "1_a", end},
        {&layout_sqlx, "x_a.sql",
         FORM("VERSION_name.sql, VERSION_name.up.sql or VERSION_name.down.sql") "sqlx"},
        {&layout_sqlx, "1_gr\xf6\xdf.sql", "the name is not UTF-8; rename the file"},
        {&layout_flyway, "V1__a.txt", end},
        {&layout_flyway, "V1_a.sql", flyway},
        {&layout_flyway, "X1__a.sql", flyway},
        {&layout_flyway, "R__.sql", flyway},
        {&layout_flyway, "R1__a.sql", flyway},
        {&layout_flyway, "V__a.sql", flyway},
        {&layout_flyway, "V1_.__a.sql", parts},
        {&layout_flyway, "V1_.2__a.sql", parts},
        {&layout_flyway, "V.1__a.sql", parts},
        {&layout_flyway, "V1a__a.sql", parts},
        {&layout_flyway, "V000000000000000000000000000000000000000000000000001__a.sql", parts},
        {&layout_flyway, "B1__a.sql", "the file is a Flyway baseline script"},
        {&layout_flyway, "afterMigrate__a.sql", "the file is a Flyway callback"},
        {&layout_flyway, "beforeMigrate.sql", "the file is a Flyway callback"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct layout_name n;
        struct err e = {0};
        assert_int_equal(rows[i].l->name_parse(rows[i].file, &n, &e), -1);
        assert_int_equal(e.code, ERR_INPUT);
        if (strncmp(e.msg, rows[i].says, strlen(rows[i].says)) != 0)
            fail_msg("%s: %s", rows[i].file, e.msg);
    }
}

static void
test_programs(void **state)
{
    (void)state;
    assert_true(layout_goose.is_program("00003_more.go"));
    static const char *const others[] = {"embed.go",       "00003_more_test.go", "3.go",
                                         "00003_more.sql", "00003_more.go.txt",  ".go"};
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        assert_false(layout_goose.is_program(others[i]));
    static const char *const flyway[] = {"V2__more.java",   "V1.2_3__x.kt", "V2_1__x.class",
                                         "R__refresh.java", "U2__x.groovy", "V3__load.sh"};
    for (size_t i = 0; i < sizeof(flyway) / sizeof(*flyway); i++)
        assert_true(layout_flyway.is_program(flyway[i]));
    static const char *const no_flyway[] = {"V2__more.sql", "V2__more.sql.conf", "More.java",
                                            "V2_more.java", "README.md"};
    for (size_t i = 0; i < sizeof(no_flyway) / sizeof(*no_flyway); i++)
        assert_false(layout_flyway.is_program(no_flyway[i]));
}

static void
header(const struct layout *l, const char *text, enum migration_direction way, const char *section)
{
    const struct layout_text t = {.data = text, .len = strlen(text), .direction = way};
    struct layout_header h;
    struct err e = {0};
    if (l->header_parse(&t, &h, &e) != 0)
        fail_msg("%s: %s", text, e.msg);
    assert_int_equal(h.to - h.from, strlen(section));
    assert_memory_equal(text + h.from, section, strlen(section));
}

static void
test_sections(void **state)
{
    (void)state;
    static const char dbmate[] = "-- x\n-- migrate:up\na;\n-- migrate:down\nb;\n";
    static const char goose[] = "-- +goose Up\na;\n-- +goose Down\nb;\n";
    static const char body[] =
        "-- +goose Up --\n-- +goose StatementBegin\na;\n\n \t\n-- +goose StatementEnd -\n";
    header(&layout_dbmate, dbmate, MIGRATION_UP, "-- migrate:up\na;\n");
    header(&layout_dbmate, dbmate, MIGRATION_DOWN, "-- migrate:down\nb;\n");
    header(&layout_dbmate, " \n\t-- x\n-- migrate:up\na;\n", MIGRATION_UP, "-- migrate:up\na;\n");
    header(&layout_dbmate, "\xef\xbb\xbf-- migrate:up\na", MIGRATION_UP, "-- migrate:up\na");
    header(&layout_goose, goose, MIGRATION_UP, "-- +goose Up\na;\n");
    header(&layout_goose, goose, MIGRATION_DOWN, "-- +goose Down\nb;\n");
    header(&layout_goose, body, MIGRATION_UP, body);
    header(&layout_goose, "\xef\xbb\xbf-- x\n-- +goose Up\na", MIGRATION_UP, "-- +goose Up\na");
    header(&layout_golang, "a;\n-- +goose Up\n", MIGRATION_UP, "a;\n-- +goose Up\n");
    header(&layout_sqlx, goose, MIGRATION_UP, goose);
    header(&layout_flyway, goose, MIGRATION_DOWN, goose);
    header(&layout_native, "-- x\na", MIGRATION_UP, "-- x\na");
}

/* A file with a way back says so when it is read upwards. */
static void
test_ways_back(void **state)
{
    (void)state;
    static const struct {
        const struct layout *l;
        const char *text;
        bool back;
    } rows[] = {
        {&layout_dbmate, "-- migrate:up\n", false},
        {&layout_dbmate, "-- migrate:up\n-- migrate:down\n", true},
        {&layout_goose, "-- +goose Up\n", false},
        {&layout_goose, "-- +goose Up\n-- +goose Down\n", true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const struct layout_text t = {.data = rows[i].text, .len = strlen(rows[i].text)};
        struct layout_header h;
        assert_int_equal(rows[i].l->header_parse(&t, &h, NULL), 0);
        assert_int_equal(h.back, rows[i].back);
    }
}

static const char no_goose_up[] = "the line -- +goose Up is missing, which goose requires";
static const char no_dbmate_up[] = "the line -- migrate:up is missing, which dbmate requires";
static const char not_allowed[] = "-- +goose StatementBegin is not allowed here";
/* What is wrong with a header, with the line and the place (a piece of the text) where it is wrong. */
static const struct {
    const struct layout *l;
    const char *text;
    enum migration_direction way;
    size_t line;
    const char *at, *says;
} refusals[] = {
    {&layout_dbmate, "-- x\n a;\n-- migrate:up\n", MIGRATION_UP, 2, "a;",
     "a statement precedes the line -- migrate:up"},
    {&layout_dbmate, "-- migrate:down\n-- migrate:up\n", MIGRATION_UP, 1, "-- migrate:down",
     "-- migrate:down precedes -- migrate:up"},
    {&layout_dbmate, "a", MIGRATION_UP, 1, "a", no_dbmate_up},
    {&layout_dbmate, "-- migrate:upward\na", MIGRATION_UP, 1, "", no_dbmate_up},
    {&layout_dbmate, "-- migrate:up\na", MIGRATION_DOWN, 1, "",
     "the line -- migrate:down is missing, which dbmate requires"},
    {&layout_goose, "--\n  a;\n-- +goose Up\n", MIGRATION_UP, 2, "a;",
     "a statement precedes the line -- +goose Up; move it below that line"},
    {&layout_goose, "-- +goose Up\n-- +goose Up --\n", MIGRATION_UP, 2, "-- +goose Up --",
     "duplicate -- +goose Up"},
    {&layout_goose, "-- +goose Up\n-- +goose Down\n-- +goose Up --\n", MIGRATION_UP, 3,
     "-- +goose Up --", "duplicate -- +goose Up"},
    {&layout_goose, "-- +goose Down\n", MIGRATION_UP, 1, "-- +goose Down",
     "-- +goose Down precedes -- +goose Up"},
    {&layout_goose, "-- +goose Up\n-- +goose Down\n-- +goose Down -", MIGRATION_UP, 3,
     "-- +goose Down -", "duplicate -- +goose Down"},
    {&layout_goose, "-- +goose Up\n-- +goose StatementBegin\n-- +goose Down\n", MIGRATION_UP, 3,
     "-- +goose Down", "-- +goose StatementEnd is missing before this line"},
    {&layout_goose, "-- +goose Up\n-- +goose StatementBegin\n", MIGRATION_UP, 3, "",
     "-- +goose StatementEnd is missing at the end of the file"},
    {&layout_goose, "--\n-- +goose StatementBegin\n", MIGRATION_UP, 2, "-- +goose S", not_allowed},
    {&layout_goose, "-- +goose Up\n-- +goose StatementBegin\n-- +goose statementbegin\n",
     MIGRATION_UP, 3, "-- +goose statementbegin", not_allowed},
    {&layout_goose, "-- +goose Up\n-- +goose StatementEnd\n", MIGRATION_UP, 2,
     "-- +goose StatementEnd", "-- +goose StatementEnd has no matching StatementBegin"},
    {&layout_goose, "-- +goose Up\n \t-- +goose Down\n", MIGRATION_UP, 2, "-- +goose Down",
     "goose annotations must be at the start of the line"},
    {&layout_goose, "-- +goose Up\n-- +goose Nothing\n", MIGRATION_UP, 2, "-- +goose Nothing",
     "goose has no such annotation"},
    {&layout_goose, "-- +goose Up\n-- +goose Dow\n", MIGRATION_UP, 2, "-- +goose Dow",
     "goose has no such annotation"},
    {&layout_goose, "", MIGRATION_UP, 1, "", no_goose_up},
    {&layout_goose, "-- x", MIGRATION_UP, 1, "-- x", no_goose_up},
    {&layout_goose, "-- +goose Up\n", MIGRATION_DOWN, 1, "-- +goose Up",
     "the line -- +goose Down is missing"},
    {&layout_golang, "\n-- migrate: phase=never\n", MIGRATION_UP, 2, "-- migrate: phase",
     "phase must be expand or contract, not never"},
    {&layout_sqlx, "-- migrate: phase=never\n", MIGRATION_UP, 1, "-- migrate: phase",
     "phase must be expand or contract, not never"},
    {&layout_flyway, "-- migrate: phase=never\n", MIGRATION_UP, 1, "-- migrate: phase",
     "phase must be expand or contract, not never"},
    {&layout_goose, "-- migrate: phase=never\n-- +goose Up\n", MIGRATION_UP, 1, "-- migrate: phase",
     "phase must be expand or contract, not never"},
};

static void
test_headers_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
        const struct layout_text t = {.data = refusals[i].text,
                                      .len = strlen(refusals[i].text),
                                      .direction = refusals[i].way};
        struct layout_header h;
        struct err e = {0};
        assert_int_equal(refusals[i].l->header_parse(&t, &h, &e), -1);
        assert_int_equal(e.code, ERR_INPUT);
        if (h.error_line != refusals[i].line ||
            strncmp(e.msg, refusals[i].says, strlen(refusals[i].says)) != 0)
            fail_msg("%s: line %zu: %s", refusals[i].text, h.error_line, e.msg);
        assert_memory_equal(t.data + h.error_offset, refusals[i].at, strlen(refusals[i].at));
    }
}

static void
test_transactions(void **state)
{
    (void)state;
    static const struct {
        const struct layout *l;
        const char *text;
        enum verdict_wish wish;
        const char *unusable; /* from where on; NULL: it can be applied */
    } rows[] = {
        {&layout_dbmate, "-- migrate:up transaction:false\n", VERDICT_OFF, NULL},
        {&layout_dbmate, "-- migrate:up\tx  transaction:false \n", VERDICT_OFF, NULL},
        {&layout_dbmate, "-- migrate:up transaction:true\n", VERDICT_AUTO, NULL},
        {&layout_dbmate, "-- migrate:up\n-- migrate:down transaction:false\n", VERDICT_AUTO, NULL},
        {&layout_goose, "-- +goose NO TRANSACTION\n-- +goose up\n", VERDICT_OFF, NULL},
        {&layout_goose, "-- +goose ENVSUB ON\n-- +goose Up\n$A\n", VERDICT_AUTO, "$A\n"},
        {&layout_goose, "-- +goose Up\n-- +goose ENVSUB ON\na;\n-- +goose ENVSUB OFF\n$A\n",
         VERDICT_AUTO, NULL},
        {&layout_goose, "-- +goose Up\n-- +goose ENVSUB ON\n$A;$B\n-- +goose ENVSUB OFF\n$C\n",
         VERDICT_AUTO, "$A;"},
        {&layout_goose, "-- +goose Up\n-- +goose ENVSUB ON\n-- +goose Down\n$A\n", VERDICT_AUTO,
         NULL},
        {&layout_goose, "-- +goose Up\n$A\n", VERDICT_AUTO, NULL},
        {&layout_golang, "-- migrate: transaction=off\n", VERDICT_OFF, NULL},
        {&layout_golang, "select '${a}'", VERDICT_AUTO, NULL},
        {&layout_sqlx, "-- no-transaction\n", VERDICT_OFF, NULL},
        {&layout_sqlx, " -- no-transaction\n", VERDICT_AUTO, NULL},
        {&layout_flyway, "a;\nselect '${a}'", VERDICT_AUTO, "${a}'"},
        {&layout_flyway, "select '$a'", VERDICT_AUTO, NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const struct layout_text t = {.data = rows[i].text, .len = strlen(rows[i].text)};
        struct layout_header h;
        struct err e = {0};
        assert_int_equal(rows[i].l->header_parse(&t, &h, &e), 0);
        assert_int_equal(h.transaction, rows[i].wish);
        assert_int_equal(h.unusable != NULL, rows[i].unusable != NULL);
        if (!rows[i].unusable)
            continue;
        size_t at = (size_t)(strstr(t.data, rows[i].unusable) - t.data);
        assert_int_equal(h.error_offset, at);
        assert_int_equal(h.error_line, 1 + lexer_count_lines(t.data, at));
    }
}

/* The vector of flyway#2474. */
static void
test_flyway_checksum(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "alter table location_history add column valid_until timestamp with time zone;",
        "alter table location_history add column valid_until timestamp with time zone;\r\n",
        "\xef\xbb\xbf"
        "alter table location_history\n add column valid_until timestamp with time zone;\n"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        uint8_t sum[LAYOUT_SUM_MAX];
        assert_int_equal(layout_flyway.sum(texts[i], strlen(texts[i]), sum, NULL), 0);
        uint32_t crc =
            (uint32_t)sum[0] << 24 | (uint32_t)sum[1] << 16 | (uint32_t)sum[2] << 8 | sum[3];
        assert_int_equal((int32_t)crc, -1039259818);
    }
}

static void
test_sqlx_checksum(void **state)
{
    (void)state;
    uint8_t sum[LAYOUT_SUM_MAX];
    char hex[2 * DIGEST_SHA384_BYTES + 1];
    assert_int_equal(layout_sqlx.sum("abc", 3, sum, NULL), 0);
    /* FIPS 180-4's example */
    assert_string_equal(digest_hex(hex, sum, layout_sqlx.sum_bytes),
                        "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
                        "8086072ba1e7cc2358baeca134c825a7");
}

static void
test_lock_keys(void **state)
{
    (void)state;
    int64_t keys[LAYOUT_KEYS_MAX];
    assert_int_equal(layout_goose.lock_keys(&place, "d", keys), 1);
    assert_true(keys[0] == digest_crc32(0, "goose", 5));
    assert_int_equal(layout_sqlx.lock_keys(&place, "123456789", keys), 1);
    assert_true(keys[0] ==
                INT64_C(0x3d32ad9e) * INT64_C(0xcbf43926)); /* CRC-32's own check value */
    assert_int_equal(layout_golang.lock_keys(&place, "d", keys), 2);
    assert_true(keys[0] == (uint32_t)(digest_crc32(0, "public\0t\0/d", 11) * UINT32_C(1486364155)));
    assert_true(keys[1] == (uint32_t)(digest_crc32(0, "public\0t\0d", 10) * UINT32_C(1486364155)));
    const struct layout_place a = {.quoted = "ab\xc3\xa4\xf0\x9f\x98\x80"}; /* U+00E4, U+1F600 */
    assert_int_equal(layout_flyway.lock_keys(&a, "d", keys), 1);
    uint32_t hash = ((('a' * 31u + 'b') * 31u + 0xe4u) * 31u + 0xd83du) * 31u + 0xde00u;
    assert_true(keys[0] == INT64_C(77431708279161) + (int32_t)hash);
}

static void
test_tables(void **state)
{
    (void)state;
    static const struct {
        const char *names, *type;
        const struct layout *l;
    } rows[] = {
        {"version,dirty", "bigint", &layout_golang},
        {"version", "character varying", &layout_dbmate},
        {"version", "integer", NULL}, /* tern */
        {"id,version_id,is_applied,tstamp", "integer", &layout_goose},
        {"version,description,installed_on,success,checksum,execution_time", "bigint",
         &layout_sqlx},
        {"version,dirty,more", "bigint", NULL},
        {NULL, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const struct layout_columns c = {.names = rows[i].names, .first_type = rows[i].type};
        assert_ptr_equal(layouts_of_columns(&c), rows[i].l);
    }
}

static void
test_texts(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const struct layout *l;
    } rows[] = {
        {"a\n--  +goose Up", &layout_goose},
        {"--+GOOSE Up\n", &layout_goose},
        {"\xef\xbb\xbf-- migrate:up\n", &layout_dbmate},
        {"a;\n-- migrate:up transaction:false\n-- +goose Up\n", &layout_dbmate},
        {"-- x", NULL},
        {"-- x\n", NULL},
        {"- +goose Up", NULL},
        {"a -- +goose Up\n", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        assert_ptr_equal(layouts_of_text(rows[i].text, strlen(rows[i].text)), rows[i].l);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),           cmocka_unit_test(test_sections),
        cmocka_unit_test(test_names_refused),   cmocka_unit_test(test_headers_refused),
        cmocka_unit_test(test_ways_back),       cmocka_unit_test(test_sqlx_checksum),
        cmocka_unit_test(test_texts),           cmocka_unit_test(test_transactions),
        cmocka_unit_test(test_flyway_checksum), cmocka_unit_test(test_lock_keys),
        cmocka_unit_test(test_tables),          cmocka_unit_test(test_programs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
