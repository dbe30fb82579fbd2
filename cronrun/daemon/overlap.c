/* overlap.c: the policies (pure). */
#include "cronrun/daemon/overlap.h"

enum overlap
overlap_decide(enum tab_policy policy, unsigned running, bool waiting)
{
    if (running == 0 && !waiting)
        return OVERLAP_START;
    switch (policy) {
    case TAB_ALLOW:
        return running < OVERLAP_MOST ? OVERLAP_START : OVERLAP_SKIP;
    case TAB_REPLACE:
        return OVERLAP_REPLACE;
    case TAB_QUEUE:
        return waiting ? OVERLAP_SKIP : OVERLAP_WAIT;
    case TAB_FORBID:
        break;
    }
    return OVERLAP_SKIP;
}
