/* target_pg.c: a finished PostgreSQL target: its hosts, its parameters for libpq, its redacted form. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/net/reopen.h"
#include "common/target/target_pg.h"
#include "common/net/tls.h"

#define HOSTS_MAX 64

struct target_pg {
    struct pg_set set;
    struct target_pg_host *hosts;
    size_t hosts_n;
    char *describe;
    char *passfile_fault; /* NULL: none */
    bool passfile_told;
    bool sends_settings;
    /* for target_pg_refresh() */
    char *database;
    bool alone;
    struct target_env env;
};

static void
content_done(struct target_pg *t)
{
    pg_set_done(&t->set);
    for (size_t i = 0; i < t->hosts_n; i++) {
        free(t->hosts[i].host);
        free(t->hosts[i].hostaddr);
    }
    free(t->hosts);
    free(t->describe);
    free(t->passfile_fault);
    t->hosts = NULL;
    t->hosts_n = 0;
    t->describe = NULL;
    t->passfile_fault = NULL;
}

void
target_pg_free(struct target_pg *t)
{
    if (t) {
        content_done(t);
        target_wipe(t->database);
        free(t);
    }
}

/* ---- hosts ---- */

static size_t
list_count(const char *list)
{
    size_t n = 1;
    for (; list && *list; list++)
        n += *list == ',';
    return list ? n : 0;
}

/* Item i of a list; *ret NULL when it is empty or the list is NULL. */
static int
list_item(const char *list, size_t i, char **ret, struct err *e)
{
    *ret = NULL;
    for (; list && i > 0; i--)
        list = strchr(list, ',') + 1;
    size_t len = list ? strcspn(list, ",") : 0;
    if (len > 0) {
        *ret = strndup(list, len);
        return *ret ? 0 : err_nomem(e);
    }
    return 0;
}

static int
host_init(struct target_pg_host *h, const struct pg_set *set, size_t i, size_t ports, struct err *e)
{
    cleanup_free char *port = NULL;
    if (list_item(set->value[PG_HOST], i, &h->host, e) != 0 ||
        list_item(set->value[PG_HOSTADDR], i, &h->hostaddr, e) != 0 ||
        list_item(set->value[PG_PORT], ports > 1 ? i : 0, &port, e) != 0)
        return -1;
    h->port = 5432;
    if (port)
        target_port(port, &h->port); /* checked with its source */
    return 0;
}

static int
hosts_init(struct target_pg *t, struct err *e)
{
    size_t hosts = list_count(t->set.value[PG_HOST]);
    size_t addrs = list_count(t->set.value[PG_HOSTADDR]);
    size_t ports = list_count(t->set.value[PG_PORT]);
    size_t n = hosts > addrs ? hosts : addrs;
    n = n > 0 ? n : 1;
    if (hosts > 0 && addrs > 0 && hosts != addrs)
        return err_set(e, ERR_USAGE, "%zu hosts, but %zu host addresses are given", hosts, addrs);
    if (ports > 1 && ports != n)
        return err_set(e, ERR_USAGE, "%zu ports, but %zu hosts are given", ports, n);
    if (n > HOSTS_MAX)
        return err_set(e, ERR_USAGE, "more than %d hosts", HOSTS_MAX);
    t->hosts = calloc(n, sizeof(*t->hosts));
    if (!t->hosts)
        return err_nomem(e);
    t->hosts_n = n;
    for (size_t i = 0; i < n; i++)
        if (host_init(&t->hosts[i], &t->set, i, ports, e) != 0)
            return -1;
    return 0;
}

static bool
is_socket(const struct target_pg_host *h)
{
    return !h->hostaddr && (!h->host || *h->host == '/' || *h->host == '@');
}

/* libpq reads PGHOSTADDR whenever it is given no address, also for a socket, and no parameter stops it. */
static int
check_sockets(const struct target_pg *t, struct err *e)
{
    if (!target_env_plain(&t->env, "PGHOSTADDR"))
        return 0;
    for (size_t i = 0; i < t->hosts_n; i++) {
        if (is_socket(&t->hosts[i])) {
            return err_set(
                e, ERR_USAGE,
                "PGHOSTADDR is set, but the database is reached over a Unix socket; unset PGHOSTADDR");
        }
    }
    return 0;
}

/* ---- defaults ---- */

static int
put(struct pg_set *set, enum pg_key key, const char *value, struct err *e)
{
    if (set->value[key])
        return 0;
    set->value[key] = strdup(value);
    return set->value[key] ? 0 : err_nomem(e);
}

/* A file below the home directory. One that is not there, or must not be looked at (HOME=/root under another user), becomes
 * a path that certainly is not: given none, libpq would search with getpwuid(), which the release build has not. */
static int
put_home_file(struct pg_set *set, enum pg_key key, const char *home, const char *name,
              struct err *e)
{
    if (set->value[key])
        return 0;
    struct strbuf b = STRBUF_INIT;
    strbuf_addf(&b, "%s/%s", home ? home : "/nonexistent", name);
    reopen_note(strbuf_str(&b)); /* also one that is not there yet */
    if (access(strbuf_str(&b), R_OK) != 0) {
        strbuf_clear(&b);
        strbuf_addf(&b, "/nonexistent/%s", name);
    }
    set->value[key] = strbuf_steal(&b);
    return set->value[key] ? 0 : err_nomem(e);
}

/* sslrootcert=system is libpq 16's; here it works with 15 too, on the bundle that tls.h finds. */
static int
system_roots(struct pg_set *set, struct err *e)
{
    const char *bundle = tls_system_ca_file();
    if (!bundle)
        return err_set(e, ERR_USAGE,
                       "sslrootcert is \"system\", but this machine has no CA bundle");
    if (put(set, PG_SSLMODE, "verify-full", e) != 0)
        return -1;
    if (strcmp(set->value[PG_SSLMODE], "verify-full") != 0)
        return err_set(e, ERR_USAGE, "sslrootcert=system requires sslmode=verify-full");
    pg_set_take(set, PG_SSLROOTCERT, NULL);
    return put(set, PG_SSLROOTCERT, bundle, e);
}

/* What libpq reads at each login. */
static const enum pg_key path_keys[] = {PG_PASSFILE, PG_SSLROOTCERT, PG_SSLCERT,
                                        PG_SSLKEY,   PG_SSLCRL,      PG_SSLCRLDIR};
#define PATH_KEYS (sizeof(path_keys) / sizeof(path_keys[0]))

static void
note_paths(const struct pg_set *set)
{
    for (size_t i = 0; i < PATH_KEYS; i++)
        reopen_note(set->value[path_keys[i]]);
}

/* libpq repeats a path that it cannot open. A word that is neither a path from the root nor a file here may be anything. */
static int
check_paths(const struct pg_set *set, struct err *e)
{
    for (size_t i = 0; i < PATH_KEYS; i++) {
        enum pg_key key = path_keys[i];
        const char *path = set->value[key];
        bool engine = key == PG_SSLKEY && path && strchr(path, ':'); /* pkcs11:… */
        bool system = key == PG_SSLROOTCERT && path && strcmp(path, "system") == 0;
        if (path && *path != '/' && !engine && !system && access(path, F_OK) != 0) {
            return err_set(e, ERR_USAGE,
                           "%s is neither an absolute path nor a file in the current directory",
                           pg_key_name(key));
        }
    }
    return 0;
}

static int
tls_defaults(struct pg_set *set, const char *home, struct err *e)
{
    const char *root = set->value[PG_SSLROOTCERT];
    if (root && strcmp(root, "system") == 0 && system_roots(set, e) != 0)
        return -1;
    bool own_root = set->value[PG_SSLROOTCERT] != NULL;
    if (put(set, PG_SSLMODE, "prefer", e) != 0 ||
        put_home_file(set, PG_SSLROOTCERT, home, ".postgresql/root.crt", e) != 0 ||
        put_home_file(set, PG_SSLCERT, home, ".postgresql/postgresql.crt", e) != 0 ||
        put_home_file(set, PG_SSLKEY, home, ".postgresql/postgresql.key", e) != 0 ||
        (!set->value[PG_SSLCRLDIR] &&
         put_home_file(set, PG_SSLCRL, home, ".postgresql/root.crl", e) != 0))
        return -1;
    bool verify = strncmp(set->value[PG_SSLMODE], "verify", 6) == 0;
    if (verify && !own_root && access(set->value[PG_SSLROOTCERT], R_OK) != 0 &&
        tls_system_ca_file()) {
        pg_set_take(set, PG_SSLROOTCERT, NULL);
        return put(set, PG_SSLROOTCERT, tls_system_ca_file(), e);
    }
    return 0;
}

static int
defaults(struct target_pg *t, struct err *e)
{
    struct pg_set *set = &t->set;
    if (!set->value[PG_USER])
        set->value[PG_USER] = target_os_user();
    if (!set->value[PG_USER]) {
        return err_set(
            e, ERR_USAGE,
            "no database user is given, and /etc/passwd has no entry for user ID %u whose name could be used instead",
            (unsigned)geteuid());
    }
    if (check_paths(set, e) != 0 || put(set, PG_DBNAME, set->value[PG_USER], e) != 0)
        return -1;
    cleanup_free char *home = target_home(&t->env);
    if (put_home_file(set, PG_PASSFILE, home, ".pgpass", e) != 0)
        return -1;
    return tls_defaults(set, home, e);
}

/* ---- the password file ---- */

static char *
passfile_fault(const char *path)
{
    struct strbuf b = STRBUF_INIT;
    struct stat st;
    if (stat(path, &st) != 0)
        return NULL;
    if (!S_ISREG(st.st_mode)) {
        strbuf_addf(&b, "the password file %s is ignored because it is not a regular file", path);
    } else if (st.st_mode & (S_IRWXG | S_IRWXO)) {
        strbuf_addf(
            &b,
            "the password file %s is ignored because its mode %04o gives access to users other than its owner; use chmod 600 (a file named by PGPASSWORD_FILE may have any mode)",
            path, st.st_mode & 07777u);
    }
    return strbuf_steal(&b);
}

/* libpq leaves such a file out, too, but tells stderr. PostgreSQL's manual, "The Password File". */
static int
leave_out_passfile(struct target_pg *t, struct err *e)
{
    if (t->set.value[PG_PASSWORD])
        return 0;
    char *fault = passfile_fault(t->set.value[PG_PASSFILE]);
    if (!fault || !*fault) {
        free(fault);
        return 0;
    }
    t->passfile_fault = fault;
    pg_set_take(&t->set, PG_PASSFILE, NULL);
    return put(&t->set, PG_PASSFILE, "/nonexistent/.pgpass", e);
}

const char *
target_pg_passfile_fault(const struct target_pg *t)
{
    return t->passfile_fault;
}

const char *
target_pg_passfile_news(struct target_pg *t)
{
    bool told = t->passfile_told;
    t->passfile_told = true;
    return told ? NULL : t->passfile_fault;
}

/* ---- the redacted form ---- */

static int
describe_init(struct target_pg *t, struct err *e)
{
    struct strbuf b = STRBUF_INIT;
    strbuf_adds(&b, "postgres://");
    target_encode(&b, t->set.value[PG_USER]);
    strbuf_addc(&b, '@');
    const char *socket = NULL;
    for (size_t i = 0; i < t->hosts_n; i++) {
        const struct target_pg_host *h = &t->hosts[i];
        const char *name = h->host ? h->host : h->hostaddr;
        if (t->hosts_n == 1 && is_socket(h)) {
            socket = h->host;
            if (h->port != 5432)
                strbuf_addf(&b, ":%u", h->port);
            break;
        }
        strbuf_adds(&b, i ? "," : "");
        if (name && strchr(name, ':'))
            strbuf_addf(&b, "[%s]", name);
        else
            target_encode(&b, name ? name : "");
        strbuf_addf(&b, ":%u", h->port);
    }
    strbuf_addc(&b, '/');
    target_encode(&b, t->set.value[PG_DBNAME]);
    if (socket)
        strbuf_addf(&b, "?host=%s", socket);
    t->describe = strbuf_steal(&b);
    return t->describe ? 0 : err_nomem(e);
}

/* ---- making one ---- */

/* Fills t, whose database, alone and env are set. *ret_named false: t is empty. */
static int
content_load(struct target_pg *t, bool *ret_named, struct err *e)
{
    if (pg_sources_read(t->database, t->alone, &t->env, &t->set, ret_named, e) != 0)
        return -1;
    if (!*ret_named) {
        pg_set_done(&t->set);
        return 0;
    }
    int rc = hosts_init(t, e) != 0 || check_sockets(t, e) != 0 || defaults(t, e) != 0 ? -1 : 0;
    if (rc == 0) {
        note_paths(&t->set); /* a password file that is left out may be mended */
        rc = leave_out_passfile(t, e) != 0 || describe_init(t, e) != 0 ? -1 : 0;
    }
    if (rc < 0)
        content_done(t);
    return rc;
}

static int
target_load(const char *database, bool alone, const struct target_env *env, struct target_pg **ret,
            struct err *e)
{
    struct target_pg *t = calloc(1, sizeof(*t));
    if (!t)
        return err_nomem(e);
    t->alone = alone;
    t->env = env ? *env : (struct target_env){0};
    t->database = database ? strdup(database) : NULL;
    bool named = false;
    int result = database && !t->database ? err_nomem(e) : content_load(t, &named, e);
    if (result != 0 || !named) {
        target_pg_free(t);
        t = NULL;
    }
    if (result == 0)
        *ret = t;
    return result;
}

int
target_pg_load(const char *database, const struct target_env *env, struct target_pg **ret,
               struct err *e)
{
    return target_load(database, false, env, ret, e);
}

int
target_pg_parse(const char *text, struct target_pg **ret, struct err *e)
{
    return target_load(text, true, NULL, ret, e);
}

int
target_pg_check(const char *text, struct err *e)
{
    struct target_pg t = {.set.unopened = true};
    int result = pg_text_parse(text, &t.set, NULL, e);
    if (result == 0)
        result = hosts_init(&t, e);
    content_done(&t);
    return result;
}

int
target_pg_refresh(struct target_pg *t, struct err *e)
{
    struct target_pg fresh = {.database = t->database, .alone = t->alone, .env = t->env};
    bool named;
    if (content_load(&fresh, &named, e) != 0)
        return -1;
    if (!named)
        return err_set(e, ERR_USAGE, "the settings no longer name a database");
    fresh.passfile_told = t->passfile_told && t->passfile_fault && fresh.passfile_fault &&
                          strcmp(t->passfile_fault, fresh.passfile_fault) == 0;
    fresh.sends_settings = t->sends_settings;
    content_done(t);
    *t = fresh;
    return 0;
}

/* ---- reading one ---- */

size_t
target_pg_hosts(const struct target_pg *t, const struct target_pg_host **ret)
{
    *ret = t->hosts;
    return t->hosts_n;
}

const char *
target_pg_get(const struct target_pg *t, const char *keyword)
{
    int key = pg_key_find(keyword);
    return key < 0 || key == PG_PASSWORD || key == PG_SSLPASSWORD ? NULL : t->set.value[key];
}

const char *
pg_target_secret(const struct target_pg *t, enum pg_key key)
{
    return t->set.value[key];
}

void
target_pg_send_settings(struct target_pg *t)
{
    t->sends_settings = true;
}

bool
pg_target_sends_settings(const struct target_pg *t)
{
    return t->sends_settings;
}

static bool
is_same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

bool
target_pg_same(const struct target_pg *a, const struct target_pg *b)
{
    /* The rest of the server is in the redacted form, with its defaults. */
    bool same = strcmp(a->describe, b->describe) == 0 &&
                is_same(a->set.value[PG_HOSTADDR], b->set.value[PG_HOSTADDR]);
    for (size_t i = PG_SSLMODE; i < PG_KEYS; i++)
        same = same && (i == PG_SSLPASSWORD || is_same(a->set.value[i], b->set.value[i]));
    return same;
}

const char *
target_pg_describe(const struct target_pg *t)
{
    return t->describe;
}
