/* target_pg_text.c: PostgreSQL's URLs and DSNs, and what others made of them. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/target/target_pg.h"

/* ---- URLs ---- */

static const char *const schemes[] = {"postgresql", "postgres", "pgsql", "postgis", "psql"};

/* A name of ours, also with a driver behind a plus: postgresql+asyncpg. */
static bool
scheme_known(const char *text, size_t len)
{
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        size_t n = strlen(schemes[i]);
        if (len >= n && strncasecmp(text, schemes[i], n) == 0 && (len == n || text[n] == '+'))
            return true;
    }
    return false;
}

static int
take_slice(struct pg_set *set, enum pg_key key, const struct target_url *u, struct target_slice s,
           struct err *e)
{
    if (!s.text || s.len == 0)
        return 0;
    char *value;
    if (target_decode(u, s, &value, e) != 0)
        return -1;
    pg_set_take(set, key, value);
    return 0;
}

struct host_lists {
    struct strbuf hosts, ports;
    bool any_host, any_port;
};

static int
add_one_host(struct host_lists *lists, const struct target_url *u, struct target_slice host,
             struct target_slice port, bool first, struct err *e)
{
    cleanup_free char *name = NULL;
    cleanup_free char *digits = NULL;
    uint16_t ignored;
    if (target_decode(u, host, &name, e) != 0)
        return -1;
    if (port.text && port.len > 0) {
        struct err why = {0};
        if (target_decode(NULL, port, &digits, &why) != 0 && why.code == ERR_NOMEM)
            return err_nomem(e);
        if (!digits || !target_port(digits, &ignored)) {
            return err_set(
                e, ERR_USAGE,
                "the port at character %zu is not a number from 1 to 65535; in a password, write : / ? # @ as %%3A %%2F %%3F %%23 %%40",
                target_url_at(u, port.text));
        }
    }
    if (strchr(name, ',')) {
        return err_set(e, ERR_USAGE, "the host at character %zu contains a comma",
                       target_url_at(u, host.text));
    }
    strbuf_addf(&lists->hosts, "%s%s", first ? "" : ",", name);
    strbuf_addf(&lists->ports, "%s%s", first ? "" : ",", digits ? digits : "");
    lists->any_host = lists->any_host || *name;
    lists->any_port = lists->any_port || digits;
    return 0;
}

static int
take_list(struct pg_set *set, enum pg_key key, struct strbuf *b, struct err *e)
{
    char *list = strbuf_steal(b);
    if (!list)
        return err_nomem(e);
    pg_set_take(set, key, list);
    return 0;
}

/* h1:5432,[::1]:5433,%2Frun%2Fpostgresql */
static int
take_hosts(struct pg_set *set, const struct target_url *u, struct target_slice list, struct err *e)
{
    struct host_lists lists = {0};
    struct target_slice host;
    struct target_slice port;
    bool first = true;
    int result = 0;
    while (result == 0 && target_next_host(&list, &host, &port)) {
        result = add_one_host(&lists, u, host, port, first, e);
        first = false;
    }
    if (result == 0 && lists.any_host)
        result = take_list(set, PG_HOST, &lists.hosts, e);
    if (result == 0 && lists.any_port)
        result = take_list(set, PG_PORT, &lists.ports, e);
    strbuf_done(&lists.hosts);
    strbuf_done(&lists.ports);
    return result;
}

static int
take_param(struct pg_set *set, const struct target_url *u, struct target_slice name,
           struct target_slice value, struct err *e)
{
    cleanup_free char *key = NULL;
    char *text;
    if (!value.text) {
        return err_set(e, ERR_USAGE, "the parameter at character %zu has no \"=\"",
                       target_url_at(u, name.text));
    }
    if (target_decode(u, name, &key, e) != 0 || target_decode(u, value, &text, e) != 0)
        return -1;
    struct pg_place place = {
        .url = true,
        .at = target_url_at(u, name.text),
        .nameable = target_param_nameable(u->query.text, name.text, key),
    };
    return pg_set_param(set, key, text, &place, e);
}

/* SQLAlchemy's and asyncpg's ?host=h1:5432&host=h2:5433: names with ports, where libpq has names alone. */
static int
split_query_hosts(struct pg_set *set, struct err *e)
{
    const char *hosts = set->value[PG_HOST];
    if (set->value[PG_PORT] || !hosts || strpbrk(hosts, "/@[") || !strchr(hosts, ':'))
        return 0;
    for (const char *p = hosts; p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL) {
        size_t len = strcspn(p, ",");
        const char *colon = memchr(p, ':', len);
        if (colon && memchr(colon + 1, ':', (size_t)(p + len - colon - 1)))
            return 0; /* an IPv6 address */
    }
    cleanup_free char *copy = strdup(hosts);
    if (!copy)
        return err_nomem(e);
    struct target_url u = {.whole = copy};
    return take_hosts(set, &u, (struct target_slice){copy, strlen(copy)}, e);
}

static int
take_url(struct pg_set *set, const struct target_url *u, struct err *e)
{
    const char *junk = u->path.text ? memchr(u->path.text, '@', u->path.len) : NULL;
    if (!junk && u->path.text)
        junk = memchr(u->path.text, '/', u->path.len);
    if (junk) { /* libpq takes it into the name; far more often it is a piece of a password */
        return err_set(
            e, ERR_USAGE,
            "the database name contains \"%c\" at character %zu; in names and passwords, write / and @ as %%2F and %%40",
            *junk, target_url_at(u, junk));
    }
    if (take_slice(set, PG_USER, u, u->user, e) != 0 ||
        take_slice(set, PG_PASSWORD, u, u->password, e) != 0 ||
        take_hosts(set, u, u->hosts, e) != 0 || take_slice(set, PG_DBNAME, u, u->path, e) != 0)
        return -1;
    struct target_slice query = u->query;
    struct target_slice name;
    struct target_slice value;
    while (target_next_param(&query, &name, &value))
        if (take_param(set, u, name, value, e) != 0)
            return -1;
    return split_query_hosts(set, e);
}

static int
parse_url(const char *text, size_t scheme_len, struct pg_set *set, struct err *e)
{
    const char *after = text + scheme_len + 1;
    struct target_url u = {.whole = text};
    if (strncmp(after, "//", 2) != 0 &&
        strncasecmp(text, "jdbc:", 5) == 0) { /* jdbc:postgresql:shop */
        u.path = (struct target_slice){after, strcspn(after, "?")};
        const char *query = after + u.path.len;
        if (*query)
            u.query = (struct target_slice){query + 1, strlen(query + 1)};
    } else if (target_url_split(text, after, &u, e) != 0) {
        return -1;
    }
    return take_url(set, &u, e);
}

/* ---- DSNs: libpq's "Keyword/Value Connection Strings"; PHP's put semicolons where libpq has spaces ---- */

struct dsn {
    const char *whole;
    const char *p;
    bool php;
};

static bool
dsn_gap(const struct dsn *d, char c)
{
    return isspace((unsigned char)c) || (d->php && c == ';');
}

/* Reads a value at d->p, quoted or not, into out, which has room for the rest of the text. */
static int
dsn_value(struct dsn *d, char *out, struct err *e)
{
    const char *start = d->p;
    bool quoted = *d->p == '\'';
    d->p += quoted;
    while (*d->p && (quoted ? *d->p != '\'' : !dsn_gap(d, *d->p))) {
        if (*d->p == '\\' && d->p[1])
            d->p++;
        *out++ = *d->p++;
    }
    *out = '\0';
    if (quoted && *d->p != '\'') {
        return err_set(e, ERR_USAGE, "the quoted value at character %zu is unterminated",
                       (size_t)(start - d->whole) + 1);
    }
    d->p += quoted;
    return 0;
}

static int
dsn_pair(struct dsn *d, struct pg_set *set, struct err *e)
{
    const char *start = d->p;
    size_t at = (size_t)(start - d->whole) + 1;
    while (*d->p && *d->p != '=' && !dsn_gap(d, *d->p))
        d->p++;
    size_t name_len = (size_t)(d->p - start);
    while (*d->p && isspace((unsigned char)*d->p))
        d->p++;
    if (*d->p != '=' || name_len == 0) {
        return err_set(
            e, ERR_USAGE,
            "expected keyword=value at character %zu; quote a value that contains spaces: 'a b'",
            at);
    }
    d->p++;
    while (*d->p && isspace((unsigned char)*d->p))
        d->p++;
    cleanup_free char *name = strndup(start, name_len);
    size_t room = strlen(d->p) + 1;
    char *value = malloc(room);
    if (!name || !value) {
        free(value);
        return err_nomem(e);
    }
    if (dsn_value(d, value, e) != 0) {
        target_wipe(value);
        return -1;
    }
    struct pg_place place = {.at = at, .nameable = target_param_nameable(d->whole, start, name)};
    return pg_set_param(set, name, value, &place, e);
}

static int
parse_dsn(const char *whole, const char *from, bool php, struct pg_set *set, struct err *e)
{
    struct dsn d = {whole, from, php};
    while (true) {
        while (*d.p && dsn_gap(&d, *d.p))
            d.p++;
        if (!*d.p)
            return 0;
        if (dsn_pair(&d, set, e) != 0)
            return -1;
    }
}

/* ---- which of them it is ---- */

static int
foreign(const char *text, size_t scheme_len, bool *ret_foreign, struct err *e)
{
    if (ret_foreign)
        *ret_foreign = true;
    return err_set(
        e, ERR_USAGE,
        "%.*s is not a scheme of PostgreSQL; use postgres, postgresql or postgresql+driver",
        (int)scheme_len, text);
}

static int
parse_any(const char *text, struct pg_set *set, bool *ret_foreign, struct err *e)
{
    size_t scheme_len = target_scheme_len(text);
    if (scheme_len == 0) {
        if (!strchr(text, '=')) {
            return err_set(
                e, ERR_USAGE,
                "the value is neither a URL (postgres://host/name) nor a DSN (host=… dbname=…)");
        }
        return parse_dsn(text, text, false, set, e);
    }
    if (scheme_len == 4 && strncasecmp(text, "jdbc", 4) == 0) {
        size_t inner = target_scheme_len(text + 5);
        return inner && scheme_known(text + 5, inner) ? parse_url(text, 5 + inner, set, e)
                                                      : foreign(text, 5 + inner, ret_foreign, e);
    }
    bool slashes = strncmp(text + scheme_len + 1, "//", 2) == 0;
    if (!slashes && scheme_len == 5 && strncasecmp(text, "pgsql", 5) == 0)
        return parse_dsn(text, text + 6, true, set, e);
    if (!scheme_known(text, scheme_len))
        return foreign(text, scheme_len, ret_foreign, e);
    return parse_url(text, scheme_len, set, e);
}

/* Empty values count as open, as in libpq. */
static void
drop_empty(struct pg_set *set)
{
    for (size_t i = 0; i < PG_KEYS; i++)
        if (set->value[i] && !*set->value[i])
            pg_set_take(set, (enum pg_key)i, NULL);
}

int
pg_text_parse(const char *text, struct pg_set *set, bool *ret_foreign, struct err *e)
{
    int result = parse_any(text, set, ret_foreign, e);
    if (result == 0) {
        drop_empty(set);
        if (set->strict) {
            char *mode = strdup("verify-full");
            pg_set_take(set, PG_SSLMODE, mode);
            result = mode ? 0 : err_nomem(e);
        }
    }
    if (result == 0)
        result = pg_set_check(set, e);
    if (result != 0)
        pg_set_done(set);
    return result;
}
