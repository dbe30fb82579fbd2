/*
 * connect.h: the way to a session: attempts for as long as --wait says, and what is asked first.
 */
#ifndef RR_MIGRATE_CONNECT_H
#define RR_MIGRATE_CONNECT_H

#include <stdbool.h>

#include "common/base/err.h"
#include "common/base/strbuf.h"

struct session;

/*
 * Connects, trying again for --wait where time may help, and asks for the facts. ERR_* of pgconn.h;
 * the message says for how long it was waited for, or why not.
 */
MUST_CHECK int connect_open(struct session *s, struct err *e);

/* The same with statements beside the facts, in the same message, of which the last gives one row, true or false. */
enum connect_answer { CONNECT_NO, CONNECT_YES, CONNECT_REFUSED };
MUST_CHECK int connect_open_asking(struct session *s, const struct strbuf *question,
                                   enum connect_answer *ret, struct err *e);

/* True where another attempt may succeed without anybody changing anything: by code and SQLSTATE. */
bool connect_retryable(const struct err *e);

#endif
