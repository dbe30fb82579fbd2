/* lock_wait.c: the lock is somebody else's, for the time being. */
#include "migrate/db/lock_wait.h"

#include <stdio.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "migrate/db/lock.h"
#include "migrate/db/session.h"
#include "migrate/events.h"

#define HOLDER_LOG_MS 10000u
#define PAUSE_FIRST_MS 25u
#define PAUSE_MOST_MS 1000u

void
lock_wait_init(struct lock_wait *w)
{
    *w = (struct lock_wait){.again = {.first_ms = PAUSE_FIRST_MS, .most_ms = PAUSE_MOST_MS}};
}

static int
tell_holder(struct lock_wait *w, const struct lock *l, const char *owner, struct session *s,
            struct err *e)
{
    struct lock_holder h = {.age_s = -1};
    char text[128];
    if (clock_left_ms(w->log_ms) > 0)
        return 0;
    if (!*owner && lock_find_holder(l, s, &h, e) != 0)
        return -1;
    if (!*owner && h.pid == 0) /* just released */
        return 0;
    w->log_ms = clock_deadline(HOLDER_LOG_MS);
    const char *who = *owner ? owner : lock_describe(&h, text, sizeof(text));
    snprintf(w->holder, sizeof(w->holder), "another runner, %s", who);
    log_info(
        &event_lock_wait,
        LOG_FIELDS(h.pid ? LF_INT("holder_pid", h.pid) : LF_OPT("holder_pid", NULL),
                   LF_STR("holder", *owner ? owner : h.application),
                   h.age_s < 0 ? LF_OPT("holder_age_s", NULL) : LF_INT("holder_age_s", h.age_s)),
        "another runner holds the %s: %s", *owner ? "lease" : "lock", who);
    return 0;
}

static int
busy(const struct lock *l, const char *owner, struct session *s, struct err *e)
{
    struct lock_holder h = {0};
    char text[128];
    if (*owner)
        return err_set(e, ERR_BUSY, "another runner held the lease for the whole wait: %s", owner);
    if (lock_find_holder(l, s, &h, e) != 0)
        return -1;
    return err_set(e, ERR_BUSY, "another runner held the lock for the whole wait: %s",
                   lock_describe(&h, text, sizeof(text)));
}

int
lock_wait_pause(struct lock_wait *w, const struct lock *l, const char *owner, struct session *s,
                struct err *e)
{
    if (w->until_ms == 0) {
        w->until_ms = clock_deadline(s->o->lock_wait_ms);
        w->log_ms = 0;
    }
    if (clock_left_ms(w->until_ms) == 0)
        return busy(l, owner, s, e);
    if (tell_holder(w, l, owner, s, e) != 0)
        return -1;
    uint64_t pause_ms = backoff_next(&w->again);
    uint64_t left_ms = clock_left_ms(w->until_ms);
    return session_pause(s, pause_ms < left_ms ? pause_ms : left_ms, e);
}

void
lock_wait_over(struct lock_wait *w)
{
    w->holder[0] = '\0';
    w->until_ms = 0; /* after a loss of the connection a new wait begins */
    backoff_reset(&w->again);
}

int
lock_wait_try(struct lock_wait *w, struct lock *l, struct session *s, struct err *e)
{
    if (lock_try(l, s, e) != 0)
        return -1;
    if (!lock_held(l, s))
        return lock_wait_pause(w, l, "", s, e);
    lock_wait_over(w);
    return session_reset(s, e);
}
