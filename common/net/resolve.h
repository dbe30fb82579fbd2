/*
 * resolve.h: names to addresses without blocking (c-ares; neither evdns nor getaddrinfo).
 *
 * Numeric addresses and absolute socket paths answer on the next turn without a query; /etc/hosts is honoured,
 * search domains and ndots as resolv.conf says; a final dot skips the search list. Each request has a deadline.
 * RELEASE_RUNTIME_RESOLV_CONF (a path) replaces /etc/resolv.conf: the tests' seam, documented as such.
 */
#ifndef RR_NET_RESOLVE_H
#define RR_NET_RESOLVE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "common/base/err.h"

struct loop;
struct resolver;
struct resolve_request;

struct resolve_addr {
    struct sockaddr_storage sa; /* port filled in */
    socklen_t sa_len;
};

#define RESOLVE_ADDRS_MAX 16

/* e NULL on success with n >= 1 addresses (IPv6 and IPv4 in the order to be tried; borrowed during the call);
 * else ERR_DNS (no such name, no answer), never ERR_TIMEOUT: a silent resolver is ERR_DNS too; or ERR_SYSTEM, when this side
 * has no descriptor for the question. */
typedef void resolve_cb(const struct err *e, const struct resolve_addr *addrs, size_t n, void *arg);

struct resolver *resolver_new(struct loop *l, struct err *e);
void resolver_free(struct resolver *r); /* pending requests must have been cancelled */

/* host: name, IPv4, IPv6 (with or without brackets, %scope), never NULL. The callback fires exactly once from the
 * loop, never inside this call, unless cancelled. NULL with *e filled: the callback never fires. */
struct resolve_request *
resolve_start(struct resolver *r, const char *host, uint16_t port, uint64_t deadline_ms,
              resolve_cb *cb, void *arg, struct err *e);
void
resolve_cancel(struct resolve_request *q); /* NULL allowed; invalid after the callback has fired */

#define RESOLVE_TEXT_MAX 64
/* "127.0.0.1" or "fe80::1%eth0" without port; returns buf of RESOLVE_TEXT_MAX. */
const char *resolve_addr_text(const struct resolve_addr *a, char *buf);

#endif
