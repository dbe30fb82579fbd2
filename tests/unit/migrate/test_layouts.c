/* test_layouts.c: other tools' layouts: names, annotations, checksums, lock keys, and whose table is whose. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "migrate/layout/layouts.h"

static const struct layout_place place = {
    .schema = "public", .table = "t", .quoted = "\"public\".\"t\""};

static void
test_names(void **state)
{
    (void)state;
    static const struct {
        const struct layout *l;
        const char *file;
        bool fine;
    } rows[] = {
        {&layout_golang, "0001_a.up.sql", true},
        {&layout_golang, "1_.down.sql", true},
        {&layout_golang, "0001_a.sql", false},
        {&layout_golang, "9223372036854775807_a.up.sql", true},
        {&layout_golang, "9223372036854775808_a.up.sql", false},
        {&layout_golang, "0_a.up.sql", false},
        {&layout_dbmate, "001.sql", true},
        {&layout_dbmate, "a_1.sql", false},
        {&layout_goose, "1_a.sql", true},
        {&layout_goose, "1.sql", false},
        {&layout_sqlx, "1_a.up.sql", true},
        {&layout_sqlx, "x_a.sql", false},
        {&layout_flyway, "V1.2_3__a.sql", true},
        {&layout_flyway, "V1_a.sql", false},
        {&layout_flyway, "V1_.__a.sql", false},
        {&layout_flyway, "V1_.2__a.sql", false},
        {&layout_flyway, "V.1__a.sql", false},
        {&layout_flyway, "V__a.sql", false},
        {&layout_flyway, "R__a.sql", true},
        {&layout_flyway, "R__.sql", false},
        {&layout_flyway, "B1__a.sql", false},
        {&layout_flyway, "afterMigrate__a.sql", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct layout_name n;
        struct err e = {0};
        assert_int_equal(rows[i].l->name_parse(rows[i].file, &n, &e), rows[i].fine ? 0 : -1);
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
    assert_int_equal(l->header_parse(&t, &h, &e), section ? 0 : -1);
    if (!section)
        return;
    assert_int_equal(h.to - h.from, strlen(section));
    assert_memory_equal(text + h.from, section, strlen(section));
}

static void
test_sections(void **state)
{
    (void)state;
    static const char dbmate[] = "-- x\n-- migrate:up\na;\n-- migrate:down\nb;\n";
    static const char goose[] = "-- +goose Up\na;\n-- +goose Down\nb;\n";
    header(&layout_dbmate, dbmate, MIGRATION_UP, "-- migrate:up\na;\n");
    header(&layout_dbmate, dbmate, MIGRATION_DOWN, "-- migrate:down\nb;\n");
    header(&layout_dbmate, "a;\n-- migrate:up\n", MIGRATION_UP, NULL);
    header(&layout_dbmate, "-- migrate:down\n-- migrate:up\n", MIGRATION_UP, NULL);
    header(&layout_dbmate, "a", MIGRATION_UP, NULL);
    header(&layout_goose, goose, MIGRATION_UP, "-- +goose Up\na;\n");
    header(&layout_goose, goose, MIGRATION_DOWN, "-- +goose Down\nb;\n");
    header(&layout_goose, "a;\n-- +goose Up\n", MIGRATION_UP, NULL);
    header(&layout_goose, "-- +goose Up\n-- +goose Up\n", MIGRATION_UP, NULL);
    header(&layout_goose, "-- +goose Down\n", MIGRATION_UP, NULL);
    header(&layout_goose, "-- +goose Up\n-- +goose StatementBegin\n", MIGRATION_UP, NULL);
    header(&layout_goose, "-- +goose Up\n-- +goose Nothing\n", MIGRATION_UP, NULL);
    header(&layout_goose, "", MIGRATION_UP, NULL);
}

static void
test_transactions(void **state)
{
    (void)state;
    static const struct {
        const struct layout *l;
        const char *text;
        enum verdict_wish wish;
        bool unusable;
    } rows[] = {
        {&layout_dbmate, "-- migrate:up transaction:false\n", VERDICT_OFF, false},
        {&layout_dbmate, "-- migrate:up transaction:true\n", VERDICT_AUTO, false},
        {&layout_goose, "-- +goose NO TRANSACTION\n-- +goose up\n", VERDICT_OFF, false},
        {&layout_goose, "-- +goose ENVSUB ON\n-- +goose Up\n$A\n", VERDICT_AUTO, true},
        {&layout_goose, "-- +goose Up\n$A\n", VERDICT_AUTO, false},
        {&layout_sqlx, "-- no-transaction\n", VERDICT_OFF, false},
        {&layout_sqlx, " -- no-transaction\n", VERDICT_AUTO, false},
        {&layout_flyway, "select '${a}'", VERDICT_AUTO, true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const struct layout_text t = {.data = rows[i].text, .len = strlen(rows[i].text)};
        struct layout_header h;
        struct err e = {0};
        assert_int_equal(rows[i].l->header_parse(&t, &h, &e), 0);
        assert_int_equal(h.transaction, rows[i].wish);
        assert_int_equal(h.unusable != NULL, rows[i].unusable);
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
    static const char goose[] = "a\n--  +goose Up";
    assert_ptr_equal(layouts_of_text(goose, strlen(goose)), &layout_goose);
    assert_null(layouts_of_text("-- x", 4));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),        cmocka_unit_test(test_sections),
        cmocka_unit_test(test_transactions), cmocka_unit_test(test_flyway_checksum),
        cmocka_unit_test(test_lock_keys),    cmocka_unit_test(test_tables),
        cmocka_unit_test(test_programs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
