/* walltimer.c: timerfd on the loop. */
#include "cronrun/daemon/walltimer.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* Some kernels take no later one: the year 2200. */
#define LATEST_S INT64_C(7258118400)

struct walltimer {
    struct loop_watch *watch;
    loop_cb *cb;
    void *arg;
    int fd;
};

static void
on_fired(int fd, int what, void *arg)
{
    (void)what;
    struct walltimer *t = arg;
    uint64_t times;
    /* ECANCELED: the clock was set. */
    if (read(fd, &times, sizeof(times)) < 0 && errno != ECANCELED)
        return;
    t->cb(t->arg);
}

struct walltimer *
walltimer_new(struct loop *l, loop_cb *cb, void *arg, struct err *e)
{
    struct walltimer *t = calloc(1, sizeof(*t));
    if (!t) {
        err_nomem(e);
        return NULL;
    }
    t->cb = cb;
    t->arg = arg;
    t->fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    if (t->fd < 0) {
        err_sys(e, errno, "cannot create a timer");
        walltimer_free(t);
        return NULL;
    }
    t->watch = loop_watch_new(l, t->fd, on_fired, t);
    if (!t->watch || loop_watch_set(t->watch, LOOP_READ) < 0) {
        err_nomem(e);
        walltimer_free(t);
        return NULL;
    }
    return t;
}

void
walltimer_free(struct walltimer *t)
{
    if (!t)
        return;
    loop_watch_free(t->watch);
    if (t->fd >= 0)
        close(t->fd);
    free(t);
}

void
walltimer_start_at(struct walltimer *t, int64_t at_ms)
{
    int64_t at_s = at_ms / 1000;
    struct itimerspec spec = {.it_value = {.tv_sec = at_s < LATEST_S ? at_s : LATEST_S,
                                           .tv_nsec = (long)(at_ms % 1000) * 1000000}};
    if (at_s < 0 || at_ms == 0) /* zero would disarm */
        spec.it_value = (struct timespec){.tv_nsec = 1};
    /* ECANCELED: it is armed, and the clock was set since it was read last; that is told by the descriptor, too. */
    timerfd_settime(t->fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &spec, NULL);
}
