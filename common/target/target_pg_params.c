/* target_pg_params.c: the arrays that libpq gets for one host. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/target/target_pg.h"

/* host, port, hostaddr, options, application_name, client_encoding, gssencmode and the end, beside the keys. */
#define PARAMS_MAX (PG_KEYS + 9)

struct list {
    struct target_pg_params p;
    size_t n;
    bool failed;
};

static void
add(struct list *list, const char *keyword, const char *value)
{
    if (!value || list->failed)
        return;
    char *copy = strdup(value);
    list->failed = !copy;
    if (copy) {
        list->p.keywords[list->n] = keyword;
        list->p.values[list->n++] = copy;
    }
}

static bool
is_own(enum pg_key key)
{
    if (key >= PG_SEARCH_PATH && key <= PG_LOCK_TIMEOUT)
        return true;
    switch ((int)key) {
    case PG_HOST:
    case PG_HOSTADDR:
    case PG_PORT:
    case PG_SERVICE:
    case PG_PASSWORD: /* secret: not among what target_pg_get() gives */
    case PG_SSLPASSWORD:
    case PG_OPTIONS:
    case PG_APPLICATION_NAME:
    case PG_CONNECT_TIMEOUT:    /* ignored by libpq when polled: the caller's deadline stands */
    case PG_LOAD_BALANCE_HOSTS: /* libpq sees one host at a time */
        return true;
    default:
        return false;
    }
}

/* One setting as a further -c. PostgreSQL's manual: spaces and backslashes in it take a backslash. */
static void
add_setting(struct strbuf *b, const char *name, const char *value)
{
    if (!value)
        return;
    strbuf_addf(b, "%s-c %s=", b->len ? " " : "", name);
    for (; *value; value++) {
        if (*value == ' ' || *value == '\\')
            strbuf_addc(b, '\\');
        strbuf_addc(b, *value);
    }
}

char *
pg_target_options(const struct target_pg *t)
{
    const char *options = target_pg_get(t, "options");
    struct strbuf b = STRBUF_INIT;
    strbuf_adds(&b, options ? options : "");
    add_setting(&b, pg_key_name(PG_SEARCH_PATH), target_pg_get(t, pg_key_name(PG_SEARCH_PATH)));
    for (int key = PG_TIMEZONE; pg_target_sends_settings(t) && key <= PG_ISOLATION; key++) {
        const char *name = pg_key_name((enum pg_key)key);
        add_setting(&b, name, target_pg_get(t, name));
    }
    return strbuf_steal(&b);
}

static void
add_address(struct list *list, const struct target_pg_host *h, const char *hostaddr, bool verify)
{
    char port[8];
    char name[256];
    const char *addr = hostaddr ? hostaddr : h->hostaddr;
    const char *host = h->host ? h->host : addr; /* else libpq might read PGHOST */
    size_t len = host ? strlen(host) : 0;
    snprintf(port, sizeof(port), "%u", h->port);
    /* A final dot is for the resolver, who has had it: no certificate has one. */
    if (verify && len > 1 && len < sizeof(name) && host[len - 1] == '.') {
        snprintf(name, sizeof(name), "%.*s", (int)len - 1, host);
        host = name;
    }
    add(list, "host", host);
    add(list, "hostaddr", addr);
    add(list, "port", port);
}

static void
add_keepalives(struct list *list, const struct target_pg *t)
{
    static const char *const rows[][2] = {
        {"keepalives", "1"},
        {"keepalives_idle", "30"},
        {"keepalives_interval", "10"},
        {"keepalives_count", "3"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *given = target_pg_get(t, rows[i][0]);
        add(list, rows[i][0], given ? given : rows[i][1]);
    }
}

int
target_pg_params(const struct target_pg *t, size_t i, const char *hostaddr,
                 const char *application_name, struct target_pg_params *ret, struct err *e)
{
    const struct target_pg_host *hosts;
    size_t n = target_pg_hosts(t, &hosts);
    if (i >= n)
        return err_set(e, ERR_USAGE, "there is no host number %zu", i + 1);
    struct list list = {0};
    list.p.keywords = calloc(PARAMS_MAX, sizeof(*list.p.keywords));
    list.p.values = calloc(PARAMS_MAX, sizeof(*list.p.values));
    cleanup_free char *options = pg_target_options(t);
    if (!list.p.keywords || !list.p.values || !options) {
        target_pg_params_free(&list.p);
        return err_nomem(e);
    }
    const char *sslmode = target_pg_get(t, "sslmode");
    add_address(&list, &hosts[i], hostaddr, sslmode && strcmp(sslmode, "verify-full") == 0);
    for (int key = 0; key < PG_KEEPALIVES; key++) {
        if (!is_own((enum pg_key)key)) {
            add(&list, pg_key_name((enum pg_key)key),
                target_pg_get(t, pg_key_name((enum pg_key)key)));
        }
    }
    add_keepalives(&list, t);
    add(&list, "tcp_user_timeout", target_pg_get(t, "tcp_user_timeout"));
    add(&list, "krbsrvname", target_pg_get(t, "krbsrvname"));
    add(&list, "password", pg_target_secret(t, PG_PASSWORD));
    add(&list, "sslpassword", pg_target_secret(t, PG_SSLPASSWORD));
    add(&list, "options", *options ? options : NULL);
    add(&list, "application_name",
        application_name ? application_name : target_pg_get(t, "application_name"));
    add(&list, "client_encoding", "UTF8");
    add(&list, "gssencmode", "disable");
    if (list.failed) {
        target_pg_params_free(&list.p);
        return err_nomem(e);
    }
    *ret = list.p;
    return 0;
}

void
target_pg_params_free(struct target_pg_params *p)
{
    for (size_t i = 0; p->values && p->values[i]; i++)
        target_wipe((char *)p->values[i]);
    free(p->keywords);
    free(p->values);
    *p = (struct target_pg_params){0};
}
