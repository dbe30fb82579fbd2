/* resolve_addr.c: addresses as text, and the order in which to try them. */
#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "common/base/cleanup.h"
#include "common/net/resolve_conf.h"

void
resolve_addr_set(struct resolve_addr *a, int family, const void *bytes, uint16_t port)
{
    memset(a, 0, sizeof(*a));
    if (family == AF_INET6) {
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&a->sa;
        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons(port);
        memcpy(&in6->sin6_addr, bytes, sizeof(in6->sin6_addr));
        a->sa_len = sizeof(*in6);
    } else {
        struct sockaddr_in *in = (struct sockaddr_in *)&a->sa;
        in->sin_family = AF_INET;
        in->sin_port = htons(port);
        memcpy(&in->sin_addr, bytes, sizeof(in->sin_addr));
        a->sa_len = sizeof(*in);
    }
}

static bool
socket_path(const char *path, struct resolve_addr *ret)
{
    struct sockaddr_un *un = (struct sockaddr_un *)&ret->sa;
    size_t len = strlen(path);
    if (len >= sizeof(un->sun_path))
        return false;
    memset(ret, 0, sizeof(*ret));
    un->sun_family = AF_UNIX;
    memcpy(un->sun_path, path, len);
    if (*path == '@') {
        un->sun_path[0] = '\0';
        ret->sa_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    } else {
        ret->sa_len = sizeof(*un);
    }
    return true;
}

/* "fe80::1%eth0" or "…%2". */
static bool
ipv6_literal(const char *text, uint16_t port, struct resolve_addr *ret)
{
    char copy[RESOLVE_TEXT_MAX];
    struct in6_addr bytes;
    if (strlen(text) >= sizeof(copy))
        return false;
    strcpy(copy, text);
    char *scope = strchr(copy, '%');
    if (scope)
        *scope++ = '\0';
    if (inet_pton(AF_INET6, copy, &bytes) != 1)
        return false;
    resolve_addr_set(ret, AF_INET6, &bytes, port);
    if (scope) {
        unsigned index = if_nametoindex(scope);
        ((struct sockaddr_in6 *)&ret->sa)->sin6_scope_id =
            index ? index : (uint32_t)strtoul(scope, NULL, 10);
    }
    return true;
}

bool
resolve_literal(const char *host, uint16_t port, struct resolve_addr *ret)
{
    struct in_addr bytes;
    if (*host == '/' || *host == '@')
        return socket_path(host, ret);
    if (inet_pton(AF_INET, host, &bytes) == 1) {
        resolve_addr_set(ret, AF_INET, &bytes, port);
        return true;
    }
    size_t len = strlen(host);
    if (*host == '[' && host[len - 1] == ']' && len < RESOLVE_TEXT_MAX) {
        char inner[RESOLVE_TEXT_MAX];
        snprintf(inner, sizeof(inner), "%.*s", (int)len - 2, host + 1);
        return ipv6_literal(inner, port, ret);
    }
    return ipv6_literal(host, port, ret);
}

/* A route and a source address exist: connecting a datagram socket sends nothing. */
static bool
reachable(const struct resolve_addr *a)
{
    cleanup_close int fd = socket(a->sa.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return fd >= 0 && connect(fd, (const struct sockaddr *)&a->sa, a->sa_len) == 0;
}

void
resolve_order(struct resolve_addr *addrs, size_t n)
{
    struct resolve_addr sorted[RESOLVE_ADDRS_MAX];
    unsigned class[RESOLVE_ADDRS_MAX];
    size_t filled = 0;
    for (size_t i = 0; i < n; i++)
        class[i] = !reachable(&addrs[i]) ? 2 : addrs[i].sa.ss_family == AF_INET6 ? 0 : 1;
    for (unsigned c = 0; c < 3; c++) {
        for (size_t i = 0; i < n; i++)
            if (class[i] == c)
                sorted[filled++] = addrs[i];
    }
    memcpy(addrs, sorted, filled * sizeof(*addrs));
}

const char *
resolve_addr_text(const struct resolve_addr *a, char *buf)
{
    buf[0] = '\0';
    if (a->sa.ss_family == AF_INET) {
        inet_ntop(AF_INET, &((const struct sockaddr_in *)&a->sa)->sin_addr, buf, RESOLVE_TEXT_MAX);
    } else if (a->sa.ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&a->sa;
        inet_ntop(AF_INET6, &in6->sin6_addr, buf, RESOLVE_TEXT_MAX);
        char name[IF_NAMESIZE];
        size_t used = strlen(buf);
        if (in6->sin6_scope_id && if_indextoname(in6->sin6_scope_id, name))
            snprintf(buf + used, RESOLVE_TEXT_MAX - used, "%%%s", name);
        else if (in6->sin6_scope_id)
            snprintf(buf + used, RESOLVE_TEXT_MAX - used, "%%%u", (unsigned)in6->sin6_scope_id);
    } else if (a->sa.ss_family == AF_UNIX) {
        const char *path = ((const struct sockaddr_un *)&a->sa)->sun_path;
        snprintf(buf, RESOLVE_TEXT_MAX, "%s%.*s", *path ? "" : "@", RESOLVE_TEXT_MAX - 2,
                 *path ? path : path + 1);
    }
    return buf;
}
