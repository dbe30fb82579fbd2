/* claim.c: the lease of a runner behind a pooler. */
#include "migrate/db/claim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/log.h"
#include "common/net/loop.h"
#include "common/pg/pgconn.h"
#include "migrate/db/lock.h"
#include "migrate/db/session.h"
#include "migrate/events.h"
#include "migrate/sql/quote.h"

#define LEASE_S 20u
#define LEASE_MS ((uint64_t)LEASE_S * 1000)
#define RENEW_MS 5000u
#define RENEW_AGAIN_MS 1000u
#define RENEW_TIMEOUT_MS 4000u
/* So long before its end by our clock it counts as lost: time to cancel. */
#define MARGIN_MS 3000u

static void renew(struct claim *c);

static void
on_timer(void *arg)
{
    renew(arg);
}

static int
name_table(struct claim *c, const struct ledger_table *history, struct err *e)
{
    cleanup_strbuf struct strbuf name = STRBUF_INIT;
    cleanup_strbuf struct strbuf quoted = STRBUF_INIT;
    c->table.role = history->role;
    if (ledger_sql_beside(history->table, "_lease", &name, e) != 0)
        return -1;
    quote_ident(&quoted, history->schema);
    strbuf_addc(&quoted, '.');
    quote_ident(&quoted, strbuf_str(&name));
    c->table.schema = strdup(history->schema);
    c->table.table = strbuf_steal(&name);
    c->table.quoted = strbuf_steal(&quoted);
    return c->table.schema && c->table.table && c->table.quoted ? 0 : err_nomem(e);
}

int
claim_init(struct claim *c, const struct ledger_table *history, struct session *s, struct err *e)
{
    uint8_t chance[8];
    char hex[2 * sizeof(chance) + 1];
    *c = (struct claim){.s = s};
    if (digest_random(chance, sizeof(chance), e) != 0)
        return -1;
    snprintf(c->owner, sizeof(c->owner), "%s %s", s->application,
             digest_hex(hex, chance, sizeof(chance)));
    c->timer = loop_timer_new(s->loop, on_timer, c);
    if (!c->timer)
        return err_nomem(e);
    c->conn = pgconn_new(s->loop, s->resolver, s->target, "migrate lease", e);
    if (c->conn && name_table(c, history, e) == 0)
        return 0;
    claim_done(c);
    return -1;
}

void
claim_done(struct claim *c)
{
    loop_timer_free(c->timer);
    pgconn_free(c->conn);
    ledger_table_done(&c->table);
    *c = (struct claim){.held = false};
}

/* ---- renewal: callbacks ---- */

static void
lose(struct claim *c, enum err_code code, const char *why)
{
    struct err e = {0};
    c->held = false;
    loop_timer_cancel(c->timer);
    err_set(&e, code, "the lease was lost: %s", why);
    session_abort(c->s, &e);
}

static void
not_renewed(struct claim *c, const struct err *e)
{
    log_warn(&event_lease, LOG_FIELDS(LF_OPT("sqlstate", e->sqlstate)),
             "the lease was not renewed: %s", e->msg);
    if (clock_left_ms(c->until_ms) <= MARGIN_MS)
        lose(c, ERR_CLOSED, "it could not be renewed in time");
    else
        loop_timer_start(c->timer, RENEW_AGAIN_MS);
}

static void
on_renewed(struct pgconn *conn, const struct err *e, struct pgrows *rows, void *arg)
{
    (void)conn;
    struct claim *c = arg;
    const struct pgrows *last = rows;
    while (last && pgrows_next(last))
        last = pgrows_next(last);
    bool ours = !e && pgrows_count(last) == 1;
    c->busy = false;
    pgrows_free(rows);
    if (!c->held)
        return;
    if (e) {
        not_renewed(c, e);
    } else if (!ours) {
        lose(c, ERR_BUSY, "it expired, or another runner took it over");
    } else {
        c->until_ms = c->sent_ms + LEASE_MS;
        loop_timer_start(c->timer, RENEW_MS);
    }
}

static void
on_connected(struct pgconn *conn, const struct err *e, void *arg)
{
    (void)conn;
    struct claim *c = arg;
    c->busy = false;
    if (e && c->held)
        not_renewed(c, e);
    else if (c->held)
        renew(c);
}

static void
renew(struct claim *c)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    struct err e = {0};
    uint64_t deadline_ms = clock_deadline(RENEW_TIMEOUT_MS);
    if (c->busy || !c->held)
        return;
    if (!pgconn_connected(c->conn)) {
        c->busy = pgconn_connect_start(c->conn, deadline_ms, on_connected, c, &e) == 0;
    } else {
        ledger_sql_as(&c->table, &sql);
        strbuf_addf(&sql,
                    "UPDATE %s SET expires_at = pg_catalog.clock_timestamp() OPERATOR(pg_catalog.+)"
                    " '%u s'::pg_catalog.interval WHERE owner OPERATOR(pg_catalog.=) ",
                    c->table.quoted, LEASE_S);
        quote_literal(&sql, c->owner);
        /* one that ran out is lost: who looked since found none, and works without one */
        strbuf_adds(&sql, " AND expires_at OPERATOR(pg_catalog.>) pg_catalog.clock_timestamp()"
                          " RETURNING 1");
        c->sent_ms = clock_mono_ms();
        c->busy = pgconn_query_start(c->conn, strbuf_str(&sql), sql.len, deadline_ms, on_renewed, c,
                                     &e) == 0;
    }
    if (!c->busy)
        not_renewed(c, &e);
}

/* ---- the row ---- */

static int
create(const struct claim *c, struct err *e)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    ledger_sql_as(&c->table, &sql);
    strbuf_addf(&sql,
                "CREATE TABLE IF NOT EXISTS %s (name pg_catalog.text PRIMARY KEY,"
                " owner pg_catalog.text NOT NULL, expires_at pg_catalog.timestamptz NOT NULL)",
                c->table.quoted);
    if (session_create(c->s, &sql, e) == 0 || ledger_exists_already(e))
        return 0;
    return err_wrap(e, "cannot create the lease table %s", c->table.quoted);
}

static void
take_sql(const struct claim *c, const struct lock *lock, struct strbuf *sql)
{
    strbuf_adds(sql, "SELECT pg_catalog.set_config('lock_timeout', '2s', true); ");
    lock_sql_guard(lock, sql);
    strbuf_adds(sql, "; ");
    ledger_sql_as(&c->table, sql);
    strbuf_addf(sql, "INSERT INTO %s AS l (name, owner, expires_at) VALUES ('migrate', ",
                c->table.quoted);
    quote_literal(sql, c->owner);
    strbuf_addf(
        sql,
        ", pg_catalog.clock_timestamp() OPERATOR(pg_catalog.+) '%u s'::pg_catalog.interval)"
        " ON CONFLICT (name) DO UPDATE SET owner = EXCLUDED.owner, expires_at = EXCLUDED.expires_at"
        " WHERE l.expires_at OPERATOR(pg_catalog.<) pg_catalog.clock_timestamp()"
        " OR l.owner OPERATOR(pg_catalog.=) EXCLUDED.owner RETURNING 1",
        LEASE_S);
}

static int
read_holder(struct claim *c, struct claim_holder *ret, struct err *e)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    struct pgrows *rows = NULL;
    ledger_sql_in_full(&c->table, &sql);
    strbuf_addf(
        &sql,
        "SELECT owner, pg_catalog.ceil(pg_catalog.date_part('epoch', expires_at"
        " OPERATOR(pg_catalog.-) pg_catalog.clock_timestamp())) FROM %s WHERE expires_at"
        " OPERATOR(pg_catalog.>) pg_catalog.clock_timestamp() AND owner OPERATOR(pg_catalog.<>) ",
        c->table.quoted);
    quote_literal(&sql, c->owner);
    int result = session_sql(c->s, &sql, &rows, e);
    const struct pgrows *answer = result == 0 ? pgrows_next(rows) : NULL;
    const char *owner = pgrows_count(answer) > 0 ? pgrows_value(answer, 0, 0) : NULL;
    const char *left = owner ? pgrows_value(answer, 0, 1) : NULL;
    snprintf(ret->owner, sizeof(ret->owner), "%s", owner ? owner : "");
    ret->left_s = left ? strtoll(left, NULL, 10) : 0;
    pgrows_free(rows);
    return result == 0 ? 0 : err_wrap(e, "cannot read %s", c->table.quoted);
}

static int
read_other(struct claim *c, char *ret_other, size_t other_bytes, struct err *e)
{
    struct claim_holder holder = {.left_s = 0};
    int result = read_holder(c, &holder, e);
    snprintf(ret_other, other_bytes, "%s", holder.owner);
    return result;
}

int
claim_find_holder(struct claim *c, struct claim_holder *ret, struct err *e)
{
    bool exists;
    *ret = (struct claim_holder){.left_s = 0};
    if (ledger_is_there(&c->table, c->s, &exists, e) != 0)
        return err_wrap(e, "cannot look up the lease table %s", c->table.quoted);
    return exists ? read_holder(c, ret, e) : 0;
}

int
claim_find_other(struct claim *c, char *ret_other, size_t other_bytes, struct err *e)
{
    struct claim_holder holder;
    int result = claim_find_holder(c, &holder, e);
    snprintf(ret_other, other_bytes, "%s", holder.owner);
    return result;
}

int
claim_try(struct claim *c, const struct lock *lock, char *ret_other, size_t other_bytes,
          struct err *e)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    struct pgrows *rows = NULL;
    ret_other[0] = '\0';
    if (c->held)
        return 0;
    if (create(c, e) != 0)
        return -1;
    take_sql(c, lock, &sql);
    uint64_t sent_ms = clock_mono_ms();
    int result = session_sql(c->s, &sql, &rows, e);
    const struct pgrows *last = rows;
    while (last && pgrows_next(last))
        last = pgrows_next(last);
    c->held = result == 0 && pgrows_count(last) == 1;
    pgrows_free(rows);
    if (result != 0 && !lock_guard_refused(e) && strcmp(e->sqlstate, "55P03") != 0)
        return err_wrap(e, "cannot take the lease in %s", c->table.quoted);
    if (!c->held)
        return read_other(c, ret_other, other_bytes, e);
    c->until_ms = sent_ms + LEASE_MS;
    loop_timer_start(c->timer, RENEW_MS);
    return 0;
}

bool
claim_holds(const struct claim *c)
{
    return c->held && clock_left_ms(c->until_ms) > MARGIN_MS;
}

void
claim_release(struct claim *c)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    struct err ignored = {0};
    if (!c->held)
        return;
    c->held = false;
    loop_timer_cancel(c->timer);
    ledger_sql_as(&c->table, &sql);
    strbuf_addf(&sql, "DELETE FROM %s WHERE owner OPERATOR(pg_catalog.=) ", c->table.quoted);
    quote_literal(&sql, c->owner);
    IGNORED(session_sql(c->s, &sql, NULL, &ignored));
}

void
claim_sql_proof(const struct claim *c, struct strbuf *out)
{
    strbuf_addf(out, "EXISTS (SELECT 1 FROM %s l WHERE l.owner OPERATOR(pg_catalog.=) ",
                c->table.quoted);
    quote_literal(out, c->owner);
    strbuf_adds(out, " AND l.expires_at OPERATOR(pg_catalog.>) pg_catalog.clock_timestamp())");
}
