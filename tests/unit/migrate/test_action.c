/* action.c: a statement that ends anywhere is read to there, and no further. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "migrate/lint/lint.h"

static void
on_found(void *arg, const struct lint_finding *f)
{
    (void)arg;
    assert_non_null(f->rule);
}

/* What is read of a statement that ends too soon. */
static void
test_fragments(void **state)
{
    static const char *const words[] = {
        "ALTER TABLE t ADD CONSTRAINT c CHECK (a IS NOT NULL) NOT VALID, ALTER COLUMN a TYPE numeric(1, 2) USING a::text, ADD b text[] DEFAULT 'x'::varchar(3) REFERENCES s.u (a) MATCH FULL ON DELETE SET NULL",
        "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON ONLY s.t (a)",
        "CREATE TABLE IF NOT EXISTS s.t (a timestamp(3) with time zone NOT NULL, b national character varying(3), c interval day to second, PRIMARY KEY (a)) PARTITION BY LIST (a)",
        "CREATE OR REPLACE FUNCTION f(a int) RETURNS int STABLE LANGUAGE sql AS 'x'",
        "LOCK TABLE ONLY a, b IN ACCESS SHARE MODE",
        "VACUUM (FULL, VERBOSE off) t",
        "REINDEX (CONCURRENTLY off) TABLE CONCURRENTLY t",
        "ALTER TABLE a DETACH PARTITION s.b CONCURRENTLY",
        "ALTER DOMAIN d ADD CONSTRAINT c CHECK (value > 0) NOT VALID",
        "ALTER TYPE e ADD VALUE IF NOT EXISTS 'x' BEFORE 'y'",
        "DROP FUNCTION IF EXISTS s.f(int), g() CASCADE",
        "WITH a AS (SELECT 1) INSERT INTO t (a) SELECT a FROM (VALUES (1))",
        "CREATE TRIGGER x AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f()",
        "ALTER INDEX ALL IN TABLESPACE a SET TABLESPACE b",
    };
    struct lint l = LINT_INIT(on_found, NULL);

    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        for (size_t n = 1; n <= strlen(words[i]); n++) {
            struct statement st = {.n = 1, .bytes = n, .sql_bytes = n, .line = 1};
            char *piece = strndup(words[i], n);
            assert_non_null(piece);
            lint_file(&l, &(struct lint_file){.text = piece, .transaction = true});
            lint_statement(&l, &st);
            free(piece);
        }
    }
    lint_done(&l);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fragments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
