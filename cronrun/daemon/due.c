/* due.c: times, and which of them are done with (pure). */
#include "cronrun/daemon/due.h"

#include "common/base/clock.h"
#include "cronrun/cron/civil.h"

#define COUNT_MOST 1000
#define FIXED_LATE_MS (3 * INT64_C(3600000))
#define WILD_LATE_MS INT64_C(60000)
#define STEP_MS 1000

/* ---- stretches ---- */

static const struct due_stretch *
stretch_of(const struct due *d, int64_t at_s)
{
    for (size_t i = 0; i < d->n_done; i++)
        if (at_s > d->done[i].from_s && at_s <= d->done[i].to_s)
            return &d->done[i];
    return NULL;
}

static struct due_stretch
hull(struct due_stretch a, struct due_stretch b)
{
    return (struct due_stretch){a.from_s < b.from_s ? a.from_s : b.from_s,
                                a.to_s > b.to_s ? a.to_s : b.to_s};
}

/* What the two do not cover of their hull; below 0 where they overlap. */
static int64_t
gap_between(struct due_stretch a, struct due_stretch b)
{
    struct due_stretch h = hull(a, b);
    return (h.to_s - h.from_s) - (a.to_s - a.from_s) - (b.to_s - b.from_s);
}

/* Makes room: the two that lie closest become one, so that a time between them counts as done, too. */
static void
join_closest(struct due *d)
{
    size_t first = 0, second = 1;
    for (size_t i = 0; i < d->n_done; i++)
        for (size_t k = i + 1; k < d->n_done; k++)
            if (gap_between(d->done[i], d->done[k]) <
                gap_between(d->done[first], d->done[second])) {
                first = i;
                second = k;
            }
    d->done[first] = hull(d->done[first], d->done[second]);
    d->done[second] = d->done[--d->n_done];
}

/* The present stretch ends, and another begins behind from_s. */
static void
begin_stretch(struct due *d, int64_t from_s)
{
    if (d->now.to_s > d->now.from_s) {
        if (d->n_done == DUE_STRETCHES)
            join_closest(d);
        d->done[d->n_done++] = d->now;
    }
    d->now = (struct due_stretch){from_s, from_s};
}

/* ---- times ---- */

/* The first time after after_s that is not done with. */
static int64_t
time_after(const struct due *d, int64_t after_s)
{
    const struct due_rules *r = &d->rules;
    const struct due_stretch *done;
    int64_t at_s;
    do {
        if (!cron_next(r->when, r->zone, r->dst, after_s, &at_s))
            return DUE_NEVER;
        done = stretch_of(d, at_s);
        if (done)
            after_s = done->to_s;
    } while (done);
    return at_s;
}

/* splitmix64: evenly spread, and the same for the same time. */
static uint64_t
mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static int64_t
start_ms(const struct due *d, int64_t at_s)
{
    const struct due_rules *r = &d->rules;
    int64_t next_s;
    if (at_s == DUE_NEVER)
        return DUE_NEVER;
    if (r->jitter_ms == 0)
        return at_s * 1000;
    uint64_t most_ms = r->jitter_ms;
    if (cron_next(r->when, r->zone, r->dst, at_s, &next_s) &&
        (uint64_t)(next_s - at_s - 1) * 1000 < most_ms)
        most_ms = (uint64_t)(next_s - at_s - 1) * 1000;
    return at_s * 1000 + (int64_t)(mix(r->seed ^ (uint64_t)at_s) % (most_ms + 1));
}

static void
set_next(struct due *d, int64_t at_s)
{
    d->next_s = at_s;
    d->at_ms = start_ms(d, at_s);
}

void
due_begin(struct due *d, const struct due_rules *rules, int64_t now_ms)
{
    int64_t from_s = civil_floor_div(now_ms, 1000);
    *d = (struct due){.rules = *rules};
    d->now = (struct due_stretch){from_s, from_s};
    set_next(d, time_after(d, from_s));
}

void
due_recall(struct due *d, int64_t last_s)
{
    bool begun = d->n_done > 0 || d->now.to_s > d->now.from_s;
    if (!d->rules.catchup || begun || last_s >= d->now.from_s)
        return;
    d->now = (struct due_stretch){last_s, last_s};
    set_next(d, time_after(d, last_s));
}

/* ---- looking ---- */

/* The latest time up to now_s where there are too many to go through them all; from_s, which is one, at the earliest. */
static int64_t
latest_of_many(const struct due *d, int64_t from_s, int64_t now_s)
{
    static const int64_t back_s[] = {3600, 86400, 32 * CIVIL_DAY_S, 366 * CIVIL_DAY_S};
    int64_t at_s = from_s, next_s;
    for (size_t i = 0; i < sizeof(back_s) / sizeof(back_s[0]); i++) {
        if (now_s - back_s[i] <= from_s)
            break;
        next_s = time_after(d, now_s - back_s[i]);
        if (next_s <= now_s) {
            at_s = next_s;
            break;
        }
    }
    while ((next_s = time_after(d, at_s)) <= now_s)
        at_s = next_s;
    return at_s;
}

static void
find_latest(const struct due *d, int64_t now_s, struct due_found *ret)
{
    uint64_t every_s = d->rules.when->every_s;
    ret->at_s = d->next_s;
    if (every_s > 0) {
        ret->missed = (uint64_t)(now_s - d->next_s) / every_s;
        ret->at_s += (int64_t)(ret->missed * every_s);
        return;
    }
    int64_t next_s;
    while ((next_s = time_after(d, ret->at_s)) <= now_s) {
        if (ret->missed == COUNT_MOST) {
            ret->or_more = true;
            ret->at_s = latest_of_many(d, next_s, now_s);
            return;
        }
        ret->missed++;
        ret->at_s = next_s;
    }
}

static bool
is_in_time(const struct due *d, int64_t late_ms)
{
    const struct due_rules *r = &d->rules;
    if (r->starting_deadline_ms != CLOCK_NEVER)
        return (uint64_t)late_ms <= r->starting_deadline_ms;
    if (r->catchup || r->when->every_s > 0)
        return true;
    return late_ms <= (r->when->wild ? WILD_LATE_MS : FIXED_LATE_MS);
}

bool
due_look(struct due *d, int64_t now_ms, struct due_found *ret)
{
    if (d->at_ms > now_ms)
        return false;
    *ret = (struct due_found){0};
    find_latest(d, civil_floor_div(now_ms, 1000), ret);
    int64_t at_ms = start_ms(d, ret->at_s);
    bool waits = at_ms > now_ms; /* those before it are missed, and its own start is yet to come */
    ret->late_ms = waits ? 0 : now_ms - at_ms;
    ret->start = !waits && is_in_time(d, ret->late_ms);
    if (!ret->start && !waits)
        ret->missed++;
    if (ret->missed > 0)
        begin_stretch(d, ret->start ? ret->at_s - 1 : ret->at_s);
    if (waits) {
        int64_t missed_s = d->next_s;
        d->now = (struct due_stretch){ret->at_s - 1, ret->at_s - 1};
        set_next(d, ret->at_s);
        ret->at_s = missed_s;
        return true;
    }
    d->now.to_s = ret->at_s;
    set_next(d, time_after(d, ret->at_s));
    return true;
}

void
due_step(struct due *d, int64_t step_ms, int64_t now_ms)
{
    if (d->next_s == DUE_NEVER && step_ms > 0)
        return;
    if (d->rules.when->every_s > 0) {
        set_next(d, d->next_s + civil_floor_div(step_ms, 1000));
        return;
    }
    if (step_ms > 0)
        return; /* due_look() finds what was passed over */
    if (d->next_s <= civil_floor_div(now_ms, 1000))
        return; /* its time has come; jitter alone puts its start off */
    begin_stretch(d, civil_floor_div(now_ms, 1000));
    set_next(d, time_after(d, d->now.from_s));
}

int64_t
due_clock_step(struct due_clock *c, int64_t wall_ms, uint64_t boot_ms)
{
    int64_t step_ms = wall_ms - c->wall_ms - (int64_t)(boot_ms - c->boot_ms);
    *c = (struct due_clock){wall_ms, boot_ms};
    return step_ms < STEP_MS && step_ms > -STEP_MS ? 0 : step_ms;
}
