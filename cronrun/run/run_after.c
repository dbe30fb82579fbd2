/* run_after.c: what a run does when it is over and told: nothing holds the lock any more. */
#include "common/base/clock.h"
#include "cronrun/run/run_impl.h"

/* Where time was up before, or a stop signal came, nobody waits longer for the reader. */
#define PATIENCE_LEAST_MS 2000

static uint64_t
patience_ms(const struct run *r)
{
    bool ended = r->outcome.kind == OUTCOME_SUCCESS || r->outcome.kind == OUTCOME_FAILURE;
    bool waits = ended && !r->told_to_stop;
    uint64_t most_ms = clock_earlier(waits ? RUN_PATIENCE_MS : 0, run_left_ms(r));
    return most_ms > PATIENCE_LEAST_MS ? most_ms : PATIENCE_LEAST_MS;
}

static void
done(struct run *r)
{
    if (--r->pending == 0)
        loop_quit(r->loop);
}

void
run_after_passed(void *arg)
{
    done(arg);
}

void
run_after_pinged(struct run *r)
{
    done(r);
}

void
run_after(struct run *r)
{
    r->over = true;
    r->pending = 1;
    if (r->output) {
        r->pending++;
        output_finish(r->output, r->facts.started && r->outcome.kind != OUTCOME_SUCCESS,
                      patience_ms(r));
    }
    if (run_ping_end(r))
        r->pending++;
    done(r);
}

void
run_after_stop(struct run *r)
{
    if (r->pending == 0)
        return;
    if (r->output)
        output_give_up(r->output);
    run_ping_give_up(r);
}
