/* resolve_channel.c: c-ares on the loop. */
#include "common/net/resolve_channel.h"

/* ares_query() and the parsers are in every version; newer ones would rather have others. */
#define CARES_NO_DEPRECATED
#include <ares.h>
#include <arpa/nameser.h>
#include <stdlib.h>

#include "common/net/loop.h"

#define FIRST_TRY_MS 500 /* c-ares doubles it with each try */
#define TRIES 4

struct watch {
    struct watch *next;
    struct resolve_channel *channel;
    struct loop_watch *watch;
    ares_socket_t fd;
};

struct resolve_channel {
    struct loop *loop;
    ares_channel ares;
    struct loop_timer *timer;
    struct watch *watches;
};

/* It outlives who asked, for c-ares cannot take a question back. */
struct resolve_question {
    resolve_answer_cb *cb; /* NULL: dropped */
    void *arg;
    int family;
};

/* ---- timers and sockets ---- */

static void
timer_update(struct resolve_channel *c)
{
    struct timeval tv;
    if (ares_timeout(c->ares, NULL, &tv)) {
        loop_timer_start(c->timer,
                         (uint64_t)tv.tv_sec * 1000 + ((uint64_t)tv.tv_usec + 999) / 1000);
    } else {
        loop_timer_cancel(c->timer);
    }
}

static void
on_timer(void *arg)
{
    struct resolve_channel *c = arg;
    ares_process_fd(c->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    timer_update(c);
}

static void
on_socket(int fd, int what, void *arg)
{
    struct resolve_channel *c =
        ((struct watch *)arg)->channel; /* the watch may go while c-ares works */
    ares_process_fd(c->ares, what & LOOP_READ ? fd : ARES_SOCKET_BAD,
                    what & LOOP_WRITE ? fd : ARES_SOCKET_BAD);
    timer_update(c);
}

static struct watch *
watch_new(struct resolve_channel *c, ares_socket_t fd)
{
    struct watch *w = calloc(1, sizeof(*w));
    if (!w)
        return NULL; /* the question times out */
    *w = (struct watch){.next = c->watches, .channel = c, .fd = fd};
    w->watch = loop_watch_new(c->loop, fd, on_socket, w);
    if (!w->watch) {
        free(w);
        return NULL;
    }
    c->watches = w;
    return w;
}

static void
on_socket_state(void *arg, ares_socket_t fd, int readable, int writable)
{
    struct resolve_channel *c = arg;
    struct watch **at = &c->watches;
    while (*at && (*at)->fd != fd)
        at = &(*at)->next;
    struct watch *w = *at;
    if (!readable && !writable) { /* about to be closed */
        if (w) {
            *at = w->next;
            loop_watch_free(w->watch);
            free(w);
        }
        return;
    }
    if (!w)
        w = watch_new(c, fd);
    if (w) {
        /* Without it the lookup ends by its deadline. */
        IGNORED(loop_watch_set(w->watch, (readable ? LOOP_READ : 0) | (writable ? LOOP_WRITE : 0)));
    }
}

/* ---- the channel ---- */

static int
channel_init(struct resolve_channel *c)
{
    struct ares_options options = {
        .timeout = FIRST_TRY_MS,
        .tries = TRIES,
        .sock_state_cb = on_socket_state,
        .sock_state_cb_data = c,
    };
    int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;
#ifdef ARES_OPT_QUERY_CACHE
    mask |=
        ARES_OPT_QUERY_CACHE; /* with a time to live of 0: a Service that moved is seen at once */
#endif
    return ares_init_options(&c->ares, &options, mask);
}

struct resolve_channel *
resolve_channel_new(struct loop *l, struct err *e)
{
    struct resolve_channel *c = calloc(1, sizeof(*c));
    if (!c) {
        err_nomem(e);
        return NULL;
    }
    c->loop = l;
    c->timer = loop_timer_new(l, on_timer, c);
    ares_library_init(ARES_LIB_INIT_ALL);
    int status = c->timer ? channel_init(c) : ARES_ENOMEM;
    if (status != ARES_SUCCESS) {
        err_set(e, status == ARES_ENOMEM ? ERR_NOMEM : ERR_DNS, "cannot start the resolver: %s",
                ares_strerror(status));
        ares_library_cleanup();
        loop_timer_free(c->timer);
        free(c);
        return NULL;
    }
    return c;
}

void
resolve_channel_free(struct resolve_channel *c)
{
    if (c) {
        ares_destroy(c->ares); /* ends dropped questions, closes their sockets */
        ares_library_cleanup();
        loop_timer_free(c->timer);
        free(c);
    }
}

void
resolve_channel_set_servers(struct resolve_channel *c, const char *servers)
{
    /* 1.18 refuses other servers while it asks the old ones, and it does so long after a question was dropped. */
    ares_cancel(c->ares);
    timer_update(c);
    ares_set_servers_ports_csv(c->ares, servers);
}

/* ---- questions ---- */

static enum resolve_status
status_of(int status)
{
    switch (status) {
    case ARES_SUCCESS:
        return RESOLVE_FOUND;
    case ARES_ENOTFOUND:
        return RESOLVE_NO_NAME;
    case ARES_ENODATA:
        return RESOLVE_NO_ADDRESS;
    case ARES_EBADNAME:
        return RESOLVE_BAD_NAME;
    case ARES_EREFUSED:
        return RESOLVE_REFUSED;
    case ARES_ECONNREFUSED: /* older versions say so for SERVFAIL too */
        return RESOLVE_UNREACHABLE;
    case ARES_ETIMEOUT:
        return RESOLVE_SILENT;
    case ARES_ENOMEM:
        return RESOLVE_NO_MEMORY;
    case ARES_ECANCELLED:
        return RESOLVE_ASK_ANEW;
    default:
        return RESOLVE_FAILS;
    }
}

static int
parse_ipv6(const unsigned char *abuf, int alen, struct resolve_addr *ret, size_t *ret_n)
{
    struct ares_addr6ttl found[RESOLVE_ADDRS_MAX];
    int n = RESOLVE_ADDRS_MAX;
    int status = ares_parse_aaaa_reply(abuf, alen, NULL, found, &n);
    for (int i = 0; status == ARES_SUCCESS && i < n; i++)
        resolve_addr_set(&ret[(*ret_n)++], AF_INET6, &found[i].ip6addr, 0);
    return status;
}

static int
parse_ipv4(const unsigned char *abuf, int alen, struct resolve_addr *ret, size_t *ret_n)
{
    struct ares_addrttl found[RESOLVE_ADDRS_MAX];
    int n = RESOLVE_ADDRS_MAX;
    int status = ares_parse_a_reply(abuf, alen, NULL, found, &n);
    for (int i = 0; status == ARES_SUCCESS && i < n; i++)
        resolve_addr_set(&ret[(*ret_n)++], AF_INET, &found[i].ipaddr, 0);
    return status;
}

static void
on_answer(void *arg, int status, int timeouts, unsigned char *abuf, int alen)
{
    (void)timeouts;
    struct resolve_question q = *(struct resolve_question *)arg;
    struct resolve_addr addrs[RESOLVE_ADDRS_MAX];
    size_t n = 0;
    free(arg);
    if (!q.cb || status == ARES_EDESTRUCTION)
        return;
    if (status == ARES_SUCCESS) {
        status = q.family == AF_INET6 ? parse_ipv6(abuf, alen, addrs, &n)
                                      : parse_ipv4(abuf, alen, addrs, &n);
    }
    if (status == ARES_SUCCESS && n == 0)
        status = ARES_ENODATA;
    q.cb(q.arg, q.family, status_of(status), addrs, n);
}

int
resolve_channel_ask(struct resolve_channel *c, const char *name, int family, resolve_answer_cb *cb,
                    void *arg, struct resolve_question **ret)
{
    struct resolve_question *q = malloc(sizeof(*q));
    if (!q)
        return -1;
    *q = (struct resolve_question){cb, arg, family};
    *ret = q;
    ares_query(c->ares, name, ns_c_in, family == AF_INET6 ? ns_t_aaaa : ns_t_a, on_answer, q);
    timer_update(c);
    return 0;
}

void
resolve_question_drop(struct resolve_question *q)
{
    if (q)
        q->cb = NULL;
}
