/* What is published about a check. Pure. */
#include "healthd/check/view.h"

#include <stddef.h>

const double view_bucket_bounds[VIEW_BUCKETS - 1] = {0.001, 0.0025, 0.005, 0.01,
                                                     0.025, 0.1,    0.5,   1.0};

void
view_count(struct view_stats *s, double seconds)
{
    size_t i = 0;
    while (i < VIEW_BUCKETS - 1 && seconds > view_bucket_bounds[i])
        i++;
    s->buckets[i]++;
    s->seconds += seconds;
    s->last_seconds = seconds;
    s->checks++;
}

bool
view_is_well(const struct view *v)
{
    return verdict_passes(v->now.state) || v->spec->rules.optional;
}
