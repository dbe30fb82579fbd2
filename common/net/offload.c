/* offload.c: a thread a call, and an eventfd that says that it is back. */
#include "common/net/offload.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/net/loop.h"

/* What a thread needs for a system call or two, or for OpenSSL's decoders, and a sanitiser for itself. */
#define STACK_BYTES ((size_t)256 * 1024)

/* What the thread and the one who waits share; who leaves last releases it. */
struct shared {
    atomic_int owners;
    int fd;
    offload_work *work, *release;
    void *data;
};

struct offload {
    struct shared *shared;
    struct loop_watch *watch;
    offload_cb *cb;
    void *arg;
};

static void
leave(struct shared *s)
{
    if (atomic_fetch_sub(&s->owners, 1) > 1)
        return;
    if (s->fd >= 0)
        close(s->fd);
    s->release(s->data);
    free(s);
}

static void *
run(void *arg)
{
    struct shared *s = arg;
    s->work(s->data);
    eventfd_write(s->fd, 1);
    leave(s);
    return NULL;
}

void
offload_set_release(struct offload *o, offload_work *release)
{
    o->shared->release = release;
}

void
offload_cancel(struct offload *o)
{
    if (!o)
        return;
    loop_watch_free(o->watch);
    leave(o->shared);
    free(o);
}

static void
on_back(int fd, int what, void *arg)
{
    struct offload *o = arg;
    struct shared *s = o->shared;
    offload_cb *cb = o->cb;
    void *cb_arg = o->arg;
    (void)fd;
    (void)what;
    loop_watch_free(o->watch);
    free(o);
    cb(s->data, cb_arg);
    leave(s);
}

/* Signals are the loop's business: the thread hears none, but for the one with which a call is refused (sandbox.h): blocked,
 * that would end the process. */
static int
start_thread(struct shared *s)
{
    pthread_attr_t attr;
    pthread_t thread;
    sigset_t all;
    sigset_t before;
    int rc = pthread_attr_init(&attr);
    if (rc != 0)
        return rc;
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    sigfillset(&all);
    sigdelset(&all, SIGSYS);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    s->owners = 2;
    rc = pthread_create(&thread, &attr, run, s);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    if (rc != 0)
        s->owners = 1;
    return rc;
}

/* Takes data. */
static struct shared *
shared_new(offload_work *work, void *data, struct err *e)
{
    struct shared *s = calloc(1, sizeof(*s));
    if (!s) {
        free(data);
        err_nomem(e);
        return NULL;
    }
    *s = (struct shared){.owners = 1, .work = work, .release = free, .data = data};
    s->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (s->fd >= 0)
        return s;
    err_sys(e, errno, "cannot create an eventfd");
    leave(s);
    return NULL;
}

struct offload *
offload_start(struct loop *l, offload_work *work, void *data, offload_cb *cb, void *arg,
              struct err *e)
{
    struct shared *s = shared_new(work, data, e);
    if (!s)
        return NULL;
    struct offload *o = calloc(1, sizeof(*o));
    if (!o) {
        leave(s);
        err_nomem(e);
        return NULL;
    }
    *o = (struct offload){.shared = s, .cb = cb, .arg = arg};
    o->watch = loop_watch_new(l, s->fd, on_back, o);
    int rc = o->watch && loop_watch_set(o->watch, LOOP_READ) == 0 ? start_thread(s) : ENOMEM;
    if (rc == 0)
        return o;
    offload_cancel(o);
    err_sys(e, rc, "cannot start a thread");
    return NULL;
}
