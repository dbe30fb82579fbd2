/* lint.c and its rules: what is found, where, and what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/strbuf.h"
#include "migrate/lint/lint.h"
#include "migrate/sql/position.h"
#include "migrate/sql/verdict.h"

/* What was found: "rule 2:13 (name)\n" each. */
struct found {
    struct strbuf out;
    const char *text;
};

static void
on_found(void *arg, const struct lint_finding *f)
{
    struct found *all = arg;
    struct position at;
    struct strbuf name = STRBUF_INIT;

    position_of_byte(all->text, strlen(all->text), f->from, f->line, f->offset, &at);
    lint_name_format(f->about, &name);
    strbuf_addf(&all->out, "%s %zu:%zu (%s)\n", f->rule->name, at.line, at.column,
                strbuf_str(&name));
    strbuf_done(&name);
}

static void
lint_one(struct lint *l, const char *text, bool old)
{
    struct found *all = l->arg;
    struct verdict_file v;
    struct lexer lx;
    struct statement st;
    struct err e = {0};
    bool off = strstr(text, "transaction=off") != NULL;

    all->text = text;
    lexer_init(&lx, text, strlen(text));
    if (verdict_file(&lx, off ? VERDICT_OFF : VERDICT_AUTO, 0, &v, &e) < 0)
        fail_msg("%s\n%s", text, e.msg);
    lint_file(l, &(struct lint_file){.text = text,
                                     .transaction = v.transaction,
                                     .told = off,
                                     .contract = strstr(text, "phase=contract") != NULL,
                                     .old = old});
    lexer_init(&lx, text, strlen(text));
    while (lexer_next(&lx, &st, &e) > 0)
        lint_statement(l, &st);
}

/* Files parted by "-- next file"; since: those behind "-- since" are new, those before it old. */
static char *
lint_all(const char *files)
{
    struct found all = {.out = STRBUF_INIT};
    struct lint l = LINT_INIT(on_found, &all);
    char *copy = strdup(files);
    bool since = strstr(files, "-- since\n") != NULL;
    bool old = since;

    assert_non_null(copy);
    l.since = since;
    for (char *p = copy, *next; p; p = next) {
        char *cut = strstr(p, "-- next file\n");
        char *turn = strstr(p, "-- since\n");
        bool turns = turn && (!cut || turn < cut);
        next = turns ? turn + 9 : cut ? cut + 13 : NULL;
        if (turns)
            *turn = '\0';
        else if (cut)
            *cut = '\0';
        lint_one(&l, p, old);
        old &= !turns;
    }
    assert_false(l.known.failed);
    lint_done(&l);
    free(copy);
    strbuf_adds(&all.out, "");
    return strbuf_steal(&all.out);
}

static void
finds(const char *files, const char *wanted)
{
    char *found = lint_all(files);

    if (strcmp(found, wanted) != 0)
        fail_msg("%s\nfound:\n%s\nwanted:\n%s", files, found, wanted);
    free(found);
}

static void
is_fine(const char *files)
{
    finds(files, "");
}

/* Each row holds what it says of itself. */
static void
test_examples(void **state)
{
    const struct lint_rule *r;
    char *found;
    char begin[64];
    char allow[64];

    (void)state;
    for (size_t i = 0; (r = lint_rule(i)); i++) {
        assert_true(i < LINT_RULES_MAX);
        snprintf(begin, sizeof(begin), "%s ", r->name);
        snprintf(allow, sizeof(allow), "allow=%s", r->name);
        found = lint_all(r->bad);
        if (strncmp(found, begin, strlen(begin)) != 0 || strchr(found, '\n')[1])
            fail_msg("%s: of its bad example\n%s\n%s", r->name, r->bad, found);
        free(found);
        if (strstr(r->good, allow))
            continue;
        found = lint_all(r->good);
        if (*found)
            fail_msg("%s: of its good example\n%s\n%s", r->name, r->good, found);
        free(found);
        assert_null(strchr(r->safe, '@'));
    }
    assert_string_equal(lint_level_text(LINT_ERROR), "error");
    assert_string_equal(lint_level_text(LINT_WARNING), "warning");
}

static void
test_index(void **state)
{
    (void)state;
    finds("create/* */unique index i on only_one (a);", "index-create 1:1 (only_one)\n");
    finds("SELECT 1;\n  CREATE INDEX IF NOT EXISTS \"I i\"\n ON Shop.\"T t\" USING gin (a);",
          "index-create 2:3 (shop.T t)\n");
    finds("-- créé\n/* é */ CREATE INDEX ON t (a)", "index-create 2:9 (t)\n");
    is_fine("CREATE INDEX CONCURRENTLY ON t (a)");
    is_fine("CREATE INDEX ON ONLY t (a)");
    is_fine(
        "-- CREATE INDEX ON t (a);\nSELECT 'CREATE INDEX ON t (a)', $$CREATE INDEX ON t (a);$$");
    is_fine(
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ CREATE INDEX ON t (a); SELECT 1 $$");
    is_fine("CREATE TABLE t (a int); CREATE INDEX ON t (a)");
    is_fine("CREATE UNLOGGED TABLE IF NOT EXISTS shop.t (a int); CREATE INDEX ON t (a)");
    is_fine("CREATE TEMP TABLE t AS SELECT 1 AS a; CREATE INDEX ON t (a)");
    is_fine("CREATE MATERIALIZED VIEW v AS SELECT 1 AS a; CREATE UNIQUE INDEX ON v (a)");
    is_fine(
        "CREATE TABLE t (a int); CREATE TABLE s (a int); CREATE INDEX t ON s (a); ALTER TABLE t RENAME TO u; CREATE INDEX ON u (a)");
    finds("CREATE TABLE shop.t (a int); CREATE INDEX ON other.t (a)",
          "index-create 1:30 (other.t)\n");
    finds("CREATE TABLE t (a int);\n-- next file\nCREATE INDEX ON t (a)", "index-create 1:1 (t)\n");
    is_fine("-- since\nCREATE TABLE t (a int);\n-- next file\nCREATE INDEX ON t (a)");
    finds("CREATE TABLE t (a int);\n-- since\nCREATE INDEX ON t (a)", "index-create 1:1 (t)\n");
    finds("-- since\nCREATE TABLE t AS SELECT 1 AS a;\n-- next file\nCREATE INDEX ON t (a)",
          "index-create 1:1 (t)\n");
    finds("-- since\nCREATE TABLE t (a int);\nDROP TABLE t;\n-- next file\nCREATE INDEX ON t (a)",
          "index-create 1:1 (t)\n");

    finds(
        "-- since\nCREATE MATERIALIZED VIEW v AS SELECT 1 AS a;\n-- next file\nCREATE INDEX ON v (a)",
        "index-create 1:1 (v)\n");
    is_fine("CREATE GLOBAL TEMPORARY TABLE t (a int); CREATE INDEX ON t (a)");
    is_fine(
        "-- since\nCREATE TABLE t (a int); CREATE INDEX i ON t (a);\n-- next file\nDROP INDEX i");
    finds("-- since\nCREATE INDEX CONCURRENTLY i ON t (a);\n-- next file\nDROP INDEX i",
          "index-drop 1:1 (i)\n");
    finds("CREATE TABLE t (a int); CREATE INDEX i ON t (a);\n-- next file\nDROP INDEX i",
          "index-drop 1:1 (i)\n");
    finds("DROP INDEX IF EXISTS shop.i, j", "index-drop 1:1 (shop.i)\nindex-drop 1:1 (j)\n");
    is_fine("DROP INDEX CONCURRENTLY IF EXISTS i");
    is_fine("DROP FUNCTION index");
    is_fine("CREATE TABLE t (a int); CREATE INDEX i ON t (a); DROP INDEX i");

    finds("reindex (verbose) index i", "index-reindex 1:1 (i)\n");
    finds("REINDEX DATABASE", "index-reindex 1:1 (the relation)\n");
    finds("REINDEX (CONCURRENTLY false) TABLE t", "index-reindex 1:1 (t)\n");
    is_fine("REINDEX (CONCURRENTLY) TABLE t");
    is_fine("REINDEX TABLE CONCURRENTLY t");
    is_fine("CREATE TABLE t (a int); REINDEX TABLE t");

    finds("VACUUM t;\nSELECT 1;\nSELECT 2", "outside-mixed 2:1 (the relation)\n");
    is_fine(
        "SET lock_timeout TO 0;\nCREATE INDEX CONCURRENTLY i ON t (a);\nDROP INDEX CONCURRENTLY j");
    is_fine("-- migrate: transaction=off\nSELECT 1;\nCREATE INDEX CONCURRENTLY i ON t (a)");
}

static void
test_added_columns(void **state)
{
    (void)state;
    finds(
        "ALTER TABLE IF EXISTS ONLY t ADD COLUMN IF NOT EXISTS a text,\n ADD b uuid NOT NULL DEFAULT public.uuid_generate_v4()",
        "column-volatile-default 2:30 (t)\n");
    finds("alter table t add a double precision default (1 + random() * 2) not null",
          "column-volatile-default 1:51 (t)\n");
    finds("ALTER TABLE t ADD a timestamptz DEFAULT clock_timestamp()",
          "column-volatile-default 1:41 (t)\n");
    is_fine(
        "ALTER TABLE t ADD a timestamptz NOT NULL DEFAULT now(), ADD b numeric(10, 2) DEFAULT 0::numeric(10, 2)");
    is_fine("ALTER TABLE t ADD a text NOT NULL DEFAULT 'random()'::character varying(20)");
    is_fine(
        "ALTER TABLE t ADD a text[] DEFAULT ARRAY[]::text[] NOT NULL, ADD b jsonb DEFAULT jsonb_build_object('a', 1)");
    is_fine("ALTER TABLE t ADD a timestamp DEFAULT (now() AT TIME ZONE 'utc') NOT NULL");
    is_fine("ALTER TABLE t ADD a date DEFAULT CURRENT_DATE, ADD \"default\" text");
    is_fine("ALTER TABLE t ALTER a SET DEFAULT random()");
    is_fine(
        "CREATE FUNCTION f() RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 1';\nALTER TABLE t ADD a int DEFAULT f()");
    finds(
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';\nALTER TABLE t ADD a int DEFAULT f()",
        "column-volatile-default 2:33 (t)\n");
    is_fine("CREATE TABLE t (); ALTER TABLE t ADD a uuid DEFAULT gen_random_uuid()");

    finds("ALTER TABLE t ADD a int GENERATED ALWAYS AS (b + 1) STORED NOT NULL",
          "column-stored 1:25 (t)\n");
    finds("ALTER TABLE t ALTER COLUMN a SET EXPRESSION AS (b + 2)", "column-stored 1:15 (t)\n");
    is_fine("ALTER TABLE t ADD a int GENERATED ALWAYS AS (b + 1) VIRTUAL");
    is_fine("ALTER TABLE t ALTER COLUMN a DROP EXPRESSION");

    finds("ALTER TABLE t ADD a SERIAL8 NOT NULL", "column-serial 1:21 (t)\n");
    finds("ALTER TABLE t ADD COLUMN a bigint GENERATED BY DEFAULT AS IDENTITY (START WITH 10)",
          "column-serial 1:35 (t)\n");
    is_fine("CREATE TABLE t (a bigserial, b int GENERATED ALWAYS AS IDENTITY)");
    is_fine("ALTER TABLE t ADD serial int");

    finds("ALTER TABLE t ADD a int CHECK (a > 0) NOT NULL",
          "column-required 1:39 (t)\nconstraint-check 1:25 (t)\n");
    is_fine("ALTER TABLE t ADD a int NOT NULL DEFAULT 0");
    is_fine("ALTER TABLE t ADD a int NULL");
    is_fine("ALTER TABLE t ADD a int REFERENCES u ON DELETE SET NULL ON UPDATE SET DEFAULT");
    finds("ALTER TABLE t ADD a int DEFAULT 1 REFERENCES shop.u (id) ON DELETE CASCADE",
          "constraint-foreign-key 1:35 (t)\n");
    finds("ALTER TABLE t ADD a int REFERENCES u MATCH FULL NOT NULL", "column-required 1:49 (t)\n");
    finds("ALTER TABLE t ADD a int REFERENCES u ON DELETE NO ACTION NOT NULL",
          "column-required 1:58 (t)\n");
    finds(
        "CREATE FUNCTION f(stable int = 1) RETURNS int LANGUAGE sql AS '';\nALTER TABLE t ADD a int DEFAULT f()",
        "column-volatile-default 2:33 (t)\n");
    finds("ALTER TABLE t ADD a int UNIQUE CHECK (a > 0)",
          "constraint-check 1:32 (t)\nconstraint-unique 1:25 (t)\n");
    finds("ALTER TABLE t ADD a int CONSTRAINT u UNIQUE", "constraint-unique 1:38 (t)\n");
}

static void
test_changed_columns(void **state)
{
    (void)state;
    finds("ALTER TABLE t ALTER a TYPE text", "column-type 1:15 (t)\n");
    finds("ALTER TABLE t ALTER COLUMN a SET DATA TYPE bigint", "column-type 1:15 (t)\n");
#define OLD                                                                                        \
    "CREATE TABLE t (a varchar(20), b numeric(8, 2), c int, d timestamp(3), e text, f cidr,\n PRIMARY KEY (a), g bit varying(3), h int[], i character varying, j bit(3));\n-- next file\n"
    is_fine(OLD
            "ALTER TABLE t ALTER a TYPE text, ALTER b TYPE numeric(10, 2), ALTER d TYPE timestamp");
    is_fine(
        OLD
        "ALTER TABLE public.t ALTER a TYPE VARCHAR(30) USING a::varchar(30), ALTER c TYPE integer, ALTER b TYPE decimal");
    is_fine(
        OLD
        "ALTER TABLE t ALTER e TYPE varchar, ALTER f TYPE inet, ALTER g TYPE varbit(4), ALTER h TYPE integer[], ALTER i TYPE text, ALTER j TYPE varbit");
    finds(OLD "ALTER TABLE t ALTER a TYPE varchar(10)", "column-type 1:15 (t)\n");
    finds(OLD "ALTER TABLE t ALTER e TYPE varchar(10)", "column-type 1:15 (t)\n");
    finds(OLD "ALTER TABLE t ALTER b TYPE numeric(10, 3)", "column-type 1:15 (t)\n");
    finds(OLD "ALTER TABLE t ALTER d TYPE timestamp(2) without time zone",
          "column-type 1:15 (t)\n");
    finds(OLD "ALTER TABLE t ALTER d TYPE timestamp(3) with time zone", "column-type 1:15 (t)\n");
    finds(OLD "ALTER TABLE t ALTER c TYPE bigint", "column-type 1:15 (t)\n");
    finds(OLD "ALTER TABLE t ALTER h TYPE bigint[]", "column-type 1:15 (t)\n");
    finds(OLD "ALTER TABLE t ALTER a TYPE text USING lower(a)", "column-type 1:15 (t)\n");
    finds(OLD "ALTER TABLE t ALTER a TYPE text COLLATE \"C\"", "column-type 1:15 (t)\n");
    is_fine(
        OLD
        "-- migrate: phase=contract\nALTER TABLE t RENAME a TO z;\n-- next file\nALTER TABLE t ALTER z TYPE text");
    is_fine(
        OLD
        "-- migrate: phase=contract\nALTER TABLE t RENAME TO u;\n-- next file\nALTER TABLE u ALTER a TYPE text");
    finds(
        OLD
        "-- migrate: phase=contract\nALTER TABLE t DROP a;\n-- next file\nALTER TABLE t ALTER a TYPE text",
        "column-type 1:15 (t)\n");
    is_fine(
        OLD
        "ALTER TABLE t ADD z varchar(9);\n-- next file\nALTER TABLE t ALTER z TYPE varchar(10)");
}

static void
test_time_zones(void **state)
{
    (void)state;
#define STAMP "ALTER TABLE t ALTER d TYPE timestamp(3) with time zone USING d"
    is_fine(OLD "SET LOCAL timezone = 'UTC';\n" STAMP);
    is_fine(OLD "SET LOCAL TIME ZONE 'GMT';\n" STAMP ";\nALTER TABLE t ALTER d TYPE timestamp(4)");
    finds(OLD "SET LOCAL timezone TO 'Europe/Berlin';\n" STAMP, "column-type 2:15 (t)\n");
    finds(OLD "SET LOCAL timezone TO 'UTC';\nSET LOCAL timezone TO 'CET';\n" STAMP,
          "column-type 3:15 (t)\n");
    finds(OLD "SET LOCAL timezone TO 'UTC';\nSELECT 1;\n-- next file\n" STAMP,
          "column-type 1:15 (t)\n");
    finds(OLD "SET LOCAL timezone TO 'UTC';\nALTER TABLE t ALTER d TYPE date",
          "column-type 2:15 (t)\n");
    finds(OLD "ALTER TABLE t ALTER a TYPE text USING b::text", "column-type 1:15 (t)\n");
    finds(OLD "ALTER TABLE t ALTER a TYPE text USING a || b", "column-type 1:15 (t)\n");
    finds(OLD "ALTER TABLE t ALTER b TYPE int", "column-type 1:15 (t)\n");
    is_fine(OLD "ALTER TABLE t ALTER a TYPE national character varying(30)");
    finds(OLD "ALTER TABLE t ALTER a TYPE text USING a::text || 'x'", "column-type 1:15 (t)\n");
    is_fine(
        "CREATE TABLE t (a double precision, b interval);\n-- next file\nALTER TABLE t ALTER a TYPE float8, ALTER b TYPE interval");
    finds(
        "CREATE TABLE t (a interval year to month);\n-- next file\nALTER TABLE t ALTER a TYPE interval day to hour",
        "column-type 1:15 (t)\n");
    is_fine(OLD "ALTER TABLE t ALTER h TYPE int ARRAY[4], ALTER c TYPE int4");
    finds(
        OLD
        "ALTER TABLE t ALTER a TYPE \"a name of a type that is longer than sixty-three bytes, which none can be\"",
        "column-type 1:15 (t)\n");
}

static void
test_nulls(void **state)
{
    (void)state;
    is_fine(
        "CREATE TABLE t (a int NOT NULL);\n-- next file\n-- migrate: phase=contract\nALTER TABLE t RENAME a TO b;\n"
        "-- next file\nALTER TABLE t ALTER b SET NOT NULL");
    finds("ALTER TABLE t ALTER a SET NOT NULL", "column-not-null 1:15 (t)\n");
    finds("ALTER TABLE t ADD CONSTRAINT n NOT NULL a", "column-not-null 1:15 (t)\n");
    is_fine("ALTER TABLE t ADD CONSTRAINT n NOT NULL a NOT VALID");
    is_fine("ALTER TABLE t ALTER a DROP NOT NULL");
    is_fine("CREATE TABLE t (a int); ALTER TABLE t ALTER a SET NOT NULL");
    is_fine("CREATE TABLE t (a int NOT NULL);\n-- next file\nALTER TABLE t ALTER a SET NOT NULL");
#define CHECK_A "ALTER TABLE t ADD CONSTRAINT c CHECK ((a IS NOT NULL)) NOT VALID;\n-- next file\n"
    is_fine(CHECK_A "ALTER TABLE t VALIDATE CONSTRAINT c;\nALTER TABLE t ALTER a SET NOT NULL");
    finds(CHECK_A "ALTER TABLE t ALTER a SET NOT NULL", "column-not-null 1:15 (t)\n");
    finds(CHECK_A "ALTER TABLE t VALIDATE CONSTRAINT c;\nALTER TABLE t ALTER b SET NOT NULL",
          "column-not-null 2:15 (t)\n");
    finds(
        "ALTER TABLE t ADD CHECK (a IS NOT NULL);\n-- next file\nALTER TABLE t ALTER a SET NOT NULL",
        "constraint-check 1:19 (t)\n");
    finds("ALTER TABLE t ADD CONSTRAINT c CHECK (a IS NOT NULL OR b) NOT VALID;\n-- next file\n"
          "ALTER TABLE t VALIDATE CONSTRAINT c;\nALTER TABLE t ALTER a SET NOT NULL",
          "column-not-null 2:15 (t)\n");
}

static void
test_gone_columns(void **state)
{
    (void)state;
    finds("ALTER TABLE t DROP COLUMN IF EXISTS a, DROP b RESTRICT",
          "column-drop 1:15 (t)\ncolumn-drop 1:40 (t)\n");
    is_fine("-- migrate: phase=contract\nALTER TABLE t DROP a");
    is_fine("ALTER TABLE t DROP CONSTRAINT a");
    is_fine("CREATE TABLE t (a int); ALTER TABLE t DROP a");
    finds("ALTER TABLE t RENAME a TO b", "column-rename 1:15 (t)\n");
    finds("ALTER TABLE t RENAME COLUMN \"to\" TO b", "column-rename 1:15 (t)\n");
    is_fine("ALTER TABLE t RENAME CONSTRAINT a TO b");
    is_fine("ALTER INDEX i RENAME TO j");
}

static void
test_constraints(void **state)
{
    (void)state;
    finds("ALTER TABLE t ADD CHECK (a > 0), ADD CONSTRAINT \"not valid\" CHECK (b)",
          "constraint-check 1:19 (t)\nconstraint-check 1:61 (t)\n");
    is_fine("ALTER TABLE t ADD CHECK (a IN (1, 2)) NOT VALID");
    is_fine("CREATE TABLE t (a int CHECK (a > 0), CHECK (a < 9))");
    finds("ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES u (id) ON DELETE CASCADE",
          "constraint-foreign-key 1:32 (t)\n");
    is_fine(
        "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES u (id) ON DELETE CASCADE NOT VALID");
    is_fine("CREATE TABLE t (a int); ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u");
    finds("ALTER TABLE t ADD CONSTRAINT p PRIMARY KEY (a)", "constraint-unique 1:32 (t)\n");
    finds("ALTER TABLE t ADD UNIQUE (a) USING INDEX TABLESPACE s", "constraint-unique 1:19 (t)\n");
    is_fine("ALTER TABLE t ADD CONSTRAINT p PRIMARY KEY USING INDEX i");
    is_fine("ALTER TABLE t ADD \"unique\" int");
    finds("ALTER TABLE t ADD CONSTRAINT e EXCLUDE USING gist (a WITH =) WHERE (NOT b)",
          "constraint-exclude 1:32 (t)\n");
    is_fine("CREATE TABLE t (a int, EXCLUDE USING gist (a WITH =))");
    is_fine("ALTER TABLE t ADD \"exclude\" int");

    finds(
        "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES u NOT VALID, VALIDATE CONSTRAINT f",
        "constraint-validate 1:72 (t)\n");
    finds("ALTER TABLE t ADD b int;\nALTER TABLE t VALIDATE CONSTRAINT f",
          "constraint-validate 2:15 (t)\n");
    is_fine("ALTER TABLE t SET (fillfactor = 70);\nALTER TABLE t VALIDATE CONSTRAINT f");
    is_fine("ALTER TABLE u ADD b int;\nALTER TABLE t VALIDATE CONSTRAINT f");
    is_fine(
        "-- migrate: transaction=off\nALTER TABLE t ADD CHECK (a > 0) NOT VALID;\nALTER TABLE t VALIDATE CONSTRAINT f");

    finds("ALTER DOMAIN d SET NOT NULL", "domain-constraint 1:1 (d)\n");
    finds("ALTER DOMAIN d ADD CHECK (value > 0)", "domain-constraint 1:20 (d)\n");
    is_fine("ALTER DOMAIN d ADD CHECK (value > 0) NOT VALID");
    is_fine("ALTER DOMAIN d SET DEFAULT 1");
    is_fine("CREATE DOMAIN d AS int; ALTER DOMAIN d ADD CHECK (value > 0)");
}

static void
test_tables(void **state)
{
    (void)state;
    finds("ALTER TABLE t RENAME TO u", "table-rename 1:15 (t)\n");
    finds("ALTER VIEW IF EXISTS t RENAME TO u", "table-rename 1:24 (t)\n");
    finds("ALTER TABLE t SET SCHEMA s", "table-rename 1:15 (t)\n");
    is_fine("-- migrate: phase=contract\nALTER TABLE t RENAME TO u");
    is_fine("CREATE TABLE t (); ALTER TABLE t RENAME TO u");
    finds("DROP TABLE IF EXISTS a, s.b", "table-drop 1:1 (a)\ntable-drop 1:1 (s.b)\n");
    finds("DROP SCHEMA s", "table-drop 1:1 (s)\n");
    is_fine("CREATE TEMPORARY TABLE a (); DROP TABLE a");
    is_fine("DROP FUNCTION f(int, text)");
    is_fine("-- migrate: phase=contract\nDROP TABLE a");
    finds("DROP FUNCTION f(int) CASCADE", "drop-cascade 1:22 (f)\n");
    finds("ALTER TABLE t DROP CONSTRAINT c CASCADE", "drop-cascade 1:33 (t)\n");
    finds("DROP TYPE IF EXISTS s.cascade CASCADE", "drop-cascade 1:31 (s.cascade)\n");
    finds("DROP VIEW a, b CASCADE", "drop-cascade 1:16 (a)\n");
    finds("ALTER TABLE t DROP CONSTRAINT a CASCADE, DROP CONSTRAINT b CASCADE",
          "drop-cascade 1:33 (t)\ndrop-cascade 1:60 (t)\n");
    is_fine("DROP VIEW v RESTRICT");
    is_fine("ALTER TABLE t ADD a int REFERENCES u ON DELETE CASCADE");
    finds("truncate only a, b restart identity",
          "table-truncate 1:1 (a)\ntable-truncate 1:1 (b)\nlock-order 1:1 (a)\n");
    is_fine("CREATE TABLE t (a int); TRUNCATE t");
    is_fine("SELECT truncate FROM t");
    is_fine("ALTER TABLE a ADD x int;\nALTER TABLE b");
    is_fine("ALTER TABLE a ,, ADD x int,");
    finds(
        "TRUNCATE t;\nALTER TABLE t ADD a int NOT NULL, DROP b, ADD UNIQUE (a);\n-- next file\nALTER TABLE t ADD UNIQUE (a)",
        "table-truncate 1:1 (t)\ncolumn-drop 2:35 (t)\nconstraint-unique 1:19 (t)\n");
    finds("TRUNCATE TABLE a CASCADE", "table-truncate-cascade 1:18 (a)\n");
    is_fine("CREATE TABLE a (); TRUNCATE a CASCADE");
    finds("ALTER TABLE t SET UNLOGGED", "table-logged 1:15 (t)\n");
    is_fine("ALTER TABLE t SET (autovacuum_enabled = off)");
    is_fine("CREATE UNLOGGED TABLE t (a int); ALTER TABLE t SET LOGGED");
    finds("ALTER INDEX i SET TABLESPACE s", "table-tablespace 1:1 (i)\n");
    finds("ALTER TABLE ALL IN TABLESPACE a SET TABLESPACE b",
          "table-tablespace 1:1 (the relation)\n");
    is_fine("CREATE TABLE t (a int) TABLESPACE s");
    is_fine("ALTER INDEX i SET (fillfactor = 70)");
    finds("ALTER MATERIALIZED VIEW v SET ACCESS METHOD heap", "table-access-method 1:27 (v)\n");
    is_fine("CREATE TABLE t (a int) USING heap");
    is_fine("CREATE TABLE t (a int); ALTER TABLE t SET ACCESS METHOD heap");
}

static void
test_locks(void **state)
{
    (void)state;
    finds("LOCK TABLE ONLY a IN SHARE ROW EXCLUSIVE MODE NOWAIT", "table-lock 1:1 (a)\n");
    finds("LOCK a IN SHARE MODE", "table-lock 1:1 (a)\n");
    is_fine("LOCK a IN ROW EXCLUSIVE MODE");
    is_fine("LOCK a IN ACCESS SHARE MODE");
    is_fine("LOCK a IN SHARE UPDATE EXCLUSIVE MODE");
    finds("CLUSTER", "table-cluster 1:1 (the relation)\n");
    finds("CLUSTER VERBOSE t USING i", "table-cluster 1:1 (t)\n");
    is_fine("CREATE TABLE t (a int PRIMARY KEY); CLUSTER t USING t_pkey");
    is_fine("ALTER TABLE t SET WITHOUT CLUSTER");
    finds("VACUUM (ANALYZE, FULL true) t", "table-vacuum-full 1:8 (t)\n");
    finds("CLUSTER (VERBOSE) t USING i", "table-cluster 1:1 (t)\n");
    is_fine("VACUUM (FULL 0, INDEX_CLEANUP (a, b), 1) t");
    finds("VACUUM FULL FREEZE t", "table-vacuum-full 1:8 (t)\n");
    finds("VACUUM FULL", "table-vacuum-full 1:8 (the relation)\n");
    is_fine("VACUUM (FULL false) t");
    is_fine("VACUUM FREEZE t");
    finds("REFRESH MATERIALIZED VIEW s.v WITH DATA", "view-refresh 1:1 (s.v)\n");
    is_fine("REFRESH MATERIALIZED VIEW CONCURRENTLY v");
    is_fine("REFRESH MATERIALIZED VIEW v WITH NO DATA");
    is_fine("CREATE MATERIALIZED VIEW v AS SELECT 1 WITH NO DATA; REFRESH MATERIALIZED VIEW v");
    finds("ALTER TABLE t ENABLE REPLICA TRIGGER x", "trigger-switch 1:15 (t)\n");
    finds("ALTER TABLE t DISABLE TRIGGER ALL", "trigger-switch 1:15 (t)\n");
    is_fine("ALTER TABLE t ENABLE ROW LEVEL SECURITY");
    is_fine("CREATE TABLE t (); ALTER TABLE t DISABLE TRIGGER ALL");
    finds(
        "CREATE OR REPLACE CONSTRAINT TRIGGER x AFTER UPDATE OF \"on\" ON t DEFERRABLE FOR EACH ROW EXECUTE FUNCTION f()",
        "trigger-create 1:1 (t)\n");
    is_fine("CREATE EVENT TRIGGER x ON ddl_command_end EXECUTE FUNCTION f()");
    is_fine("CREATE TABLE t (); CREATE TRIGGER x AFTER INSERT ON t EXECUTE FUNCTION f()");

    finds("ALTER TABLE a ATTACH PARTITION b FOR VALUES IN (1, 2)", "partition-attach 1:15 (b)\n");
    is_fine("CREATE TABLE b (LIKE a); ALTER TABLE a ATTACH PARTITION b DEFAULT");
    is_fine("ALTER INDEX a ATTACH PARTITION b");
    finds("CREATE TABLE a (x int) PARTITION BY LIST (x); ALTER TABLE a ATTACH PARTITION b DEFAULT",
          "partition-attach 1:61 (b)\n");
    finds("ALTER TABLE a DETACH PARTITION b", "partition-detach 1:15 (a)\n");
    is_fine("ALTER TABLE a DETACH PARTITION b CONCURRENTLY");
    is_fine("ALTER TABLE a DETACH PARTITION b FINALIZE");
    finds("CREATE TABLE b PARTITION OF s.a DEFAULT", "partition-create 1:1 (s.a)\n");
    is_fine("CREATE TABLE a (x int) PARTITION BY LIST (x); CREATE TABLE b PARTITION OF a DEFAULT");
    is_fine("CREATE TABLE b (LIKE a)");
}

static void
test_together(void **state)
{
    (void)state;
    finds(
        "ALTER TYPE e ADD VALUE IF NOT EXISTS 'x' BEFORE 'y';\nCOMMENT ON TYPE e IS 'x';\nALTER TYPE e ADD VALUE 'z' AFTER 'x';\n"
        "INSERT INTO t VALUES (1, 'y'), (2, 'x'), (3, 'z')",
        "enum-value-used 4:36 (t)\n");
    finds("ALTER TYPE e ADD VALUE 'x';\nALTER TABLE t ALTER a SET DEFAULT 'x', ADD b int",
          "enum-value-used 2:35 (t)\n");
    is_fine("CREATE TYPE e AS ENUM ('a'); ALTER TYPE e ADD VALUE 'x'; SELECT 'x'::e");
    is_fine(
        "ALTER TYPE e ADD VALUE 'x';\nCREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$SELECT 'x'$$;\nSELECT 'X', $$x$$, \"x\"");
    is_fine("-- migrate: transaction=off\nALTER TYPE e ADD VALUE 'x';\nSELECT 'x'::e");
    is_fine("ALTER TYPE e ADD VALUE 'x';\n-- next file\nSELECT 'x'::e");

    finds("ALTER TABLE t ADD a int;\nWITH x AS (SELECT 1) UPDATE t SET a = 1 WHERE a IS NULL",
          "data-under-lock 2:1 (t)\n");
    finds("ALTER TABLE t ADD a int;\nINSERT INTO u (a) SELECT a FROM v",
          "data-under-lock 2:1 (t)\n");
    finds("ALTER TABLE t ADD a int;\nINSERT INTO u SELECT a FROM (SELECT a FROM v) AS w",
          "data-under-lock 2:1 (t)\n");
    finds("ALTER TABLE t ADD a int;\nDELETE FROM u", "data-under-lock 2:1 (t)\n");
    is_fine("ALTER TABLE t ADD a int;\nUPDATE u SET a = 1 WHERE b = 2");
    is_fine("ALTER TABLE t ADD a int;\nINSERT INTO t (a) VALUES ((SELECT 1 FROM t))");
    is_fine("ALTER TABLE t ADD a int;\nINSERT INTO t (a) SELECT x FROM (VALUES (1)) AS y (x)");
    is_fine(
        "CREATE TABLE n (a int); ALTER TABLE n ADD b int; INSERT INTO n SELECT 1 FROM t; UPDATE n SET a = 1");
    is_fine("ALTER TABLE t VALIDATE CONSTRAINT c;\nDELETE FROM t WHERE a");
    is_fine("CREATE TABLE n (a int);\nALTER TABLE t ADD a int;\nUPDATE n SET a = 1");
    finds("DELETE FROM ONLY t USING u", "data-all-rows 1:1 (t)\n");
    is_fine("MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN DELETE");
    is_fine("DELETE FROM t WHERE a = 1");
    is_fine("CREATE TABLE t (a int); DELETE FROM t");

    finds(
        "ALTER TABLE a ADD x int;\nALTER TABLE a ADD y int;\nDROP TRIGGER q ON b;\nALTER TABLE c ADD x int",
        "lock-order 3:1 (a)\n");
    is_fine(
        "ALTER TABLE a ADD x int;\nALTER TABLE b SET (fillfactor = 70);\nALTER TABLE b ALTER x SET STATISTICS 100");
    is_fine(
        "CREATE TABLE a (); ALTER TABLE a ADD x int;\nALTER TABLE b ADD x int;\nALTER TABLE s.b ADD y int");
    is_fine("-- migrate: transaction=off\nALTER TABLE a ADD x int;\nALTER TABLE b ADD x int");

    finds("SET search_path = a;\nSET statement_timeout TO 0", "session-set 1:1 (the relation)\n");
    finds("SET SESSION x.y TO 1", "session-set 1:1 (the relation)\n");
    is_fine("SET LOCAL search_path = a;\nSET CONSTRAINTS ALL DEFERRED;\nRESET x");
    is_fine("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE");
    is_fine("SET lock_timeout = 0; DROP INDEX CONCURRENTLY i");
}

static void
test_words(void **state)
{
    struct lint_name name = {.name = "t"};
    struct lint_finding f = {.rule = lint_rule(0), .about = &name};
    struct strbuf out = STRBUF_INIT;

    (void)state;
    lint_finding_text(&f, &out);
    assert_string_equal(strbuf_str(&out),
                        "CREATE INDEX blocks writes to \"t\" until the index is built");
    strbuf_clear(&out);
    name.name[0] = '\0';
    lint_finding_text(&f, &out);
    assert_string_equal(strbuf_str(&out),
                        "CREATE INDEX blocks writes to the relation until the index is built");
    strbuf_done(&out);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples),      cmocka_unit_test(test_index),
        cmocka_unit_test(test_added_columns), cmocka_unit_test(test_changed_columns),
        cmocka_unit_test(test_time_zones),    cmocka_unit_test(test_nulls),
        cmocka_unit_test(test_gone_columns),  cmocka_unit_test(test_constraints),
        cmocka_unit_test(test_tables),        cmocka_unit_test(test_locks),
        cmocka_unit_test(test_together),      cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
