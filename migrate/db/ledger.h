/*
 * ledger.h: the history table, whatever its layout: its SQL (pure), its rows, reading and making it.
 *
 * Every name is schema-qualified and every function and operator pg_catalog's, so that neither a
 * search_path nor objects of the same name matter.
 */
#ifndef RR_MIGRATE_LEDGER_H
#define RR_MIGRATE_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/digest.h"
#include "common/base/err.h"
#include "common/base/strbuf.h"
#include "migrate/layout/layout.h"

struct session;

/* The table as --table names it. */
struct ledger_table {
    char *schema; /* as stored in the catalog */
    char *table;
    char *quoted; /* "schema"."table" */
    const char
        *role; /* it is made, read and written as that role; NULL: the login's own. Borrowed */
};

struct ledger_row {
    struct migration id;
    uint8_t sha256[DIGEST_BYTES];
    uint8_t loose_sha256[DIGEST_BYTES];
    char *applied_at;
    char *applied_by;
    int64_t duration_ms;
    char *release; /* NULL: none */
};

struct ledger {
    const struct layout *layout;
    struct ledger_table table;
    /* as it was read last */
    bool exists;
    struct ledger_row *rows; /* by version, lowest first */
    size_t n;
};

/* "name", "schema.name", each folded to lower case unless quoted. ERR_USAGE. */
MUST_CHECK int ledger_table_parse(const char *text, struct ledger_table *ret, struct err *e);
void ledger_table_done(struct ledger_table *t);

/* ---- SQL, appended to out (pure) ---- */
/* table with suffix behind it, cut where a name would be too long for PostgreSQL and then told apart by a digest. */
MUST_CHECK int
ledger_sql_beside(const char *table, const char *suffix, struct strbuf *out, struct err *e);
void
ledger_sql_columns(const struct ledger_table *t,
                   struct strbuf *out); /* one row of two: columns' names; which need a value */
/*
 * What stands before statements on the history, for the transaction that they are in: the role; and
 * before those that read, that row security is an error (42501) instead of rows left out: an empty
 * answer would be taken for an empty history. ledger_sql_as appends nothing without a role, and
 * returns how many statements it appended.
 */
size_t ledger_sql_as(const struct ledger_table *t, struct strbuf *out);
void ledger_sql_in_full(const struct ledger_table *t, struct strbuf *out);
/* A row, see layout.h. */
void ledger_sql_insert(const struct ledger *l, const struct layout_row *row, const char *proof,
                       struct strbuf *out);
/* False: the layout does not keep how long it took, and nothing is appended. */
bool ledger_sql_took(const struct ledger *l, const struct layout_row *row, struct strbuf *out);
void ledger_sql_delete(const struct ledger *l, const struct migration *m,
                       const struct migration *before, struct strbuf *out);
void ledger_sql_accept(const struct ledger *l, const struct layout_row *row,
                       const uint8_t *was_sha256, struct strbuf *out);

/* Rows of schema, table, columns: tables whose names other tools give to theirs, in all schemas that
 * the role may use, that of t first. */
void ledger_sql_foreign(const struct ledger_table *t, struct strbuf *out);
/* Whose table that is; NULL: not known. */
const char *ledger_tool(const char *table, const char *columns);

/* ---- on the server ---- */
/* table as for ledger_table_parse; layout and role are borrowed. On error nothing is left. */
MUST_CHECK int ledger_init(struct ledger *l, const struct layout *layout, const char *table,
                           const char *role, struct err *e);
void ledger_done(struct ledger *l);
/* ERR_INPUT that names it when another tool's history is in the database. */
MUST_CHECK int ledger_no_foreign(const struct ledger *l, struct session *s, struct err *e);
/* Anew: what was read before is gone, on error too. */
MUST_CHECK int ledger_read(struct ledger *l, struct session *s, struct err *e);
/* The rows are gone, the table stays named. */
void ledger_forget(struct ledger *l);
/* Whether version has a row. */
MUST_CHECK int ledger_has(const struct ledger *l, struct session *s, const char *version, bool *ret,
                          struct err *e);
/* CREATE … IF NOT EXISTS was refused because somebody else did the same at the same moment. */
bool ledger_exists_already(const struct err *e);
/* Makes schema and table when they are missing; others may do the same at the same time. */
MUST_CHECK int ledger_create(const struct ledger *l, struct session *s, struct err *e);
/* What helps after reading failed, or making it; appends nothing when that is not known. */
void ledger_hint(const struct ledger_table *t, const struct err *e, struct strbuf *out);
void ledger_create_hint(const struct ledger_table *t, const struct err *e, struct strbuf *out);

#endif
