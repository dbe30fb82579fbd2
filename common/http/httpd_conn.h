/*
 * httpd_conn.h: the inside of httpd: its server and connections. For httpd*.c alone; others use
 * httpd.h.
 *
 * A connection is in one of two queues, each in the order of its deadlines because all of a queue
 * have the same term: `idle` (kept alive, nothing of a next request there) and `busy` (anything
 * unfinished). Only conn_queue() moves it. Input is read into the server's buffer; a connection
 * owns memory only while something of it is unfinished.
 */
#ifndef RR_HTTP_HTTPD_CONN_H
#define RR_HTTP_HTTPD_CONN_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <sys/queue.h>

#include "common/http/httpd.h"
#include "common/http/httpd_listen.h"
#include "common/net/tls_server.h"

#define HTTPD_READ_BYTES 16384u /* not less: tls_session_recv() */
#define HTTPD_OUT_BYTES 16384u  /* answers gathered before they are sent */
#define HTTPD_LISTENERS_MAX 16

struct conn {
    struct event ev;
    TAILQ_ENTRY(conn) link;
    struct httpd *h;
    uint64_t deadline_ms;
    struct conn_list *queue;
    char *in; /* input not yet used */
    size_t in_len;
    size_t scanned;
    char *out; /* answers that the peer does not take yet */
    size_t out_len, out_at;
    int fd;
    struct tls_session *tls; /* NULL: plain */
    bool shaken;             /* its handshake is done */
    bool local;
    bool watching;  /* ev was added */
    bool closing;   /* no request is read any more */
    bool lingering; /* our side is closed; input is dropped until the peer closes too */
    bool linger;    /* closing is to be done by lingering: the peer may still be sending */
};

TAILQ_HEAD(conn_list, conn);

struct listener {
    struct httpd *h;
    struct httpd_socket socket;
    struct tls_server *tls; /* the server's; NULL: plain */
    struct event *ev;
};

struct httpd {
    struct loop *loop;
    struct event_base *base;
    struct httpd_limits limits;
    httpd_handler *handler;
    void *arg;
    struct conn_list idle, busy;
    struct loop_timer *timer; /* the earliest deadline */
    uint64_t timer_at_ms;
    struct loop_timer *pause; /* while it runs the listeners are off */
    int spare_fd;
    struct listener listeners[HTTPD_LISTENERS_MAX];
    size_t n_listeners;
    struct tls_server *tls; /* of the listeners to come; NULL: plain */
    struct httpd_stats stats;
    struct strbuf out;
    struct httpd_answer errors[6];
    int64_t date_s;
    char date[48];         /* "Date: …\r\n" */
    struct conn *starting; /* just accepted, not watched yet; NULL once it is closed */
    char buf[HTTPD_HEAD_MAX + HTTPD_READ_BYTES];
};

/* Takes fd: serves what is there already and waits for the rest. */
void httpd_conn_start(const struct listener *l, int fd, bool local);
void httpd_conn_close(struct conn *c);
/* Closes the oldest idle connection, or without one the slowest unfinished one; false when there
 * is none at all. */
bool httpd_conn_evict(struct httpd *h);
/* Ends those whose deadline has passed and sets the timer for the next. */
void httpd_conn_expire(struct httpd *h);

#endif
