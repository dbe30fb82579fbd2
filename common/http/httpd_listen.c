/* httpd_listen.c: an address as people write it to a listening socket. */
#include "common/http/httpd_listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/cleanup.h"

#define BACKLOG 4096

union any_addr {
    struct sockaddr sa;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    struct sockaddr_un un;
};

static int
parse_port(const char *text, const char *address, in_port_t *ret, struct err *e)
{
    char *end = NULL;
    long port = text[0] >= '0' && text[0] <= '9' ? strtol(text, &end, 10) : -1;
    if (port < 0 || port > 65535 || *end != '\0')
        return err_set(e, ERR_USAGE, "'%s': the port is not a number from 0 to 65535", address);
    *ret = htons((in_port_t)port);
    return 0;
}

/* "[addr]:port", "addr:port", ":port", "port". any: no address was named. */
static int
parse_inet(const char *address, union any_addr *ret, bool *ret_any, struct err *e)
{
    char host[64] = "";
    const char *colon = strrchr(address, ':');
    const char *port = colon ? colon + 1 : address;
    size_t n = colon ? (size_t)(colon - address) : 0;
    const char *start = address;
    if (n >= 2 && address[0] == '[' && address[n - 1] == ']') {
        start++;
        n -= 2;
    }
    if (n >= sizeof(host))
        return err_set(e, ERR_USAGE, "'%.80s': not an address", address);
    memcpy(host, start, n);
    host[n] = '\0';
    *ret = (union any_addr){0};
    *ret_any = n == 0;
    in_port_t p = 0;
    if (parse_port(port, address, &p, e) < 0)
        return -1;
    if (n == 0 || start != address) {
        ret->in6.sin6_family = AF_INET6;
        ret->in6.sin6_port = p;
        if (n > 0 && inet_pton(AF_INET6, host, &ret->in6.sin6_addr) != 1)
            return err_set(e, ERR_USAGE, "'%s': not an IPv6 address", address);
        return 0;
    }
    ret->in.sin_family = AF_INET;
    ret->in.sin_port = p;
    if (inet_pton(AF_INET, host, &ret->in.sin_addr) != 1)
        return err_set(e, ERR_USAGE,
                       "'%s': not an address (names are not resolved; IPv6 goes in brackets)",
                       address);
    return 0;
}

static int
listen_on(const union any_addr *a, socklen_t len, const char *address, int *ret_fd, struct err *e)
{
    cleanup_close int fd = socket(a->sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_sys(e, errno, "cannot listen on %s", address);
    int on = 1, off = 0;
    if (a->sa.sa_family != AF_UNIX)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (a->sa.sa_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    if (bind(fd, &a->sa, len) < 0 || listen(fd, BACKLOG) < 0)
        return err_sys(e, errno, "cannot listen on %s", address);
    *ret_fd = steal_fd(&fd);
    return 0;
}

static void
name_inet(struct httpd_socket *s)
{
    union any_addr a = {0};
    socklen_t len = sizeof(a);
    char host[INET6_ADDRSTRLEN] = "?";
    getsockname(s->fd, &a.sa, &len);
    if (a.sa.sa_family == AF_INET6) {
        inet_ntop(AF_INET6, &a.in6.sin6_addr, host, sizeof(host));
        snprintf(s->bound, sizeof(s->bound), "[%s]:%u", host, ntohs(a.in6.sin6_port));
    } else {
        inet_ntop(AF_INET, &a.in.sin_addr, host, sizeof(host));
        snprintf(s->bound, sizeof(s->bound), "%s:%u", host, ntohs(a.in.sin_port));
    }
}

static int
open_inet(const char *address, struct httpd_socket *s, struct err *e)
{
    union any_addr a = {0};
    bool any = false;
    if (parse_inet(address, &a, &any, e) < 0)
        return -1;
    bool six = a.sa.sa_family == AF_INET6;
    int rc = listen_on(&a, six ? sizeof(a.in6) : sizeof(a.in), address, &s->fd, e);
    bool six_is_off =
        rc < 0 && six && e && (e->sys_errno == EAFNOSUPPORT || e->sys_errno == EADDRNOTAVAIL);
    if (six_is_off && (any || memcmp(&a.in6.sin6_addr, &in6addr_any, sizeof(in6addr_any)) == 0)) {
        in_port_t port = a.in6.sin6_port;
        a = (union any_addr){.in = {.sin_family = AF_INET, .sin_port = port}};
        rc = listen_on(&a, sizeof(a.in), address, &s->fd, e);
    }
    if (rc == 0)
        name_inet(s);
    return rc;
}

/* True when the path is a socket that nobody listens on; then it is removed. */
static bool
remove_stale(const union any_addr *a, socklen_t len)
{
    struct stat st;
    if (lstat(a->un.sun_path, &st) < 0 || !S_ISSOCK(st.st_mode))
        return false;
    cleanup_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, &a->sa, len) == 0 || errno != ECONNREFUSED)
        return false;
    return unlink(a->un.sun_path) == 0;
}

static int
open_unix(const char *address, struct httpd_socket *s, struct err *e)
{
    const char *path = address + strlen("unix:");
    union any_addr a = {.un = {.sun_family = AF_UNIX}};
    size_t n = strlen(path);
    if (n < 2 || (path[0] != '/' && path[0] != '@') || n >= sizeof(a.un.sun_path))
        return err_set(
            e, ERR_USAGE,
            "'%s': a Unix socket is written unix:/path or unix:@name, with at most %zu bytes after unix:",
            address, sizeof(a.un.sun_path) - 1);
    memcpy(a.un.sun_path, path, n + 1);
    bool abstract = path[0] == '@';
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + (abstract ? 0 : 1));
    if (abstract)
        a.un.sun_path[0] = '\0';
    int rc = listen_on(&a, len, address, &s->fd, e);
    if (rc < 0 && !abstract && e && e->sys_errno == EADDRINUSE && remove_stale(&a, len))
        rc = listen_on(&a, len, address, &s->fd, e);
    if (rc < 0)
        return -1;
    s->is_unix = true;
    snprintf(s->bound, sizeof(s->bound), "%s", address);
    if (abstract)
        return 0;
    snprintf(s->unlink_path, sizeof(s->unlink_path), "%s", path);
    int dir = (int)(strrchr(path, '/') - path);
    snprintf(s->unlink_dir, sizeof(s->unlink_dir), "%.*s", dir > 0 ? dir : 1, path);
    return 0;
}

int
httpd_socket_open(const char *address, struct httpd_socket *ret, struct err *e)
{
    struct err own;
    struct err *seen = e ? e : &own;
    struct httpd_socket s = {.fd = -1};
    bool is_unix = strncmp(address, "unix:", 5) == 0;
    if ((is_unix ? open_unix(address, &s, seen) : open_inet(address, &s, seen)) < 0)
        return -1;
    err_clear(seen);
    *ret = s;
    return 0;
}

void
httpd_socket_close(struct httpd_socket *s)
{
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
    if (s->unlink_path[0] != '\0')
        unlink(s->unlink_path);
}
