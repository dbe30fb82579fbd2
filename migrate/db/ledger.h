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
#include "migrate/layout/foreign.h"
#include "migrate/layout/layout.h"
#include "migrate/layout/layouts.h"

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
    bool begun;                  /* and not ended: the mark of a file that stopped part-way */
    bool covers;                 /* it stands for all files up to its version */
    bool has_sum;                /* else nobody can say whether its file changed */
    uint8_t sum[LAYOUT_SUM_MAX]; /* the layout's own digest: sum_bytes of them */
    uint8_t loose_sha256[DIGEST_BYTES];
    char *applied_at;
    char *applied_by;
    int64_t duration_ms;
    char *release; /* NULL: none */
};

struct ledger {
    const struct layout *layout;
    struct ledger_table table;
    /* whether it is there was asked for already: for the next ledger_read, and no other */
    bool asked;
    bool there;
    /* as it was read last */
    bool exists;
    bool steps;              /* there is a table beside it of what is half done (steps.h) */
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
/* One row: columns' names; which need a value; type of the first. */
void ledger_sql_columns(const struct ledger_table *t, struct strbuf *out);
/*
 * What stands before statements on the history, for the transaction that they are in: the role; and
 * before those that read, that row security is an error (42501) instead of rows left out: an empty
 * answer would be taken for an empty history. ledger_sql_as appends nothing without a role, and
 * returns how many statements it appended.
 */
size_t ledger_sql_as(const struct ledger_table *t, struct strbuf *out);
void ledger_sql_in_full(const struct ledger_table *t, struct strbuf *out);
/* A message: ledger_sql_in_full, and one row: whether there is such a table. */
void ledger_sql_there(const struct ledger_table *t, struct strbuf *out);
/*
 * A point in time as that message gives it: "2026-03-01 12:00:00.25+00" is 2026-03-01T12:00:00.250Z; what has another form
 * (infinity, a layout's own) stays as it is; NULL is "". Owned; NULL without memory.
 */
char *ledger_time(const char *text);
/* A message for a table that is there: what ledger_sql_in_full sets, and more; no rows, but all its columns; what sql_read of the
 * layout gives. Points in time come as the server writes them, in ISO form at GMT. */
void ledger_sql_read(const struct ledger *l, struct strbuf *out);
/*
 * A boolean expression: m counts as applied, by a row of its own, by one that stands for all up to it, or, of a repeatable one,
 * by a row with this digest.
 */
void ledger_sql_applied(const struct ledger *l, const struct migration *m, const uint8_t *sum,
                        struct strbuf *out);
/*
 * A statement that is refused (ledger_is_applied) when it does; not every layout's table refuses a second row of a
 * version. For who is alone at the history, but read it before he was.
 */
void ledger_sql_absent(const struct ledger *l, const struct migration *m, const uint8_t *sum,
                       struct strbuf *out);
bool ledger_is_applied(const struct err *e);
/* A row, see layout.h. */
void ledger_sql_insert(const struct ledger *l, const struct layout_row *row, const char *proof,
                       struct strbuf *out);
/* False: the layout does not keep how long it took, and nothing is appended. */
bool ledger_sql_took(const struct ledger *l, const struct layout_row *row, struct strbuf *out);
void ledger_sql_delete(const struct ledger *l, const struct migration *m,
                       const struct migration *before, struct strbuf *out);
void ledger_sql_accept(const struct ledger *l, const struct layout_row *row, const uint8_t *was_sum,
                       struct strbuf *out);

/* Rows of schema, table, columns, type of the first: tables with the names that layouts and other tools give to
 * theirs, in all schemas that the role may use, public first. */
void ledger_sql_known(const struct ledger_table *t, struct strbuf *out);
/* A row where anything has such a name; to ask for that alone takes a tenth of the time. */
void ledger_sql_any_known(struct strbuf *out);

/* ---- on the server ---- */
/* table as for ledger_table_parse, NULL: the layout's own in public; layout and role are borrowed. On error nothing is
 * left. */
MUST_CHECK int ledger_init(struct ledger *l, const struct layout *layout, const char *table,
                           const char *role, struct err *e);
void ledger_done(struct ledger *l);
/* A table that has the name of a known history. */
struct ledger_found {
    const char *schema;
    const char *table;
    const struct layout *layout;   /* whose it is by its columns, or NULL: … */
    const struct foreign *foreign; /* … a tool whose layout is not handled */
};
/* All of them, public first, for each the callback; what it is given is valid during the call. */
typedef void ledger_found_fn(const struct ledger_found *found, void *arg);
MUST_CHECK int ledger_search(const struct ledger *l, struct session *s, ledger_found_fn *each,
                             void *arg, struct err *e);
/* Whether there is such a table; a schema that is hidden from the role is an error. */
MUST_CHECK int
ledger_is_there(const struct ledger_table *t, struct session *s, bool *ret, struct err *e);
/* Anew: what was read before is gone, on error too. */
MUST_CHECK int ledger_read(struct ledger *l, struct session *s, struct err *e);
/* The rows are gone, the table stays named. */
void ledger_forget(struct ledger *l);
/* Whether it counts as applied, see ledger_sql_applied(). */
MUST_CHECK int ledger_has(const struct ledger *l, struct session *s, const struct migration *m,
                          const uint8_t *sum, bool *ret, struct err *e);
/* CREATE … IF NOT EXISTS was refused because somebody else did the same at the same moment. */
bool ledger_exists_already(const struct err *e);
/* Makes schema and table when they are missing; others may do the same at the same time. */
MUST_CHECK int ledger_create(const struct ledger *l, struct session *s, struct err *e);
/* What helps after reading failed, or making it; appends nothing when that is not known. */
void ledger_hint(const struct ledger_table *t, const struct err *e, struct strbuf *out);
void ledger_create_hint(const struct ledger_table *t, const struct err *e, struct strbuf *out);

#endif
