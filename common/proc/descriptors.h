/*
 * descriptors.h: the limit of open file descriptors.
 */
#ifndef RR_PROC_DESCRIPTORS_H
#define RR_PROC_DESCRIPTORS_H

#include <sys/resource.h>

/* Raises the soft limit towards the hard one, but not above `most` (RLIM_INFINITY: whatever the hard one is); never lowers it. For a
 * program that waits by epoll: select(2) knows none above 1,023. Returns the soft limit as it was, for a command that is none of ours. */
rlim_t descriptors_raise(rlim_t most);

#endif
