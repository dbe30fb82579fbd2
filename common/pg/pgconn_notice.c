/*
 * pgconn_notice.c: words from the server beside the results.
 *
 * libpq parses what has arrived up to the end of a statement, and on as long as there are notices: these are of the next
 * statement, and come before the result that stands before them can be taken. They are kept until it was.
 */
#include <stdlib.h>
#include <string.h>

#include "common/pg/pgconn_impl.h"

struct pgconn_heard {
    struct pgconn_heard *next;
    char severity[12];
    char sqlstate[6];
    unsigned long position;
    char message[];
};

void
pgconn_set_notice_cb(struct pgconn *c, pgconn_notice_cb *cb, void *arg)
{
    c->notice_cb = cb;
    c->notice_arg = arg;
}

static void
tell(struct pgconn *c, const struct pgnotice *n)
{
    if (c->notice_cb && !c->dead)
        c->notice_cb(c, n, c->notice_arg);
}

/* False: there is no memory for it. */
static bool
keep(struct pgconn *c, const struct pgnotice *n)
{
    size_t bytes = strlen(n->message) + 1;
    struct pgconn_heard *h = calloc(1, sizeof(*h) + bytes);
    if (!h)
        return false;
    strncpy(h->severity, n->severity, sizeof(h->severity) - 1);
    strncpy(h->sqlstate, n->sqlstate, sizeof(h->sqlstate) - 1);
    h->position = n->position;
    memcpy(h->message, n->message, bytes);
    *c->heard_tail = h;
    c->heard_tail = &h->next;
    return true;
}

static struct pgconn_heard *
take(struct pgconn *c)
{
    struct pgconn_heard *h = c->heard;
    c->heard = NULL;
    c->heard_tail = &c->heard;
    return h;
}

void
pgconn_tell_heard(struct pgconn *c)
{
    struct pgconn_heard *next;
    for (struct pgconn_heard *h = take(c); h; h = next) {
        const struct pgnotice n = {h->severity, h->sqlstate, h->message, h->position};
        next = h->next;
        tell(c, &n);
        free(h);
    }
}

void
pgconn_drop_heard(struct pgconn *c)
{
    struct pgconn_heard *next;
    for (struct pgconn_heard *h = take(c); h; h = next) {
        next = h->next;
        free(h);
    }
}

/*
 * PQsetSingleRowMode(), in that mode, changes nothing, and succeeds exactly while libpq has no part of a result (PostgreSQL's
 * manual: "before any other operation"; fe-exec.c, canChangeResultMode).
 */
static bool
result_stands_before(struct pgconn *c)
{
    return c->runs && !PQsetSingleRowMode(c->pg);
}

static const char *
field(const PGresult *res, int code)
{
    const char *s = PQresultErrorField(res, code);
    return s ? s : "";
}

static void
on_notice(void *arg, const PGresult *res)
{
    struct pgconn *c = arg;
    const struct pgnotice n = {
        .severity = field(res, PG_DIAG_SEVERITY_NONLOCALIZED),
        .sqlstate = field(res, PG_DIAG_SQLSTATE),
        .message = field(res, PG_DIAG_MESSAGE_PRIMARY),
        .position = strtoul(field(res, PG_DIAG_STATEMENT_POSITION), NULL, 10),
    };
    /* An immediate shutdown says 57P02 as a WARNING; FATAL on an idle session comes as a notice. */
    if (strcmp(n.severity, "FATAL") == 0 || strcmp(n.severity, "PANIC") == 0 ||
        strncmp(n.sqlstate, "57P0", 4) == 0) {
        strncpy(c->fatal_sqlstate, n.sqlstate, sizeof(c->fatal_sqlstate) - 1);
        strncpy(c->fatal_message, n.message, sizeof(c->fatal_message) - 1);
    }
    if (!result_stands_before(c) || !keep(c, &n))
        tell(c, &n);
}

void
pgconn_hear(struct pgconn *c)
{
    PQsetNoticeReceiver(c->pg, on_notice, c);
}
