#include "healthd/probe/probe.h"

#include <stdio.h>

#include "common/base/clock.h"

struct probe *
probe_new(const struct probe_context *x, const struct check_spec *spec, struct err *e)
{
    switch (spec->kind) {
    case CHECK_POSTGRES:
        return probe_pg_new(x, spec, e);
    case CHECK_REDIS:
        return probe_redis_new(x, spec, e);
    case CHECK_TCP:
        return probe_tcp_new(x, spec, e);
    case CHECK_HTTP:
        return probe_http_new(x, spec, e);
    }
    err_set(e, ERR_USAGE, "check '%s': unknown kind", spec->name);
    return NULL;
}

void
probe_free(struct probe *p)
{
    if (p)
        p->ops->free(p);
}

void
probe_result_from(struct probe_result *ret, const struct err *e, uint64_t deadline_ms)
{
    ret->reason = reason_of_err(e);
    ret->timed_out = ret->reason == REASON_TIMEOUT || clock_mono_ms() >= deadline_ms;
    snprintf(ret->cause, sizeof(ret->cause), "%.*s", PROBE_CAUSE_MAX - 1, e->msg);
}
