/*
 * names.h: the calls that names.c answers in the place of glibc; nobody calls them by these names but the linker.
 */
#ifndef RR_STATIC_NAMES_H
#define RR_STATIC_NAMES_H

#include <dlfcn.h>
#include <netdb.h>
#include <pwd.h>

int __wrap_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                       struct addrinfo **ret_list);
void __wrap_freeaddrinfo(struct addrinfo *list);
int __wrap_getnameinfo(const struct sockaddr *address, socklen_t len, char *host,
                       socklen_t host_bytes, char *service, socklen_t service_bytes, int flags);
struct hostent *__wrap_gethostbyname(const char *name);
struct servent *__wrap_getservbyname(const char *name, const char *proto);
int __wrap_getservbyname_r(const char *name, const char *proto, struct servent *entry, char *buf,
                           size_t len, struct servent **ret_entry);
int __wrap_getservbyport_r(int port, const char *proto, struct servent *entry, char *buf,
                           size_t len, struct servent **ret_entry);
struct protoent *__wrap_getprotobynumber(int proto);
int __wrap_getpwuid_r(uid_t uid, struct passwd *entry, char *buf, size_t len,
                      struct passwd **ret_entry);
void *__wrap_dlopen(const char *file, int flags);
void *__wrap_dlsym(void *handle, const char *name);
int __wrap_dlclose(void *handle);
int __wrap_dladdr(const void *address, Dl_info *ret_info);
char *__wrap_dlerror(void);

#endif
