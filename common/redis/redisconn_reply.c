/* redisconn_reply.c: hiredis' reader and formatter; 0.14 and 1.x differ in a few types. */
#include "common/redis/redisconn_reply.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

#if HIREDIS_MAJOR >= 1
typedef size_t array_size;
#else
typedef int array_size;
#endif

struct redis_parser {
    redisReader *reader;
    size_t unfinished; /* bytes fed since the last whole reply */
};

/* A reply as hiredis builds it: an array's slots are filled one by one. The text follows the struct. */
struct node {
    struct redis_reply reply; /* first: redis_reply_free() casts back */
    unsigned depth;           /* of arrays around this one */
    const struct redis_reply **slots;
    char text[];
};

void
redis_reply_free(struct redis_reply *reply)
{
    if (!reply)
        return;
    struct node *n = (struct node *)reply;
    for (size_t i = 0; i < reply->count; i++)
        redis_reply_free((struct redis_reply *)n->slots[i]);
    free(n->slots);
    free(n);
}

static struct node *
node_new(enum redis_reply_kind kind, const char *text, size_t len)
{
    struct node *n = malloc(sizeof(*n) + len + 1);
    if (n) {
        *n = (struct node){.reply = {.kind = kind, .len = len}};
        if (len > 0)
            memcpy(n->text, text, len);
        n->text[len] = '\0';
        n->reply.text = n->text;
    }
    return n;
}

static void *
node_attach(const redisReadTask *task, struct node *n)
{
    if (n && task->parent && task->parent->obj) {
        struct node *parent = task->parent->obj;
        parent->slots[task->idx] = &n->reply;
    }
    return n;
}

/* ---- hiredis' calls ---- */

static void *
create_string(const redisReadTask *task, char *text, size_t len)
{
    enum redis_reply_kind kind = task->type == REDIS_REPLY_ERROR    ? REDIS_ERROR
                                 : task->type == REDIS_REPLY_STATUS ? REDIS_STATUS
                                                                    : REDIS_STRING;
    return node_attach(task, node_new(kind, text, len));
}

static void *
create_array(const redisReadTask *task, array_size count)
{
    /* RESP3's maps and sets come here too, but nobody asked for RESP3. */
    if (task->type != REDIS_REPLY_ARRAY || count > (array_size)REDIS_REPLY_ITEMS_MAX)
        return NULL;
    const struct node *parent = task->parent ? task->parent->obj : NULL;
    unsigned depth = parent ? parent->depth + 1 : 0;
    if (depth >= REDIS_REPLY_DEPTH_MAX)
        return NULL;
    struct node *n = node_new(REDIS_ARRAY, NULL, 0);
    if (n)
        n->depth = depth;
    if (n && count > 0) {
        n->slots = calloc((size_t)count, sizeof(void *));
        if (!n->slots) {
            free(n);
            return NULL;
        }
        n->reply.count = (size_t)count;
        n->reply.items = n->slots;
    }
    return node_attach(task, n);
}

static void *
create_integer(const redisReadTask *task, long long value)
{
    struct node *n = node_new(REDIS_INTEGER, NULL, 0);
    if (n)
        n->reply.integer = value;
    return node_attach(task, n);
}

static void *
create_nil(const redisReadTask *task)
{
    return node_attach(task, node_new(REDIS_NIL, NULL, 0));
}

#if HIREDIS_MAJOR >= 1
static void *
create_double(const redisReadTask *task, double value, char *text, size_t len)
{
    (void)value;
    return node_attach(task, node_new(REDIS_STRING, text, len));
}

static void *
create_bool(const redisReadTask *task, int value)
{
    return create_integer(task, value);
}
#endif

static void
free_object(void *object)
{
    redis_reply_free(object);
}

static const redisReplyObjectFunctions functions = {
    .createString = create_string,
    .createArray = create_array,
    .createInteger = create_integer,
    .createNil = create_nil,
    .freeObject = free_object,
#if HIREDIS_MAJOR >= 1
    .createDouble = create_double,
    .createBool = create_bool,
#endif
};

/* ---- the parser ---- */

struct redis_parser *
redis_parser_new(void)
{
    struct redis_parser *p = calloc(1, sizeof(*p));
    if (p) {
        p->reader = redisReaderCreateWithFunctions((redisReplyObjectFunctions *)&functions);
        if (!p->reader) {
            free(p);
            return NULL;
        }
    }
    return p;
}

void
redis_parser_free(struct redis_parser *p)
{
    if (p) {
        redisReaderFree(p->reader);
        free(p);
    }
}

int
redis_parser_feed(struct redis_parser *p, const void *data, size_t len, struct err *e)
{
    if (len > REDIS_REPLY_BYTES_MAX - p->unfinished) {
        return err_set(e, ERR_PROTOCOL, "Redis sent a reply of more than %u bytes",
                       REDIS_REPLY_BYTES_MAX);
    }
    p->unfinished += len;
    if (redisReaderFeed(p->reader, data, len) != REDIS_OK)
        return err_nomem(e);
    return 0;
}

int
redis_parser_next(struct redis_parser *p, struct redis_reply **ret, struct err *e)
{
    void *reply = NULL;
    errno = 0;
    if (redisReaderGetReply(p->reader, &reply) != REDIS_OK) {
        /* It also says so of what we refuse to build. */
        if (p->reader->err == REDIS_ERR_OOM && errno == ENOMEM)
            return err_nomem(e);
        return err_set(e, ERR_PROTOCOL, "Redis sent an invalid reply: %s", p->reader->errstr);
    }
    if (reply)
        p->unfinished = p->reader->len - p->reader->pos;
    *ret = reply;
    return 0;
}

char *
redis_command_format(int argc, const char *const *argv, const size_t *lens, size_t *ret_len)
{
    char *text = NULL;
    long long len = redisFormatCommandArgv(&text, argc, (const char **)argv, lens);
    if (len < 0)
        return NULL;
    *ret_len = (size_t)len;
    return text;
}
