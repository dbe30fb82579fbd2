/* httpd.c: listening, accepting, prepared answers. */
#include "common/http/httpd.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/events.h"
#include "common/base/log.h"
#include "common/http/httpd_conn.h"
#include "common/net/loop.h"

#define ACCEPTS_PER_TURN 64
#define PAUSE_MS 100
#define SOCKET_BYTES 32768
#define PLAIN "plain:"
#define DESCRIPTORS_KEPT 32 /* for everything else that the program opens */

const struct httpd_limits httpd_default_limits = {
    .request_ms = 2000, .keep_alive_ms = 5000, .connections = 512};

/* ---- answers ---- */

const char *
httpd_status_text(int status)
{
    static const struct {
        int status;
        const char *text;
    } texts[] = {
        {200, "OK"},
        {400, "Bad Request"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {503, "Service Unavailable"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (texts[i].status == status)
            return texts[i].text;
    return "Unknown";
}

void
httpd_answer_finish(struct httpd_answer *a, int status, const char *content_type, const char *extra)
{
    a->status = status;
    strbuf_clear(&a->head);
    strbuf_addf(&a->head,
                "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nCache-Control: "
                "no-store\r\n%s",
                status, httpd_status_text(status), content_type, a->body.len, extra);
}

void
httpd_answer_done(struct httpd_answer *a)
{
    strbuf_done(&a->head);
    strbuf_done(&a->body);
}

bool
httpd_answer_is_cut(const struct httpd_answer *a)
{
    return a->head.failed || a->body.failed;
}

/* False when memory runs out. */
static bool
prepare_errors(struct httpd *h)
{
    static const struct {
        int status;
        const char *body;
    } rows[] = {
        {400, "{\"error\":\"bad request\"}"},
        {408, "{\"error\":\"request timeout\"}"},
        {413, "{\"error\":\"a body is not accepted\"}"},
        {414, "{\"error\":\"request target too long\"}"},
        {431, "{\"error\":\"header too large\"}"},
        {505, "{\"error\":\"HTTP version not supported\"}"},
    };
    _Static_assert(sizeof(rows) / sizeof(rows[0]) == sizeof(h->errors) / sizeof(h->errors[0]),
                   "one answer each");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        strbuf_adds(&h->errors[i].body, rows[i].body);
        httpd_answer_finish(&h->errors[i], rows[i].status, HTTPD_JSON, "");
        if (httpd_answer_is_cut(&h->errors[i]))
            return false;
    }
    return true;
}

/* ---- accepting ---- */

static void
stop_listening(struct httpd *h)
{
    for (size_t i = 0; i < h->n_listeners; i++)
        event_del(h->listeners[i].ev);
}

/* False when one of them cannot be watched: the kernel's memory is short. */
static bool
start_listening(struct httpd *h)
{
    for (size_t i = 0; i < h->n_listeners; i++)
        if (event_add(h->listeners[i].ev, NULL) < 0)
            return false;
    return true;
}

static void
on_pause_over(void *arg)
{
    struct httpd *h = arg;
    if (h->spare_fd < 0) /* somebody else was quicker when it was given up */
        h->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (!start_listening(h))
        loop_timer_start(h->pause, PAUSE_MS);
}

static void
pause_listening(struct httpd *h)
{
    stop_listening(h);
    loop_timer_start(h->pause, PAUSE_MS);
}

/* Other users hold all descriptors: the caller is turned away with the spare one instead of
 * waiting unheard. */
static void
turn_away(struct httpd *h, int listen_fd)
{
    if (h->spare_fd >= 0) {
        close(h->spare_fd);
        int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0)
            close(fd);
        h->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
    pause_listening(h);
}

static void
no_descriptor(struct httpd *h, int listen_fd)
{
    if (h->stats.no_descriptor++ == 0)
        log_warn(&event_no_descriptor, LOG_FIELDS(LF_UINT("connections", h->stats.open)),
                 "out of file descriptors; the oldest connection is closed for each new one");
    if (!httpd_conn_evict(h))
        turn_away(h, listen_fd);
}

/* The kernel's memory is short, and whoever waits stays in the queue: asking again at once would only burn the processor. */
static void
no_memory(struct httpd *h)
{
    log_debug(&event_no_memory, LOG_FIELDS(LF_UINT("connections", h->stats.open)),
              "the kernel is out of memory for a new connection; the oldest connection is closed");
    httpd_conn_evict(h);
    pause_listening(h);
}

static bool
is_local(const struct sockaddr_storage *sa)
{
    if (sa->ss_family == AF_INET)
        return (ntohl(((const struct sockaddr_in *)sa)->sin_addr.s_addr) >> 24) == 127;
    if (sa->ss_family != AF_INET6)
        return sa->ss_family == AF_UNIX;
    const struct in6_addr *a = &((const struct sockaddr_in6 *)sa)->sin6_addr;
    return IN6_IS_ADDR_LOOPBACK(a) || (IN6_IS_ADDR_V4MAPPED(a) && a->s6_addr[12] == 127);
}

/* One connection; false when none waits or the listeners pause. */
static bool
accept_one(struct listener *l)
{
    struct httpd *h = l->h;
    struct sockaddr_storage sa = {0};
    socklen_t len = sizeof(sa);
    int fd = accept4(l->socket.fd, (struct sockaddr *)&sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0 && (errno == EMFILE || errno == ENFILE)) {
        no_descriptor(h, l->socket.fd);
        return !loop_timer_pending(h->pause);
    }
    if (fd < 0 && (errno == ENOBUFS || errno == ENOMEM)) {
        no_memory(h);
        return false;
    }
    if (fd < 0)
        return errno == EINTR || errno == ECONNABORTED || errno == EPROTO;
    while (h->stats.open >= h->limits.connections && httpd_conn_evict(h)) {
    }
    httpd_conn_start(l, fd, l->socket.is_unix || is_local(&sa));
    return true;
}

static void
on_accept(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    for (int i = 0; i < ACCEPTS_PER_TURN; i++)
        if (!accept_one(arg))
            return;
}

/* Inherited by the accepted ones. Left alone the kernel would keep megabytes for each peer that
 * asks without reading, at the expense of our container. */
static void
set_socket_options(int fd)
{
    int on = 1, bytes = SOCKET_BYTES;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
}

int
httpd_listen(struct httpd *h, const char *address, struct err *e)
{
    if (h->n_listeners == HTTPD_LISTENERS_MAX)
        return err_set(e, ERR_USAGE, "%s: more than %d addresses to listen on", address,
                       HTTPD_LISTENERS_MAX);
    struct listener *l = &h->listeners[h->n_listeners];
    bool plain = strncmp(address, PLAIN, strlen(PLAIN)) == 0;
    if (httpd_socket_open(plain ? address + strlen(PLAIN) : address, &l->socket, e) < 0)
        return -1;
    l->tls = plain || l->socket.is_unix ? NULL : h->tls;
    if (!l->socket.is_unix)
        set_socket_options(l->socket.fd);
    l->h = h;
    l->ev = event_new(h->base, l->socket.fd, EV_READ | EV_PERSIST, on_accept, l);
    if (!l->ev || event_add(l->ev, NULL) < 0) {
        if (l->ev)
            event_free(l->ev);
        httpd_socket_close(&l->socket);
        return err_nomem(e);
    }
    h->n_listeners++;
    return 0;
}

const char *
httpd_bound(const struct httpd *h, size_t i)
{
    return i < h->n_listeners ? h->listeners[i].socket.bound : NULL;
}

int
httpd_use_tls(struct httpd *h, const char *cert_file, const char *key_file, struct err *e)
{
    h->tls = tls_server_new(cert_file, key_file, e);
    return h->tls ? 0 : -1;
}

bool
httpd_bound_with_tls(const struct httpd *h, size_t i)
{
    return i < h->n_listeners && h->listeners[i].tls;
}

const char *
httpd_bound_dir(const struct httpd *h, size_t i)
{
    return h->listeners[i].socket.unlink_dir;
}

struct httpd_stats
httpd_stats(const struct httpd *h)
{
    return h->stats;
}

/* ---- the server ---- */

static void
on_timer(void *arg)
{
    httpd_conn_expire(arg);
}

/* With few descriptors the connections leave some for others. */
static unsigned
connections_within_limit(unsigned wanted)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_NOFILE, &r) < 0 || r.rlim_cur == RLIM_INFINITY)
        return wanted;
    rlim_t room = r.rlim_cur > (rlim_t)(2 * DESCRIPTORS_KEPT) ? r.rlim_cur - DESCRIPTORS_KEPT
                                                              : r.rlim_cur / 2;
    return room < wanted ? (unsigned)room : wanted;
}

struct httpd *
httpd_new(struct loop *l, const struct httpd_limits *limits, httpd_handler *handler, void *arg,
          struct err *e)
{
    struct httpd *h = calloc(1, sizeof(*h));
    if (!h) {
        err_nomem(e);
        return NULL;
    }
    h->loop = l;
    h->base = loop_base(l);
    h->limits = limits ? *limits : httpd_default_limits;
    h->limits.connections = connections_within_limit(h->limits.connections);
    h->handler = handler;
    h->arg = arg;
    h->date_s = -1;
    TAILQ_INIT(&h->idle);
    TAILQ_INIT(&h->busy);
    h->timer = loop_timer_new(l, on_timer, h);
    h->pause = loop_timer_new(l, on_pause_over, h);
    h->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (!prepare_errors(h) || !h->timer || !h->pause) {
        httpd_free(h);
        err_nomem(e);
        return NULL;
    }
    return h;
}

void
httpd_free(struct httpd *h)
{
    if (!h)
        return;
    for (size_t i = 0; i < h->n_listeners; i++) {
        event_free(h->listeners[i].ev);
        httpd_socket_close(&h->listeners[i].socket);
    }
    struct conn *c;
    while ((c = TAILQ_FIRST(&h->idle)) != NULL || (c = TAILQ_FIRST(&h->busy)) != NULL)
        httpd_conn_close(c);
    tls_server_free(h->tls);
    loop_timer_free(h->timer);
    loop_timer_free(h->pause);
    if (h->spare_fd >= 0)
        close(h->spare_fd);
    for (size_t i = 0; i < sizeof(h->errors) / sizeof(h->errors[0]); i++)
        httpd_answer_done(&h->errors[i]);
    strbuf_done(&h->out);
    free(h);
}
