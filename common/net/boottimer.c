/* boottimer.c: timerfd on the loop. */
#include "common/net/boottimer.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "common/base/clock.h"

struct boottimer {
    struct loop_watch *watch;
    loop_cb *cb;
    void *arg;
    uint64_t at_ms;
    int fd;
    bool pending;
};

static void
arm(struct boottimer *t)
{
    /* Zero would disarm. */
    uint64_t at_ms = t->at_ms ? t->at_ms : 1;
    struct itimerspec spec = {
        .it_value = {.tv_sec = (time_t)(at_ms / 1000), .tv_nsec = (long)(at_ms % 1000) * 1000000}};
    timerfd_settime(t->fd, TFD_TIMER_ABSTIME, &spec, NULL);
}

static void
on_fired(int fd, int what, void *arg)
{
    (void)what;
    struct boottimer *t = arg;
    uint64_t times;
    if (read(fd, &times, sizeof(times)) != (ssize_t)sizeof(times) || !t->pending)
        return;
    t->pending = false;
    t->cb(t->arg);
}

struct boottimer *
boottimer_new(struct loop *l, loop_cb *cb, void *arg, struct err *e)
{
    struct boottimer *t = calloc(1, sizeof(*t));
    if (!t) {
        err_nomem(e);
        return NULL;
    }
    t->cb = cb;
    t->arg = arg;
    t->fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    if (t->fd < 0) {
        err_sys(e, errno, "cannot create a timer");
        boottimer_free(t);
        return NULL;
    }
    t->watch = loop_watch_new(l, t->fd, on_fired, t);
    if (!t->watch || loop_watch_set(t->watch, LOOP_READ) < 0) {
        err_nomem(e);
        boottimer_free(t);
        return NULL;
    }
    return t;
}

void
boottimer_free(struct boottimer *t)
{
    if (!t)
        return;
    loop_watch_free(t->watch);
    if (t->fd >= 0)
        close(t->fd);
    free(t);
}

void
boottimer_start_at(struct boottimer *t, uint64_t at_ms)
{
    if (at_ms == CLOCK_NEVER) {
        boottimer_cancel(t);
        return;
    }
    t->at_ms = at_ms;
    t->pending = true;
    arm(t);
}

void
boottimer_cancel(struct boottimer *t)
{
    if (!t->pending)
        return;
    t->pending = false;
    timerfd_settime(t->fd, 0, &(struct itimerspec){0}, NULL);
}

bool
boottimer_pending(const struct boottimer *t)
{
    return t->pending;
}
