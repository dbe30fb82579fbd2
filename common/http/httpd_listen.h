/*
 * httpd_listen.h: listening sockets from addresses as people write them. Numeric addresses only,
 * nothing is resolved.
 */
#ifndef RR_HTTP_HTTPD_LISTEN_H
#define RR_HTTP_HTTPD_LISTEN_H

#include <stdbool.h>

#include "common/base/err.h"

#define HTTPD_BOUND_MAX 160

struct httpd_socket {
    int fd;
    bool is_unix;
    char bound[HTTPD_BOUND_MAX]; /* "[::]:9180", "127.0.0.1:43211", "unix:/run/healthd.sock" */
    char unlink_path[112];       /* the socket file to remove at the end; "" for none */
    char unlink_dir[112];        /* its directory */
};

/* Forms of httpd_listen(). Non-blocking, close-on-exec. ERR_USAGE, ERR_SYSTEM. */
MUST_CHECK int httpd_socket_open(const char *address, struct httpd_socket *ret, struct err *e);
void httpd_socket_close(struct httpd_socket *s);

#endif
