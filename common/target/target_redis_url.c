/* target_redis_url.c: Redis' URLs. */
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/words.h"
#include "common/target/target_redis.h"

void
redis_set_done(struct redis_set *set)
{
    for (size_t i = 0; i < REDIS_KEYS; i++)
        target_wipe(set->value[i]);
    *set = (struct redis_set){0};
}

/* Takes value. */
int
redis_set_take(struct redis_set *set, enum redis_key key, char *value, struct err *e)
{
    if (!value)
        return err_nomem(e);
    target_wipe(set->value[key]);
    set->value[key] = value;
    return 0;
}

bool
redis_truth(const char *word, bool *ret)
{
    static const struct {
        const char *word;
        bool value;
    } words[] = {
        {"true", true},   {"1", true},  {"yes", true}, {"on", true},
        {"false", false}, {"0", false}, {"no", false}, {"off", false},
    };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcasecmp(word, words[i].word) == 0) {
            *ret = words[i].value;
            return true;
        }
    }
    return false;
}

/* ---- the parameters of URLs ---- */

enum action { DO_KEY, DO_IGNORE, DO_SECRET_FILE, DO_CERT_REQS, DO_SKIP_VERIFY };

static const struct param {
    const char *name;
    enum action action;
    enum redis_key key;
} params[] = {
    {"db", DO_KEY, REDIS_KEY_DB},
    {"database", DO_KEY, REDIS_KEY_DB},
    {"username", DO_KEY, REDIS_KEY_USERNAME},
    {"password", DO_KEY, REDIS_KEY_PASSWORD},
    {"password_file", DO_SECRET_FILE, REDIS_KEY_PASSWORD}, /* our own: for check lines */
    {"ca_file", DO_KEY, REDIS_KEY_CA},
    {"ssl_ca_certs", DO_KEY, REDIS_KEY_CA}, /* redis-py */
    {"ssl_cert_reqs", DO_CERT_REQS, REDIS_KEY_VERIFY},
    {"verify", DO_KEY, REDIS_KEY_VERIFY},
    {"skip_verify", DO_SKIP_VERIFY, REDIS_KEY_VERIFY}, /* go-redis */
    {"server_name", DO_KEY, REDIS_KEY_NAME},
    {"ssl_check_hostname", DO_IGNORE, 0},
    {"socket_timeout", DO_IGNORE, 0},
    {"socket_connect_timeout", DO_IGNORE, 0},
    {"socket_keepalive", DO_IGNORE, 0},
    {"retry_on_timeout", DO_IGNORE, 0},
    {"health_check_interval", DO_IGNORE, 0},
    {"max_connections", DO_IGNORE, 0},
    {"decode_responses", DO_IGNORE, 0},
    {"encoding", DO_IGNORE, 0},
    {"protocol", DO_IGNORE, 0},
    {"family", DO_IGNORE, 0},
    {"timeout", DO_IGNORE, 0},
    {"client_name", DO_IGNORE, 0},
    {"clientname", DO_IGNORE, 0},
    {"dial_timeout", DO_IGNORE, 0},
    {"read_timeout", DO_IGNORE, 0},
    {"write_timeout", DO_IGNORE, 0},
    {"max_retries", DO_IGNORE, 0},
    {"pool_size", DO_IGNORE, 0},
    {"min_idle_conns", DO_IGNORE, 0},
    {"read_from_replicas", DO_IGNORE, 0},
    {"prefix", DO_IGNORE, 0},
};
#define N_PARAMS (sizeof(params) / sizeof(params[0]))

static int
unknown_param(const char *name, const struct target_url *u, struct target_slice at, struct err *e)
{
    bool shown = target_param_nameable(u->query.text, at.text, name);
    const char *known[N_PARAMS];
    for (size_t i = 0; i < N_PARAMS; i++)
        known[i] = params[i].name;
    const char *nearest = words_nearest(name, known, N_PARAMS, NULL);
    return err_set(e, ERR_USAGE, "unknown parameter%s%s at character %zu%s%s%s", shown ? " " : "",
                   shown ? name : "", target_url_at(u, at.text), nearest ? "; did you mean " : "",
                   nearest ? nearest : "", nearest ? "?" : "");
}

static int
do_param(struct redis_set *set, const struct param *p, const char *value, struct err *e)
{
    bool skip;
    char *secret;
    switch (p->action) {
    case DO_KEY:
        return redis_set_take(set, p->key, strdup(value), e);
    case DO_SECRET_FILE:
        if (set->unopened)
            return redis_set_take(set, p->key, strdup("-"), e);
        return target_read_secret(value, &secret, e) == 0 ? redis_set_take(set, p->key, secret, e)
                                                          : -1;
    case DO_CERT_REQS:
        return redis_set_take(
            set, p->key,
            strdup(strcasecmp(value, "none") == 0 || strcasecmp(value, "CERT_NONE") == 0 ? "no"
                                                                                         : "yes"),
            e);
    case DO_SKIP_VERIFY:
        return redis_set_take(set, p->key, strdup(redis_truth(value, &skip) && skip ? "no" : "yes"),
                              e);
    case DO_IGNORE:
        break;
    }
    return 0;
}

static int
take_params(struct redis_set *set, const struct target_url *u, struct err *e)
{
    struct target_slice query = u->query;
    struct target_slice name;
    struct target_slice value;
    while (target_next_param(&query, &name, &value)) {
        cleanup_free char *key = NULL;
        char *text = NULL;
        const struct param *found = NULL;
        if (!value.text) {
            return err_set(e, ERR_USAGE, "the parameter at character %zu has no \"=\"",
                           target_url_at(u, name.text));
        }
        if (target_decode(u, name, &key, e) != 0 || target_decode(u, value, &text, e) != 0)
            return -1;
        for (size_t i = 0; i < N_PARAMS && !found; i++)
            found = strcasecmp(params[i].name, key) == 0 ? &params[i] : NULL;
        int result = found ? do_param(set, found, text, e) : unknown_param(key, u, name, e);
        target_wipe(text);
        if (result != 0)
            return -1;
    }
    return 0;
}

/* ---- URLs ---- */

static int
take_slice(struct redis_set *set, enum redis_key key, const struct target_url *u,
           struct target_slice s, struct err *e)
{
    char *value;
    if (!s.text || s.len == 0)
        return 0;
    return target_decode(u, s, &value, e) == 0 ? redis_set_take(set, key, value, e) : -1;
}

static int
take_server(struct redis_set *set, const struct target_url *u, struct err *e)
{
    struct target_slice hosts = u->hosts;
    struct target_slice host;
    struct target_slice port;
    uint16_t ignored;
    target_next_host(&hosts, &host, &port);
    if (hosts.text) {
        return err_set(
            e, ERR_USAGE,
            "the URL names several servers at character %zu; Redis Cluster is not supported",
            target_url_at(u, hosts.text));
    }
    if (host.len == 0)
        return err_set(e, ERR_USAGE, "the host is missing at character %zu",
                       target_url_at(u, host.text));
    if (take_slice(set, REDIS_KEY_HOST, u, host, e) != 0 ||
        take_slice(set, REDIS_KEY_PORT, u, port, e) != 0)
        return -1;
    if (set->value[REDIS_KEY_PORT] && !target_port(set->value[REDIS_KEY_PORT], &ignored)) {
        return err_set(
            e, ERR_USAGE,
            "the port at character %zu is not a number from 1 to 65535; in a password, write : / ? # @ as %%3A %%2F %%3F %%23 %%40",
            target_url_at(u, port.text));
    }
    return take_slice(set, REDIS_KEY_DB, u, u->path, e);
}

static int
take_socket(struct redis_set *set, const struct target_url *u, struct err *e)
{
    if (u->hosts.len > 0) {
        return err_set(
            e, ERR_USAGE,
            "the URL of a Unix socket cannot contain a host, but this one has one at character %zu; write unix:///path",
            target_url_at(u, u->hosts.text));
    }
    if (!u->path.text || u->path.len == 0)
        return err_set(e, ERR_USAGE, "the path of the Unix socket is missing");
    struct target_slice path = {u->path.text - 1, u->path.len + 1};
    return take_slice(set, REDIS_KEY_PATH, u, path, e);
}

static bool
scheme_is(const char *text, size_t len, const char *scheme)
{
    return strlen(scheme) == len && strncasecmp(text, scheme, len) == 0;
}

static int
refuse_scheme(const char *text, size_t len, struct err *e)
{
    bool kin = len > 5 && strncasecmp(text, "redis", 5) == 0; /* redis+sentinel, redis-cluster … */
    return err_set(e, ERR_USAGE,
                   kin ? "%.*s is not supported; use redis, rediss or unix"
                       : "%.*s is not a scheme of Redis; use redis, rediss or unix",
                   (int)len, text);
}

static int
check_numbers(const struct redis_set *set, struct err *e)
{
    const char *db = set->value[REDIS_KEY_DB];
    const char *port = set->value[REDIS_KEY_PORT];
    uint16_t ignored;
    bool truth;
    if (port && !target_port(port, &ignored))
        return err_set(e, ERR_USAGE, "the port is not a number from 1 to 65535");
    size_t digits = db ? strspn(db, "0123456789") : 0;
    if (db && (digits == 0 || digits > 6 || db[digits]))
        return err_set(e, ERR_USAGE, "the database is not a number");
    if (set->value[REDIS_KEY_TLS] && !redis_truth(set->value[REDIS_KEY_TLS], &truth))
        return err_set(e, ERR_USAGE, "TLS must be true or false");
    if (set->value[REDIS_KEY_VERIFY] && !redis_truth(set->value[REDIS_KEY_VERIFY], &truth))
        return err_set(e, ERR_USAGE, "verify must be true or false");
    return 0;
}

int
redis_set_check(const struct redis_set *set, struct err *e)
{
    static const char *const names[REDIS_KEYS] = {
        [REDIS_KEY_PATH] = "the socket's path",
        [REDIS_KEY_USERNAME] = "the user",
        [REDIS_KEY_CA] = "the CA file's path",
        [REDIS_KEY_NAME] = "the server's name",
    };
    for (size_t i = 0; i < REDIS_KEYS; i++)
        if (names[i] && set->value[i] && words_hold_password(set->value[i]))
            return err_set(e, ERR_USAGE, "%s is a connection string, or part of one", names[i]);
    const char *host = set->value[REDIS_KEY_HOST];
    if (host && target_host_check(host, "REDIS_PORT", e) != 0)
        return -1;
    return check_numbers(set, e);
}

static int
parse_url(const char *text, struct redis_set *set, struct err *e)
{
    size_t len = target_scheme_len(text);
    bool plain = scheme_is(text, len, "redis") || scheme_is(text, len, "valkey");
    bool tls = scheme_is(text, len, "rediss") || scheme_is(text, len, "valkeys");
    bool socket = scheme_is(text, len, "unix") || scheme_is(text, len, "redis+socket") ||
                  scheme_is(text, len, "redis+unix");
    struct target_url u;
    if (len == 0)
        return err_set(e, ERR_USAGE, "the value is not a URL (redis://host:6379/0)");
    if (!plain && !tls && !socket)
        return refuse_scheme(text, len, e);
    if (target_url_split(text, text + len + 1, &u, e) != 0 ||
        take_slice(set, REDIS_KEY_USERNAME, &u, u.user, e) != 0 ||
        take_slice(set, REDIS_KEY_PASSWORD, &u, u.password, e) != 0 ||
        redis_set_take(set, REDIS_KEY_TLS, strdup(tls ? "yes" : "no"), e) != 0)
        return -1;
    if ((socket ? take_socket(set, &u, e) : take_server(set, &u, e)) != 0)
        return -1;
    return take_params(set, &u, e);
}

int
redis_url_parse(const char *text, struct redis_set *set, struct err *e)
{
    return parse_url(text, set, e) == 0 ? redis_set_check(set, e) : -1;
}
