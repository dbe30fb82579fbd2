/*
 * resolve_channel.h: questions to name servers, c-ares on the loop. Private to resolve*.c.
 *
 * It asks for one name as it stands; the search list is resolve.c's. An answer may come from inside resolve_channel_ask().
 */
#ifndef RR_NET_RESOLVE_CHANNEL_H
#define RR_NET_RESOLVE_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/net/resolve.h"
#include "common/net/resolve_conf.h"

struct loop;
struct resolve_channel;
struct resolve_question;

/* From the least telling answer to the most telling one: what is reported when a search list has several. */
enum resolve_status {
    RESOLVE_FOUND,
    RESOLVE_NO_NAME,
    RESOLVE_NO_ADDRESS, /* the name exists */
    RESOLVE_BAD_NAME,
    RESOLVE_REFUSED,
    RESOLVE_UNREACHABLE,
    RESOLVE_FAILS,
    RESOLVE_SILENT,
    RESOLVE_NO_MEMORY,
    RESOLVE_ASK_ANEW /* none: resolve_channel_set_servers() came between */
};

/* One family's answer: addresses (ports 0) with RESOLVE_FOUND. Not called once the question was dropped. */
typedef void resolve_answer_cb(void *arg, int family, enum resolve_status status,
                               const struct resolve_addr *addrs, size_t n);

struct resolve_channel *resolve_channel_new(struct loop *l, struct err *e);
void
resolve_channel_free(struct resolve_channel
                         *c); /* NULL allowed; every question must have been dropped or answered */
/* Questions under way are answered from inside with RESOLVE_ASK_ANEW. */
void resolve_channel_set_servers(struct resolve_channel *c, const char *servers);

/* Asks for the addresses of one family. *ret is owned until it was answered; it is set before anything is sent.
 * -1: out of memory. */
int resolve_channel_ask(struct resolve_channel *c, const char *name, int family,
                        resolve_answer_cb *cb, void *arg, struct resolve_question **ret);
/* The answer is not wanted any more: NULL allowed. */
void resolve_question_drop(struct resolve_question *q);

#endif
