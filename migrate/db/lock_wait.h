/*
 * lock_wait.h: waiting for another runner's lock: an attempt, a pause that grows, and every ten seconds who holds it.
 */
#ifndef RR_MIGRATE_LOCK_WAIT_H
#define RR_MIGRATE_LOCK_WAIT_H

#include <stdint.h>

#include "common/base/backoff.h"
#include "common/base/err.h"

struct lock;
struct session;

struct lock_wait {
    uint64_t until_ms; /* 0: not waiting yet */
    uint64_t log_ms;   /* the holder is told again, not before */
    char holder[160];  /* in words; "": nobody we wait for */
    struct backoff again;
};

void lock_wait_init(struct lock_wait *w);

/*
 * One attempt. 0: lock_held() says whether it is ours now, with the session as at its beginning; if not, a pause has passed, and
 * the caller tries again. ERR_BUSY, which names the holder, when --lock-wait is over; else errors of session.h.
 */
MUST_CHECK int lock_wait_try(struct lock_wait *w, struct lock *l, struct session *s, struct err *e);

/*
 * It is somebody else's, as an attempt of the caller's own showed: the pause, and who has it. owner: as a lease names him,
 * "" for whom holds the lock. Errors as above. When it was got: lock_wait_over().
 */
MUST_CHECK int lock_wait_pause(struct lock_wait *w, const struct lock *l, const char *owner,
                               struct session *s, struct err *e);
void lock_wait_over(struct lock_wait *w);

#endif
