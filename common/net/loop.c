/* loop.c: libevent behind the few calls that the programs need. */
#include "common/net/loop.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/events.h"
#include "common/base/log.h"

#define STOP_SIGNALS_MAX 8
#define LIBEVENT_FDS 3 /* epoll, and a pair for signals */

struct later_list {
    struct loop_later *head;
    struct loop_later **tail;
};

struct loop {
    struct event_base *base;
    bool turning;
    bool quit;
    uint64_t stall_us;

    struct loop_timer *until; /* of loop_turn_until() */
    struct loop_signal *stops[STOP_SIGNALS_MAX];
    size_t stops_n;
    int stop_signo;
    int stop_count;
    loop_stop_cb *stop_cb;
    void *stop_arg;

    struct later_list deferred;

    struct event *log_event; /* pending while records wait for their reader */
};

/* ---- lists of things to do later ---- */

static void
list_init(struct later_list *list)
{
    list->head = NULL;
    list->tail = &list->head;
}

static void
list_add(struct later_list *list, struct loop_later *item, loop_cb *cb, void *arg)
{
    *item = (struct loop_later){.cb = cb, .arg = arg};
    *list->tail = item;
    list->tail = &item->next;
}

static void
list_run(struct loop *l, struct later_list *list)
{
    struct loop_later *item = list->head;
    list_init(list); /* what the callbacks add now waits for the next turn */
    while (item) {
        struct loop_later *next = item->next;
        uint64_t start_us = clock_mono_us();
        item->cb(item->arg);
        loop_meter(l, start_us);
        item = next;
    }
}

/* ---- the loop ---- */

/* libevent would write to stderr itself, and wait when its reader is slow. */
static void
on_libevent_log(int severity, const char *text)
{
    if (severity >= EVENT_LOG_WARN)
        log_warn(&event_libevent, LOG_NONE, "%s", text);
}

/* Without a descriptor for its pair libevent ends the process, by exit(1). */
static int
reserve_descriptors(struct err *e)
{
    int fds[LIBEVENT_FDS];
    int n = 0;
    while (n < LIBEVENT_FDS && (fds[n] = eventfd(0, EFD_CLOEXEC)) >= 0)
        n++;
    int failed = n < LIBEVENT_FDS ? errno : 0;
    while (n > 0)
        close(fds[--n]);
    return failed ? err_sys(e, failed, "cannot create the event loop") : 0;
}

static void
on_log(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
    log_flush();
}

/* Records that a slow reader left waiting go out as soon as it reads on, not with the next record. */
static void
watch_log(struct loop *l)
{
    if (log_flush() || event_pending(l->log_event, EV_WRITE, NULL))
        return;
    event_assign(l->log_event, l->base, log_pending_fd(), EV_WRITE, on_log, l);
    event_add(l->log_event, NULL);
}

static void
on_nothing(void *arg)
{
    (void)arg;
}

static int
loop_init_events(struct loop *l, struct err *e)
{
    if (reserve_descriptors(e) != 0)
        return -1;
    event_set_log_callback(on_libevent_log);
    struct event_config *config = event_config_new();
    if (!config)
        return err_nomem(e);
    /* No locks: there are no other threads. */
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV);
    l->base = event_base_new_with_config(config);
    event_config_free(config);
    if (!l->base)
        return err_sys(e, errno, "cannot create the event loop");
    l->log_event = event_new(l->base, -1, EV_WRITE, on_log, l);
    l->until = loop_timer_new(l, on_nothing, NULL);
    if (!l->until || !l->log_event)
        return err_nomem(e);
    return 0;
}

struct loop *
loop_new(struct err *e)
{
    struct loop *l = calloc(1, sizeof(*l));
    if (!l) {
        err_nomem(e);
        return NULL;
    }
    list_init(&l->deferred);
    signal(SIGPIPE, SIG_IGN);
    if (loop_init_events(l, e) != 0) {
        loop_free(l);
        return NULL;
    }
    return l;
}

/* bufferevent_free() leaves one to libevent while a callback of it is put off: that has its turn here, and calls nobody. */
static void
let_go(struct event_base *base)
{
    while (event_base_get_num_events(base, EVENT_BASE_COUNT_ACTIVE) > 0 &&
           event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK) == 0) {
    }
}

void
loop_free(struct loop *l)
{
    if (!l)
        return;
    /* Freed objects that wait for a next turn which will not come. */
    while (l->deferred.head)
        list_run(l, &l->deferred);
    for (size_t i = 0; i < l->stops_n; i++)
        loop_signal_free(l->stops[i]);
    loop_timer_free(l->until);
    if (l->log_event)
        event_free(l->log_event);
    if (l->base) {
        let_go(l->base);
        event_base_free(l->base);
    }
    free(l);
}

struct event_base *
loop_base(struct loop *l)
{
    return l->base;
}

/* What was deferred goes first, and may be what the caller waits for: such a turn does not wait. */
static void
loop_turn(struct loop *l)
{
    l->turning = true;
    watch_log(l);
    bool at_once = l->deferred.head != NULL;
    list_run(l, &l->deferred);
    event_base_loop(l->base,
                    EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY | (at_once ? EVLOOP_NONBLOCK : 0));
    l->turning = false;
}

void
loop_run(struct loop *l)
{
    assert(!l->turning);
    while (!l->quit)
        loop_turn(l);
    l->quit = false;
}

void
loop_quit(struct loop *l)
{
    l->quit = true;
    event_base_loopbreak(l->base);
}

int
loop_turn_until(struct loop *l, const bool *done, uint64_t deadline_ms, struct err *e)
{
    assert(!l->turning);
    loop_timer_start_at(l->until, deadline_ms);
    int result = 0;
    while (!*done) {
        if (l->stop_signo) {
            result = err_set(e, ERR_STOPPED, "stopped by signal %d", l->stop_signo);
            break;
        }
        if (clock_left_ms(deadline_ms) == 0) {
            result = err_set(e, ERR_TIMEOUT, "timed out");
            break;
        }
        loop_turn(l);
    }
    loop_timer_cancel(l->until);
    return result;
}

double
loop_stall_seconds(struct loop *l, bool reset)
{
    double seconds = (double)l->stall_us / 1e6;
    if (reset)
        l->stall_us = 0;
    return seconds;
}

void
loop_meter(struct loop *l, uint64_t start_us)
{
    uint64_t now_us = clock_mono_us();
    if (now_us > start_us && now_us - start_us > l->stall_us)
        l->stall_us = now_us - start_us;
}

/* ---- stop signals ---- */

void
loop_stop(struct loop *l, int signo)
{
    l->stop_signo = signo;
    l->stop_count++;
    if (l->stop_cb)
        l->stop_cb(signo, l->stop_count, l->stop_arg);
}

static void
on_stop(int signo, void *arg)
{
    loop_stop(arg, signo);
}

int
loop_stop_on(struct loop *l, int signo, struct err *e)
{
    if (l->stops_n == STOP_SIGNALS_MAX)
        return err_set(e, ERR_USAGE, "more than %d stop signals", STOP_SIGNALS_MAX);
    struct loop_signal *s = loop_signal_new(l, signo, on_stop, l);
    if (!s)
        return err_set(e, ERR_NOMEM, "out of memory while installing the handler for signal %d",
                       signo);
    l->stops[l->stops_n++] = s;
    return 0;
}

void
loop_set_stop_cb(struct loop *l, loop_stop_cb *cb, void *arg)
{
    l->stop_cb = cb;
    l->stop_arg = arg;
}

int
loop_stopped(const struct loop *l)
{
    return l->stop_signo;
}

void
loop_clear_stop(struct loop *l)
{
    l->stop_signo = 0;
}

/* ---- later ---- */

void
loop_defer(struct loop *l, struct loop_later *later, loop_cb *cb, void *arg)
{
    list_add(&l->deferred, later, cb, arg);
}
