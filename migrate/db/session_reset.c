/* session_reset.c: what a session is at its beginning, and our own settings. */
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/log.h"
#include "migrate/db/session.h"
#include "migrate/events.h"
#include "migrate/sql/quote.h"

/*
 * That may come with the login, and would end a migration, or the session in a pause. Between two statements a transaction of
 * ours is idle for an instant; one that stays idle has a runner that is stopped, and is in everybody's way.
 */
static void
sql_no_limits(const struct session *s, struct strbuf *out)
{
    int version = pgconn_server_version(s->work);
    strbuf_adds(out, "SET statement_timeout TO 0; "
                     "SET idle_in_transaction_session_timeout TO '60s'; ");
    if (version >= 140000)
        strbuf_adds(out, "SET idle_session_timeout TO 0; ");
    if (version >= 170000)
        strbuf_adds(out, "SET transaction_timeout TO 0; ");
}

int
session_lift_limits(struct session *s, struct err *e)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    sql_no_limits(s, &sql);
    return session_sql(s, &sql, NULL, e);
}

/*
 * What bounds a backend whose client is gone. Not every server has all of it (a PostgreSQL on Windows refuses
 * client_connection_check_interval): what it refuses once is left out.
 */
static const struct {
    int version; /* since */
    const char *sql;
} wishes[] = {
    {0, "SET tcp_keepalives_idle TO 10; "},
    {0, "SET tcp_keepalives_interval TO 5; "},
    {0, "SET tcp_keepalives_count TO 3; "},
    {120000, "SET tcp_user_timeout TO '20s'; "},
    {140000, "SET client_connection_check_interval TO '2s'; "},
};
#define WISHES (sizeof(wishes) / sizeof(*wishes))

void
session_sql_reset(const struct session *s, struct strbuf *out)
{
    int version = pgconn_server_version(s->work);
    strbuf_adds(out, "RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL; CLOSE ALL; UNLISTEN *; "
                     "DEALLOCATE ALL; DISCARD TEMP; DISCARD SEQUENCES; ");
    strbuf_adds(out, "SET client_encoding TO 'UTF8'; SET standard_conforming_strings TO on; ");
    sql_no_limits(s, out);
    if (s->o->search_path) {
        strbuf_adds(out, "SELECT pg_catalog.set_config('search_path', ");
        quote_literal(out, s->o->search_path);
        strbuf_adds(out, ", false); ");
    }
    for (size_t i = 0; i < WISHES; i++)
        if (version >= wishes[i].version && !(s->refused_wishes & 1u << i))
            strbuf_adds(out, wishes[i].sql);
}

void
session_sql_begin(const struct session *s, struct strbuf *out, size_t *ret_n)
{
    int version = pgconn_server_version(s->work);
    *ret_n = 0;
    if (!s->stateless)
        return;
    strbuf_adds(out, "SET LOCAL statement_timeout TO 0; ");
    (*ret_n)++;
    if (version >= 140000 && !(s->refused_wishes & 1u << (WISHES - 1))) {
        strbuf_adds(out, "SET LOCAL client_connection_check_interval TO '2s'; ");
        (*ret_n)++;
    }
    if (version >= 170000) {
        strbuf_adds(out, "SET LOCAL transaction_timeout TO 0; ");
        (*ret_n)++;
    }
    if (s->o->search_path) {
        strbuf_adds(out, "SELECT pg_catalog.set_config('search_path', ");
        quote_literal(out, s->o->search_path);
        strbuf_adds(out, ", true); ");
        (*ret_n)++;
    }
}

size_t
session_sql_end(const struct session *s, struct strbuf *out)
{
    if (!s->stateless)
        return 0;
    strbuf_adds(
        out, "RESET ALL; CLOSE ALL; UNLISTEN *; DEALLOCATE ALL; DISCARD TEMP; DISCARD SEQUENCES; ");
    return 6;
}

static int
try_wishes(struct session *s, struct err *e)
{
    for (size_t i = 0; i < WISHES; i++) {
        if (pgconn_server_version(s->work) < wishes[i].version ||
            session_query(s, wishes[i].sql, strlen(wishes[i].sql), NULL, e) == 0)
            continue;
        if (e->code != ERR_SERVER)
            return -1;
        log_debug(&event_wish, LOG_NONE, "the server rejected: %s%s", wishes[i].sql, e->msg);
        s->refused_wishes |= 1u << i;
    }
    return 0;
}

int
session_speak(struct session *s, struct err *e)
{
    static const char sql[] =
        "SET client_encoding TO 'UTF8'; SET standard_conforming_strings TO on";
    const char *encoding = pgconn_setting(s->work, "client_encoding");
    const char *strings = pgconn_setting(s->work, "standard_conforming_strings");
    /* It is read as a whole before any of it runs: what sets them cannot travel with what needs them. */
    if (strcmp(encoding, "UTF8") == 0 && strcmp(strings, "on") == 0)
        return 0;
    return session_query(s, sql, sizeof(sql) - 1, NULL, e);
}

static int
send_reset(struct session *s, struct err *e)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    if (session_speak(s, e) != 0)
        return -1;
    session_sql_reset(s, &sql);
    return session_sql(s, &sql, NULL, e);
}

int
session_reset(struct session *s, struct err *e)
{
    if (s->stateless)
        return session_speak(s, e); /* which poolers keep for their clients */
    if (s->pristine)
        return 0;
    if (send_reset(s, e) != 0 &&
        (e->code != ERR_SERVER || try_wishes(s, e) != 0 || send_reset(s, e) != 0))
        return -1;
    s->pristine = true;
    return 0;
}
