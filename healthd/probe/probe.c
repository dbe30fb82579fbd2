/* What every kind of probe has: how it is made and freed, and results made of errors. */
#include "healthd/probe/probe.h"

#include <stdio.h>

#include "common/base/clock.h"

struct probe *
probe_new(const struct probe_context *x, const struct check_spec *spec, struct err *e)
{
    const struct check_target *ops = spec->kind->target;
    struct probe *p = NULL;
    void *target = NULL;
    if (ops->parse(spec->url, &x->given, &target, e) == 0) {
        if (target)
            p = spec->kind->probe_new(x, spec, target, e);
        else
            err_set(e, ERR_USAGE, "%s", spec->kind->not_found);
    }
    if (!p) {
        ops->free(target);
        err_wrap(e, "check '%s'", spec->name);
    }
    return p;
}

static void
probe_release(void *arg)
{
    struct probe *p = arg;
    p->ops->release(p);
}

void
probe_free(struct probe *p)
{
    if (!p || p->dead)
        return;
    p->dead = true;
    p->ops->close(p);
    loop_defer(p->loop, &p->later, probe_release, p);
}

void
probe_result_from(struct probe_result *ret, const struct err *e, uint64_t deadline_ms)
{
    ret->reason = reason_of_err(e);
    ret->timed_out = ret->reason == REASON_TIMEOUT || clock_mono_ms() >= deadline_ms;
    snprintf(ret->cause, sizeof(ret->cause), "%.*s", PROBE_CAUSE_MAX - 1, e->msg);
}
