/*
 * probe_pg_sql.h: what a check asks PostgreSQL. Pure.
 */
#ifndef RR_HEALTHD_PROBE_PG_SQL_H
#define RR_HEALTHD_PROBE_PG_SQL_H

#include <stdbool.h>

#include "common/base/strbuf.h"
#include "common/pg/history.h"
#include "healthd/probe/probe_pg.h"

/* Whether there is a query behind the rest; SELECT 1 is for those who ask nothing else. */
bool probe_pg_asks_query(const struct probe_pg_own *own);

/*
 * Statements in the order of their results: role, lag, schema, query, as far as they are wanted. h: where the migrations are
 * recorded, and table, its name as it is quoted in SQL; both NULL unless own->schema is set.
 */
void probe_pg_sql(struct strbuf *sql, const struct probe_pg_own *own, const struct history *h,
                  const char *table);

#endif
