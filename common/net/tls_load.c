/* tls_load.c: the CA store, read and parsed off the loop, and those who wait for it. */
#include <event2/bufferevent.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/net/loop.h"
#include "common/net/offload.h"
#include "common/net/tls.h"
#include "common/net/tls_private.h"

struct tls_load {
    struct tls_load *next, **at; /* *at is this one */
    struct tls_client *client;
    struct loop_timer *timer;
    tls_load_cb *cb;
    void *arg;
};

void
tls_outlast_exit(void)
{
    OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL);
}

/* ---- in the thread ---- */

struct job {
    bool loaded; /* already, from the file of this stamp */
    struct tls_stamp stamp;
    X509_STORE *store; /* NULL: nothing new, or an error */
    struct err e;
    char path[];
};

static void
look(void *data)
{
    struct job *j = data;
    struct tls_stamp now = tls_stamp_of(j->path);
    if (j->loaded && tls_stamp_same(now, j->stamp))
        return;
    j->stamp = now;
    ERR_clear_error();
    j->store = X509_STORE_new();
    if (j->store && X509_STORE_load_file(j->store, j->path) == 1)
        return;
    tls_set_reason(&j->e, "cannot load CA certificates from", j->path);
    X509_STORE_free(j->store);
    j->store = NULL;
}

static void
job_free(void *data)
{
    struct job *j = data;
    X509_STORE_free(j->store);
    free(j);
}

/* ---- those who wait ---- */

static void
push(struct tls_load **list, struct tls_load *w)
{
    w->next = *list;
    w->at = list;
    if (w->next)
        w->next->at = &w->next;
    *list = w;
}

void
tls_load_cancel(struct tls_load *w)
{
    if (!w)
        return;
    *w->at = w->next;
    if (w->next)
        w->next->at = w->at;
    loop_timer_free(w->timer);
    tls_client_free(w->client);
    free(w);
}

/* w is gone before its callback runs: that may start the next. */
static void
tell(struct tls_load *w, const struct err *e)
{
    tls_load_cb *cb = w->cb;
    void *arg = w->arg;
    tls_load_cancel(w);
    cb(e, arg);
}

static void
on_back(void *data, void *arg)
{
    struct tls_client *t = arg;
    struct job *j = data;
    struct tls_load *due = NULL;
    t->loading = NULL;
    if (j->store) {
        SSL_CTX_set_cert_store(t->ctx, j->store); /* takes it */
        j->store = NULL;
        t->stamp = j->stamp;
        t->loaded = true;
    }
    bool loaded = t->loaded;
    while (t->waiting) { /* not those who come while these are told; in the order of their coming */
        struct tls_load *w = t->waiting;
        t->waiting = w->next;
        if (w->next)
            w->next->at = &t->waiting;
        push(&due, w);
    }
    while (due)
        tell(due, loaded ? NULL : &j->e);
}

/* Nothing is to be read, or the file takes too long: then the store of before will do. */
static void
on_due(void *arg)
{
    struct tls_load *w = arg;
    struct err e;
    if (!w->client->verify || w->client->loaded) {
        tell(w, NULL);
        return;
    }
    err_set(&e, ERR_TIMEOUT, "the CA certificates in %s could not be read in time",
            w->client->ca_file);
    tell(w, &e);
}

static int
start(struct tls_client *t, struct err *e)
{
    size_t len = strlen(t->ca_file) + 1;
    struct job *j = calloc(1, sizeof(*j) + len);
    if (!j)
        return err_nomem(e);
    j->loaded = t->loaded;
    j->stamp = t->stamp;
    memcpy(j->path, t->ca_file, len);
    t->loading = offload_start(t->loop, look, j, on_back, t, e);
    if (!t->loading)
        return -1;
    offload_set_release(t->loading, job_free);
    return 0;
}

struct tls_load *
tls_load_start(struct tls_client *t, uint64_t deadline_ms, tls_load_cb *cb, void *arg,
               struct err *e)
{
    struct tls_load *w = calloc(1, sizeof(*w));
    if (w)
        w->timer = loop_timer_new(t->loop, on_due, w);
    if (!w || !w->timer) {
        free(w);
        err_nomem(e);
        return NULL;
    }
    w->client = t;
    w->cb = cb;
    w->arg = arg;
    tls_client_keep(t);
    push(&t->waiting, w);
    bool looks = t->verify && (t->loading || start(t, e) == 0);
    if (t->verify && !looks && !t->loaded) {
        tls_load_cancel(w);
        return NULL;
    }
    if (!looks)
        loop_timer_start(w->timer, 0);
    else if (t->loaded)
        loop_timer_start(w->timer, clock_left_ms(deadline_ms) / 2);
    else
        loop_timer_start_at(w->timer, deadline_ms);
    return w;
}

/* ---- a connection ---- */

struct tls_open {
    struct tls_client *client;
    struct tls_load *load;
    int fd;
    tls_open_cb *cb;
    void *arg;
    char name[];
};

void
tls_open_cancel(struct tls_open *o)
{
    if (!o)
        return;
    tls_load_cancel(o->load);
    tls_client_free(o->client);
    if (o->fd >= 0)
        close(o->fd);
    free(o);
}

static void
on_loaded(const struct err *e, void *arg)
{
    struct tls_open *o = arg;
    tls_open_cb *cb = o->cb;
    void *cb_arg = o->arg;
    struct bufferevent *bev = NULL;
    struct err own;
    o->load = NULL;
    if (!e) {
        bev = tls_client_bufferevent(o->client, o->fd, o->name, &own);
        o->fd = -1;
    }
    tls_open_cancel(o);
    cb(e ? e : bev ? NULL : &own, bev, cb_arg);
}

struct tls_open *
tls_open_start(struct tls_client *t, const struct tls_to *to, tls_open_cb *cb, void *arg,
               struct err *e)
{
    size_t len = strlen(to->name) + 1;
    struct tls_open *o = calloc(1, sizeof(*o) + len);
    if (!o) {
        close(to->fd);
        err_nomem(e);
        return NULL;
    }
    *o = (struct tls_open){.client = t, .fd = to->fd, .cb = cb, .arg = arg};
    memcpy(o->name, to->name, len);
    tls_client_keep(t);
    o->load = tls_load_start(t, to->deadline_ms, on_loaded, o, e);
    if (o->load)
        return o;
    tls_open_cancel(o);
    return NULL;
}
