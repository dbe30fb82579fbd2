/* target_pg_url.c: one URL of all the parts, for a program that takes nothing else; and a text without the password. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/target/target_pg.h"

#define DEFAULT_PORT 5432

/* What a URL can say beside the server, the user and the database. Times and keepalives are each program's own matter. */
static const enum pg_key parameters[] = {
    PG_SSLROOTCERT, PG_SSLCERT,         PG_SSLKEY,       PG_SSLPASSWORD,    PG_SSLCRL,
    PG_SSLCRLDIR,   PG_SSLSNI,          PG_SSLCERTMODE,  PG_SSLNEGOTIATION, PG_SSLMIN,
    PG_SSLMAX,      PG_CHANNEL_BINDING, PG_REQUIRE_AUTH, PG_REQUIREPEER,    PG_TARGET_SESSION_ATTRS,
    PG_KRBSRVNAME,
};
#define PARAMETERS (sizeof(parameters) / sizeof(parameters[0]))

struct url {
    const struct target_pg *t;
    struct strbuf *out;
    bool driver;   /* SQLAlchemy's form, with a driver behind the plus sign */
    bool asyncpg;  /* whose parameters are not libpq's */
    bool question; /* one parameter stands there already */
};

int
target_pg_url_scheme(const char *scheme, struct err *e)
{
    static const char *const known[] = {"postgresql", "postgres", "pgsql", "pdo-pgsql"};
    size_t len = strcspn(scheme, "+");
    const char *driver = scheme[len] ? scheme + len + 1 : "none";
    bool good = false;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        good = good || (strlen(known[i]) == len && strncmp(scheme, known[i], len) == 0);
    if (good && *driver &&
        strspn(driver, "abcdefghijklmnopqrstuvwxyz0123456789_-") == strlen(driver))
        return 0;
    return err_set(
        e, ERR_USAGE,
        "the scheme of a PostgreSQL URL must be postgresql, postgres, pgsql or pdo-pgsql, optionally with a driver as in postgresql+psycopg2");
}

static void
add_parameter(struct url *u, const char *name, const char *value)
{
    strbuf_addf(u->out, "%c%s=", u->question ? '&' : '?', name);
    target_encode(u->out, value);
    u->question = true;
}

static bool
is_socket(const struct target_pg_host *h)
{
    return !h->host ? !h->hostaddr : *h->host == '/' || *h->host == '@';
}

static void
add_host(struct strbuf *out, const struct target_pg_host *h)
{
    const char *name = h->host ? h->host : h->hostaddr;
    if (strchr(name, ':'))
        strbuf_addf(out, "[%s]", name);
    else
        target_encode(out, name);
    strbuf_addf(out, ":%u", h->port);
}

/* A socket, and several servers as SQLAlchemy wants them, stand among the parameters. */
static bool
hosts_are_parameters(const struct url *u, const struct target_pg_host *hosts, size_t n)
{
    return (n == 1 && is_socket(&hosts[0])) || (n > 1 && u->driver);
}

static void
add_authority(struct url *u, const struct target_pg_host *hosts, size_t n)
{
    const char *password = pg_target_secret(u->t, PG_PASSWORD);
    target_encode(u->out, target_pg_get(u->t, "user"));
    if (password) {
        strbuf_addc(u->out, ':');
        target_encode(u->out, password);
    }
    strbuf_addc(u->out, '@');
    for (size_t i = 0; i < n && !hosts_are_parameters(u, hosts, n); i++) {
        strbuf_adds(u->out, i ? "," : "");
        add_host(u->out, &hosts[i]);
    }
}

static void
add_host_parameters(struct url *u, const struct target_pg_host *hosts, size_t n)
{
    char port[8];
    if (!hosts_are_parameters(u, hosts, n))
        return;
    for (size_t i = 0; i < n && n > 1; i++) {
        cleanup_strbuf struct strbuf host = STRBUF_INIT;
        add_host(&host, &hosts[i]);
        add_parameter(u, "host", strbuf_str(&host));
    }
    if (n > 1)
        return;
    if (hosts[0].host)
        add_parameter(u, "host", hosts[0].host);
    snprintf(port, sizeof(port), "%u", hosts[0].port);
    if (hosts[0].port != DEFAULT_PORT)
        add_parameter(u, "port", port);
}

/* Defaults that target_pg.c made up: files that are not there, or at the place where libpq looks by itself. */
static bool
is_default(enum pg_key key, const char *value)
{
    bool file = key == PG_SSLROOTCERT || key == PG_SSLCERT || key == PG_SSLKEY || key == PG_SSLCRL;
    const char *slash = strrchr(value, '/');
    return file && slash && slash - value >= 12 && strncmp(slash - 12, "/.postgresql", 12) == 0;
}

/* A program of libpq's understands its keywords; asyncpg takes `ssl`, and would refuse the others. */
static int
add_parameter_of(struct url *u, const char *name, const char *value, struct err *e)
{
    if (u->asyncpg)
        return err_set(
            e, ERR_USAGE,
            "a postgresql+asyncpg URL cannot express %s, which is set for the connection", name);
    add_parameter(u, name, value);
    return 0;
}

static int
add_parameters(struct url *u, struct err *e)
{
    const char *sslmode = target_pg_get(u->t, "sslmode");
    bool tls = sslmode && strcmp(sslmode, "disable") != 0;
    if (sslmode && strcmp(sslmode, "prefer") != 0)
        add_parameter(u, u->asyncpg ? "ssl" : "sslmode", sslmode);
    for (size_t i = 0; i < PARAMETERS; i++) {
        const enum pg_key key = parameters[i];
        const char *name = pg_key_name(key);
        const char *value =
            key == PG_SSLPASSWORD ? pg_target_secret(u->t, key) : target_pg_get(u->t, name);
        if (!value || is_default(key, value) || (strncmp(name, "ssl", 3) == 0 && !tls))
            continue;
        if (add_parameter_of(u, name, value, e) != 0)
            return -1;
    }
    cleanup_free char *options = pg_target_options(u->t);
    if (!options)
        return err_nomem(e);
    return *options ? add_parameter_of(u, "options", options, e) : 0;
}

int
target_pg_url(const struct target_pg *t, const char *scheme, char **ret, struct err *e)
{
    const struct target_pg_host *hosts;
    size_t n = target_pg_hosts(t, &hosts);
    struct strbuf out = STRBUF_INIT;
    struct url u = {.t = t,
                    .out = &out,
                    .driver = strchr(scheme, '+') != NULL,
                    .asyncpg = strcmp(scheme, "postgresql+asyncpg") == 0};
    strbuf_addf(&out, "%s://", scheme);
    add_authority(&u, hosts, n);
    strbuf_addc(&out, '/');
    target_encode(&out, target_pg_get(t, "dbname"));
    add_host_parameters(&u, hosts, n);
    int result = add_parameters(&u, e);
    if (result == 0 && out.failed)
        result = err_nomem(e);
    if (result != 0) {
        char *cut = out.failed ? NULL : strbuf_steal(&out);
        target_wipe(cut);
        strbuf_done(&out);
        return -1;
    }
    *ret = strbuf_steal(&out);
    return 0;
}

void
target_pg_url_free(char *url)
{
    target_wipe(url);
}

/* ---- a text of somebody else's ---- */

static void
add_without(struct strbuf *out, const char *text, const char *secret)
{
    size_t len = strlen(secret);
    for (const char *at = strstr(text, secret); at && len; at = strstr(text, secret)) {
        strbuf_add(out, text, (size_t)(at - text));
        strbuf_adds(out, "***");
        text = at + len;
    }
    strbuf_adds(out, text);
}

char *
target_pg_redact(const struct target_pg *t, const char *text)
{
    static const enum pg_key secrets[] = {PG_PASSWORD, PG_SSLPASSWORD};
    char *result = strdup(text);
    for (size_t i = 0; result && i < sizeof(secrets) / sizeof(secrets[0]) * 2; i++) {
        const char *secret = pg_target_secret(t, secrets[i / 2]);
        cleanup_strbuf struct strbuf encoded = STRBUF_INIT;
        struct strbuf out = STRBUF_INIT;
        if (!secret)
            continue;
        if (i % 2)
            strbuf_adds(&encoded, secret);
        else
            target_encode(&encoded, secret); /* first: it may hold the plain one */
        add_without(&out, result, strbuf_str(&encoded));
        target_wipe(result);
        result = encoded.failed ? NULL : strbuf_steal(&out);
        strbuf_done(&out);
        if (encoded.data)
            explicit_bzero(encoded.data, encoded.len);
    }
    return result;
}
