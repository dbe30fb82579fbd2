#include "healthd/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/net/target.h"

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
    struct check_spec *specs =
        c->n < CHECKS_MAX ? reallocarray(c->specs, c->n + 1, sizeof(*specs)) : NULL;
    if (!specs) {
        check_spec_done(spec);
        return err_set(e, ERR_USAGE, "more than %d checks", CHECKS_MAX);
    }
    c->specs = specs;
    c->specs[c->n++] = *spec;
    return 0;
}

static int
add_line(struct config *c, const char *line, struct err *e)
{
    struct check_spec spec;
    const char *at = line + strspn(line, " \t");
    if (*at == '\0' || *at == '#')
        return 0;
    return checkline_parse(at, &spec, e) < 0 ? -1 : add_spec(c, &spec, e);
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

static bool
has_kind(const struct config *c, enum check_kind kind)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->specs[i].kind == kind)
            return true;
    return false;
}

static int
add_found(struct config *c, const char *name, enum check_kind kind, struct err *e)
{
    struct check_spec spec;
    if (check_spec_default(name, kind, &spec, e) < 0)
        return -1;
    if (add_spec(c, &spec, e) < 0)
        return err_wrap(e, "the %s server that the environment names",
                        kind == CHECK_POSTGRES ? "PostgreSQL" : "Redis");
    return 0;
}

static int
find_environment(struct config *c, const struct options *o, struct err *e)
{
    if (!has_kind(c, CHECK_POSTGRES)) {
        struct target_pg *t = NULL;
        if (target_pg_load(o->database, NULL, &t, e) < 0)
            return -1;
        int rc = t ? add_found(c, "database", CHECK_POSTGRES, e) : 0;
        target_pg_free(t);
        if (rc < 0)
            return -1;
    }
    if (!has_kind(c, CHECK_REDIS)) {
        struct target_redis *t = NULL;
        if (target_redis_load(o->redis, NULL, &t, e) < 0)
            return -1;
        int rc = t ? add_found(c, "redis", CHECK_REDIS, e) : 0;
        target_redis_free(t);
        return rc;
    }
    return 0;
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
