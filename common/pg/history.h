/*
 * history.h: the tables in which migrations are recorded, of every layout that migrate knows and of alembic: their names, their
 * columns, and the SQL that reads them. Pure.
 */
#ifndef RR_PG_HISTORY_H
#define RR_PG_HISTORY_H

#include <stdbool.h>

#include "common/base/strbuf.h"

/* Names where nobody gives another, and columns. */
#define HISTORY_NATIVE_TABLE "schema_history"
#define HISTORY_NATIVE_COLUMNS                                                                     \
    "version,name,phase,sha256,loose_sha256,applied_at,applied_by,duration_ms,release,tool"
#define HISTORY_GOLANG_TABLE "schema_migrations"
#define HISTORY_GOLANG_COLUMNS "version,dirty"
#define HISTORY_DBMATE_TABLE "schema_migrations"
#define HISTORY_DBMATE_COLUMNS "version"
#define HISTORY_GOOSE_TABLE "goose_db_version"
#define HISTORY_GOOSE_COLUMNS "id,version_id,is_applied,tstamp"
#define HISTORY_FLYWAY_TABLE "flyway_schema_history"
#define HISTORY_FLYWAY_COLUMNS                                                                          \
    "installed_rank,version,description,type,script,checksum,installed_by,installed_on,execution_time," \
    "success"
#define HISTORY_SQLX_TABLE "_sqlx_migrations"
#define HISTORY_SQLX_COLUMNS "version,description,installed_on,success,checksum,execution_time"

/*
 * One statement, appended to out; table: as it is quoted in SQL. Columns: version, name, phase, digest, second digest (bytea, or
 * hex), applied_at, applied_by, duration_ms, release; whether it was begun and not ended; whether it stands for all files up to
 * its version; whether it is a repeatable one's. Only what counts as applied, or was begun; one row a version.
 */
typedef void history_read(const char *table, struct strbuf *out);
history_read history_read_native, history_read_golang, history_read_dbmate, history_read_goose,
    history_read_flyway, history_read_sqlx;

struct history {
    const char *table;
    const char *columns;
    bool ordered; /* versions follow one another; else they are ids, and the table has the latest */
    history_read *read;
};

/* Whose table that is, by its name and the names of its columns, parted by commas; NULL: nobody's. */
const struct history *history_find(const char *table, const char *columns);

/* Appends a query for the tables that may be such and are on the search path: name as it is quoted in SQL, name, columns. */
void history_find_sql(struct strbuf *out);

#endif
