/* target_redis.c: where Redis is. */
#include <stdlib.h>
#include <string.h>

#include "common/net/reopen.h"
#include "common/base/cleanup.h"
#include "common/target/target_redis.h"

#define REDIS_PORT 6379

/* The public part first: the rest is for target_redis_refresh(). */
struct owner {
    struct target_redis t;
    char *url;
    bool alone;
    struct target_env env;
};

/* ---- sources ---- */

static int
read_url(const struct owner *o, struct redis_set *set, struct err *e)
{
    if (o->url)
        return redis_url_parse(o->url, set, e) == 0 ? 0 : o->alone ? -1 : err_wrap(e, "Redis URL");
    char *text;
    if (target_env_value(&o->env, "REDIS_URL", &text, e) != 0)
        return -1;
    int result = text ? redis_url_parse(text, set, e) : 0;
    target_wipe(text);
    return result == 0 ? 0 : err_wrap(e, "REDIS_URL");
}

/* One variable into the set, unless the URL gave that part. */
static int
read_part(const struct owner *o, struct redis_set *set, const char *name, enum redis_key key,
          struct err *e)
{
    struct redis_set one = {0};
    char *value;
    if (target_env_value(&o->env, name, &value, e) != 0)
        return -1;
    bool is_path = key == REDIS_KEY_HOST && value && *value == '/';
    key = is_path ? REDIS_KEY_PATH : key;
    if (!value || set->value[key]) {
        target_wipe(value);
        return 0;
    }
    one.value[key] = value;
    if (redis_set_check(&one, e) != 0) {
        redis_set_done(&one);
        return err_wrap(e, "%s", name);
    }
    set->value[key] = value;
    return 0;
}

/* What the URL leaves open comes from the parts; without a URL they are all there is. */
static int
read_parts(const struct owner *o, struct redis_set *set, struct err *e)
{
    static const struct {
        const char *name;
        enum redis_key key;
    } parts[] = {
        {"REDIS_HOST", REDIS_KEY_HOST},
        {"REDIS_PORT", REDIS_KEY_PORT},
        {"REDIS_USERNAME", REDIS_KEY_USERNAME},
        {"REDIS_PASSWORD", REDIS_KEY_PASSWORD},
        {"REDIS_DB", REDIS_KEY_DB},
        {"REDIS_TLS", REDIS_KEY_TLS},
    };
    bool have_server = set->value[REDIS_KEY_HOST] || set->value[REDIS_KEY_PATH];
    for (size_t i = have_server ? 1 : 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (read_part(o, set, parts[i].name, parts[i].key, e) != 0)
            return -1;
    return 0;
}

/* ---- a finished target ---- */

static void
finish_numbers(struct target_redis *t, const struct redis_set *set)
{
    bool tls = false;
    bool verify = true;
    t->port = REDIS_PORT;
    if (set->value[REDIS_KEY_PORT]) {
        target_port(set->value[REDIS_KEY_PORT],
                    &t->port); /* checked with its source, as the rest is */
    }
    if (set->value[REDIS_KEY_DB])
        t->db = (unsigned)strtoul(set->value[REDIS_KEY_DB], NULL, 10);
    if (set->value[REDIS_KEY_TLS])
        redis_truth(set->value[REDIS_KEY_TLS], &tls);
    if (set->value[REDIS_KEY_VERIFY])
        redis_truth(set->value[REDIS_KEY_VERIFY], &verify);
    t->tls = tls && !set->value[REDIS_KEY_PATH];
    t->tls_verify = verify;
}

static int
finish_description(struct target_redis *t, struct err *e)
{
    struct strbuf b = STRBUF_INIT;
    strbuf_adds(&b, t->path ? "unix://" : t->tls ? "rediss://" : "redis://");
    if (t->username) {
        target_encode(&b, t->username);
        strbuf_addc(&b, '@');
    }
    if (t->path) {
        strbuf_addf(&b, "%s?db=%u", t->path, t->db);
    } else {
        bool v6 = strchr(t->host, ':') != NULL;
        strbuf_addf(&b, "%s%s%s:%u/%u", v6 ? "[" : "", t->host, v6 ? "]" : "", t->port, t->db);
    }
    t->description = strbuf_steal(&b);
    return t->description ? 0 : err_nomem(e);
}

static int
finish(struct target_redis *t, struct redis_set *set, struct err *e)
{
    finish_numbers(t, set);
    const char *username = set->value[REDIS_KEY_USERNAME];
    if (username && !set->value[REDIS_KEY_PASSWORD] && strcmp(username, "default") != 0) {
        return err_set(
            e, ERR_USAGE,
            "a Redis user name requires a password; a password without a user name is written redis://:PASSWORD@host");
    }
    t->path = steal_ptr(&set->value[REDIS_KEY_PATH]);
    t->host = t->path ? NULL : steal_ptr(&set->value[REDIS_KEY_HOST]);
    t->username = steal_ptr(&set->value[REDIS_KEY_USERNAME]);
    t->password = steal_ptr(&set->value[REDIS_KEY_PASSWORD]);
    t->tls_ca = steal_ptr(&set->value[REDIS_KEY_CA]);
    reopen_note(t->tls_ca);
    t->tls_name = set->value[REDIS_KEY_NAME] ? steal_ptr(&set->value[REDIS_KEY_NAME])
                                             : strdup(t->host ? t->host : "");
    if (!t->tls_name)
        return err_nomem(e);
    return finish_description(t, e);
}

static void
content_done(struct target_redis *t)
{
    free(t->host);
    free(t->path);
    free(t->username);
    target_wipe(t->password);
    free(t->tls_ca);
    free(t->tls_name);
    free(t->description);
    *t = (struct target_redis){0};
}

/* Fills o->t. *ret_named false: nothing names a server, o->t is empty. */
static int
content_load(struct owner *o, bool *ret_named, struct err *e)
{
    struct redis_set set = {0};
    int result = read_url(o, &set, e);
    if (result == 0 && !o->alone)
        result = read_parts(o, &set, e);
    *ret_named = set.value[REDIS_KEY_HOST] || set.value[REDIS_KEY_PATH];
    if (result == 0 && *ret_named)
        result = finish(&o->t, &set, e);
    redis_set_done(&set);
    if (result != 0)
        content_done(&o->t);
    return result;
}

static int
load(const char *url, bool alone, const struct target_env *env, struct target_redis **ret,
     struct err *e)
{
    struct owner *o = calloc(1, sizeof(*o));
    if (!o)
        return err_nomem(e);
    o->alone = alone;
    o->env = env ? *env : (struct target_env){0};
    o->url = url ? strdup(url) : NULL;
    bool named = false;
    int result = url && !o->url ? err_nomem(e) : content_load(o, &named, e);
    if (result == 0)
        *ret = named ? &o->t : NULL;
    if (result != 0 || !named)
        target_redis_free(&o->t);
    return result;
}

int
target_redis_check(const char *url, struct err *e)
{
    struct redis_set set = {.unopened = true};
    int result = redis_url_parse(url, &set, e);
    redis_set_done(&set);
    return result;
}

int
target_redis_load(const char *url, const struct target_env *env, struct target_redis **ret,
                  struct err *e)
{
    return load(url, false, env, ret, e);
}

int
target_redis_parse(const char *url, struct target_redis **ret, struct err *e)
{
    return load(url, true, NULL, ret, e);
}

void
target_redis_free(struct target_redis *t)
{
    if (t) {
        struct owner *o = (struct owner *)t;
        content_done(t);
        target_wipe(o->url);
        free(o);
    }
}

int
target_redis_refresh(struct target_redis *t, struct err *e)
{
    struct owner *o = (struct owner *)t;
    struct owner fresh = {.url = o->url, .alone = o->alone, .env = o->env};
    bool named;
    if (content_load(&fresh, &named, e) != 0)
        return -1;
    if (!named)
        return err_set(e, ERR_USAGE, "the settings no longer name a Redis server");
    content_done(t);
    *t = fresh.t;
    return 0;
}

bool
target_redis_same(const struct target_redis *a, const struct target_redis *b)
{
    bool same = strcmp(a->description, b->description) == 0;
    if (same && a->tls)
        same = a->tls_verify == b->tls_verify && strcmp(a->tls_name, b->tls_name) == 0 &&
               strcmp(a->tls_ca ? a->tls_ca : "", b->tls_ca ? b->tls_ca : "") == 0;
    return same;
}

const char *
target_redis_describe(const struct target_redis *t)
{
    return t->description;
}
