/* The statements that read and write other tools' histories, to the letter. What they do is shown on real servers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/strbuf.h"
#include "migrate/layout/layouts.h"

#define TABLE "\"public\".\"t\""

static const struct layout_place place = {.schema = "public", .table = "t", .quoted = TABLE};
static const struct migration before = {.version = (char *)"0006", .name = (char *)"a"};
static const struct migration m = {.version = (char *)"0007", .name = (char *)"o'b"};
static const struct migration again = {
    .version = (char *)"o'b", .name = (char *)"o'b", .repeatable = true};
static const uint8_t sum[DIGEST_SHA384_BYTES] = {0x80, 0, 0, 1}, was[DIGEST_SHA384_BYTES] = {2, 3};

static const struct layout_row row = {
    .migration = &m, .file = "0007_o'b.sql", .sum = sum, .loose_sha256 = sum, .duration_ms = 1234};

enum op {
    READ,
    CREATE,
    INSERT,
    INSERT_IF,
    INSERT_AGAIN,
    DELETE,
    DELETE_FIRST,
    ACCEPT,
    SETTLE,
    TOOK
};

static void
write_op(const struct layout *l, enum op op, struct strbuf *out)
{
    struct layout_row repeatable = row;
    repeatable.migration = &again;
    repeatable.duration_ms = (int64_t)INT32_MAX + 1;
    switch (op) {
    case READ:
        l->sql_read(TABLE, out);
        return;
    case CREATE:
        l->sql_create(&place, out);
        return;
    case INSERT:
    case INSERT_IF:
        l->sql_insert(TABLE, &row, op == INSERT ? NULL : "proof()", out);
        return;
    case INSERT_AGAIN:
        l->sql_insert(TABLE, &repeatable, NULL, out);
        return;
    case DELETE:
    case DELETE_FIRST:
        l->sql_delete(TABLE, &m, op == DELETE ? &before : NULL, out);
        return;
    case ACCEPT:
        l->sql_accept(TABLE, &row, was, out);
        return;
    case SETTLE:
        l->sql_settle(TABLE, &m, out);
        return;
    case TOOK:
        l->sql_took(TABLE, &row, out);
        return;
    }
}

#define SUM_80 "pg_catalog.decode('80000001" ZEROS_56 "', 'hex')"
#define SUM_2 "pg_catalog.decode('02030000" ZEROS_56 "', 'hex')"
#define ZEROS_56 "00000000000000000000000000000000000000000000000000000000"
#define WROTE " RETURNING 1) SELECT 1 OPERATOR(pg_catalog./) pg_catalog.count(*) FROM written"
#define NATIVE_INSERT                                                                              \
    "WITH written AS (INSERT INTO @ (version, name, phase, sha256, loose_sha256, "                 \
    "applied_at, applied_by, duration_ms, release, tool) VALUES ("

/* @: the table. */
static const struct {
    const struct layout *layout;
    enum op op;
    const char *sql;
} statements[] = {
    {&layout_native, INSERT,
     NATIVE_INSERT "'0007', 'o''b', 'expand', " SUM_80 ", " SUM_80
                   ", pg_catalog.clock_timestamp(), SESSION_USER, 1234, NULL, 'migrate " RR_VERSION
                   "')" WROTE},
    {&layout_native, INSERT_IF,
     NATIVE_INSERT "'0007', 'o''b', 'expand', " SUM_80 ", " SUM_80
                   ", pg_catalog.clock_timestamp(), SESSION_USER, "
                   "CASE WHEN proof() THEN 1234 END, NULL, 'migrate " RR_VERSION "')" WROTE},
    {&layout_native, INSERT_AGAIN,
     NATIVE_INSERT "'o''b', 'o''b', 'expand', " SUM_80 ", " SUM_80
                   ", pg_catalog.clock_timestamp(), SESSION_USER, 2147483648, NULL, "
                   "'migrate " RR_VERSION "')" WROTE},
    {&layout_native, DELETE,
     "WITH written AS (DELETE FROM @ h WHERE h.version OPERATOR(pg_catalog.=) '0007'" WROTE},
    {&layout_native, DELETE_FIRST,
     "WITH written AS (DELETE FROM @ h WHERE h.version OPERATOR(pg_catalog.=) '0007'" WROTE},
    {&layout_native, ACCEPT,
     "WITH written AS (UPDATE @ h SET sha256 = " SUM_80 ", loose_sha256 = " SUM_80
     " WHERE h.version OPERATOR(pg_catalog.=) '0007' AND h.sha256 OPERATOR(pg_catalog.=) " SUM_2
         WROTE},
    {&layout_native, TOOK,
     "WITH written AS (UPDATE @ h SET duration_ms = 1234, applied_at = "
     "pg_catalog.clock_timestamp() WHERE h.version OPERATOR(pg_catalog.=) '0007'" WROTE},
    {&layout_golang, READ,
     "SELECT version::pg_catalog.text, '', 'expand', NULL::pg_catalog.text, "
     "NULL::pg_catalog.text, '', '', 0, NULL::pg_catalog.text, dirty, true, "
     "false FROM @"},
    {&layout_golang, CREATE,
     "CREATE TABLE IF NOT EXISTS @ (version pg_catalog.int8 NOT NULL PRIMARY "
     "KEY, dirty pg_catalog.bool NOT NULL)"},
    {&layout_golang, INSERT,
     "WITH gone AS (DELETE FROM @ RETURNING 1), written AS (INSERT INTO @ "
     "(version, dirty) SELECT 7, false FROM (SELECT pg_catalog.count(*) FROM "
     "gone) g RETURNING 1) SELECT 1 OPERATOR(pg_catalog./) "
     "pg_catalog.count(*) FROM written"},
    {&layout_golang, INSERT_IF,
     "WITH gone AS (DELETE FROM @ RETURNING 1), written AS (INSERT INTO @ "
     "(version, dirty) SELECT 7, CASE WHEN proof() THEN false END FROM "
     "(SELECT pg_catalog.count(*) FROM gone) g RETURNING 1) SELECT 1 "
     "OPERATOR(pg_catalog./) pg_catalog.count(*) FROM written"},
    {&layout_golang, DELETE,
     "WITH gone AS (DELETE FROM @ WHERE version OPERATOR(pg_catalog.=) '0007' "
     "RETURNING 1), written AS (INSERT INTO @ (version, dirty) SELECT 6, "
     "false FROM gone) SELECT 1 OPERATOR(pg_catalog./) pg_catalog.count(*) "
     "FROM gone"},
    {&layout_golang, DELETE_FIRST,
     "WITH gone AS (DELETE FROM @ WHERE version OPERATOR(pg_catalog.=) '0007' "
     "RETURNING 1) SELECT 1 OPERATOR(pg_catalog./) pg_catalog.count(*) FROM "
     "gone"},
    {&layout_golang, SETTLE,
     "UPDATE @ SET dirty = false WHERE version OPERATOR(pg_catalog.=) '0007'"},
    {&layout_dbmate, READ,
     "SELECT version::pg_catalog.text, '', 'expand', NULL::pg_catalog.text, "
     "NULL::pg_catalog.text, '', '', 0, NULL::pg_catalog.text, false, false, "
     "false FROM @"},
    {&layout_dbmate, CREATE,
     "CREATE TABLE IF NOT EXISTS @ (version pg_catalog.varchar PRIMARY KEY)"},
    {&layout_dbmate, INSERT,
     "WITH written AS (INSERT INTO @ (version) VALUES ('0007') RETURNING 1) "
     "SELECT 1 OPERATOR(pg_catalog./) pg_catalog.count(*) FROM written"},
    {&layout_dbmate, INSERT_IF,
     "WITH written AS (INSERT INTO @ (version) VALUES (CASE WHEN proof() THEN "
     "'0007' END) RETURNING 1) SELECT 1 OPERATOR(pg_catalog./) "
     "pg_catalog.count(*) FROM written"},
    {&layout_dbmate, DELETE,
     "WITH written AS (DELETE FROM @ h WHERE h.version OPERATOR(pg_catalog.=) "
     "'0007' RETURNING 1) SELECT 1 OPERATOR(pg_catalog./) pg_catalog.count(*) "
     "FROM written"},
    {&layout_dbmate, DELETE_FIRST,
     "WITH written AS (DELETE FROM @ h WHERE h.version OPERATOR(pg_catalog.=) "
     "'0007' RETURNING 1) SELECT 1 OPERATOR(pg_catalog./) pg_catalog.count(*) "
     "FROM written"},
    {&layout_goose, READ,
     "SELECT v.version_id::pg_catalog.text, '', 'expand', "
     "NULL::pg_catalog.text, NULL::pg_catalog.text, "
     "coalesce(pg_catalog.to_char(v.tstamp, 'YYYY-MM-DD\"T\"HH24:MI:SS.MS'), "
     "''), '', 0, NULL::pg_catalog.text, false, false, false FROM (SELECT "
     "DISTINCT ON (h.version_id) h.version_id, h.is_applied, h.tstamp FROM @ "
     "h ORDER BY h.version_id, h.id DESC) v WHERE v.is_applied AND "
     "v.version_id OPERATOR(pg_catalog.>) 0"},
    {&layout_goose, CREATE,
     "CREATE TABLE IF NOT EXISTS @ (id pg_catalog.int4 PRIMARY KEY GENERATED "
     "BY DEFAULT AS IDENTITY, version_id pg_catalog.int8 NOT NULL, is_applied "
     "pg_catalog.bool NOT NULL, tstamp pg_catalog.timestamp NOT NULL DEFAULT "
     "pg_catalog.now()); INSERT INTO @ (version_id, is_applied) SELECT 0, "
     "true WHERE NOT EXISTS (SELECT 1 FROM @)"},
    {&layout_goose, INSERT,
     "WITH written AS (INSERT INTO @ (version_id, is_applied) VALUES (7, "
     "true) RETURNING 1) SELECT 1 OPERATOR(pg_catalog./) pg_catalog.count(*) "
     "FROM written"},
    {&layout_goose, INSERT_IF,
     "WITH written AS (INSERT INTO @ (version_id, is_applied) VALUES (7, CASE "
     "WHEN proof() THEN true END) RETURNING 1) SELECT 1 "
     "OPERATOR(pg_catalog./) pg_catalog.count(*) FROM written"},
    {&layout_goose, DELETE,
     "WITH gone AS (DELETE FROM @ WHERE version_id OPERATOR(pg_catalog.=) "
     "'0007' RETURNING 1) SELECT 1 OPERATOR(pg_catalog./) pg_catalog.count(*) "
     "FROM gone"},
    {&layout_goose, DELETE_FIRST,
     "WITH gone AS (DELETE FROM @ WHERE version_id OPERATOR(pg_catalog.=) "
     "'0007' RETURNING 1) SELECT 1 OPERATOR(pg_catalog./) pg_catalog.count(*) "
     "FROM gone"},
    {&layout_sqlx, READ,
     "SELECT version::pg_catalog.text, description, 'expand', checksum, "
     "NULL::pg_catalog.text, installed_on, '', execution_time "
     "OPERATOR(pg_catalog./) 1000000, NULL::pg_catalog.text, NOT success, "
     "false, false FROM @"},
    {&layout_sqlx, CREATE,
     "CREATE TABLE IF NOT EXISTS @ (version pg_catalog.int8 PRIMARY KEY, "
     "description pg_catalog.text NOT NULL, installed_on "
     "pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.now(), success "
     "pg_catalog.bool NOT NULL, checksum pg_catalog.bytea NOT NULL, "
     "execution_time pg_catalog.int8 NOT NULL)"},
    {&layout_sqlx, INSERT,
     "WITH written AS (INSERT INTO @ (version, description, success, "
     "checksum, execution_time) VALUES (7, 'o''b', true, "
     "pg_catalog.decode('800000010000000000000000000000000000000000000000000000000000000000000000000000000000000000000000', "
     "'hex'), 1234000000) RETURNING 1) SELECT 1 OPERATOR(pg_catalog./) "
     "pg_catalog.count(*) FROM written"},
    {&layout_sqlx, INSERT_IF,
     "WITH written AS (INSERT INTO @ (version, description, success, "
     "checksum, execution_time) VALUES (7, 'o''b', CASE WHEN proof() THEN "
     "true END, "
     "pg_catalog.decode('800000010000000000000000000000000000000000000000000000000000000000000000000000000000000000000000', "
     "'hex'), 1234000000) RETURNING 1) SELECT 1 OPERATOR(pg_catalog./) "
     "pg_catalog.count(*) FROM written"},
    {&layout_sqlx, DELETE,
     "WITH written AS (DELETE FROM @ h WHERE h.version OPERATOR(pg_catalog.=) "
     "'0007' RETURNING 1) SELECT 1 OPERATOR(pg_catalog./) pg_catalog.count(*) "
     "FROM written"},
    {&layout_sqlx, DELETE_FIRST,
     "WITH written AS (DELETE FROM @ h WHERE h.version OPERATOR(pg_catalog.=) "
     "'0007' RETURNING 1) SELECT 1 OPERATOR(pg_catalog./) pg_catalog.count(*) "
     "FROM written"},
    {&layout_sqlx, ACCEPT,
     "WITH written AS (UPDATE @ SET checksum = "
     "pg_catalog.decode('800000010000000000000000000000000000000000000000000000000000000000000000000000000000000000000000', "
     "'hex') WHERE version OPERATOR(pg_catalog.=) '0007' AND checksum "
     "OPERATOR(pg_catalog.=) "
     "pg_catalog.decode('020300000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000', "
     "'hex') RETURNING 1) SELECT 1 OPERATOR(pg_catalog./) pg_catalog.count(*) "
     "FROM written"},
    {&layout_sqlx, SETTLE,
     "UPDATE @ SET success = true WHERE version OPERATOR(pg_catalog.=) '0007'"},
    {&layout_flyway, READ,
     "SELECT r.v, r.description, 'expand', "
     "pg_catalog.lpad(pg_catalog.to_hex(r.checksum), 8, '0'), "
     "NULL::pg_catalog.text, pg_catalog.to_char(r.installed_on, "
     "'YYYY-MM-DD\"T\"HH24:MI:SS.MS'), r.installed_by, r.execution_time, "
     "NULL::pg_catalog.text, NOT r.success, r.type OPERATOR(pg_catalog.=) ANY "
     "(ARRAY['BASELINE', 'SQL_BASELINE', 'JDBC_BASELINE']), r.version IS NULL "
     "FROM (SELECT DISTINCT ON (coalesce(h.version, h.script)) "
     "coalesce(h.version, pg_catalog.regexp_replace(h.script, '^.*/|\\.sql$', "
     "'', 'g'))::pg_catalog.text AS v, h.version, h.description, "
     "h.type::pg_catalog.text AS type, h.checksum, h.installed_on, "
     "h.installed_by, h.execution_time, h.success FROM @ h WHERE h.type "
     "OPERATOR(pg_catalog.<>) 'SCHEMA' ORDER BY coalesce(h.version, "
     "h.script), h.installed_rank DESC) r WHERE r.type "
     "OPERATOR(pg_catalog.!~~) 'UNDO%' AND r.type OPERATOR(pg_catalog.<>) "
     "'DELETE'"},
    {&layout_flyway, CREATE,
     "CREATE TABLE IF NOT EXISTS @ (installed_rank pg_catalog.int4 NOT NULL, "
     "version pg_catalog.varchar(50), description pg_catalog.varchar(200) NOT "
     "NULL, type pg_catalog.varchar(20) NOT NULL, script "
     "pg_catalog.varchar(1000) NOT NULL, checksum pg_catalog.int4, "
     "installed_by pg_catalog.varchar(100) NOT NULL, installed_on "
     "pg_catalog.timestamp NOT NULL DEFAULT pg_catalog.now(), execution_time "
     "pg_catalog.int4 NOT NULL, success pg_catalog.bool NOT NULL, CONSTRAINT "
     "\"t_pk\" PRIMARY KEY (installed_rank)); CREATE INDEX IF NOT EXISTS "
     "\"t_s_idx\" ON @ (success)"},
    {&layout_flyway, INSERT,
     "WITH written AS (INSERT INTO @ (installed_rank, version, description, "
     "type, script, checksum, installed_by, execution_time, success) SELECT "
     "coalesce(pg_catalog.max(h.installed_rank), 0) OPERATOR(pg_catalog.+) 1, "
     "'0007', pg_catalog.\"left\"('o''b', 200), 'SQL', '0007_o''b.sql', "
     "-2147483647, CURRENT_USER, 1234, true FROM @ h RETURNING 1) SELECT 1 "
     "OPERATOR(pg_catalog./) pg_catalog.count(*) FROM written"},
    {&layout_flyway, INSERT_IF,
     "WITH written AS (INSERT INTO @ (installed_rank, version, description, "
     "type, script, checksum, installed_by, execution_time, success) SELECT "
     "coalesce(pg_catalog.max(h.installed_rank), 0) OPERATOR(pg_catalog.+) 1, "
     "'0007', pg_catalog.\"left\"('o''b', 200), 'SQL', '0007_o''b.sql', "
     "-2147483647, CURRENT_USER, 1234, CASE WHEN proof() THEN true END FROM @ "
     "h RETURNING 1) SELECT 1 OPERATOR(pg_catalog./) pg_catalog.count(*) FROM "
     "written"},
    {&layout_flyway, INSERT_AGAIN,
     "WITH written AS (INSERT INTO @ (installed_rank, version, description, "
     "type, script, checksum, installed_by, execution_time, success) SELECT "
     "coalesce(pg_catalog.max(h.installed_rank), 0) OPERATOR(pg_catalog.+) 1, "
     "NULL, pg_catalog.\"left\"('o''b', 200), 'SQL', '0007_o''b.sql', "
     "-2147483647, CURRENT_USER, 2147483647, true FROM @ h RETURNING 1) "
     "SELECT 1 OPERATOR(pg_catalog./) pg_catalog.count(*) FROM written"},
    {&layout_flyway, DELETE,
     "WITH gone AS (DELETE FROM @ WHERE coalesce(version, "
     "pg_catalog.regexp_replace(script, '^.*/|\\.sql$', '', 'g')) "
     "OPERATOR(pg_catalog.=) '0007' RETURNING 1) SELECT 1 "
     "OPERATOR(pg_catalog./) pg_catalog.count(*) FROM gone"},
    {&layout_flyway, DELETE_FIRST,
     "WITH gone AS (DELETE FROM @ WHERE coalesce(version, "
     "pg_catalog.regexp_replace(script, '^.*/|\\.sql$', '', 'g')) "
     "OPERATOR(pg_catalog.=) '0007' RETURNING 1) SELECT 1 "
     "OPERATOR(pg_catalog./) pg_catalog.count(*) FROM gone"},
    {&layout_flyway, ACCEPT,
     "WITH written AS (UPDATE @ SET checksum = -2147483647 WHERE "
     "coalesce(version, pg_catalog.regexp_replace(script, '^.*/|\\.sql$', '', "
     "'g')) OPERATOR(pg_catalog.=) '0007' AND checksum OPERATOR(pg_catalog.=) "
     "33751040 RETURNING 1) SELECT 1 OPERATOR(pg_catalog./) "
     "pg_catalog.count(*) FROM written"},
    {&layout_flyway, SETTLE,
     "UPDATE @ SET success = true WHERE coalesce(version, "
     "pg_catalog.regexp_replace(script, '^.*/|\\.sql$', '', 'g')) "
     "OPERATOR(pg_catalog.=) '0007' AND NOT success"},
};

static void
test_statements(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
        struct strbuf is = STRBUF_INIT, wanted = STRBUF_INIT;
        write_op(statements[i].layout, statements[i].op, &is);
        for (const char *p = statements[i].sql; *p; p++)
            if (*p == '@')
                strbuf_adds(&wanted, TABLE);
            else
                strbuf_addc(&wanted, *p);
        assert_string_equal(strbuf_str(&is), strbuf_str(&wanted));
        strbuf_done(&is);
        strbuf_done(&wanted);
    }
}

/* Ours says besides which release brought it, and that it was only taken for applied. */
static void
test_what_only_the_native_keeps(void **state)
{
    (void)state;
    static const struct {
        const char *release;
        bool baseline;
        const char *end;
    } rows[] = {
        {NULL, false, ", NULL, 'migrate " RR_VERSION "')" WROTE},
        {"", false, ", NULL, 'migrate " RR_VERSION "')" WROTE},
        {"o'2", false, ", 'o''2', 'migrate " RR_VERSION "')" WROTE},
        {"1", true, ", '1', 'migrate " RR_VERSION " baseline')" WROTE},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct strbuf is = STRBUF_INIT;
        struct layout_row own = row;
        own.release = rows[i].release;
        own.baseline = rows[i].baseline;
        layout_native.sql_insert(TABLE, &own, NULL, &is);
        const size_t end = strlen(rows[i].end);
        assert_true(is.len > end);
        assert_string_equal(strbuf_str(&is) + is.len - end, rows[i].end);
        strbuf_done(&is);
    }
}

/* A layout without digests has none to accept; one whose tool leaves no mark behind has none to settle. */
static void
test_what_a_layout_does_not_keep(void **state)
{
    (void)state;
    const struct layout *const layouts[] = {&layout_golang, &layout_dbmate, &layout_goose,
                                            &layout_sqlx, &layout_flyway};
    for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
        bool accepts = false, settles = false;
        for (size_t k = 0; k < sizeof(statements) / sizeof(statements[0]); k++) {
            accepts |= statements[k].layout == layouts[i] && statements[k].op == ACCEPT;
            settles |= statements[k].layout == layouts[i] && statements[k].op == SETTLE;
        }
        assert_int_equal(layouts[i]->sql_accept != NULL, accepts);
        assert_int_equal(layouts[i]->sql_accept != NULL, layouts[i]->sum_bytes > 0);
        assert_int_equal(layouts[i]->sql_settle != NULL, settles);
        assert_null(layouts[i]->sql_took);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statements),
        cmocka_unit_test(test_what_only_the_native_keeps),
        cmocka_unit_test(test_what_a_layout_does_not_keep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
