#include "healthd/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/target/target.h"

#define CHECKS_MAX 256

/* Takes spec, also when it fails. */
static int
add_spec(struct config *c, struct check_spec *spec, struct err *e)
{
    for (size_t i = 0; i < c->n; i++) {
        if (strcmp(c->specs[i].name, spec->name) == 0) {
            err_set(e, ERR_USAGE, "a check '%s' is there already", spec->name);
            check_spec_done(spec);
            return -1;
        }
    }
    if (c->n == CHECKS_MAX) {
        check_spec_done(spec);
        return err_set(e, ERR_USAGE, "more than %d checks", CHECKS_MAX);
    }
    struct check_spec *specs = reallocarray(c->specs, c->n + 1, sizeof(*specs));
    if (!specs) {
        check_spec_done(spec);
        return err_nomem(e);
    }
    c->specs = specs;
    c->specs[c->n++] = *spec;
    return 0;
}

/* A bad URL is told where its line stands. */
static int
check_url(const struct check_spec *s, struct err *e)
{
    struct target_pg *pg = NULL;
    struct target_redis *redis = NULL;
    struct target_peer *peer = NULL;
    int rc = 0;
    if (s->kind == CHECK_POSTGRES)
        rc = s->url ? target_pg_parse(s->url, &pg, e) : 0;
    else if (s->kind == CHECK_REDIS)
        rc = s->url ? target_redis_parse(s->url, &redis, e) : 0;
    else
        rc = target_peer_parse(s->url, &peer, e);
    target_pg_free(pg);
    target_redis_free(redis);
    target_peer_free(peer);
    return rc == 0 ? 0 : err_wrap(e, "check '%s'", s->name);
}

static int
add_line(struct config *c, const char *line, struct err *e)
{
    struct check_spec spec;
    const char *at = line + strspn(line, " \t");
    if (*at == '\0' || *at == '#')
        return 0;
    if (strncmp(line, "\xEF\xBB\xBF", 3) == 0)
        return err_set(e, ERR_USAGE, "a byte order mark (U+FEFF) begins it: take it away");
    if (checkline_parse(at, &spec, e) < 0)
        return -1;
    if (check_url(&spec, e) < 0) {
        check_spec_done(&spec);
        return -1;
    }
    return add_spec(c, &spec, e);
}

static int
read_file(struct config *c, const char *path, struct err *e)
{
    cleanup_file FILE *f = fopen(path, "re");
    cleanup_free char *line = NULL;
    size_t size = 0;
    if (!f) {
        err_sys(e, errno, "--config: cannot read %s", path);
        return -1;
    }
    for (unsigned n = 1;; n++) {
        ssize_t len = getline(&line, &size, f);
        if (len < 0)
            break;
        while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
            line[--len] = '\0';
        if (strlen(line) != (size_t)len)
            return err_set(e, ERR_USAGE, "%s:%u: a NUL byte", path, n);
        if (add_line(c, line, e) < 0)
            return err_wrap(e, "%s:%u", path, n);
    }
    return ferror(f) ? err_set(e, ERR_USAGE, "--config: cannot read %s", path) : 0;
}

/* ---- what the environment names ---- */

/* A line that says that it is the environment's server, or has the name of its check: the environment is not even read. */
static bool
takes_place(const struct config *c, const char *name, enum check_kind kind)
{
    for (size_t i = 0; i < c->n; i++) {
        const struct check_spec *s = &c->specs[i];
        if (strcmp(s->name, name) == 0 || (s->kind == kind && !s->url))
            return true;
    }
    return false;
}

/* What the environment names: one of the two. */
struct found {
    struct target_pg *pg;
    struct target_redis *redis;
};

/* A line with the URL of what the environment names. */
static bool
names_same(const struct check_spec *s, const struct found *found)
{
    struct target_pg *pg = NULL;
    struct target_redis *redis = NULL;
    bool same = false;
    if (found->pg && s->kind == CHECK_POSTGRES && target_pg_parse(s->url, &pg, NULL) == 0)
        same = target_pg_same(pg, found->pg);
    if (found->redis && s->kind == CHECK_REDIS && target_redis_parse(s->url, &redis, NULL) == 0)
        same = target_redis_same(redis, found->redis);
    target_pg_free(pg);
    target_redis_free(redis);
    return same;
}

static int
add_found(struct config *c, const char *name, const struct found *found, struct err *e)
{
    struct check_spec spec;
    for (size_t i = 0; i < c->n; i++)
        if (names_same(&c->specs[i], found))
            return 0;
    return check_spec_default(name, found->pg ? CHECK_POSTGRES : CHECK_REDIS, &spec, e) < 0
               ? -1
               : add_spec(c, &spec, e);
}

static int
find_environment(struct config *c, const struct options *o, struct err *e)
{
    struct found pg = {0};
    struct found redis = {0};
    int rc = 0;
    if (!takes_place(c, "database", CHECK_POSTGRES))
        rc = target_pg_load(o->database, NULL, &pg.pg, e);
    if (rc == 0 && pg.pg)
        rc = add_found(c, "database", &pg, e);
    if (rc == 0 && !takes_place(c, "redis", CHECK_REDIS))
        rc = target_redis_load(o->redis, NULL, &redis.redis, e);
    if (rc == 0 && redis.redis)
        rc = add_found(c, "redis", &redis, e);
    target_pg_free(pg.pg);
    target_redis_free(redis.redis);
    return rc;
}

/* ---- liveness is for what is in the pod ---- */

static int
pg_is_local(const struct check_spec *s, const struct options *o, bool *ret, struct err *e)
{
    struct target_pg *t = NULL;
    const struct target_pg_host *hosts = NULL;
    if ((s->url ? target_pg_parse(s->url, &t, e) : target_pg_load(o->database, NULL, &t, e)) < 0)
        return -1;
    *ret = true;
    size_t n = t ? target_pg_hosts(t, &hosts) : 0;
    for (size_t i = 0; i < n; i++)
        *ret = *ret && target_is_loopback(hosts[i].hostaddr ? hosts[i].hostaddr : hosts[i].host);
    target_pg_free(t);
    return 0;
}

static int
redis_is_local(const struct check_spec *s, const struct options *o, bool *ret, struct err *e)
{
    struct target_redis *t = NULL;
    if ((s->url ? target_redis_parse(s->url, &t, e) : target_redis_load(o->redis, NULL, &t, e)) < 0)
        return -1;
    *ret = !t || target_is_loopback(t->host);
    target_redis_free(t);
    return 0;
}

static int
peer_is_local(const struct check_spec *s, bool *ret, struct err *e)
{
    struct target_peer *t = NULL;
    if (target_peer_parse(s->url, &t, e) < 0)
        return -1;
    *ret = target_is_loopback(t->host);
    target_peer_free(t);
    return 0;
}

static int
is_local(const struct check_spec *s, const struct options *o, bool *ret, struct err *e)
{
    switch (s->kind) {
    case CHECK_POSTGRES:
        return pg_is_local(s, o, ret, e);
    case CHECK_REDIS:
        return redis_is_local(s, o, ret, e);
    case CHECK_TCP:
    case CHECK_HTTP:
        return peer_is_local(s, ret, e);
    }
    return err_set(e, ERR_USAGE, "unknown kind");
}

static int
refuse_remote_liveness(const struct config *c, const struct options *o, struct err *e)
{
    for (size_t i = 0; i < c->n; i++) {
        const struct check_spec *s = &c->specs[i];
        bool local = true;
        if (!check_spec_in_group(s, "live"))
            continue;
        if (is_local(s, o, &local, e) < 0)
            return err_wrap(e, "check '%s'", s->name);
        if (!local)
            return err_set(
                e, ERR_USAGE,
                "check '%s': the group live cannot name a target outside the pod, its outage would "
                "restart every replica",
                s->name);
    }
    return 0;
}

int
config_load(const struct options *o, struct config *ret, struct err *e)
{
    struct config c = {0};
    int rc = o->config ? read_file(&c, o->config, e) : 0;
    for (size_t i = 0; rc == 0 && i < o->checks.n; i++)
        if (add_line(&c, o->checks.items[i], e) < 0)
            rc = err_wrap(e, "--check (HEALTHD_CHECKS) %zu", i + 1);
    if (rc == 0)
        rc = find_environment(&c, o, e);
    if (rc == 0)
        rc = refuse_remote_liveness(&c, o, e);
    if (rc < 0)
        config_done(&c);
    else
        *ret = c;
    return rc;
}

void
config_done(struct config *c)
{
    for (size_t i = 0; i < c->n; i++)
        check_spec_done(&c->specs[i]);
    free(c->specs);
    *c = (struct config){0};
}
