/*
 * fcgicall.h: outgoing FastCGI requests: one GET of a script over a connection of its own, on the loop.
 *
 * The connection is closed as soon as the answer is complete: PHP-FPM's worker waits until its client has closed. What an
 * answer may cost is bounded by fcgi.h and by the deadlines.
 */
#ifndef RR_HTTP_FCGICALL_H
#define RR_HTTP_FCGICALL_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/http/fcgi.h"

struct fcgicall;
struct loop;
struct resolver;

struct fcgicall_to {
    const char *host; /* as resolve_start() takes it */
    uint16_t port;
    const char *script;
    uint64_t connect_deadline_ms; /* until the connection stands */
    uint64_t deadline_ms;         /* until the answer is complete */
};

/* e NULL: *a is the answer, borrowed during the call. Else a is NULL and *e what dial.h says, with its sys_errno, or ERR_TIMEOUT,
 * ERR_CLOSED (before the end of the answer), ERR_PROTOCOL, ERR_BUSY (fcgi_reader_answer()), ERR_NOMEM. */
typedef void fcgicall_cb(const struct err *e, const struct fcgi_answer *a, void *arg);

/* Nothing in *to is needed afterwards. cb fires exactly once, from the loop, never inside this call, unless cancelled. NULL
 * with *e filled: never. */
MUST_CHECK struct fcgicall *
fcgicall_start(struct loop *l, struct resolver *r, const struct fcgicall_to *to, fcgicall_cb *cb,
               void *arg, struct err *e);
/* NULL allowed; closes at once, cb does not fire; invalid once it has. */
void fcgicall_cancel(struct fcgicall *c);
/* The connection stands: the request is on its way, and the server may carry it out even when the call is cancelled. */
bool fcgicall_sent(const struct fcgicall *c);

#endif
