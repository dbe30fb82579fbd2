/*
 * httpcall_multi.c: curl's sockets and its timer on the loop, and the connection that it keeps idle.
 *
 * curl tells of descriptors only while a transfer uses them. The idle one is watched here, so that its end is noticed when
 * it happens; curl may close it at any time, which on_close() learns first.
 */
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/http/httpcall_impl.h"
#include "common/net/loop.h"

/* The request that a handle serves, or NULL. */
static struct httpcall *
request_of(CURL *easy)
{
    char *text = NULL;
    if (curl_easy_getinfo(easy, CURLINFO_PRIVATE, &text) != CURLE_OK)
        return NULL;
    void *q = text; /* as it was given to CURLOPT_PRIVATE */
    return q;
}

/* ---- what has ended ---- */

static void
collect(struct httpcall_client *c)
{
    CURLMsg *m = NULL;
    int left = 0;
    while (!c->dead && (m = curl_multi_info_read(c->multi, &left))) {
        CURLcode code = m->data.result;
        struct httpcall *q = m->msg == CURLMSG_DONE ? request_of(m->easy_handle) : NULL;
        if (q)
            httpcall_done(q, code);
    }
}

static void
step(struct httpcall_client *c, curl_socket_t fd, int what)
{
    int running = 0;
    curl_multi_socket_action(c->multi, fd, what, &running);
    collect(c);
}

/* ---- sockets of transfers ---- */

/* What has been read from fd since it was opened; 0 when the kernel does not tell. */
static uint64_t
bytes_read(int fd)
{
    struct tcp_info info = {0};
    socklen_t len = sizeof(info);
    int waiting = 0;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0 ||
        ioctl(fd, FIONREAD, &waiting) != 0)
        return 0;
    uint64_t received = info.tcpi_bytes_received;
    uint64_t unread = (uint64_t)waiting;
    return received > unread ? received - unread : 0;
}

/* Ends what goes on reading without an end: curl tells of heads and bodies, but not of the framing around them. */
static void
bound_reading(struct httpcall_client *c, int fd)
{
    struct httpcall *q = c->calls;
    while (q && q->fd != fd)
        q = q->next;
    if (q && bytes_read(fd) > q->read_before + HTTPCALL_READ_MAX)
        httpcall_done(q, CURLE_WEIRD_SERVER_REPLY);
}

static void
on_socket_ready(int fd, int what, void *arg)
{
    step(arg, fd,
         (what & LOOP_READ ? CURL_CSELECT_IN : 0) | (what & LOOP_WRITE ? CURL_CSELECT_OUT : 0));
    bound_reading(arg, fd);
}

static void
note_socket(CURL *easy, int fd, int what)
{
    struct httpcall *q = request_of(easy);
    if (!q)
        return;
    if (what == CURL_POLL_REMOVE) {
        q->fd = -1;
    } else if (q->fd != fd) {
        q->fd = fd;
        q->read_before = bytes_read(fd);
    }
}

static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
    struct httpcall_client *c = arg;
    struct loop_watch *w = socket_arg;
    note_socket(easy, fd, what);
    if (what == CURL_POLL_REMOVE) {
        loop_watch_free(w);
        return 0;
    }
    if (!w) {
        w = loop_watch_new(c->x.loop, fd, on_socket_ready, c);
        curl_multi_assign(c->multi, fd, w);
    }
    int wanted = (what & CURL_POLL_IN ? LOOP_READ : 0) | (what & CURL_POLL_OUT ? LOOP_WRITE : 0);
    return w && loop_watch_set(w, wanted) == 0 ? 0 : -1;
}

static int
on_timer_wanted(CURLM *multi, long delay_ms, void *arg)
{
    struct httpcall_client *c = arg;
    (void)multi;
    if (delay_ms < 0)
        loop_timer_cancel(c->timer);
    else
        loop_timer_start(c->timer, (uint64_t)delay_ms);
    return 0;
}

static void
on_timer(void *arg)
{
    step(arg, CURL_SOCKET_TIMEOUT, 0);
}

/* ---- the idle connection ---- */

void
httpcall_idle_drop(struct httpcall_client *c)
{
    loop_watch_free(c->idle);
    c->idle = NULL;
    c->idle_fd = -1;
    loop_timer_cancel(c->lost_due);
}

static void
on_lost(void *arg)
{
    struct httpcall_client *c = arg;
    if (c->lost)
        c->lost(c->lost_arg);
}

/* Its end, or bytes that nobody asked for: either way it is of no use any more. Older versions of curl would take such bytes
 * for the next answer, so it is shut down here, and closed by curl when it looks. */
static void
idle_discard(struct httpcall_client *c)
{
    shutdown(c->idle_fd, SHUT_RDWR);
    httpcall_idle_drop(c);
}

static void
on_idle(int fd, int what, void *arg)
{
    (void)fd;
    (void)what;
    idle_discard(arg);
    on_lost(arg);
}

bool
httpcall_idle_take(struct httpcall_client *c)
{
    char byte = 0;
    if (!c->idle)
        return false;
    if (recv(c->idle_fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || errno != EAGAIN) {
        idle_discard(c);
        return false;
    }
    httpcall_idle_drop(c);
    return true;
}

void
httpcall_idle_watch(struct httpcall *q)
{
    struct httpcall_client *c = q->client;
    curl_socket_t fd = CURL_SOCKET_BAD;
    if (!q->easy || curl_easy_getinfo(q->easy, CURLINFO_ACTIVESOCKET, &fd) != CURLE_OK ||
        fd == CURL_SOCKET_BAD)
        return;
    httpcall_idle_drop(c);
    c->idle = loop_watch_new(c->x.loop, fd, on_idle, c);
    c->idle_fd = fd;
    if (!c->idle || loop_watch_set(c->idle, LOOP_READ) < 0)
        httpcall_idle_drop(c);
}

/* ---- descriptors ---- */

static curl_socket_t
on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
    (void)arg;
    (void)purpose;
    return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static int
on_close(void *arg, curl_socket_t fd)
{
    struct httpcall_client *c = arg;
    if (c->idle && c->idle_fd == fd) {
        httpcall_idle_drop(c);
        loop_timer_start(c->lost_due, 0); /* not from inside curl */
    }
    return close(fd);
}

void
httpcall_multi_sockets(struct httpcall *q)
{
    curl_easy_setopt(q->easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
    curl_easy_setopt(q->easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
    curl_easy_setopt(q->easy, CURLOPT_CLOSESOCKETDATA, q->client);
}

/* ---- from start to end ---- */

int
httpcall_multi_init(struct httpcall_client *c, struct err *e)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return err_nomem(e);
    c->multi = curl_multi_init();
    c->timer = loop_timer_new(c->x.loop, on_timer, c);
    c->lost_due = loop_timer_new(c->x.loop, on_lost, c);
    if (!c->multi || !c->timer || !c->lost_due) {
        if (!c->multi)
            curl_global_cleanup();
        return err_nomem(e);
    }
    curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
    curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, on_timer_wanted);
    curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
    curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS,
                      1L); /* a fresh one takes the place of the old */
    curl_multi_setopt(c->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
    return 0;
}

void
httpcall_multi_done(struct httpcall_client *c)
{
    if (c->lost_due)
        httpcall_idle_drop(c);
    if (c->multi) {
        curl_multi_cleanup(c->multi);
        curl_global_cleanup();
    }
    loop_timer_free(c->timer);
    loop_timer_free(c->lost_due);
}
