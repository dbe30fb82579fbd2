/* cron_next.c: local times to instants, one stretch of a zone after the other (pure). */
#include "cronrun/cron/cron_next.h"

#include <stddef.h>

#define JUMP_MAX_S (3 * 3600)
#define HORIZON_S (CRON_HORIZON_YEARS * INT64_C(31557600))

const char *const cron_dst_names[] = {"vixie", "skip", "k8s", NULL};

/* By how much the clocks went forward where the span begins; 0 at the beginning of time, and for a jump that is too large to be a
 * change of the hour. */
static int32_t
jump_before(const struct zone *z, const struct zone_span *s)
{
    if (s->from_s == INT64_MIN)
        return 0;
    int32_t jump_s = s->offset_s - zone_at(z, s->from_s - 1).offset_s;
    return jump_s > JUMP_MAX_S || jump_s < -JUMP_MAX_S ? 0 : jump_s;
}

bool
cron_next(const struct cronexpr *x, const struct zone *z, enum cron_dst dst, int64_t after_s,
          int64_t *ret_s)
{
    if (x->every_s > 0) {
        *ret_s = after_s + (int64_t)x->every_s;
        return true;
    }
    bool late = dst == CRON_DST_VIXIE && !x->wild; /* a skipped time comes after the gap */
    bool once = dst == CRON_DST_SKIP || late;      /* a repeated time comes once */
    int64_t limit_s = after_s + HORIZON_S, at_s = after_s + 1, local_s;
    while (at_s < limit_s) {
        struct zone_span s = zone_at(z, at_s);
        int32_t jump_s = jump_before(z, &s);
        int64_t from_s = at_s + s.offset_s;
        int64_t until_s = (s.until_s < limit_s ? s.until_s : limit_s) + s.offset_s;
        int64_t begins_s = s.from_s == INT64_MIN ? from_s : s.from_s + s.offset_s;
        if (late && jump_s > 0 && at_s == s.from_s &&
            cronexpr_local(x, begins_s - jump_s, begins_s, &local_s)) {
            *ret_s = s.from_s;
            return true;
        }
        if (once && jump_s < 0 && from_s < begins_s - jump_s)
            from_s = begins_s - jump_s; /* until then it has all been there */
        if (cronexpr_local(x, from_s, until_s, &local_s)) {
            *ret_s = local_s - s.offset_s;
            return true;
        }
        at_s = s.until_s;
    }
    return false;
}
