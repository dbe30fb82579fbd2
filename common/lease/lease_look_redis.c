/*
 * lease_look_redis.c: the keys of locks in Redis.
 *
 * A key of a lock that is there is held, unless it is a claim (lease_redis.c), which nobody holds yet. The fence is not smaller than
 * the server's time in microseconds when it was given: that is when the last holder began.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/lease/lease_look_impl.h"
#include "common/lease/lease_redis_impl.h"

#define SCAN_COUNT "1000"
#define JOBS_A_QUESTION 256 /* so that the server is not busy with one for long */
#define FENCE_FIRST UINT64_C(1000000000000000)  /* 2001, in microseconds */
#define FENCE_LAST UINT64_C(253402300799000000) /* 9999 */

static const char before[] = "cronrun:{";
static const char *const after[] = {"}:lock", "}:fence"};

struct talk {
    struct look_wait wait;
    struct redisconn *conn;
    void (*read)(struct talk *t, const struct redis_reply *r);
    size_t open; /* questions without an answer */
    struct lease_looks looks;
    size_t at;       /* the first one that is not answered for */
    char cursor[32]; /* of SCAN */
};

static void
on_connected(struct redisconn *c, const struct err *e, void *arg)
{
    (void)c;
    look_wait_end(&((struct talk *)arg)->wait, e);
}

static void
on_reply(struct redisconn *c, const struct err *e, const struct redis_reply *r, void *arg)
{
    (void)c;
    struct talk *t = arg;
    if (!e && r->kind == REDIS_ERROR)
        err_set(&t->wait.e, ERR_SERVER, "Redis: %.200s", r->text);
    else if (!e)
        t->read(t, r);
    t->open--;
    if (e || t->wait.e.code != ERR_NONE || t->open == 0)
        look_wait_end(&t->wait, e);
}

/* Does not wait for the answer. */
static int
ask(struct talk *t, int argc, const char *const *argv, struct err *e)
{
    const struct redis_args args = {.argc = argc, .argv = argv};
    if (t->open == 0)
        look_wait_begin(&t->wait);
    if (redisconn_command_start(t->conn, &args, t->wait.deadline_ms, on_reply, t, e) < 0)
        return -1;
    t->open++;
    return 0;
}

/* ---- those jobs ---- */

static const struct redis_reply *
text_at(const struct redis_reply *r, size_t i)
{
    bool there = r->kind == REDIS_ARRAY && i < r->count && r->items[i]->kind == REDIS_STRING;
    return there ? r->items[i] : NULL;
}

static void
read_fence(struct lease_look *look, const char *text)
{
    uint64_t fence = strtoull(text, NULL, 10);
    look->fence = fence;
    if (fence >= FENCE_FIRST && fence <= FENCE_LAST)
        clock_format_rfc3339(look->holder.since, (int64_t)fence, 3);
}

static void
read_job(struct lease_look *look, const struct redis_reply *held, const struct redis_reply *fence)
{
    look->state = held || fence ? LEASE_FREE : LEASE_NEVER;
    if (fence)
        read_fence(look, fence->text);
    if (!held || (held->len > 0 && held->text[0] == LEASE_REDIS_CLAIM_MARK))
        return;
    look->state = LEASE_HELD;
    if (held->len > LEASE_REDIS_TOKEN_TEXT)
        lease_holder_parse(held->text + LEASE_REDIS_TOKEN_TEXT, held->len - LEASE_REDIS_TOKEN_TEXT,
                           &look->holder);
}

/* How many jobs one question is about, from that one on. */
static size_t
jobs_at(const struct talk *t, size_t at)
{
    size_t left = t->looks.n - at;
    return left < JOBS_A_QUESTION ? left : JOBS_A_QUESTION;
}

static void
read_jobs(struct talk *t, const struct redis_reply *r)
{
    size_t n = jobs_at(t, t->at);
    if (r->kind != REDIS_ARRAY || r->count != 2 * n) {
        err_set(&t->wait.e, ERR_PROTOCOL, "unexpected reply from Redis to MGET");
        return;
    }
    for (size_t i = 0; i < n; i++)
        read_job(&t->looks.items[t->at++], text_at(r, 2 * i), text_at(r, 2 * i + 1));
}

struct question {
    char keys[2 * JOBS_A_QUESTION][LEASE_NAME_MAX + 24];
    const char *words[2 * JOBS_A_QUESTION + 1];
};

static int
ask_some(struct talk *t, size_t at, struct question *q, struct err *e)
{
    int argc = 0;
    q->words[argc++] = "MGET";
    for (size_t i = 0; i < 2 * jobs_at(t, at); i++) {
        snprintf(q->keys[i], sizeof(q->keys[i]), "%s%s%s", before, t->looks.items[at + i / 2].name,
                 after[i % 2]);
        q->words[argc++] = q->keys[i];
    }
    return ask(t, argc, q->words, e);
}

/* All questions go out together, and no answer is waited for in between. */
static int
ask_jobs(struct talk *t, struct err *e)
{
    cleanup_free struct question *q = malloc(sizeof(*q));
    if (!q)
        return err_nomem(e);
    t->read = read_jobs;
    t->at = 0;
    for (size_t at = 0; at < t->looks.n; at += JOBS_A_QUESTION)
        if (ask_some(t, at, q, e) < 0)
            return -1;
    return t->open ? look_wait_for(&t->wait, e) : 0;
}

/* ---- all of them ---- */

static void
add_key(struct talk *t, const char *key, size_t len)
{
    const size_t begin = sizeof(before) - 1;
    for (size_t i = 0; i < 2; i++) {
        size_t end = strlen(after[i]);
        if (len <= begin + end || len - begin - end > LEASE_NAME_MAX ||
            memchr(key, '\0', len) != NULL || strcmp(key + len - end, after[i]) != 0)
            continue;
        char name[LEASE_NAME_MAX + 1];
        snprintf(name, sizeof(name), "%.*s", (int)(len - begin - end), key + begin);
        if (t->looks.n == LEASE_LOOKS_MAX)
            lease_looks_sort(&t->looks); /* what SCAN named twice makes room */
        if (lease_name_check(name, NULL) == 0)
            IGNORED(lease_looks_add(&t->looks, name, strlen(name), &t->wait.e) != NULL);
        return;
    }
}

static void
read_keys(struct talk *t, const struct redis_reply *r)
{
    const struct redis_reply *cursor = text_at(r, 0);
    const struct redis_reply *keys = r->kind == REDIS_ARRAY && r->count == 2 ? r->items[1] : NULL;
    if (!cursor || !keys || keys->kind != REDIS_ARRAY || cursor->len >= sizeof(t->cursor)) {
        err_set(&t->wait.e, ERR_PROTOCOL, "unexpected reply from Redis to SCAN");
        return;
    }
    snprintf(t->cursor, sizeof(t->cursor), "%s", cursor->text);
    for (size_t i = 0; i < keys->count && t->wait.e.code == ERR_NONE; i++)
        if (text_at(keys, i))
            add_key(t, keys->items[i]->text, keys->items[i]->len);
}

/* SCAN may name a key more than once, and each job has two. */
static int
find_jobs(struct talk *t, struct err *e)
{
    const char *const words[] = {"SCAN", t->cursor, "MATCH", "cronrun:{*}:*", "COUNT", SCAN_COUNT};
    t->read = read_keys;
    snprintf(t->cursor, sizeof(t->cursor), "0");
    do {
        if (ask(t, 6, words, e) < 0 || look_wait_for(&t->wait, e) < 0)
            return -1;
        lease_looks_sort(&t->looks);
    } while (strcmp(t->cursor, "0") != 0);
    return 0;
}

int
lease_look_redis(struct loop *l, struct resolver *r, struct target_redis *target,
                 const struct lease_asked *asked, uint64_t deadline_ms, struct lease_looks *ret,
                 struct err *e)
{
    struct talk t = {.wait = {.loop = l, .deadline_ms = deadline_ms}};
    t.conn = redisconn_new(l, r, target, e);
    if (!t.conn)
        return -1;
    int status = redisconn_connect_start(t.conn, deadline_ms, on_connected, &t, e);
    if (status == 0)
        status = look_wait_for(&t.wait, e);
    if (status == 0)
        status = asked->names ? lease_looks_asked(&t.looks, asked, e) : find_jobs(&t, e);
    if (status == 0)
        status = ask_jobs(&t, e);
    redisconn_free(t.conn);
    if (status == 0)
        *ret = t.looks;
    else
        lease_looks_done(&t.looks);
    return status;
}
