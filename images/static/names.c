/*
 * names.c: what a static program cannot ask, answered here (release build only; the linker's --wrap brings the calls).
 *
 * glibc looks up hosts, users, services and modules through shared objects that it loads at run time; a static file has
 * none to load, and would crash or behave differently from machine to machine where it finds some. Nothing of ours needs
 * them: names of hosts go through resolve.h, libpq gets hostaddr, user and passfile, curl gets CURLOPT_RESOLVE. So the
 * calls that the libraries still contain end here: addresses that are numbers already are converted (libpq does that with
 * hostaddr), all else is "not found". It also keeps some 300 kB of glibc out of the file.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "images/static/names.h"

/* One result: libpq, curl and libevent release it with freeaddrinfo only. */
struct answer {
    struct addrinfo info;
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address;
};

static bool
parse_port(const char *text, in_port_t *ret_port)
{
    char *end = NULL;
    if (!text) {
        *ret_port = 0;
        return true;
    }
    unsigned long port = strtoul(text, &end, 10);
    if (end == text || *end || port > 65535)
        return false;
    *ret_port = htons((uint16_t)port);
    return true;
}

/* fe80::1%eth0, fe80::1%2 */
static bool
parse_v6(const char *text, struct sockaddr_in6 *ret_address)
{
    char bare[INET6_ADDRSTRLEN];
    size_t len = strcspn(text, "%");
    if (len >= sizeof(bare))
        return false;
    memcpy(bare, text, len);
    bare[len] = '\0';
    if (inet_pton(AF_INET6, bare, &ret_address->sin6_addr) != 1)
        return false;
    if (!text[len])
        return true;
    const char *zone = text + len + 1;
    char *end = NULL;
    unsigned long index = strtoul(zone, &end, 10);
    ret_address->sin6_scope_id = *zone && !*end ? (uint32_t)index : if_nametoindex(zone);
    return ret_address->sin6_scope_id != 0;
}

static bool
parse_address(const char *node, int family, in_port_t port, struct answer *a)
{
    if (family != AF_INET6 && inet_pton(AF_INET, node, &a->address.v4.sin_addr) == 1) {
        a->address.v4.sin_family = AF_INET;
        a->address.v4.sin_port = port;
        a->info.ai_addrlen = sizeof(a->address.v4);
    } else if (family != AF_INET && parse_v6(node, &a->address.v6)) {
        a->address.v6.sin6_family = AF_INET6;
        a->address.v6.sin6_port = port;
        a->info.ai_addrlen = sizeof(a->address.v6);
    } else {
        return false;
    }
    return true;
}

int
__wrap_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                   struct addrinfo **ret_list)
{
    in_port_t port = 0;
    if (!node)
        return EAI_NONAME;
    if (!parse_port(service, &port))
        return EAI_SERVICE;
    struct answer *a = calloc(1, sizeof(*a));
    if (!a)
        return EAI_MEMORY;
    if (!parse_address(node, hints ? hints->ai_family : AF_UNSPEC, port, a)) {
        free(a);
        return EAI_NONAME;
    }
    a->info.ai_flags = hints ? hints->ai_flags : 0;
    a->info.ai_family = a->address.any.sa_family;
    a->info.ai_socktype = hints && hints->ai_socktype ? hints->ai_socktype : SOCK_STREAM;
    a->info.ai_protocol = hints ? hints->ai_protocol : 0;
    a->info.ai_addr = &a->address.any;
    *ret_list = &a->info;
    return 0;
}

void
__wrap_freeaddrinfo(struct addrinfo *list)
{
    free(list); /* the first member of its struct answer, and the only one */
}

/* libpq names sockets with it, and converts their paths itself. */
int
__wrap_getnameinfo(const struct sockaddr *address, socklen_t len, char *host, socklen_t host_bytes,
                   char *service, socklen_t service_bytes, int flags)
{
    (void)address;
    (void)len;
    (void)host;
    (void)host_bytes;
    (void)service;
    (void)service_bytes;
    (void)flags;
    return EAI_NONAME;
}

struct hostent *
__wrap_gethostbyname(const char *name)
{
    (void)name;
    h_errno = HOST_NOT_FOUND;
    return NULL;
}

struct servent *
__wrap_getservbyname(const char *name, const char *proto)
{
    (void)name;
    (void)proto;
    return NULL;
}

int
__wrap_getservbyname_r(const char *name, const char *proto, struct servent *entry, char *buf,
                       size_t len, struct servent **ret_entry)
{
    (void)name;
    (void)proto;
    (void)entry;
    (void)buf;
    (void)len;
    *ret_entry = NULL;
    return ENOENT;
}

int
__wrap_getservbyport_r(int port, const char *proto, struct servent *entry, char *buf, size_t len,
                       struct servent **ret_entry)
{
    (void)port;
    return __wrap_getservbyname_r(NULL, proto, entry, buf, len, ret_entry);
}

struct protoent *
__wrap_getprotobynumber(int proto)
{
    (void)proto;
    return NULL;
}

int
__wrap_getpwuid_r(uid_t uid, struct passwd *entry, char *buf, size_t len, struct passwd **ret_entry)
{
    (void)uid;
    (void)entry;
    (void)buf;
    (void)len;
    *ret_entry = NULL;
    return 0; /* as for a user without a line in /etc/passwd */
}

/* OpenSSL's modules (engines, the legacy and FIPS providers) are shared objects too. */
void *
__wrap_dlopen(const char *file, int flags)
{
    (void)file;
    (void)flags;
    return NULL;
}

void *
__wrap_dlsym(void *handle, const char *name)
{
    (void)handle;
    (void)name;
    return NULL;
}

int
__wrap_dlclose(void *handle)
{
    (void)handle;
    return 0;
}

int
__wrap_dladdr(const void *address, Dl_info *ret_info)
{
    (void)address;
    (void)ret_info;
    return 0;
}

char *
__wrap_dlerror(void)
{
    static char text[] = "a static program loads no modules";
    return text;
}
