/* ledger.c: the history table on the server. */
#include "migrate/db/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "migrate/db/session.h"
#include "migrate/sql/quote.h"

/* Columns of what a layout reads. */
enum {
    COL_VERSION,
    COL_NAME,
    COL_PHASE,
    COL_SUM,
    COL_LOOSE,
    COL_AT,
    COL_BY,
    COL_DURATION,
    COL_RELEASE,
    COL_BEGUN,
    COL_COVERS,
    COL_REPEATABLE
};

/* Lower-case hex, as the server writes it: 'a' is 0x61. */
static unsigned
nibble(char c)
{
    return ((unsigned)c & 15u) + ((unsigned)c >> 6) * 9u;
}

/* A digest of another length differs from that of every file. */
static void
take_digest(const char *hex, uint8_t *ret, size_t bytes)
{
    memset(ret, 0, bytes);
    if (hex && hex[0] == '\\' && hex[1] == 'x')
        hex += 2;
    if (!hex || strlen(hex) != 2 * bytes)
        return;
    for (size_t i = 0; i < bytes; i++)
        ret[i] = (uint8_t)(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]));
}

static char *
copy(const struct pgrows *rows, int row, int column)
{
    const char *value = pgrows_value(rows, row, column);
    return strdup(value ? value : "");
}

static bool
is_true(const struct pgrows *rows, int row, int column)
{
    const char *value = pgrows_value(rows, row, column);
    return value && *value == 't';
}

static int
take_row(const struct layout *layout, const struct pgrows *rows, int i, struct ledger_row *ret)
{
    const char *duration = pgrows_value(rows, i, COL_DURATION);
    const char *phase = pgrows_value(rows, i, COL_PHASE);
    *ret = (struct ledger_row){
        .id.version = copy(rows, i, COL_VERSION),
        .id.name = copy(rows, i, COL_NAME),
        .id.phase = phase && strcmp(phase, "contract") == 0 ? MIGRATION_CONTRACT : MIGRATION_EXPAND,
        .applied_at = ledger_time(pgrows_value(rows, i, COL_AT)),
        .applied_by = copy(rows, i, COL_BY),
        .duration_ms = duration ? strtoll(duration, NULL, 10) : 0,
        .id.repeatable = is_true(rows, i, COL_REPEATABLE),
        .begun = is_true(rows, i, COL_BEGUN),
        .covers = is_true(rows, i, COL_COVERS),
        .has_sum = pgrows_value(rows, i, COL_SUM) != NULL,
    };
    take_digest(pgrows_value(rows, i, COL_SUM), ret->sum, layout->sum_bytes);
    take_digest(pgrows_value(rows, i, COL_LOOSE), ret->loose_sha256, DIGEST_BYTES);
    bool fine = ret->id.version && ret->id.name && ret->applied_at && ret->applied_by;
    if (pgrows_value(rows, i, COL_RELEASE)) {
        ret->release = copy(rows, i, COL_RELEASE);
        fine = fine && ret->release;
    }
    return fine ? 0 : -1;
}

static int
by_version(const void *a, const void *b)
{
    return migration_compare(((const struct ledger_row *)a)->id.version,
                             ((const struct ledger_row *)b)->id.version);
}

static int
take_rows(const struct pgrows *rows, struct ledger *l, struct err *e)
{
    size_t n = (size_t)pgrows_count(rows);
    l->rows = calloc(n + 1, sizeof(*l->rows));
    if (!l->rows)
        return err_nomem(e);
    for (size_t i = 0; i < n; i++) {
        l->n++;
        if (take_row(l->layout, rows, (int)i, &l->rows[i]) != 0)
            return err_nomem(e);
    }
    size_t sorted = 1; /* as they mostly lie in the table */
    while (sorted < l->n && by_version(&l->rows[sorted - 1], &l->rows[sorted]) <= 0)
        sorted++;
    if (sorted < l->n)
        qsort(l->rows, l->n, sizeof(*l->rows), by_version);
    return 0;
}

/* One statement that reads, and its rows; *ret is owned, *ret_answer part of it. */
static int
ask(const struct ledger *l, struct session *s, const struct strbuf *sql, struct pgrows **ret,
    const struct pgrows **ret_answer, struct err *e)
{
    cleanup_strbuf struct strbuf all = STRBUF_INIT;
    ledger_sql_in_full(&l->table, &all);
    strbuf_add(&all, strbuf_str(sql), sql->len);
    all.failed = all.failed || sql->failed;
    int result = session_sql(s, &all, ret, e);
    *ret_answer = result == 0 ? pgrows_next(*ret) : NULL;
    return result;
}

/* It goes with the other, so that who has no such table pays nothing. */
static int
add_steps_question(const struct ledger *l, struct strbuf *sql, struct err *e)
{
    cleanup_strbuf struct strbuf name = STRBUF_INIT;
    cleanup_strbuf struct strbuf quoted = STRBUF_INIT;
    if (ledger_sql_beside(l->table.table, "_step", &name, e) != 0)
        return -1;
    quote_ident(&quoted, l->table.schema);
    strbuf_addc(&quoted, '.');
    quote_ident(&quoted, strbuf_str(&name));
    strbuf_adds(sql, "; SELECT pg_catalog.to_regclass(");
    quote_literal(sql, strbuf_str(&quoted));
    strbuf_adds(sql, ") IS NOT NULL");
    sql->failed |= name.failed || quoted.failed;
    return 0;
}

static int
read_exists(struct ledger *l, struct session *s, bool *ret, struct err *e)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    struct pgrows *rows = NULL;
    const struct pgrows *answer;
    ledger_sql_columns(&l->table, &sql);
    if (add_steps_question(l, &sql, e) != 0)
        return -1;
    int result = ask(l, s, &sql, &rows, &answer, e);
    l->steps = result == 0 && session_is(pgrows_next(answer), 0, "t");
    if (result != 0)
        err_wrap(e, "cannot look up the history table %s", l->table.quoted);
    else if (pgrows_count(answer) != 1)
        result = err_set(e, ERR_PROTOCOL, "the server did not report whether %s exists",
                         l->table.quoted);
    else
        result = layouts_check_columns(l->layout, l->table.quoted,
                                       &(struct layout_columns){pgrows_value(answer, 0, 0),
                                                                pgrows_value(answer, 0, 1),
                                                                pgrows_value(answer, 0, 2)},
                                       ret, e);
    pgrows_free(rows);
    return result;
}

int
ledger_is_there(const struct ledger_table *t, struct session *s, bool *ret, struct err *e)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    struct pgrows *rows = NULL;
    ledger_sql_there(t, &sql);
    int result = session_sql(s, &sql, &rows, e);
    *ret = result == 0 && session_is(pgrows_next(rows), 0, "t");
    pgrows_free(rows);
    return result;
}

/* The types that a layout's first column may have. */
static const char *
type_name(unsigned oid)
{
    static const struct {
        unsigned oid;
        const char *name;
    } types[] = {{20, "bigint"}, {23, "integer"}, {25, "text"}, {1043, "character varying"}};
    for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
        if (types[i].oid == oid)
            return types[i].name;
    return "another";
}

/* The columns that came without rows are the layout's, and no others. */
static bool
is_form(const struct ledger *l, const struct pgrows *form)
{
    cleanup_strbuf struct strbuf names = STRBUF_INIT;
    for (int i = 0; i < pgrows_columns(form); i++)
        strbuf_addf(&names, "%s%s", i ? "," : "", pgrows_name(form, i));
    const struct layout_columns columns = {.names = strbuf_str(&names),
                                           .first_type = type_name(pgrows_type(form, 0))};
    return !names.failed && layouts_is_exactly(l->layout, &columns);
}

/*
 * A table that is there: its columns and its rows, in one message. *ret false: it has not the form that is expected, or cannot be
 * read as if it had; the catalog knows more.
 */
static int
read_rows(struct ledger *l, struct session *s, bool *ret, struct err *e)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    struct pgrows *rows = NULL;
    ledger_sql_read(l, &sql);
    if (add_steps_question(l, &sql, e) != 0)
        return -1;
    int result = session_sql(s, &sql, &rows, e);
    *ret = result == 0 && is_form(l, pgrows_next(rows));
    if (*ret) {
        const struct pgrows *answer = pgrows_next(pgrows_next(rows));
        l->steps = session_is(pgrows_next(answer), 0, "t");
        result = take_rows(answer, l, e);
    }
    pgrows_free(rows);
    return result != 0 && e->code == ERR_SERVER ? 0 : result;
}

/* By the catalog, which says why where the table cannot be the history. */
static int
read_checked(struct ledger *l, struct session *s, struct err *e)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    struct pgrows *rows = NULL;
    if (read_exists(l, s, &l->exists, e) != 0)
        return -1;
    if (!l->exists)
        return 0;
    ledger_sql_read(l, &sql);
    int result = session_sql(s, &sql, &rows, e);
    if (result == 0)
        result = take_rows(pgrows_next(pgrows_next(rows)), l, e);
    pgrows_free(rows);
    return result == 0 ? 0 : err_wrap(e, "cannot read %s", l->table.quoted);
}

int
ledger_read(struct ledger *l, struct session *s, struct err *e)
{
    bool there = l->there;
    bool asked = l->asked;
    l->asked = false;
    ledger_forget(l);
    if (!asked && ledger_is_there(&l->table, s, &there, e) != 0)
        return err_wrap(e, "cannot look for the history table %s", l->table.quoted);
    if (!there)
        return 0;
    int result = read_rows(l, s, &l->exists, e);
    if (result != 0)
        err_wrap(e, "cannot read %s", l->table.quoted);
    else if (!l->exists)
        result = read_checked(l, s, e);
    if (result != 0)
        ledger_forget(l);
    return result;
}

/* What sql_read gives, in the order of layout.h. */
static const char read_as[] =
    "h (version, name, phase, digest, loose, applied_at, applied_by, duration_ms, release, begun, covers, repeatable)";

static bool
is_number(const char *version)
{
    return version[0] && version[strspn(version, "0123456789")] == '\0';
}

void
ledger_sql_applied(const struct ledger *l, const struct migration *m, const uint8_t *sum,
                   struct strbuf *out)
{
    char hex[2 * LAYOUT_SUM_MAX + 1];
    const char *version = migration_stored(m->version, l->layout->even_numbers);
    strbuf_adds(out, "EXISTS (SELECT 1 FROM (");
    l->layout->sql_read(l->table.quoted, out);
    strbuf_addf(out, ") %s WHERE h.version OPERATOR(pg_catalog.=) ", read_as);
    quote_literal(out, version);
    if (m->repeatable && l->layout->sum_bytes)
        strbuf_addf(out, " AND coalesce(h.digest OPERATOR(pg_catalog.=) '%s', true)",
                    digest_hex(hex, sum, l->layout->sum_bytes));
    else if (is_number(version))
        strbuf_addf(out,
                    " OR CASE WHEN h.covers AND h.version OPERATOR(pg_catalog.~) '^[0-9]+$'"
                    " THEN h.version::pg_catalog.numeric OPERATOR(pg_catalog.>=)"
                    " %s::pg_catalog.numeric ELSE false END",
                    version);
    strbuf_addc(out, ')');
}

void
ledger_sql_absent(const struct ledger *l, const struct migration *m, const uint8_t *sum,
                  struct strbuf *out)
{
    strbuf_adds(out, "SELECT pg_catalog.sqrt((CASE WHEN ");
    ledger_sql_applied(l, m, sum, out);
    strbuf_adds(out, " THEN -1 ELSE 1 END)::pg_catalog.float8)");
}

bool
ledger_is_applied(const struct err *e)
{
    return strcmp(e->sqlstate, "2201F") == 0; /* the square root of -1 */
}

int
ledger_has(const struct ledger *l, struct session *s, const struct migration *m, const uint8_t *sum,
           bool *ret, struct err *e)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    struct pgrows *rows = NULL;
    const struct pgrows *answer;
    strbuf_adds(&sql, "SELECT 1 WHERE ");
    ledger_sql_applied(l, m, sum, &sql);
    int result = ask(l, s, &sql, &rows, &answer, e);
    *ret = result == 0 && pgrows_count(answer) > 0;
    pgrows_free(rows);
    return result == 0 ? 0 : err_wrap(e, "cannot read %s", l->table.quoted);
}

static int
any_known(const struct ledger *l, struct session *s, bool *ret, struct err *e)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    struct pgrows *rows = NULL;
    const struct pgrows *answer;
    ledger_sql_any_known(&sql);
    int result = ask(l, s, &sql, &rows, &answer, e);
    *ret = result == 0 && pgrows_count(answer) > 0;
    pgrows_free(rows);
    return result;
}

int
ledger_search(const struct ledger *l, struct session *s, ledger_found_fn *each, void *arg,
              struct err *e)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    struct pgrows *rows = NULL;
    const struct pgrows *answer;
    bool any = false;
    if (any_known(l, s, &any, e) != 0)
        return err_wrap(e, "cannot look for history tables");
    if (!any)
        return 0;
    ledger_sql_known(&l->table, &sql);
    int result = ask(l, s, &sql, &rows, &answer, e);
    for (int i = 0; result == 0 && i < pgrows_count(answer); i++) {
        struct ledger_found found = {.schema = pgrows_value(answer, i, 0),
                                     .table = pgrows_value(answer, i, 1)};
        const struct layout_columns columns = {.names = pgrows_value(answer, i, 2),
                                               .first_type = pgrows_value(answer, i, 3)};
        if (!found.schema || !found.table || !columns.names)
            continue;
        found.layout = layouts_of_columns(&columns);
        found.foreign = foreign_of_table(found.table, columns.names);
        if (found.layout || found.foreign)
            each(&found, arg);
    }
    pgrows_free(rows);
    return result == 0 ? 0 : err_wrap(e, "cannot look for history tables");
}

bool
ledger_exists_already(const struct err *e)
{
    /* duplicate_table, duplicate_schema, duplicate_object (the table's row type), and the catalog's own unique
     * indexes when two create at the same moment */
    static const char *const states[] = {"42P07", "42P06", "42710", "23505"};
    for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++)
        if (strcmp(e->sqlstate, states[i]) == 0)
            return true;
    return false;
}

static int
create(const struct ledger *l, struct session *s, const struct strbuf *sql, struct err *e)
{
    cleanup_strbuf struct strbuf all = STRBUF_INIT;
    ledger_sql_as(&l->table, &all);
    strbuf_add(&all, strbuf_str(sql), sql->len);
    all.failed = all.failed || sql->failed;
    if (session_create(s, &all, e) == 0 || ledger_exists_already(e))
        return 0;
    const char *role = l->table.role;
    return err_wrap(e, "cannot create the history table %s%s%s", l->table.quoted,
                    role ? " as role " : "", role ? role : "");
}

int
ledger_create(const struct ledger *l, struct session *s, struct err *e)
{
    cleanup_strbuf struct strbuf sql = STRBUF_INIT;
    cleanup_strbuf struct strbuf schema = STRBUF_INIT;
    struct pgrows *rows = NULL;
    strbuf_adds(&sql,
                "SELECT 1 FROM pg_catalog.pg_namespace n WHERE n.nspname OPERATOR(pg_catalog.=) ");
    quote_literal(&sql, l->table.schema);
    if (session_sql(s, &sql, &rows, e) != 0) {
        pgrows_free(rows);
        return -1;
    }
    bool known = pgrows_count(rows) > 0;
    pgrows_free(rows);
    if (!known) {
        strbuf_adds(&schema, "CREATE SCHEMA ");
        quote_ident(&schema, l->table.schema);
        if (create(l, s, &schema, e) != 0)
            return -1;
    }
    strbuf_clear(&sql);
    l->layout->sql_create(&(struct layout_place){l->table.schema, l->table.table, l->table.quoted},
                          &sql);
    return create(l, s, &sql, e);
}

void
ledger_hint(const struct ledger_table *t, const struct err *e, struct strbuf *out)
{
    if (strcmp(e->sqlstate, "42501") != 0) /* insufficient_privilege: row security, too */
        return;
    strbuf_addf(
        out,
        "the history is created, read in full and written as %s%s; that role should own %s, and row security should be disabled (ALTER TABLE ... OWNER TO, DISABLE ROW LEVEL SECURITY)",
        t->role ? "the role of --role, " : "the role that logs in", t->role ? t->role : "",
        t->quoted);
}

/* Since PostgreSQL 15 nobody but its owner may create anything in public. */
void
ledger_create_hint(const struct ledger_table *t, const struct err *e, struct strbuf *out)
{
    if (strcmp(e->sqlstate, "42501") != 0)
        return;
    strbuf_addf(
        out,
        "%s%s needs the CREATE privilege on schema %s, or on the database if the schema does not exist yet; or use --table with a schema that the role owns",
        t->role ? "the role of --role, " : "the role that logs in", t->role ? t->role : "",
        t->schema);
}

void
ledger_sql_insert(const struct ledger *l, const struct layout_row *row, const char *proof,
                  struct strbuf *out)
{
    l->layout->sql_insert(l->table.quoted, row, proof, out);
}

bool
ledger_sql_took(const struct ledger *l, const struct layout_row *row, struct strbuf *out)
{
    if (l->layout->sql_took)
        l->layout->sql_took(l->table.quoted, row, out);
    return l->layout->sql_took != NULL;
}

void
ledger_sql_delete(const struct ledger *l, const struct migration *m, const struct migration *before,
                  struct strbuf *out)
{
    l->layout->sql_delete(l->table.quoted, m, before, out);
}

void
ledger_sql_accept(const struct ledger *l, const struct layout_row *row, const uint8_t *was_sum,
                  struct strbuf *out)
{
    l->layout->sql_accept(l->table.quoted, row, was_sum, out);
}

int
ledger_init(struct ledger *l, const struct layout *layout, const char *table, const char *role,
            struct err *e)
{
    *l = (struct ledger){.layout = layout};
    if (ledger_table_parse(table ? table : layout->table, &l->table, e) != 0)
        return -1;
    l->table.role = role;
    return 0;
}

void
ledger_forget(struct ledger *l)
{
    for (size_t i = 0; i < l->n; i++) {
        struct ledger_row *row = &l->rows[i];
        free(row->id.version);
        free(row->id.name);
        free(row->applied_at);
        free(row->applied_by);
        free(row->release);
    }
    free(l->rows);
    l->rows = NULL;
    l->n = 0;
    l->exists = false;
    l->steps = false;
}

void
ledger_done(struct ledger *l)
{
    ledger_forget(l);
    ledger_table_done(&l->table);
}
