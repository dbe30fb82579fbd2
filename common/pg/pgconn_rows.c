/* pgconn_rows.c: results and diagnoses, copied out of libpq's hands. */
#include <stdlib.h>
#include <string.h>

#include "common/pg/pgconn_impl.h"

struct pgrows {
    struct pgrows *next;
    PGresult *res;
};

int
pgconn_rows_add(struct pgconn *c, PGresult *res)
{
    struct pgrows *r = calloc(1, sizeof(*r));
    if (!r) {
        PQclear(res);
        return -1;
    }
    r->res = res;
    *c->rows_tail = r;
    c->rows_tail = &r->next;
    return 0;
}

struct pgrows *
pgconn_rows_take(struct pgconn *c)
{
    struct pgrows *r = c->rows;
    c->rows = NULL;
    c->rows_tail = &c->rows;
    return r;
}

size_t
pgconn_statements_done(const struct pgconn *c)
{
    return pgrows_count_statements(c->rows);
}

void
pgrows_free(struct pgrows *r)
{
    while (r) {
        struct pgrows *next = r->next;
        PQclear(r->res);
        free(r);
        r = next;
    }
}

const struct pgrows *
pgrows_next(const struct pgrows *r)
{
    return r ? r->next : NULL;
}

size_t
pgrows_count_statements(const struct pgrows *r)
{
    size_t n = 0;
    for (; r; r = r->next)
        n++;
    return n;
}

int
pgrows_count(const struct pgrows *r)
{
    return r ? PQntuples(r->res) : 0;
}

int
pgrows_columns(const struct pgrows *r)
{
    return r ? PQnfields(r->res) : 0;
}

const char *
pgrows_name(const struct pgrows *r, int column)
{
    return r ? PQfname(r->res, column) : NULL;
}

unsigned
pgrows_type(const struct pgrows *r, int column)
{
    return r ? PQftype(r->res, column) : 0;
}

const char *
pgrows_value(const struct pgrows *r, int row, int column)
{
    if (row >= PQntuples(r->res) || column >= PQnfields(r->res) || PQgetisnull(r->res, row, column))
        return NULL;
    return PQgetvalue(r->res, row, column);
}

const char *
pgrows_tag(const struct pgrows *r)
{
    const char *tag = r ? PQcmdStatus(r->res) : NULL;
    return tag ? tag : "";
}

/* What an absent field points to, so that readers never meet NULL. */
static char *
nothing(void)
{
    static const char empty[1] = "";
    return (char *)(uintptr_t)empty;
}

static char *
field(const PGresult *res, int code)
{
    const char *value = PQresultErrorField(res, code);
    char *copy = value ? strdup(value) : NULL;
    return copy ? copy : nothing();
}

static void
field_free(char *f)
{
    if (f != nothing())
        free(f);
}

static unsigned long
number(const PGresult *res, int code)
{
    const char *value = PQresultErrorField(res, code);
    return value ? strtoul(value, NULL, 10) : 0;
}

static void
copy_short(char *to, size_t size, const char *from)
{
    size_t n = from ? strnlen(from, size - 1) : 0;
    memcpy(to, from ? from : "", n);
    to[n] = '\0';
}

void
pgdiag_done(struct pgdiag *d)
{
    field_free(d->message);
    field_free(d->detail);
    field_free(d->hint);
    field_free(d->context);
    field_free(d->internal_query);
    field_free(d->column);
    field_free(d->source_function);
    *d = (struct pgdiag){.message = nothing(),
                         .detail = nothing(),
                         .hint = nothing(),
                         .context = nothing(),
                         .internal_query = nothing(),
                         .column = nothing(),
                         .source_function = nothing()};
}

void
pgdiag_fill(struct pgdiag *d, const PGresult *res)
{
    pgdiag_done(d);
    copy_short(d->severity, sizeof(d->severity),
               PQresultErrorField(res, PG_DIAG_SEVERITY_NONLOCALIZED));
    copy_short(d->sqlstate, sizeof(d->sqlstate), PQresultErrorField(res, PG_DIAG_SQLSTATE));
    d->message = field(res, PG_DIAG_MESSAGE_PRIMARY);
    d->detail = field(res, PG_DIAG_MESSAGE_DETAIL);
    d->hint = field(res, PG_DIAG_MESSAGE_HINT);
    d->context = field(res, PG_DIAG_CONTEXT);
    d->internal_query = field(res, PG_DIAG_INTERNAL_QUERY);
    d->column = field(res, PG_DIAG_COLUMN_NAME);
    d->source_function = field(res, PG_DIAG_SOURCE_FUNCTION);
    d->position = number(res, PG_DIAG_STATEMENT_POSITION);
    d->internal_position = number(res, PG_DIAG_INTERNAL_POSITION);
}
