/* httpd_conn.c: one connection of httpd: reading, answering, its deadlines and its end. */
#include "common/http/httpd_conn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/net/loop.h"

static void on_ready(evutil_socket_t fd, short what, void *arg);

/* ---- queues and deadlines ---- */

static void
arm_timer(struct httpd *h, uint64_t at_ms)
{
    if (loop_timer_pending(h->timer) && h->timer_at_ms <= at_ms)
        return;
    h->timer_at_ms = at_ms;
    loop_timer_start_at(h->timer, at_ms);
}

/* The only place that puts a connection into a queue; its term begins now. */
static void
conn_queue(struct conn *c, struct conn_list *queue, uint64_t now_ms)
{
    struct httpd *h = c->h;
    if (c->queue)
        TAILQ_REMOVE(c->queue, c, link);
    c->queue = queue;
    TAILQ_INSERT_TAIL(queue, c, link);
    c->deadline_ms = now_ms + (queue == &h->idle ? h->limits.keep_alive_ms : h->limits.request_ms);
    arm_timer(h, c->deadline_ms);
}

void
httpd_conn_close(struct conn *c)
{
    if (c->watching)
        event_del(&c->ev);
    if (c->queue)
        TAILQ_REMOVE(c->queue, c, link);
    tls_session_free(c->tls);
    close(c->fd);
    c->h->stats.open--;
    if (c->h->starting == c)
        c->h->starting = NULL;
    free(c->in);
    free(c->out);
    free(c);
}

bool
httpd_conn_evict(struct httpd *h)
{
    struct conn *c = TAILQ_FIRST(&h->idle);
    if (!c)
        c = TAILQ_FIRST(&h->busy);
    if (!c)
        return false;
    h->stats.evicted++;
    httpd_conn_close(c);
    return true;
}

/* ---- answers ---- */

static const char *
date_line(struct httpd *h)
{
    int64_t now_s = clock_wall_ms() / 1000;
    if (now_s != h->date_s) {
        time_t t = (time_t)now_s;
        struct tm tm;
        gmtime_r(&t, &tm); /* strftime's names are those of the C locale: no setlocale() anywhere */
        strftime(h->date, sizeof(h->date), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm);
        h->date_s = now_s;
    }
    return h->date;
}

static void
put_answer(struct conn *c, const struct httpd_answer *a, const struct httpd_request *r)
{
    struct strbuf *out = &c->h->out;
    c->h->stats.requests++;
    if (httpd_answer_is_cut(a))
        out->failed = true; /* an end says more than half an answer */
    strbuf_add(out, a->head.data, a->head.len);
    strbuf_adds(out, date_line(c->h));
    if (c->closing)
        strbuf_adds(out, "Connection: close\r\n\r\n");
    else if (r->minor == 0)
        strbuf_adds(out, "Connection: keep-alive\r\n\r\n");
    else
        strbuf_add(out, "\r\n", 2);
    if (r->method != HTTPD_HEAD)
        strbuf_add(out, a->body.data, a->body.len);
}

static void
put_error(struct conn *c, int status, const struct httpd_request *r)
{
    struct httpd *h = c->h;
    c->closing = true;
    c->linger = true;
    h->stats.errors++;
    for (size_t i = 0; i < sizeof(h->errors) / sizeof(h->errors[0]); i++)
        if (h->errors[i].status == status)
            put_answer(c, &h->errors[i], r);
}

/* ---- sending ---- */

enum outcome { GONE, BLOCKED, DONE };

static void
conn_watch(struct conn *c, short what)
{
    if (c->watching)
        event_del(&c->ev);
    event_assign(&c->ev, c->h->base, c->fd, (short)(what | EV_PERSIST), on_ready, c);
    c->watching = event_add(&c->ev, NULL) == 0;
}

static ssize_t
conn_send(struct conn *c, const char *data, size_t len)
{
    return c->tls ? tls_session_send(c->tls, data, len) : send(c->fd, data, len, MSG_NOSIGNAL);
}

static ssize_t
conn_recv(struct conn *c, char *buf, size_t len)
{
    return c->tls ? tls_session_recv(c->tls, buf, len) : recv(c->fd, buf, len, 0);
}

static enum outcome
send_all(struct conn *c, const char *data, size_t len, size_t *ret_sent)
{
    *ret_sent = 0;
    while (*ret_sent < len) {
        ssize_t n = conn_send(c, data + *ret_sent, len - *ret_sent);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return BLOCKED;
        if (n < 0) {
            httpd_conn_close(c);
            return GONE;
        }
        *ret_sent += (size_t)n;
    }
    return DONE;
}

/* Sends what the server's buffer holds for c; keeps the rest in c->out. */
static enum outcome
conn_flush(struct conn *c)
{
    struct strbuf *out = &c->h->out;
    size_t sent = 0;
    bool failed = out->failed;
    enum outcome o = failed ? DONE : send_all(c, strbuf_str(out), out->len, &sent);
    if (failed) {
        httpd_conn_close(c);
        o = GONE;
        strbuf_done(out);
    }
    if (o == BLOCKED) {
        c->out_len = out->len - sent;
        c->out_at = 0;
        c->out = malloc(c->out_len);
        if (c->out) {
            memcpy(c->out, out->data + sent, c->out_len);
        } else {
            httpd_conn_close(c);
            o = GONE;
        }
    }
    strbuf_clear(out);
    return o;
}

/* Everything was sent and no request is to follow. */
static void
conn_finish(struct conn *c, uint64_t now_ms)
{
    if (!c->linger) {
        httpd_conn_close(c);
        return;
    }
    if (c->tls)
        tls_session_shutdown(c->tls);
    shutdown(
        c->fd,
        SHUT_WR); /* closing now would reset the connection before the peer has read the answer */
    c->lingering = true;
    free(c->in);
    c->in = NULL;
    c->in_len = 0;
    conn_queue(c, &c->h->busy, now_ms);
    conn_watch(c, EV_READ);
}

/* ---- requests ---- */

/* Answers one complete request at data; returns its bytes, 0 when it is not complete, -1 when c
 * reads no more. */
static int
answer_one(struct conn *c, const char *data, size_t len, size_t *scanned)
{
    struct httpd_request r = {.method = HTTPD_OTHER, .minor = 1};
    int n = httpd_head_end(data, len, scanned);
    if (n == 0)
        return 0;
    int status = n < 0 ? -n : httpd_parse(data, (size_t)n, &r);
    if (status != 0) {
        put_error(c, status, &r);
        return -1;
    }
    r.local = c->local;
    c->closing = !r.keep_alive;
    put_answer(c, c->h->handler(&r, c->h->arg), &r);
    return n;
}

/* Keeps the len bytes at data as the beginning of what comes next. */
static bool
conn_keep(struct conn *c, const char *data, size_t len)
{
    char *in = NULL;
    if (len > 0) {
        in = malloc(len);
        if (!in)
            return false;
        memcpy(in, data, len);
    }
    free(c->in);
    c->in = in;
    c->in_len = len;
    return true;
}

/* Answers what the len bytes at data hold, at most a bufferful at a time. Afterwards c may be
 * gone. */
static void
conn_serve(struct conn *c, const char *data, size_t len, uint64_t now_ms)
{
    size_t at = 0;
    bool answered = false, more = false;
    enum outcome o = DONE;
    while (!c->closing) {
        more = c->h->out.len >= HTTPD_OUT_BYTES && at < len;
        if (more)
            break;
        int n = answer_one(c, data + at, len - at, &c->scanned);
        if (n == 0)
            break;
        answered = true;
        c->scanned = 0;
        at = n > 0 ? at + (size_t)n : at;
    }
    if (c->h->out.len > 0 || c->h->out.failed)
        o = conn_flush(c);
    if (o == GONE)
        return;
    if (c->closing && at < len)
        c->linger = true;
    if (!conn_keep(c, data + at, c->closing ? 0 : len - at)) {
        httpd_conn_close(c);
    } else if (o == BLOCKED || more) { /* the others' turn comes first */
        conn_queue(c, &c->h->busy, now_ms);
        conn_watch(c, EV_WRITE);
    } else if (c->closing) {
        conn_finish(c, now_ms);
    } else if (answered || !c->queue) {
        conn_queue(c, answered && c->in_len == 0 ? &c->h->idle : &c->h->busy, now_ms);
    } else if (c->queue == &c->h->idle) {
        conn_queue(c, &c->h->busy, now_ms); /* a next request has begun */
    }
}

/* ---- events ---- */

static void
conn_read(struct conn *c)
{
    struct httpd *h = c->h;
    uint64_t now_ms = clock_mono_ms();
    if (c->in_len > 0)
        memcpy(h->buf, c->in, c->in_len);
    ssize_t n = conn_recv(c, h->buf + c->in_len, HTTPD_READ_BYTES);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
        if (!c->queue)
            conn_queue(c, &h->busy, now_ms);
        return;
    }
    if (n <= 0) {
        httpd_conn_close(c);
        return;
    }
    if (c->lingering)
        return;
    conn_serve(c, h->buf, c->in_len + (size_t)n, now_ms);
}

static void
conn_write(struct conn *c)
{
    size_t sent = 0;
    enum outcome o = DONE;
    if (c->out)
        o = send_all(c, c->out + c->out_at, c->out_len - c->out_at, &sent);
    if (o == GONE)
        return;
    c->out_at += sent;
    if (o == BLOCKED)
        return;
    free(c->out);
    c->out = NULL;
    uint64_t now_ms = clock_mono_ms();
    if (c->closing) {
        conn_finish(c, now_ms);
        return;
    }
    struct httpd *h = c->h;
    size_t len = c->in_len;
    conn_queue(c, len > 0 ? &h->busy : &h->idle, now_ms);
    conn_watch(c, EV_READ);
    if (len > 0) {
        memcpy(h->buf, c->in, len);
        conn_serve(c, h->buf, len, now_ms);
    }
}

/* The handshake counts as a part of the first request. */
static void
conn_shake(struct conn *c)
{
    bool write = false;
    if (tls_session_handshake(c->tls, &write) == 0) {
        c->shaken = true;
        conn_watch(c, EV_READ);
        conn_read(c);
    } else if (errno == EAGAIN) {
        conn_watch(c, write ? EV_WRITE : EV_READ);
    } else {
        c->h->stats.errors++;
        httpd_conn_close(c);
    }
}

static void
on_ready(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    struct conn *c = arg;
    if (c->tls && !c->shaken)
        conn_shake(c);
    else if (what & EV_WRITE)
        conn_write(c);
    else
        conn_read(c);
}

void
httpd_conn_start(const struct listener *l, int fd, bool local)
{
    struct httpd *h = l->h;
    struct conn *c = calloc(1, sizeof(*c));
    if (c && l->tls)
        c->tls = tls_session_new(l->tls, fd);
    if (!c || (l->tls && !c->tls)) {
        free(c);
        close(fd);
        return;
    }
    c->h = h;
    c->fd = fd;
    c->local = local;
    h->stats.open++;
    h->stats.accepted++;
    if (c->tls) {
        conn_queue(c, &h->busy, clock_mono_ms());
        conn_watch(c, EV_READ);
        return;
    }
    /* The request has often arrived already; answered and closed at once it costs no epoll_ctl. */
    h->starting = c;
    conn_read(c);
    if (h->starting == c && !c->watching)
        conn_watch(c, EV_READ);
    h->starting = NULL;
}

static void
conn_timed_out(struct conn *c, uint64_t now_ms)
{
    const struct httpd_request none = {.method = HTTPD_OTHER, .minor = 1};
    if (c->queue == &c->h->idle || c->closing || c->out || c->in_len == 0) {
        httpd_conn_close(c);
        return;
    }
    put_error(c, 408, &none);
    enum outcome o = conn_flush(c);
    if (o == DONE)
        conn_finish(c, now_ms);
    else if (o == BLOCKED)
        httpd_conn_close(c); /* it does not even take the answer */
}

void
httpd_conn_expire(struct httpd *h)
{
    uint64_t now_ms = clock_mono_ms();
    uint64_t next_ms = CLOCK_NEVER;
    struct conn_list *queues[] = {&h->idle, &h->busy};
    for (size_t i = 0; i < 2; i++) {
        struct conn *c;
        while ((c = TAILQ_FIRST(queues[i])) != NULL && c->deadline_ms <= now_ms)
            conn_timed_out(c, now_ms);
        if (c)
            next_ms = clock_earlier(next_ms, c->deadline_ms);
    }
    h->timer_at_ms = next_ms;
    loop_timer_start_at(h->timer, next_ms);
}
