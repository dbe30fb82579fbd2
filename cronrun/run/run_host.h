/*
 * run_host.h: the name of this host, as the line of a lock's holder has it.
 */
#ifndef RR_CRONRUN_RUN_HOST_H
#define RR_CRONRUN_RUN_HOST_H

#include <stddef.h>

#include "common/lease/lease.h"

void run_host(char ret[LEASE_HOST_MAX]);
/* Text with "_" for what such a line must not hold. */
void run_host_copy(char *dest, size_t size, const char *text);

#endif
