/* status_ask.c: asks the stores, each once. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/net/loop.h"
#include "common/net/resolve.h"
#include "common/pg/pgconn.h"
#include "common/target/target.h"
#include "cronrun/run/run_host.h"
#include "cronrun/status/status.h"

#define STORE_MS 10000

/* What is being asked, and for whom. */
struct store {
    struct loop *loop;
    struct resolver *resolver;
    char host[LEASE_HOST_MAX]; /* ours */
    enum lock_kind kind;
    struct target_pg *pg;
    struct target_redis *redis;
};

/* ---- where it is ---- */

/* A job's own variables come before those of the process, as they do for its runs. */
static const char *
variable_of(const char *name, void *arg)
{
    size_t len = strlen(name);
    for (char *const *v = arg; v && *v; v++)
        if (strncmp(*v, name, len) == 0 && (*v)[len] == '=')
            return *v + len + 1;
    return getenv(name);
}

static int
load(const struct status_job *job, struct store *s, struct err *e)
{
    const struct target_env env = {.get = variable_of, .arg = (void *)job->env};
    s->kind = job->kind;
    s->pg = NULL;
    s->redis = NULL;
    if (job->kind == LOCK_POSTGRES) {
        if (target_pg_load(job->where, &env, &s->pg, e) < 0)
            return -1;
        return s->pg ? pgconn_supports(s->pg, e)
                     : err_set(e, ERR_USAGE,
                               "the location of PostgreSQL is not set (use DATABASE_URL or the "
                               "like, or --database)");
    }
    if (target_redis_load(job->where, &env, &s->redis, e) < 0)
        return -1;
    return s->redis ? 0
                    : err_set(e, ERR_USAGE,
                              "the location of Redis is not set (use REDIS_URL or the like, or "
                              "--redis)");
}

static void
unload(struct store *s)
{
    target_pg_free(s->pg);
    target_redis_free(s->redis);
    s->pg = NULL;
    s->redis = NULL;
}

static bool
same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* Whether the job's lock is in this store, which is the first one's, too. */
static bool
is_here(const struct store *s, const struct status_job *first, const struct status_job *job)
{
    struct store other = {0};
    struct err ignored;
    bool same = false;
    if (job->asked || job->kind != s->kind)
        return false;
    if (job->env == first->env && same_text(job->where, first->where))
        return true;
    if (load(job, &other, &ignored) == 0)
        same = s->kind == LOCK_POSTGRES ? target_pg_same(s->pg, other.pg)
                                        : target_redis_same(s->redis, other.redis);
    unload(&other);
    return same;
}

/* ---- what it says ---- */

static void
set_result(struct status_job *job, const struct lease_look *look, const struct err *why)
{
    job->asked = true;
    job->known = look != NULL;
    if (look)
        job->look = *look;
    else
        job->why = *why;
}

static int
set_lock_text(struct status_job *job, const struct store *s, struct err *e)
{
    const char *text =
        s->kind == LOCK_POSTGRES ? target_pg_describe(s->pg) : target_redis_describe(s->redis);
    free(job->lock);
    job->lock = strdup(text);
    return job->lock ? 0 : err_nomem(e);
}

/* Every job of the store takes the place of the one that stood for them all. */
static int
spread(struct status *s, const struct store *from, const struct lease_looks *looks, struct err *e)
{
    struct status_job *jobs = calloc(looks->n + 1, sizeof(*jobs));
    if (!jobs)
        return err_nomem(e);
    status_done(s);
    s->jobs = jobs;
    for (size_t i = 0; i < looks->n; i++) {
        struct status_job *job = &jobs[s->n++];
        *job = (struct status_job){.kind = from->kind};
        job->own_name = strdup(looks->items[i].name);
        job->name = job->own_name;
        if (!job->own_name || set_lock_text(job, from, e) < 0)
            return err_nomem(e);
        set_result(job, &looks->items[i], NULL);
    }
    return 0;
}

static int
look(const struct store *s, const struct lease_asked *asked, struct lease_looks *ret, struct err *e)
{
    uint64_t deadline_ms = clock_deadline(STORE_MS);
    return s->kind == LOCK_POSTGRES
               ? lease_look_pg(s->loop, s->resolver, s->pg, asked, deadline_ms, ret, e)
               : lease_look_redis(s->loop, s->resolver, s->redis, asked, deadline_ms, ret, e);
}

/* here: numbers of the n jobs whose locks are in the store. */
static int
ask_for(struct status *s, const struct store *store, const size_t *here, size_t n, struct err *e)
{
    struct lease_looks looks = {0};
    struct err why;
    const char **names = calloc(n + 1, sizeof(*names));
    if (!names)
        return err_nomem(e);
    for (size_t i = 0; i < n; i++)
        names[i] = s->jobs[here[i]].name;
    bool all = n == 1 && !names[0];
    int status = look(store, &(struct lease_asked){all ? NULL : names, n}, &looks, &why);
    bool known = status == 0;
    free(names);
    if (known && all) {
        status = spread(s, store, &looks, e);
        lease_looks_done(&looks);
        return status;
    }
    status = 0;
    for (size_t i = 0; i < n && status == 0; i++) {
        struct status_job *job = &s->jobs[here[i]];
        set_result(job, known ? lease_looks_find(&looks, job->name) : NULL, &why);
        status = set_lock_text(job, store, e);
    }
    lease_looks_done(&looks);
    return status;
}

/* ---- one store after the other ---- */

static int
ask_store(struct status *s, size_t first, struct store *store, struct err *e)
{
    struct err why;
    if (load(&s->jobs[first], store, &why) < 0) {
        unload(store);
        set_result(&s->jobs[first], NULL, &why);
        s->jobs[first].lock = strdup(store->kind == LOCK_POSTGRES ? "postgres" : "redis");
        return s->jobs[first].lock && why.code != ERR_NOMEM ? 0 : err_nomem(e);
    }
    size_t *here = calloc(s->n, sizeof(*here)), n = 0;
    int status = here ? 0 : err_nomem(e);
    for (size_t i = first; here && i < s->n; i++)
        if (i == first || is_here(store, &s->jobs[first], &s->jobs[i]))
            here[n++] = i;
    if (status == 0)
        status = ask_for(s, store, here, n, e);
    free(here);
    unload(store);
    return status;
}

static int
ask_file(struct status_job *job, const char *host, struct err *e)
{
    struct lease_look found;
    struct err why;
    struct strbuf text = STRBUF_INIT;
    strbuf_addf(&text, "file:%s", job->where);
    job->lock = strbuf_steal(&text);
    bool known = lease_look_file(job->where, host, &found, &why) == 0;
    set_result(job, known ? &found : NULL, &why);
    return job->lock ? 0 : err_nomem(e);
}

static int
ask_none(struct status_job *job, struct err *e)
{
    set_result(job, &(struct lease_look){0}, NULL);
    job->lock = strdup(STATUS_NONE);
    return job->lock ? 0 : err_nomem(e);
}

static int
ask_each(struct status *s, struct store *store, struct err *e)
{
    for (size_t i = 0; i < s->n; i++) {
        struct status_job *job = &s->jobs[i];
        int status = 0;
        if (job->asked)
            continue;
        if (job->kind == LOCK_FILE)
            status = ask_file(job, store->host, e);
        else if (job->kind == LOCK_NONE)
            status = ask_none(job, e);
        else
            status = ask_store(s, i, store, e);
        if (status < 0)
            return -1;
    }
    return 0;
}

int
status_ask(struct status *s, struct err *e)
{
    struct store store = {.loop = loop_new(e)};
    int status = -1;
    if (store.loop)
        store.resolver = resolver_new(store.loop, e);
    run_host(store.host);
    if (store.resolver)
        status = ask_each(s, &store, e);
    resolver_free(store.resolver);
    loop_free(store.loop);
    return status;
}
