/*
 * cores.h: no core file of a process that knows passwords: its memory and environment would end up on a disk.
 */
#ifndef RR_PROC_CORES_H
#define RR_PROC_CORES_H

#include <sys/resource.h>

/* Lowers the soft limit to one byte, with which Linux writes no file and asks no handler either (core(5): pipes mind no other
 * limit). *ret_before (may be NULL): the limits as they were, for a command that is none of ours. */
void cores_off(struct rlimit *ret_before);

#endif
