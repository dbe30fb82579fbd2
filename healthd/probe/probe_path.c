/* probe_path.c: a look at a path, from start to end. */
#include "healthd/probe/probe_path.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/net/loop.h"
#include "common/target/target.h"

struct probe_path {
    struct probe base;
    const struct probe_path_kind *kind;
    const struct check_spec *spec;
    struct target_peer *target;
    struct offload *call; /* under way, also after the look that started it */
    struct loop_timer *timer;
    bool looking;
};

enum reason
probe_path_fault(int sys_errno)
{
    switch (sys_errno) {
    case 0:
        return REASON_NONE;
    case ENOENT:
    case ENOTDIR:
        return REASON_ABSENT;
    case EACCES:
    case EPERM:
        return REASON_PRIVILEGE;
    case ETIMEDOUT: /* NFS, mounted soft */
        return REASON_TIMEOUT;
    case EIO:
    case ESTALE:
    case ENOTCONN: /* the server of a FUSE file system is gone */
    case ENODEV:
    case ENXIO:
    case EUCLEAN:
        return REASON_STORAGE;
    default:
        return REASON_UNEXPECTED;
    }
}

static void
finish(struct probe_path *p, const struct probe_result *r)
{
    p->looking = false;
    loop_timer_cancel(p->timer);
    p->base.done(&p->base, PROBE_SESSION, r, p->base.arg);
}

static void
on_back(void *data, void *arg)
{
    const struct probe_path_look *l = data;
    struct probe_path *p = arg;
    struct probe_result r = {0};
    p->call = NULL;
    if (!p->looking) {
        p->base.lost(&p->base, p->base.arg);
        return;
    }
    r.reason = probe_path_fault(l->sys_errno);
    if (r.reason == REASON_NONE || r.reason == REASON_ABSENT)
        p->kind->judge(p->spec->own, l, &r);
    else
        snprintf(r.cause, sizeof(r.cause), "%.180s: %s", l->path, strerror(l->sys_errno));
    r.timed_out = r.reason == REASON_TIMEOUT;
    finish(p, &r);
}

static void
on_deadline(void *arg)
{
    struct probe_path *p = arg;
    struct probe_result r = {.reason = REASON_TIMEOUT, .timed_out = true};
    snprintf(r.cause, sizeof(r.cause), "%.180s: the file system did not answer in time",
             p->target->path);
    finish(p, &r);
}

static int
call(struct probe_path *p, struct err *e)
{
    size_t len = strlen(p->target->path) + 1;
    struct probe_path_look *l = calloc(1, sizeof(*l) + len);
    if (!l)
        return err_nomem(e);
    memcpy(l->path, p->target->path, len);
    p->call = offload_start(p->base.loop, p->kind->work, l, on_back, p, e);
    return p->call ? 0 : -1;
}

static int
path_start(struct probe *base, enum probe_depth depth, uint64_t deadline_ms, struct err *e)
{
    struct probe_path *p = (struct probe_path *)base;
    (void)depth; /* there is no session beside which to look */
    if (!p->call && call(p, e) < 0)
        return -1;
    p->looking = true;
    loop_timer_start_at(p->timer, deadline_ms);
    return 0;
}

static bool
path_has_session(const struct probe *base)
{
    (void)base;
    return false;
}

static void
path_close(struct probe *base)
{
    struct probe_path *p = (struct probe_path *)base;
    offload_cancel(p->call);
    loop_timer_free(p->timer);
}

static void
path_release(struct probe *base)
{
    struct probe_path *p = (struct probe_path *)base;
    target_peer_free(p->target);
    free(p);
}

static const struct probe_ops ops = {.start = path_start,
                                     .has_session = path_has_session,
                                     .close = path_close,
                                     .release = path_release};

int
probe_path_judge_keys(const struct check_spec *s, struct err *e)
{
    return s->each ? 0 : err_set(e, ERR_USAGE, "'connection keep' is not for paths");
}

struct probe *
probe_path_new(const struct probe_path_kind *kind, const struct probe_context *x,
               const struct check_spec *spec, void *target, struct err *e)
{
    struct probe_path *p = calloc(1, sizeof(*p));
    if (p)
        p->timer = loop_timer_new(x->loop, on_deadline, p);
    if (!p || !p->timer) {
        free(p);
        err_nomem(e);
        return NULL;
    }
    p->base = (struct probe){.ops = &ops, .loop = x->loop};
    p->kind = kind;
    p->spec = spec;
    p->target = target;
    return &p->base;
}
