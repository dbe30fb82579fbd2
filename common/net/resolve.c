/*
 * resolve.c: c-ares on the loop.
 *
 * The search list is walked here and not by c-ares: for each name A and AAAA are asked for together, and an answer of
 * either ends the walk. c-ares would keep a good A waiting for an AAAA that a broken resolver never answers.
 */
#include "common/net/resolve.h"

/* ares_query() and the parsers are in every version; newer ones would rather have others. */
#define CARES_NO_DEPRECATED
#include <ares.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/clock.h"
#include "common/net/loop.h"
#include "common/net/resolve_conf.h"

#define FIRST_TRY_MS 500 /* c-ares doubles it with each try */
#define TRIES 4
#define SECOND_FAMILY_MS 50 /* RFC 8305, 3: how long one family waits for the other */

struct watch {
    struct watch *next;
    struct resolver *resolver;
    struct loop_watch *watch;
    ares_socket_t fd;
};

struct resolver {
    struct loop *loop;
    ares_channel channel;
    struct loop_timer *timer;
    struct watch *watches;
    size_t requests;
    const char *conf_path;
    struct timespec conf_time;
    ino_t conf_inode;
    struct resolve_conf conf;
};

/* One question under way. It outlives its request, for c-ares cannot take a question back. */
struct query {
    struct resolve_request *request; /* NULL: cancelled */
    int family;
};

struct resolve_request {
    struct resolver *resolver;
    resolve_cb *cb;
    void *arg;
    uint16_t port;
    struct loop_timer *deadline;
    struct loop_timer *next; /* what comes next comes from here, never from inside c-ares */
    void (*step)(struct resolve_request *q);
    struct query *queries[2];
    size_t candidate;
    int status; /* the most telling failure so far, ARES_SUCCESS: none */
    struct resolve_addr addrs[RESOLVE_ADDRS_MAX];
    size_t addrs_n;
    char host[];
};

/* ---- c-ares and the loop ---- */

static void
timer_update(struct resolver *r)
{
    struct timeval tv;
    if (ares_timeout(r->channel, NULL, &tv)) {
        loop_timer_start(r->timer,
                         (uint64_t)tv.tv_sec * 1000 + ((uint64_t)tv.tv_usec + 999) / 1000);
    } else {
        loop_timer_cancel(r->timer);
    }
}

static void
on_timer(void *arg)
{
    struct resolver *r = arg;
    ares_process_fd(r->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    timer_update(r);
}

static void
on_socket(int fd, int what, void *arg)
{
    struct resolver *r = ((struct watch *)arg)->resolver; /* the watch may go while c-ares works */
    ares_process_fd(r->channel, what & LOOP_READ ? fd : ARES_SOCKET_BAD,
                    what & LOOP_WRITE ? fd : ARES_SOCKET_BAD);
    timer_update(r);
}

static struct watch *
watch_new(struct resolver *r, ares_socket_t fd)
{
    struct watch *w = calloc(1, sizeof *w);
    if (!w) {
        return NULL; /* the question times out */
    }
    *w = (struct watch){.next = r->watches, .resolver = r, .fd = fd};
    w->watch = loop_watch_new(r->loop, fd, on_socket, w);
    if (!w->watch) {
        free(w);
        return NULL;
    }
    r->watches = w;
    return w;
}

static void
on_socket_state(void *arg, ares_socket_t fd, int readable, int writable)
{
    struct resolver *r = arg;
    struct watch **at = &r->watches;
    while (*at && (*at)->fd != fd) {
        at = &(*at)->next;
    }
    struct watch *w = *at;
    if (!readable && !writable) { /* about to be closed */
        if (w) {
            *at = w->next;
            loop_watch_free(w->watch);
            free(w);
        }
        return;
    }
    if (!w) {
        w = watch_new(r, fd);
    }
    if (w) {
        loop_watch_set(w->watch, (readable ? LOOP_READ : 0) | (writable ? LOOP_WRITE : 0));
    }
}

/* ---- configuration ---- */

/* Only while there is no request. */
static void
conf_update(struct resolver *r)
{
    struct stat st;
    if (stat(r->conf_path, &st) != 0) {
        memset(&st, 0, sizeof st);
    }
    bool same = st.st_ino == r->conf_inode && st.st_mtim.tv_sec == r->conf_time.tv_sec &&
                st.st_mtim.tv_nsec == r->conf_time.tv_nsec;
    if (*r->conf.servers && same) {
        return;
    }
    r->conf_inode = st.st_ino;
    r->conf_time = st.st_mtim;
    resolve_conf_read(&r->conf, r->conf_path);
    /* What c-ares still asks for nobody waits for any more; until that ends, 1.18 refuses other servers. */
    ares_cancel(r->channel);
    timer_update(r);
    ares_set_servers_ports_csv(r->channel, r->conf.servers);
}

static int
channel_init(struct resolver *r)
{
    struct ares_options options = {
        .timeout = FIRST_TRY_MS,
        .tries = TRIES,
        .sock_state_cb = on_socket_state,
        .sock_state_cb_data = r,
    };
    int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;
#ifdef ARES_OPT_QUERY_CACHE
    mask |=
        ARES_OPT_QUERY_CACHE; /* with a time to live of 0: a Service that moved is seen at once */
#endif
    return ares_init_options(&r->channel, &options, mask);
}

struct resolver *
resolver_new(struct loop *l, struct err *e)
{
    struct resolver *r = calloc(1, sizeof *r);
    if (!r) {
        err_set(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    r->loop = l;
    const char *path = getenv("RELEASE_RUNTIME_RESOLV_CONF");
    r->conf_path = path && *path ? path : "/etc/resolv.conf";
    r->timer = loop_timer_new(l, on_timer, r);
    ares_library_init(ARES_LIB_INIT_ALL);
    int status = r->timer ? channel_init(r) : ARES_ENOMEM;
    if (status != ARES_SUCCESS) {
        err_set(e, status == ARES_ENOMEM ? ERR_NOMEM : ERR_DNS, "cannot start the resolver: %s",
                ares_strerror(status));
        ares_library_cleanup();
        loop_timer_free(r->timer);
        free(r);
        return NULL;
    }
    return r;
}

void
resolver_free(struct resolver *r)
{
    if (!r) {
        return;
    }
    ares_destroy(r->channel); /* ends cancelled questions, closes their sockets */
    ares_library_cleanup();
    loop_timer_free(r->timer);
    free(r);
}

/* ---- ends of a request ---- */

static void
request_free(struct resolve_request *q)
{
    for (size_t i = 0; i < 2; i++) {
        if (q->queries[i]) {
            q->queries[i]->request = NULL;
        }
    }
    q->resolver->requests--;
    loop_timer_free(q->deadline);
    loop_timer_free(q->next);
    free(q);
}

void
resolve_cancel(struct resolve_request *q)
{
    if (q) {
        request_free(q);
    }
}

static void
go_on(struct resolve_request *q, void (*step)(struct resolve_request *), uint64_t delay_ms)
{
    q->step = step;
    loop_timer_start(q->next, delay_ms);
}

static void
end_found(struct resolve_request *q)
{
    struct resolve_addr addrs[RESOLVE_ADDRS_MAX];
    size_t n = q->addrs_n;
    resolve_cb *cb = q->cb;
    void *arg = q->arg;
    memcpy(addrs, q->addrs, n * sizeof *addrs);
    if (n > 1) {
        resolve_order(addrs, n);
    }
    request_free(q);
    cb(NULL, addrs, n, arg);
}

static const char *
status_text(int status)
{
    switch (status) {
    case ARES_SUCCESS:
    case ARES_ENODATA:
        return "the name has no address";
    case ARES_ENOTFOUND:
        return "no such name";
    case ARES_ETIMEOUT:
        return "the resolver does not answer";
    case ARES_ESERVFAIL:
        return "the resolver fails";
    case ARES_EREFUSED:
        return "the resolver refuses to answer";
    case ARES_ECONNREFUSED:
        return "the resolver cannot be reached, or fails"; /* older c-ares says so for SERVFAIL too */
    case ARES_EBADNAME:
        return "this is not a host name";
    default:
        return ares_strerror(status);
    }
}

static void
end_failed(struct resolve_request *q)
{
    struct err e;
    resolve_cb *cb = q->cb;
    void *arg = q->arg;
    bool name_only =
        q->status == ARES_ENOTFOUND || q->status == ARES_ENODATA || q->status == ARES_EBADNAME;
    err_set(&e, ERR_DNS, "cannot resolve %.253s: %s%s%.200s%s", q->host, status_text(q->status),
            name_only ? "" : " (", name_only ? "" : q->resolver->conf.servers,
            name_only ? "" : ")");
    request_free(q);
    cb(&e, NULL, 0, arg);
}

static void
on_deadline(void *arg)
{
    struct resolve_request *q = arg;
    if (q->addrs_n > 0) {
        end_found(q);
        return;
    }
    q->status = ARES_ETIMEOUT;
    end_failed(q);
}

static void
on_next(void *arg)
{
    struct resolve_request *q = arg;
    q->step(q);
}

/* ---- answers ---- */

static void
add_addr(struct resolve_request *q, int family, const void *bytes)
{
    if (q->addrs_n < RESOLVE_ADDRS_MAX) {
        resolve_addr_set(&q->addrs[q->addrs_n++], family, bytes, q->port);
    }
}

static int
parse_answer(struct resolve_request *q, int family, const unsigned char *abuf, int alen)
{
    int n = RESOLVE_ADDRS_MAX;
    int status;
    if (family == AF_INET6) {
        struct ares_addr6ttl found[RESOLVE_ADDRS_MAX];
        status = ares_parse_aaaa_reply(abuf, alen, NULL, found, &n);
        for (int i = 0; status == ARES_SUCCESS && i < n; i++) {
            add_addr(q, AF_INET6, &found[i].ip6addr);
        }
    } else {
        struct ares_addrttl found[RESOLVE_ADDRS_MAX];
        status = ares_parse_a_reply(abuf, alen, NULL, found, &n);
        for (int i = 0; status == ARES_SUCCESS && i < n; i++) {
            add_addr(q, AF_INET, &found[i].ipaddr);
        }
    }
    return status;
}

/* The walk goes on after a resolver's failure, as glibc's does; at its end the most telling answer is reported: a failure, then
 * a name without an address, then no such name. */
static int
status_rank(int status)
{
    switch (status) {
    case ARES_SUCCESS:
        return 0;
    case ARES_ENODATA:
        return 2;
    case ARES_ENOTFOUND:
        return 1;
    default:
        return 3;
    }
}

static void step_candidate(struct resolve_request *q);

static void
on_answer(void *arg, int status, int timeouts, unsigned char *abuf, int alen)
{
    (void)timeouts;
    struct query *query = arg;
    struct resolve_request *q = query->request;
    int family = query->family;
    if (q) {
        q->queries[family == AF_INET6] = NULL;
    }
    free(query);
    if (!q || status == ARES_EDESTRUCTION) {
        return;
    }
    if (status == ARES_SUCCESS) {
        status = parse_answer(q, family, abuf, alen);
    }
    if (status_rank(status) > status_rank(q->status)) {
        q->status = status;
    }
    bool waiting = q->queries[0] || q->queries[1];
    if (q->addrs_n > 0) {
        go_on(q, end_found, waiting ? SECOND_FAMILY_MS : 0);
    } else if (!waiting) {
        go_on(q, step_candidate, 0);
    }
}

/* Asks for both families. Both questions are noted before the first is sent: an answer may come from inside. */
static int
ask(struct resolve_request *q, const char *name)
{
    static const int families[2] = {AF_INET, AF_INET6};
    static const int types[2] = {ns_t_a, ns_t_aaaa};
    struct query *queries[2];
    for (size_t i = 0; i < 2; i++) {
        queries[i] = malloc(sizeof *queries[i]);
        if (!queries[i]) {
            free(i ? queries[0] : NULL);
            return ARES_ENOMEM;
        }
        *queries[i] = (struct query){q, families[i]};
    }
    q->queries[0] = queries[0];
    q->queries[1] = queries[1];
    for (size_t i = 0; i < 2; i++) {
        ares_query(q->resolver->channel, name, ns_c_in, types[i], on_answer, queries[i]);
    }
    return ARES_SUCCESS;
}

/* ---- steps of a request ---- */

static void
step_candidate(struct resolve_request *q)
{
    struct resolver *r = q->resolver;
    char name[RESOLVE_NAME_MAX];
    bool skip = true;
    while (skip) {
        if (!resolve_conf_candidate(&r->conf, q->host, q->candidate, name, &skip)) {
            end_failed(q);
            return;
        }
        q->candidate++;
    }
    if (ask(q, name) != ARES_SUCCESS) {
        q->status = ARES_ENOMEM;
        go_on(q, end_failed, 0);
    }
    timer_update(r);
}

static void
hosts_file(struct resolve_request *q, const char *name, int family)
{
    struct hostent *found = NULL;
    if (ares_gethostbyname_file(q->resolver->channel, name, family, &found) != ARES_SUCCESS) {
        return;
    }
    for (char **p = found->h_addr_list; *p; p++) {
        add_addr(q, found->h_addrtype, *p);
    }
    ares_free_hostent(found);
}

/* RFC 6761, 6.3: localhost and what ends in .localhost, also where there is no file that says so. */
static bool
is_localhost(const char *name)
{
    size_t len = strlen(name);
    const char *tail = len >= 9 ? name + len - 9 : name;
    return strcasecmp(tail, "localhost") == 0 && (len == 9 || (len > 9 && tail[-1] == '.'));
}

static void
step_first(struct resolve_request *q)
{
    char name[RESOLVE_NAME_MAX];
    size_t len = strlen(q->host);
    if (len > 0 && q->host[len - 1] == '.') {
        len--;
    }
    if (len == 0 || len >= sizeof name) {
        q->status = ARES_EBADNAME;
        end_failed(q);
        return;
    }
    snprintf(name, sizeof name, "%.*s", (int)len, q->host);
    hosts_file(q, name, AF_INET6);
    hosts_file(q, name, AF_INET);
    if (q->addrs_n == 0 && is_localhost(name)) {
        add_addr(q, AF_INET6, &in6addr_loopback);
        add_addr(q, AF_INET, &(struct in_addr){htonl(INADDR_LOOPBACK)});
    }
    if (q->addrs_n > 0) {
        end_found(q);
    } else {
        step_candidate(q);
    }
}

struct resolve_request *
resolve_start(struct resolver *r, const char *host, uint16_t port, uint64_t deadline_ms,
              resolve_cb *cb, void *arg, struct err *e)
{
    struct resolve_request *q = calloc(1, sizeof *q + strlen(host) + 1);
    if (!q) {
        err_set(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    if (r->requests == 0) {
        conf_update(r);
    }
    r->requests++;
    q->resolver = r;
    q->cb = cb;
    q->arg = arg;
    q->port = port;
    strcpy(q->host, host);
    q->deadline = loop_timer_new(r->loop, on_deadline, q);
    q->next = loop_timer_new(r->loop, on_next, q);
    if (!q->deadline || !q->next) {
        request_free(q);
        err_set(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    bool literal = resolve_literal(host, port, &q->addrs[0]);
    q->addrs_n = literal;
    go_on(q, literal ? end_found : step_first, 0);
    loop_timer_start_at(q->deadline, deadline_ms);
    return q;
}
