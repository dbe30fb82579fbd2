/* redisconn_talk.c: commands and replies over a connected bufferevent, the login among them. */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/net/loop.h"
#include "common/redis/redisconn_impl.h"
#include "common/target/target.h"
#include "common/net/tls.h"

/* What a server says, fit for a message: one line of printable characters. */
static void
copy_text(char *ret, size_t size, const char *text)
{
    size_t n = 0;
    for (; *text && n + 1 < size; text++)
        ret[n++] = (unsigned char)*text < 0x20 || *text == 0x7f ? ' ' : *text;
    ret[n] = '\0';
}

static bool
begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* ---- sending ---- */

int
redisconn_send(struct redisconn *c, enum redis_command_kind kind, const struct redis_args *args,
               uint64_t deadline_ms, redisconn_reply_cb *cb, void *arg, struct err *e)
{
    size_t len;
    struct redis_command *q = calloc(1, sizeof(*q));
    char *text = q ? redis_command_format(args->argc, args->argv, args->lens, &len) : NULL;
    int written = text ? bufferevent_write(c->bev, text, len) : -1;
    if (text) {
        explicit_bzero(text, len); /* AUTH */
        free(text);
    }
    if (written != 0) {
        free(q);
        return err_nomem(e);
    }
    *q = (struct redis_command){.kind = kind, .deadline_ms = deadline_ms, .cb = cb, .arg = arg};
    *c->last = q;
    c->last = &q->next;
    redisconn_set_timer(c);
    return 0;
}

/* ---- login ---- */

static void
login_done(struct redisconn *c)
{
    redisconn_cb *cb = c->connect_cb;
    c->connect_cb = NULL;
    redisconn_set_state(c, REDISCONN_READY);
    redisconn_set_timer(c);
    cb(c, NULL, c->connect_arg);
}

static int
send_login(struct redisconn *c, struct err *e)
{
    const struct target_redis *t = c->target;
    if (t->password) {
        const char *argv[3] = {"AUTH", t->username ? t->username : t->password, t->password};
        const struct redis_args args = {.argc = t->username ? 3 : 2, .argv = argv};
        if (redisconn_send(c, REDIS_COMMAND_AUTH, &args, c->connect_deadline_ms, NULL, NULL, e) !=
            0)
            return -1;
    }
    if (t->db != 0) {
        char db[16];
        snprintf(db, sizeof(db), "%u", t->db);
        const char *argv[2] = {"SELECT", db};
        const struct redis_args args = {.argc = 2, .argv = argv};
        return redisconn_send(c, REDIS_COMMAND_SELECT, &args, c->connect_deadline_ms, NULL, NULL,
                              e);
    }
    return 0;
}

/* The bufferevent can talk: AUTH and SELECT go out together. */
static void
start_login(struct redisconn *c)
{
    struct err e;
    redisconn_set_state(c, REDISCONN_LOGIN);
    if (send_login(c, &e) != 0)
        redisconn_fail(c, &e);
    else if (!c->first)
        login_done(c);
}

/* The server's words, without what it may repeat of ours: "ERR unknown command 'AUTH', with args beginning with: '…'". */
static void
auth_text(const char *text, const char *password, char *ret, size_t size)
{
    copy_text(ret, size, text);
    ret[strcspn(ret, "'`\",")] = '\0';
    const char *at = *password ? strstr(text, password) : NULL;
    if (at && (size_t)(at - text) < strlen(ret))
        snprintf(ret, size, "%s", "ERR (the rest is withheld because it contains the password)");
}

static int
login_reply(const struct redisconn *c, const struct redis_command *q,
            const struct redis_reply *reply, struct err *e)
{
    static const char *const refusals[] = {"WRONGPASS", "NOAUTH", "NOPERM"};
    char text[256];
    char word[ERR_WORD_MAX];
    if (reply->kind != REDIS_ERROR) {
        return reply->kind == REDIS_STATUS
                   ? 0
                   : err_set(e, ERR_PROTOCOL, "Redis sent an unexpected reply to the login");
    }
    if (q->kind == REDIS_COMMAND_AUTH)
        auth_text(reply->text, c->target->password, text, sizeof(text));
    else
        copy_text(text, sizeof(text), reply->text);
    redisconn_word(reply->text, word);
    enum err_code code = ERR_SERVER;
    for (size_t i = 0; i < 3; i++)
        code = strcmp(word, refusals[i]) == 0 ? ERR_AUTH : code;
    if (code == ERR_SERVER)
        redisconn_word(text, word); /* any other word may be the password */
    return err_word(e, code, word, "%s", text);
}

/* ---- replies ---- */

static bool
is_redirect(const struct redis_reply *reply)
{
    return reply->kind == REDIS_ERROR &&
           (begins(reply->text, "MOVED ") || begins(reply->text, "ASK "));
}

/* Hands a reply to who waits for it. -1: the connection is to end with *e. */
static int
dispatch(struct redisconn *c, const struct redis_reply *reply, struct err *e)
{
    struct redis_command *q = c->first;
    if (!q) {
        if (reply->kind != REDIS_ERROR)
            return err_set(e, ERR_PROTOCOL, "Redis sent an unexpected reply");
        copy_text(c->farewell, sizeof(c->farewell), reply->text);
        return 0;
    }
    c->first = q->next;
    if (!c->first)
        c->last = &c->first;
    redisconn_set_timer(c);
    struct redis_command command = *q;
    free(q);
    if (command.kind != REDIS_COMMAND_USER) {
        if (login_reply(c, &command, reply, e) != 0)
            return -1;
        if (!c->first)
            login_done(c);
    } else if (command.cb && is_redirect(reply)) {
        struct err moved;
        char word[ERR_WORD_MAX];
        redisconn_word(reply->text, word);
        err_word(&moved, ERR_SERVER, word, "%s: this is a Redis Cluster, which is not supported",
                 word);
        command.cb(c, &moved, NULL, command.arg);
    } else if (command.cb) {
        command.cb(c, NULL, reply, command.arg);
    }
    return 0;
}

/* All whole replies. A callback may free c or end this connection, and another one takes at least a turn: then the rest is
 * not looked at. */
static void
read_replies(struct redisconn *c)
{
    struct err e;
    int result = 0;
    while (result == 0 && c->bev) {
        struct redis_reply *reply;
        result = redis_parser_next(c->parser, &reply, &e);
        if (result != 0 || !reply)
            break;
        result = dispatch(c, reply, &e);
        redis_reply_free(reply);
    }
    if (result != 0 && c->bev)
        redisconn_fail(c, &e);
}

static void
on_read(struct bufferevent *bev, void *arg)
{
    struct redisconn *c = arg;
    uint64_t start_us = clock_mono_us();
    struct evbuffer *in = bufferevent_get_input(bev);
    struct err e;
    size_t len;
    while ((len = evbuffer_get_contiguous_space(in)) > 0) {
        if (redis_parser_feed(c->parser, evbuffer_pullup(in, (ev_ssize_t)len), len, &e) != 0) {
            redisconn_fail(c, &e);
            return;
        }
        evbuffer_drain(in, len);
    }
    read_replies(c);
    loop_meter(c->loop, start_us);
}

static void
on_end(struct redisconn *c, short what, int sys_errno)
{
    struct err e;
    if (c->farewell[0]) { /* "ERR max number of clients reached" */
        char word[ERR_WORD_MAX];
        redisconn_word(c->farewell, word);
        err_word(&e, ERR_SERVER, word, "%s", c->farewell);
    } else if (c->state == REDISCONN_HANDSHAKE) {
        tls_bufferevent_error(c->bev, &e);
    } else if (tls_bufferevent_alert(c->bev, &e)) { /* libevent may tell it as an end */
        err_wrap(&e, "Redis closed the session");
    } else if (what & BEV_EVENT_EOF || sys_errno == 0) {
        err_set(&e, ERR_CLOSED, "Redis closed the connection");
    } else {
        err_set(&e, ERR_CLOSED, "the connection to Redis was lost: %s", strerror(sys_errno));
        e.sys_errno = sys_errno;
    }
    redisconn_fail(c, &e);
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
    int sys_errno = errno;
    (void)bev;
    struct redisconn *c = arg;
    uint64_t start_us = clock_mono_us();
    if (what & BEV_EVENT_CONNECTED)
        start_login(c);
    else if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
        on_end(c, what, sys_errno);
    loop_meter(c->loop, start_us);
}

void
redisconn_talk(struct redisconn *c, struct bufferevent *bev, bool tls)
{
    struct err e;
    c->bev = bev;
    c->parser = redis_parser_new();
    bufferevent_setcb(bev, on_read, NULL, on_event, c);
    if (!c->parser || bufferevent_enable(bev, EV_READ | EV_WRITE) != 0) {
        err_nomem(&e);
        redisconn_fail(c, &e);
        return;
    }
    if (tls) {
        redisconn_set_state(c, REDISCONN_HANDSHAKE);
        redisconn_set_timer(c);
    } else {
        start_login(c);
    }
}
