/* descriptors.c: the limit of open file descriptors. */
#include "common/proc/descriptors.h"

rlim_t
descriptors_raise(rlim_t most)
{
    struct rlimit r = {RLIM_INFINITY, RLIM_INFINITY};
    getrlimit(RLIMIT_NOFILE, &r); /* fails for a bad address or a bad limit only */
    rlim_t before = r.rlim_cur;
    rlim_t wanted = r.rlim_max < most ? r.rlim_max : most;
    if (wanted > before) {
        r.rlim_cur = wanted;
        setrlimit(RLIMIT_NOFILE, &r);
    }
    return before;
}
