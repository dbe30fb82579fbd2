/*
 * resolve_conf.h: resolv.conf(5) as far as we need it, and addresses that need no resolver. Private to resolve*.c.
 */
#ifndef RR_NET_RESOLVE_CONF_H
#define RR_NET_RESOLVE_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "common/net/resolve.h"

#define RESOLVE_NAME_MAX 254
#define RESOLVE_SEARCH_MAX 32 /* Kubernetes allows as many */

struct resolve_conf {
    char servers[512]; /* "10.0.0.10:53,[::1]:5353"; "127.0.0.1" when the file names none */
    char search[RESOLVE_SEARCH_MAX][RESOLVE_NAME_MAX];
    size_t search_n;
    unsigned ndots;
};

/* Nameservers may have a port (127.0.0.1:5353, [::1]:5353), which resolv.conf(5) does not know. Never fails: a file that cannot be
 * read is an empty one. Returns 0, or why it could not be opened: an error number. */
int resolve_conf_read(struct resolve_conf *conf, const char *path);

/* Name number i to ask for, in the order of resolv.conf(5): false when there is none further, or it is too long. */
bool resolve_conf_candidate(const struct resolve_conf *conf, const char *host, size_t i, char *ret,
                            bool *ret_skip);

/* True when host is an address or a socket's path ('/…', '@…'): *ret is filled in. */
bool resolve_literal(const char *host, uint16_t port, struct resolve_addr *ret);
/* Of 4 or 16 bytes in network order. */
void resolve_addr_set(struct resolve_addr *a, int family, const void *bytes, uint16_t port);
/* IPv6 before IPv4, those without a route last; otherwise as they came. */
void resolve_order(struct resolve_addr *addrs, size_t n);

#endif
