/*
 * resolve_hosts.h: hosts(5): addresses of names that need no name server. Private to resolve*.c.
 */
#ifndef RR_NET_RESOLVE_HOSTS_H
#define RR_NET_RESOLVE_HOSTS_H

#include <stddef.h>
#include <stdint.h>

#include "common/net/resolve.h"

/* The addresses of every line that has the name (in any case), in the file's order and each once; at most max. 0 when there is
 * none, or the file cannot be read. c-ares stops at the first line of a family; hostAliases of a pod are a line for each address. */
size_t resolve_hosts(const char *path, const char *name, uint16_t port, struct resolve_addr *ret,
                     size_t max);

#endif
