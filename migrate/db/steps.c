/* steps.c: the table of steps on the server. */
#include "migrate/db/steps.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "migrate/db/session.h"
#include "migrate/sql/quote.h"

int
steps_init(struct steps *s, const struct ledger *l, struct err *e)
{
    cleanup_strbuf struct strbuf name = STRBUF_INIT;
    cleanup_strbuf struct strbuf quoted = STRBUF_INIT;
    *s = (struct steps){.table.role = l->table.role};
    if (steps_sql_name(l->table.table, &name, e) != 0)
        return -1;
    quote_ident(&quoted, l->table.schema);
    strbuf_addc(&quoted, '.');
    quote_ident(&quoted, strbuf_str(&name));
    s->table.schema = strdup(l->table.schema);
    s->table.table = strbuf_steal(&name);
    s->table.quoted = strbuf_steal(&quoted);
    if (s->table.schema && s->table.table && s->table.quoted)
        return 0;
    steps_done(s);
    return err_nomem(e);
}

static void
forget(struct steps *s)
{
    for (size_t i = 0; i < s->n; i++)
        free(s->rows[i].indexes);
    free(s->rows);
    s->rows = NULL;
    s->n = 0;
}

void
steps_done(struct steps *s)
{
    forget(s);
    ledger_table_done(&s->table);
}

/* ---- the table ---- */

/* columns: of the table that is there. */
static int
check_form(const struct steps *s, const char *columns, struct err *e)
{
    if (strcmp(columns, "version,n,sha256,pid,backend_start,state,indexes") == 0)
        return 0;
    return err_set(
        e, ERR_INPUT,
        "%s is not a step table of migrate; its columns are %.200s; rename it, or name another history table with --table",
        s->table.quoted, columns);
}

static int
find(const struct steps *s, struct session *session, bool *ret, struct err *e)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    struct pgrows *rows = NULL;
    if (ledger_is_there(&s->table, session, ret, e) != 0)
        return err_wrap(e, "cannot look for the table of steps %s", s->table.quoted);
    if (!*ret)
        return 0;
    ledger_sql_in_full(&s->table, &sql);
    ledger_sql_columns(&s->table, &sql);
    int result = session_sql(session, &sql, &rows, e);
    const struct pgrows *answer = result == 0 ? pgrows_next(rows) : NULL;
    const char *columns = pgrows_count(answer) == 1 ? pgrows_value(answer, 0, 0) : NULL;
    *ret = columns != NULL;
    if (result == 0 && columns)
        result = check_form(s, columns, e);
    pgrows_free(rows);
    return result == 0 ? 0 : err_wrap(e, "cannot look up the step table %s", s->table.quoted);
}

int
steps_create(const struct steps *s, struct session *session, struct err *e)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    bool exists;
    if (find(s, session, &exists, e) != 0)
        return -1;
    if (exists)
        return 0;
    ledger_sql_as(&s->table, &sql);
    strbuf_addf(
        &sql,
        "CREATE TABLE IF NOT EXISTS %s (version pg_catalog.text NOT NULL, n pg_catalog.int4 NOT NULL,"
        " sha256 pg_catalog.bytea NOT NULL, pid pg_catalog.int4, backend_start pg_catalog.timestamptz,"
        " state pg_catalog.text NOT NULL, indexes pg_catalog.oid[], PRIMARY KEY (version, n))",
        s->table.quoted);
    if (session_create(session, &sql, e) == 0 || ledger_exists_already(e))
        return 0;
    return err_wrap(e, "cannot create the step table %s", s->table.quoted);
}

/* ---- its rows ---- */

enum { COL_N, COL_STATE, COL_SHA256, COL_PID, COL_SINCE, COL_INDEXES };

static enum step_state
take_state(const char *text)
{
    if (text && strcmp(text, step_state_text(STEP_DONE)) == 0)
        return STEP_DONE;
    return text && strcmp(text, step_state_text(STEP_REFUSED)) == 0 ? STEP_REFUSED : STEP_INTENT;
}

static int
take_row(const struct pgrows *rows, int i, struct step *ret, struct err *e)
{
    const char *hex = pgrows_value(rows, i, COL_SHA256);
    const char *pid = pgrows_value(rows, i, COL_PID);
    const char *since = pgrows_value(rows, i, COL_SINCE);
    const char *n = pgrows_value(rows, i, COL_N);
    const char *indexes = pgrows_value(rows, i, COL_INDEXES);
    *ret = (struct step){.n = n ? strtoul(n, NULL, 10) : 0,
                         .state = take_state(pgrows_value(rows, i, COL_STATE)),
                         .pid = pid ? atoi(pid) : 0,
                         .since_us = since ? strtoll(since, NULL, 10) : 0,
                         .indexes = strdup(indexes ? indexes : "{}")};
    if (hex && strlen(hex) + 1 == DIGEST_HEX_MAX)
        memcpy(ret->sha256, hex, DIGEST_HEX_MAX);
    return ret->indexes ? 0 : err_nomem(e);
}

static int
take_rows(const struct pgrows *rows, struct steps *s, struct err *e)
{
    int n = pgrows_count(rows);
    s->rows = calloc((size_t)n + 1, sizeof(*s->rows));
    if (!s->rows)
        return err_nomem(e);
    for (int i = 0; i < n; i++) {
        s->n++;
        if (take_row(rows, i, &s->rows[i], e) != 0)
            return -1;
    }
    return 0;
}

int
steps_read(struct steps *s, struct session *session, const char *version, struct err *e)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    struct pgrows *rows = NULL;
    forget(s);
    ledger_sql_in_full(&s->table, &sql);
    strbuf_addf(
        &sql,
        "SELECT n, state, pg_catalog.encode(sha256, 'hex'), pid, (pg_catalog.date_part('epoch', backend_start)"
        " OPERATOR(pg_catalog.*) 1000000)::pg_catalog.int8, indexes FROM %s WHERE version OPERATOR(pg_catalog.=) ",
        s->table.quoted);
    quote_literal(&sql, version);
    strbuf_adds(&sql, " ORDER BY n");
    int result = session_sql(session, &sql, &rows, e);
    if (result == 0)
        result = take_rows(pgrows_next(rows), s, e);
    pgrows_free(rows);
    return result == 0 ? 0 : err_wrap(e, "cannot read %s", s->table.quoted);
}

const struct step *
steps_find(const struct steps *s, size_t n)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->rows[i].n == n)
            return &s->rows[i];
    return NULL;
}

/* ---- what is half done ---- */

void
steps_begun_free(struct steps_begun *begun, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(begun[i].version);
    free(begun);
}

static int
take_begun(const struct pgrows *rows, struct steps_begun **ret, size_t *ret_n, struct err *e)
{
    size_t n = (size_t)pgrows_count(rows);
    struct steps_begun *all = calloc(n + 1, sizeof(*all));
    if (!all)
        return err_nomem(e);
    for (size_t i = 0; i < n; i++) {
        const char *version = pgrows_value(rows, (int)i, 0);
        const char *done = pgrows_value(rows, (int)i, 1);
        const char *open = pgrows_value(rows, (int)i, 2);
        all[i] = (struct steps_begun){.version = strdup(version ? version : ""),
                                      .done = done ? strtoul(done, NULL, 10) : 0,
                                      .open = open ? strtoul(open, NULL, 10) : 0};
        if (!all[i].version) {
            steps_begun_free(all, i);
            return err_nomem(e);
        }
    }
    *ret = all;
    *ret_n = n;
    return 0;
}

int
steps_find_begun(const struct steps *s, struct session *session, struct steps_begun **ret,
                 size_t *ret_n, struct err *e)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    struct pgrows *rows = NULL;
    bool exists;
    *ret = NULL;
    *ret_n = 0;
    if (find(s, session, &exists, e) != 0)
        return -1;
    if (!exists)
        return 0;
    ledger_sql_in_full(&s->table, &sql);
    strbuf_addf(
        &sql,
        "SELECT version, pg_catalog.count(*) FILTER (WHERE state OPERATOR(pg_catalog.=) 'done'),"
        " pg_catalog.max(n) FILTER (WHERE state OPERATOR(pg_catalog.<>) 'done') FROM %s GROUP BY version",
        s->table.quoted);
    int result = session_sql(session, &sql, &rows, e);
    if (result == 0)
        result = take_begun(pgrows_next(rows), ret, ret_n, e);
    pgrows_free(rows);
    return result == 0 ? 0 : err_wrap(e, "cannot read %s", s->table.quoted);
}
