/*
 * run_retry.c: a command that failed is started again, under the same lock and within the same deadline; so is one that could not be
 * started for want of what may be there a moment later.
 */
#include "common/base/clock.h"
#include "common/base/log.h"
#include "cronrun/again/again.h"
#include "cronrun/events.h"
#include "cronrun/run/run_impl.h"

/* A pause does not grow beyond this, unless it began longer. */
#define PAUSE_MOST_MS 300000u
/* Until the reader of the output is asked again whether he has all of the attempt before. */
#define READER_PAUSE_MS 100

uint64_t
run_retry_left_ms(const struct run *r)
{
    uint64_t now_ms = clock_boot_ms();
    uint64_t own_ms = r->deadline_at_ms == CLOCK_NEVER ? CLOCK_NEVER
                      : r->deadline_at_ms > now_ms     ? r->deadline_at_ms - now_ms
                                                       : 0;
    return clock_earlier(own_ms, run_left_ms(r));
}

static bool
may_go_on(const struct run *r)
{
    return !r->forsaken && !r->told_to_stop && r->attempts <= (uint64_t)r->o->retries;
}

/* True: the next attempt comes, after a pause. */
static bool
go_on(struct run *r)
{
    if (r->attempts == 1) {
        uint32_t first_ms = (uint32_t)r->o->retry_delay_ms;
        r->retry_again = (struct backoff){
            .first_ms = first_ms, .most_ms = first_ms > PAUSE_MOST_MS ? first_ms : PAUSE_MOST_MS};
    }
    uint32_t pause_ms = backoff_next(&r->retry_again);
    bool time_left = pause_ms < run_retry_left_ms(r);
    run_report_retry(r, time_left, pause_ms);
    if (time_left)
        loop_timer_start(r->retry_timer, pause_ms);
    r->retry_waits_ms = clock_deadline(pause_ms + RUN_PATIENCE_MS);
    return time_left;
}

/* Its own failure: not what was done to it, and not what another attempt cannot change. */
bool
run_retry(struct run *r)
{
    struct outcome_rules rules = {.child_status = -1};
    return may_go_on(r) && outcome_of(&r->facts, &rules).kind == OUTCOME_FAILURE && go_on(r);
}

/* A process that there was for a moment, under a guard, may have left something. */
void
run_retry_unstarted(struct run *r)
{
    r->unstarted = true;
    r->attempts++;
    if (command_pid(r->command) == 0 && may_go_on(r) && again_passes(&r->error) && go_on(r))
        return;
    r->facts.own_failure = true;
    run_finish(r);
}

void
run_retry_due(void *arg)
{
    struct run *r = arg;
    /* We may have been stopped meanwhile, and the lock be gone: then run_lock_lost() ends the run. */
    lease_check(r->lease);
    if (r->ending)
        return;
    if (run_retry_left_ms(r) == 0) {
        r->facts.own_failure = r->unstarted;
        run_finish(r);
        return;
    }
    if (r->output && output_waits(r->output) && clock_left_ms(r->retry_waits_ms) > 0) {
        loop_timer_start(r->retry_timer, READER_PAUSE_MS);
        return;
    }
    if (run_command_new(r, &r->error) < 0)
        run_retry_unstarted(r);
    else
        run_command_start(r);
}
