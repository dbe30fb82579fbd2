/* run_store.c: where the lock is, and which kind of lease that makes. */
#include "common/net/resolve.h"
#include "common/pg/pgconn.h"
#include "common/target/target.h"
#include "cronrun/run/run_impl.h"

static struct lease *
pg_lease(struct run *r, struct err *e)
{
    if (target_pg_load(r->o->lock_where, NULL, &r->target_pg, e) < 0)
        return NULL;
    if (!r->target_pg) {
        err_set(
            e, ERR_USAGE,
            "--lock postgres: the location of PostgreSQL is not set (use DATABASE_URL or the like, or --database)");
        return NULL;
    }
    if (pgconn_supports(r->target_pg, e) < 0)
        return NULL;
    r->resolver = resolver_new(r->loop, e);
    if (!r->resolver)
        return NULL;
    return lease_pg_new(r->loop, r->resolver, r->target_pg, &r->owner, r->o->lock_settle_ms, e);
}

static struct lease *
redis_lease(struct run *r, struct err *e)
{
    if (target_redis_load(r->o->lock_where, NULL, &r->target_redis, e) < 0)
        return NULL;
    if (!r->target_redis) {
        err_set(
            e, ERR_USAGE,
            "--lock redis: the location of Redis is not set (use REDIS_URL or the like, or --redis)");
        return NULL;
    }
    r->resolver = resolver_new(r->loop, e);
    if (!r->resolver)
        return NULL;
    return lease_redis_new(r->loop, r->resolver, r->target_redis, &r->owner, r->o->lock_ttl_ms, e);
}

int
run_lease_make(struct run *r, struct err *e)
{
    r->owner = (struct lease_owner){.name = r->job, .host = r->host, .run_id = r->run_id};
    switch (r->o->lock_kind) {
    case LOCK_NONE:
        r->lease = lease_none_new(r->loop, e);
        break;
    case LOCK_FILE:
        r->lease = lease_file_new(r->loop, r->o->lock_where, &r->owner, e);
        break;
    case LOCK_POSTGRES:
        r->lease = pg_lease(r, e);
        break;
    case LOCK_REDIS:
        r->lease = redis_lease(r, e);
        break;
    }
    if (!r->lease)
        return -1;
    lease_set_lost_cb(r->lease, run_lock_lost, r);
    return 0;
}
