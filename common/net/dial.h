/*
 * dial.h: from a name or a socket's path to a connected stream socket, without blocking: resolve, then one address after the other, all under one
 * deadline. An address that does not answer leaves time for the next ones.
 */
#ifndef RR_NET_DIAL_H
#define RR_NET_DIAL_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

struct dial;
struct loop;
struct resolve_addr;
struct resolver;

/* e NULL: fd is connected, non-blocking, close-on-exec, and the callee's. Else fd is -1 and *e is ERR_DNS, ERR_REFUSED (also:
 * no route), ERR_TIMEOUT or ERR_SYSTEM (no descriptors). */
typedef void dial_cb(const struct err *e, int fd, void *arg);

struct dial_to {
    const char *host; /* as resolve_start() takes it; copied */
    uint16_t port;
    uint64_t deadline_ms;
};

/* cb fires exactly once, from the loop, never inside this call. NULL with *e filled: never. */
MUST_CHECK struct dial *dial_start(struct loop *l, struct resolver *r, const struct dial_to *to,
                                   dial_cb *cb, void *arg, struct err *e);
/* Right after dial_start(), where the name has several addresses: begin with the one after `last`, which had its turn. */
void dial_after(struct dial *d, const struct resolve_addr *last);
/* Until when one attempt may last while so many others wait behind it: an equal share of what is left, but not below least_ms;
 * of a minute when there is no deadline. */
uint64_t dial_share(uint64_t deadline_ms, size_t others, uint64_t least_ms);
/* What an error number of connect() is to a caller. */
enum err_code dial_code(int sys_errno);
void dial_cancel(struct dial *d); /* NULL allowed; cb does not fire; invalid once it has */

#endif
