/* origin.c: pg_settings.source in words. */
#include "migrate/db/origin.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "migrate/db/session.h"
#include "migrate/sql/quote.h"

void
origin_text(const char *source, const char *role, const char *database, struct strbuf *out)
{
    if (strcmp(source, "user") == 0)
        strbuf_addf(out, "ALTER ROLE %s SET", role);
    else if (strcmp(source, "database") == 0)
        strbuf_addf(out, "ALTER DATABASE %s SET", database);
    else if (strcmp(source, "database user") == 0)
        strbuf_addf(out, "ALTER ROLE %s IN DATABASE %s SET", role, database);
    else if (strcmp(source, "global") == 0)
        strbuf_adds(out, "ALTER ROLE ALL SET");
    else if (strcmp(source, "client") == 0)
        strbuf_adds(out, "the connection's own options (options=, PGOPTIONS)");
    else if (strcmp(source, "configuration file") == 0)
        strbuf_adds(out, "the server's configuration (postgresql.conf or ALTER SYSTEM)");
    else
        strbuf_addf(out, "the server (%s)", source);
}

int
origin_of(struct session *s, const char *setting, struct strbuf *out, struct err *e)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    struct pgrows *rows = NULL;
    strbuf_adds(&sql, "SELECT s.source, SESSION_USER, pg_catalog.current_database()"
                      " FROM pg_catalog.pg_settings s WHERE s.name OPERATOR(pg_catalog.=) ");
    quote_literal(&sql, setting);
    int result = session_sql(s, &sql, &rows, e);
    if (result == 0 && pgrows_count(rows) == 1)
        origin_text(pgrows_value(rows, 0, 0), pgrows_value(rows, 0, 1), pgrows_value(rows, 0, 2),
                    out);
    else if (result == 0)
        result = err_set(e, ERR_PROTOCOL, "the server does not know the setting %s", setting);
    pgrows_free(rows);
    return result;
}
