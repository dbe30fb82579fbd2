/* cores.c: the limit of core files. */
#include "common/proc/cores.h"

#include <stddef.h>

void
cores_off(struct rlimit *ret_before)
{
    struct rlimit before = {RLIM_INFINITY, RLIM_INFINITY};
    getrlimit(RLIMIT_CORE, &before); /* fails for a bad address or a bad limit only */
    struct rlimit none = {.rlim_cur = before.rlim_max < 1 ? before.rlim_max : 1,
                          .rlim_max = before.rlim_max};
    setrlimit(RLIMIT_CORE, &none);
    if (ret_before)
        *ret_before = before;
}
