/* PostgreSQL: connect, ask, judge the row. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/strbuf.h"
#include "common/pg/history.h"
#include "common/pg/pgconn.h"
#include "common/target/target.h"
#include "healthd/probe/probe_kinds.h"
#include "healthd/probe/probe_pg.h"
#include "healthd/probe/probe_pg_sql.h"
#include "healthd/probe/probe_session.h"

/* ---- the row ---- */

static int
key_query(struct check_spec *s, const char *value, struct err *e)
{
    struct probe_pg_own *own = s->own;
    if (value[0] == '\0')
        return err_set(e, ERR_USAGE, "the query is empty");
    own->query = strdup(value);
    return own->query ? 0 : err_nomem(e);
}

static int
key_role(struct check_spec *s, const char *value, struct err *e)
{
    static const char *const known[] = {"any", "primary", "standby"};
    size_t i = 0;
    if (checkline_choice("role", value, known, 3, &i, e) < 0)
        return -1;
    ((struct probe_pg_own *)s->own)->role = (enum probe_pg_role)i;
    return 0;
}

static int
key_max_lag(struct check_spec *s, const char *value, struct err *e)
{
    uint64_t ms = 0;
    if (clock_parse_duration(value, &ms, e) < 0)
        return -1;
    if (ms == 0 || ms > 365 * UINT64_C(86400000))
        return err_set(e, ERR_USAGE, "'%.40s' is not between 1ms and 365d", value);
    ((struct probe_pg_own *)s->own)->max_lag_ms = ms;
    return 0;
}

static int
key_schema(struct check_spec *s, const char *value, struct err *e)
{
    size_t n = strspn(value, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ._-,");
    if (n == 0 || value[n] != '\0' || value[n - 1] == ',' || value[0] == ',' || n > 16384)
        return err_set(e, ERR_USAGE, "neither a version nor a list of versions");
    ((struct probe_pg_own *)s->own)->schema = strdup(value);
    return ((struct probe_pg_own *)s->own)->schema ? 0 : err_nomem(e);
}

static int
key_mode(struct check_spec *s, const char *value, struct err *e)
{
    static const char *const known[] = {"query", "ping"};
    size_t i = 0;
    if (checkline_choice("mode", value, known, 2, &i, e) < 0)
        return -1;
    ((struct probe_pg_own *)s->own)->ping = i == 1;
    s->each = s->each || i == 1; /* there is no session that could be kept */
    return 0;
}

static int
judge_keys(const struct check_spec *s, struct err *e)
{
    const struct probe_pg_own *own = s->own;
    const char *other = own->role != PROBE_PG_ANY ? "role"
                        : own->query              ? "query"
                        : own->max_lag_ms > 0     ? "max-lag"
                        : own->schema             ? "schema"
                        : !s->each                ? "connection keep"
                                                  : NULL;
    if (own->ping && other)
        return err_set(e, ERR_USAGE, "'mode ping' cannot be combined with '%s'", other);
    return 0;
}

static void
own_done(void *own)
{
    free(((struct probe_pg_own *)own)->query);
    free(((struct probe_pg_own *)own)->schema);
}

static int
target_parse(const char *url, const struct check_given *given, void **ret, struct err *e)
{
    struct target_pg *t = NULL;
    if ((url ? target_pg_parse(url, &t, e) : target_pg_load(given->database, NULL, &t, e)) < 0)
        return -1;
    *ret = t;
    return 0;
}

static void
target_free(void *t)
{
    target_pg_free(t);
}

static bool
target_is_local(const void *t)
{
    const struct target_pg_host *hosts = NULL;
    size_t n = target_pg_hosts(t, &hosts);
    for (size_t i = 0; i < n; i++)
        if (!target_is_loopback(hosts[i].hostaddr ? hosts[i].hostaddr : hosts[i].host))
            return false;
    return true;
}

static const char *
target_describe(const void *t)
{
    return target_pg_describe(t);
}

static bool
target_is_same(const void *a, const void *b)
{
    return target_pg_same(a, b);
}

static struct probe *
pg_new(const struct probe_context *x, const struct check_spec *spec, void *target, struct err *e);

const struct check_kind probe_pg_kind = {
    .title = "PostgreSQL",
    .text = "a login, then `SELECT 1` or a query of your own",
    .schemes = (const struct check_scheme[]){{"postgres", NULL, false},
                                             {"postgresql", NULL, true},
                                             {NULL, NULL, false}},
    .drivers = true,
    .keys =
        (const struct check_key[]){
            {"role", "any|primary|standby", "the role that the server must have (any)", key_role},
            {"query", "SQL",
             "query instead of SELECT 1; must return a row whose first column is neither NULL nor false",
             key_query},
            {"max-lag", "DURATION",
             "time by which a standby may lag behind; without a streaming receiver it lags (any)",
             key_max_lag},
            {"schema", "VERSION",
             "version that the migrations must have reached; for alembic a list of revisions, the "
             "wanted one last (any)",
             key_schema},
            {"mode", "query|ping",
             "ping: whether the login is accepted does not matter, and nothing is asked (query)",
             key_mode},
            {"on-full", "degraded|down",
             "state when no connection slot is free (53300) but the kept session answers (degraded)",
             checkline_on_full},
            {NULL, NULL, NULL, NULL}},
    .own_size = sizeof(struct probe_pg_own),
    .own_done = own_done,
    .judge = judge_keys,
    .target = &(const struct check_target){target_parse, target_free, target_is_local,
                                           target_describe, target_is_same},
    .found_name = "database",
    .not_found = "no variable names a PostgreSQL server (DATABASE_URL, DATABASE_HOST, PGHOST ...)",
    .probe_new = pg_new,
};

/* ---- the probe ---- */

struct probe_pg {
    struct probe_session session;
    struct target_pg *target;
    struct strbuf sql;             /* "" until the history is found, where one is asked for */
    const struct history *history; /* of the schema's migrations */
    bool shutdown_seen;            /* it ended with 57P01 or 57P02, and no login went well since */
};

static struct probe_pg *
pg_of(const struct session_lane *l)
{
    return (struct probe_pg *)l->s;
}

static const struct probe_pg_own *
own_of(const struct check_spec *spec)
{
    return spec->own;
}

static void
note_end(struct probe_pg *p, const struct err *e)
{
    if (strcmp(e->sqlstate, "57P01") == 0 || strcmp(e->sqlstate, "57P02") == 0)
        p->shutdown_seen = true;
}

/* ---- the end of a look ---- */

/* 57P03 says starting up and shutting down alike; the words are translated, so what came before
 * counts too. */
static enum reason
name_57p03(const struct probe_pg *p, const struct err *e)
{
    if (strcmp(e->sqlstate, "57P03") != 0)
        return REASON_NONE;
    if (strstr(e->msg, "starting up"))
        return REASON_STARTING_UP;
    return p->shutdown_seen || strstr(e->msg, "shutting down") ? REASON_SHUTTING_DOWN
                                                               : REASON_STARTING_UP;
}

static void
finish_err(struct session_lane *l, const struct err *e)
{
    struct probe_result r = {0};
    probe_result_from(&r, e, l->deadline_ms);
    enum reason named = name_57p03(pg_of(l), e);
    if (named != REASON_NONE)
        r.reason = named;
    else if (r.reason == REASON_REFUSED)
        pg_of(l)->shutdown_seen = false; /* it is down now: what says 57P03 next is starting */
    probe_session_finish(l, &r);
}

static void
finish_reason(struct session_lane *l, enum reason reason, const char *cause)
{
    struct probe_result r = {.reason = reason};
    snprintf(r.cause, sizeof(r.cause), "%s", cause);
    probe_session_finish(l, &r);
}

/* ---- asking ---- */

static void on_rows(struct pgconn *c, const struct err *e, struct pgrows *rows, void *arg);
static void on_found(struct pgconn *c, const struct err *e, struct pgrows *rows, void *arg);

/* The session's end, as a server or a pooler says it: not yet a failure. */
static bool
is_end_of_session(const struct err *e)
{
    if (e->code == ERR_CLOSED)
        return true;
    return strncmp(e->sqlstate, "57P0", 4) == 0 || strncmp(e->sqlstate, "08", 2) == 0;
}

static int
query_start(struct session_lane *l, struct err *e)
{
    struct probe_pg *p = pg_of(l);
    if (own_of(l->s->spec)->schema && !p->history) {
        cleanup_strbuf struct strbuf find = STRBUF_INIT;
        history_find_sql(&find);
        return find.failed ? err_nomem(e)
                           : pgconn_query_start(l->conn, find.data, find.len, l->deadline_ms,
                                                on_found, l, e);
    }
    if (p->sql.failed) /* half of it would pass */
        return err_nomem(e);
    return pgconn_query_start(l->conn, p->sql.data, p->sql.len, l->deadline_ms, on_rows, l, e);
}

static const char *
first_value(const struct pgrows *rows)
{
    return rows && pgrows_count(rows) > 0 && pgrows_columns(rows) > 0 ? pgrows_value(rows, 0, 0)
                                                                      : NULL;
}

/* Each judges the result that it asked for. False: the look has ended. */

static bool
judge_role(struct session_lane *l, const char *value)
{
    bool standby = value && value[0] == 't';
    if (value && standby == (own_of(l->s->spec)->role == PROBE_PG_STANDBY))
        return true;
    finish_reason(l, REASON_WRONG_ROLE,
                  standby ? "the server is a standby" : "the server is a primary");
    return false;
}

/* value: milliseconds; NULL: not known. */
static bool
judge_lag(struct session_lane *l, const char *value)
{
    char cause[PROBE_CAUSE_MAX] = "the standby is not receiving, or has not replayed any commit";
    char lag[CLOCK_DURATION_MAX];
    if (value) {
        uint64_t ms = value[0] == '-' ? 0 : strtoull(value, NULL, 10); /* clocks differ */
        if (ms <= own_of(l->s->spec)->max_lag_ms)
            return true;
        snprintf(cause, sizeof(cause), "the standby is %s behind", clock_format_duration(lag, ms));
    }
    finish_reason(l, REASON_LAGGING, cause);
    return false;
}

static bool
judge_query(struct session_lane *l, const char *value)
{
    bool good = value && (!own_of(l->s->spec)->query || strcmp(value, "f") != 0);
    if (!good)
        finish_reason(l, REASON_UNEXPECTED,
                      !value ? "the query returned no row" : "the query returned false");
    return good;
}

static bool
is_true(const struct pgrows *rows, int column)
{
    const char *value = rows && pgrows_count(rows) > 0 ? pgrows_value(rows, 0, column) : NULL;
    return value && value[0] == 't';
}

/* The row of the schema: reached, known, dirty, any. */
static bool
judge_schema(struct session_lane *l, const struct pgrows *rows)
{
    struct probe_result r = {.reason = REASON_SCHEMA_BEHIND};
    const char *cause = "the migrations have not reached the wanted version";
    if (is_true(rows, 2)) {
        cause = "a migration was begun and has not ended";
    } else if (is_true(rows, 0)) {
        return true;
    } else if (!is_true(rows, 3)) {
        cause = "no migration has been applied";
    } else if (!is_true(rows, 1)) {
        cause = "the database is at a revision that the check does not list, hence ahead";
        r.reason = REASON_UNEXPECTED;
        r.degraded = true;
    }
    snprintf(r.cause, sizeof(r.cause), "%s", cause);
    probe_session_finish(l, &r);
    return false;
}

/* In the order in which probe_pg_sql() asks. */
static void
judge(struct session_lane *l, const struct pgrows *rows)
{
    const struct probe_pg_own *own = own_of(l->s->spec);
    if (own->role != PROBE_PG_ANY) {
        if (!judge_role(l, first_value(rows)))
            return;
        rows = pgrows_next(rows);
    }
    if (own->max_lag_ms > 0) {
        if (!judge_lag(l, first_value(rows)))
            return;
        rows = pgrows_next(rows);
    }
    const struct pgrows *schema = own->schema ? rows : NULL;
    if (own->schema)
        rows = pgrows_next(rows);
    if (probe_pg_asks_query(own) && !judge_query(l, first_value(rows)))
        return;
    if (!own->schema || judge_schema(l, schema)) /* behind all that can be a failure */
        finish_reason(l, REASON_NONE, "");
}

static void
query_failed(struct session_lane *l, const struct err *e)
{
    struct probe_pg *p = pg_of(l);
    bool ended = l->kept && is_end_of_session(e);
    if (ended)
        note_end(p, e);
    if (strncmp(e->sqlstate, "42", 2) == 0)
        p->history = NULL; /* it may have another form by now, or be gone: looked for anew */
    if (!ended || !probe_session_again(l))
        finish_err(l, e);
}

static void
on_rows(struct pgconn *c, const struct err *e, struct pgrows *rows, void *arg)
{
    (void)c;
    struct session_lane *l = arg;
    if (!e)
        judge(l, rows);
    pgrows_free(rows);
    if (e)
        query_failed(l, e);
}

/* ---- where migrations are recorded ---- */

/* Takes the first that is a history. */
static void
take_history(struct probe_pg *p, const struct pgrows *rows)
{
    for (int i = 0; !p->history && pgrows_columns(rows) == 3 && i < pgrows_count(rows); i++) {
        const char *quoted = pgrows_value(rows, i, 0);
        const char *name = pgrows_value(rows, i, 1);
        const char *columns = pgrows_value(rows, i, 2);
        if (!quoted || !name || !columns)
            continue;
        p->history = history_find(name, columns);
        if (p->history)
            probe_pg_sql(&p->sql, own_of(p->session.spec), p->history, quoted);
    }
}

static void
on_found(struct pgconn *c, const struct err *e, struct pgrows *rows, void *arg)
{
    (void)c;
    struct session_lane *l = arg;
    struct probe_pg *p = pg_of(l);
    struct err own;
    if (!e && rows)
        take_history(p, rows);
    pgrows_free(rows);
    if (e)
        query_failed(l, e);
    else if (!p->history)
        finish_reason(l, REASON_SCHEMA_BEHIND, "there is no history of migrations");
    else if (query_start(l, &own) < 0)
        finish_err(l, &own);
}

/* ---- sessions ---- */

/* It listens, and says so by asking for a password or by turning this login away: PostgreSQL's manual, PQping. */
static bool
is_alive(const struct err *e)
{
    static const char *const states[] = {"28", "3D000", "42501", "53300"};
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
        if (strncmp(e->sqlstate, states[i], strlen(states[i])) == 0)
            return true;
    return e->code == ERR_AUTH && e->sqlstate[0] == '\0'; /* no password was given */
}

static void
on_connected(struct pgconn *c, const struct err *e, void *arg)
{
    (void)c;
    struct session_lane *l = arg;
    struct err own;
    if (own_of(l->s->spec)->ping && (!e || is_alive(e))) {
        finish_reason(l, REASON_NONE, "");
        return;
    }
    if (e) {
        finish_err(l, e);
        return;
    }
    pg_of(l)->shutdown_seen = false;
    if (query_start(l, &own) < 0)
        finish_err(l, &own);
}

static void *
conn_new(struct probe_session *s, struct err *e)
{
    struct probe_pg *p = (struct probe_pg *)s;
    return pgconn_new(s->x.loop, s->x.resolver, p->target, "healthd", e);
}

static void
conn_free(void *conn)
{
    pgconn_free(conn);
}

static bool
usable(const void *conn)
{
    return pgconn_connected(conn) && pgconn_tx_state(conn) == PGCONN_TX_IDLE;
}

static int
connect_start(struct session_lane *l, struct err *e)
{
    return pgconn_connect_start(l->conn, l->deadline_ms, on_connected, l, e);
}

static void
on_session_lost(struct pgconn *c, const struct err *e, void *arg)
{
    (void)c;
    if (e)
        note_end(arg, e);
    probe_session_lost(arg);
}

static int
watch(struct probe_session *s, void *conn)
{
    return pgconn_watch_start(conn, on_session_lost, s, NULL);
}

static void
unwatch(void *conn)
{
    (void)conn; /* the query takes its place */
}

static void
pg_free(struct probe_session *s)
{
    struct probe_pg *p = (struct probe_pg *)s;
    target_pg_free(p->target);
    strbuf_done(&p->sql);
    free(p);
}

static const struct session_steps steps = {
    .conn_new = conn_new,
    .conn_free = conn_free,
    .usable = usable,
    .connect = connect_start,
    .ask = query_start,
    .watch = watch,
    .unwatch = unwatch,
    .free = pg_free,
};

static struct probe *
pg_new(const struct probe_context *x, const struct check_spec *spec, void *target, struct err *e)
{
    struct probe_pg *p = calloc(1, sizeof(*p));
    if (!p) {
        err_nomem(e);
        return NULL;
    }
    if (pgconn_supports(target, e) < 0) {
        free(p);
        return NULL;
    }
    probe_session_init(&p->session, &steps, x, spec);
    p->target = target;
    if (!own_of(spec)->schema)
        probe_pg_sql(&p->sql, own_of(spec), NULL, NULL);
    return &p->session.base;
}
