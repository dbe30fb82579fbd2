/* lease.c: the interface, what holders write about themselves, and the lease that is none. */
#include "common/lease/lease.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/json.h"
#include "common/lease/lease_impl.h"
#include "common/net/loop.h"

static void
on_soon(void *arg)
{
    struct lease *l = arg;
    l->soon_cb(l);
}

int
lease_init(struct lease *l, const struct lease_ops *ops, struct loop *loop,
           const struct lease_owner *owner, struct err *e)
{
    l->ops = ops;
    l->loop = loop;
    l->owner = *owner;
    l->soon = loop_timer_new(loop, on_soon, l);
    return l->soon ? 0 : err_nomem(e);
}

void
lease_soon(struct lease *l, void (*cb)(struct lease *l))
{
    l->soon_cb = cb;
    loop_timer_start(l->soon, 0);
}

int
lease_acquire_start(struct lease *l, uint64_t deadline_ms, lease_acquired_cb *cb, void *arg,
                    struct err *e)
{
    assert(!l->acquired_cb && !l->released_cb);
    l->acquired_cb = cb;
    l->acquired_arg = arg;
    if (l->ops->acquire(l, deadline_ms, e) == 0)
        return 0;
    l->acquired_cb = NULL;
    return -1;
}

void
lease_withdraw(struct lease *l)
{
    if (l->acquired_cb && l->ops->withdraw)
        l->ops->withdraw(l);
}

void
lease_set_lost_cb(struct lease *l, lease_lost_cb *cb, void *arg)
{
    l->lost_cb = cb;
    l->lost_arg = arg;
}

void
lease_check(struct lease *l)
{
    if (l->ops->check)
        l->ops->check(l);
}

int
lease_release_start(struct lease *l, const char *outcome, uint64_t deadline_ms,
                    lease_released_cb *cb, void *arg, struct err *e)
{
    assert(!l->acquired_cb && !l->released_cb);
    l->lost_cb = NULL;
    l->released_cb = cb;
    l->released_arg = arg;
    if (l->ops->release(l, outcome, deadline_ms, e) == 0)
        return 0;
    l->released_cb = NULL;
    return -1;
}

int
lease_keep_fd(const struct lease *l)
{
    return l->ops->keep_fd ? l->ops->keep_fd(l) : -1;
}

void
lease_free(struct lease *l)
{
    if (!l || l->dead)
        return;
    l->dead = true;
    l->acquired_cb = NULL;
    l->lost_cb = NULL;
    l->released_cb = NULL;
    loop_timer_free(l->soon);
    if (l->ops->close)
        l->ops->close(l);
    loop_defer(l->loop, &l->later, free, l);
}

void
lease_acquired(struct lease *l, const struct err *e, uint64_t fence,
               const struct lease_holder *holder)
{
    lease_acquired_cb *cb = l->acquired_cb;
    l->acquired_cb = NULL;
    if (cb)
        cb(l, e, fence, holder, l->acquired_arg);
}

void
lease_released(struct lease *l, const struct err *e)
{
    lease_released_cb *cb = l->released_cb;
    l->released_cb = NULL;
    if (cb)
        cb(l, e, l->released_arg);
}

void
lease_tell(struct lease *l, enum lease_grade grade, const struct err *why)
{
    if (l->gone_told || (grade == LEASE_UNSURE && l->unsure_told))
        return;
    l->unsure_told = true;
    l->gone_told = grade == LEASE_GONE;
    if (l->lost_cb)
        l->lost_cb(l, grade, why, l->lost_arg);
}

int
lease_name_check(const char *name, struct err *e)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-:/@+";
    size_t len = strlen(name);
    if (len == 0 || len > LEASE_NAME_MAX)
        return err_set(e, ERR_USAGE, "a job name must have 1 to %d characters", LEASE_NAME_MAX);
    if (strspn(name, allowed) != len)
        return err_set(
            e, ERR_USAGE,
            "the job name \"%s\" contains a character other than letters, digits and ._-:/@+",
            name);
    return 0;
}

int
lease_pg_key(const char *name, int64_t *ret_key, struct err *e)
{
    char text[LEASE_NAME_MAX + 16];
    int len = snprintf(text, sizeof(text), "cronrun:%s", name);
    return digest_key64(text, (size_t)len, ret_key, e);
}

/* ---- the holder's line ---- */

void
lease_holder_self(struct lease_holder *ret, const struct lease_owner *owner, uint64_t fence)
{
    *ret = (struct lease_holder){.pid = getpid(), .fence = fence};
    snprintf(ret->host, sizeof(ret->host), "%s", owner->host);
    snprintf(ret->run_id, sizeof(ret->run_id), "%s", owner->run_id);
    clock_format_rfc3339(ret->since, clock_wall_ms() * 1000, 3);
}

void
lease_holder_format(struct strbuf *out, const struct lease_holder *h)
{
    struct json j = json_on(out);
    json_object(&j);
    json_kuint(&j, "fence", h->fence);
    json_kstr(&j, "host", h->host);
    json_kint(&j, "pid", h->pid);
    json_kstr(&j, "since", h->since);
    json_kstr(&j, "run_id", h->run_id);
    json_end(&j);
}

/* After `key` a number; moves *at behind it. */
static bool
take_number(const char **at, const char *key, uint64_t *ret)
{
    size_t len = strlen(key);
    if (strncmp(*at, key, len) != 0 || (*at)[len] < '0' || (*at)[len] > '9')
        return false;
    char *end;
    *ret = strtoull(*at + len, &end, 10);
    *at = end;
    return true;
}

/* After `key` plain text up to a quote: what we write has nothing to escape. */
static bool
take_text(const char **at, const char *key, char *ret, size_t size)
{
    size_t len = strlen(key);
    if (strncmp(*at, key, len) != 0)
        return false;
    const char *start = *at + len;
    size_t text_len = strcspn(start, "\"\\");
    if (start[text_len] != '"' || text_len >= size)
        return false;
    memcpy(ret, start, text_len);
    ret[text_len] = '\0';
    *at = start + text_len + 1;
    return true;
}

bool
lease_holder_parse(const char *text, size_t len, struct lease_holder *ret)
{
    char copy[512];
    if (len >= sizeof(copy) || memchr(text, '\0', len))
        return false;
    memcpy(copy, text, len);
    copy[len] = '\0';
    struct lease_holder h = {0};
    uint64_t pid;
    const char *at = copy;
    if (!take_number(&at, "{\"fence\":", &h.fence) ||
        !take_text(&at, ",\"host\":\"", h.host, sizeof(h.host)) ||
        !take_number(&at, ",\"pid\":", &pid) ||
        !take_text(&at, ",\"since\":\"", h.since, sizeof(h.since)) ||
        !take_text(&at, ",\"run_id\":\"", h.run_id, sizeof(h.run_id)) || *at != '}')
        return false;
    at += 1 + strspn(at + 1, " ");
    if (*at == '\n')
        at++;
    if (*at || pid > INT32_MAX)
        return false;
    h.pid = (long)pid;
    *ret = h;
    return true;
}

/* ---- none ---- */

static void
none_acquired(struct lease *l)
{
    lease_acquired(l, NULL, 0, NULL);
}

static int
none_acquire(struct lease *l, uint64_t deadline_ms, struct err *e)
{
    (void)deadline_ms;
    (void)e;
    lease_soon(l, none_acquired);
    return 0;
}

static void
none_released(struct lease *l)
{
    lease_released(l, NULL);
}

static int
none_release(struct lease *l, const char *outcome, uint64_t deadline_ms, struct err *e)
{
    (void)outcome;
    (void)deadline_ms;
    (void)e;
    lease_soon(l, none_released);
    return 0;
}

struct lease *
lease_none_new(struct loop *loop, struct err *e)
{
    static const struct lease_ops ops = {.acquire = none_acquire, .release = none_release};
    struct lease *l = calloc(1, sizeof(*l));
    if (!l) {
        err_nomem(e);
        return NULL;
    }
    if (lease_init(l, &ops, loop, &(struct lease_owner){0}, e) < 0) {
        lease_free(l);
        return NULL;
    }
    return l;
}
