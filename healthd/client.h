/*
 * client.h: `healthd probe URL`: one GET over TCP or a unix socket, for HEALTHCHECK and exec
 * probes.
 */
#ifndef RR_HEALTHD_CLIENT_H
#define RR_HEALTHD_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

struct client_url {
    char host[256]; /* "" for a socket */
    char path[112]; /* of the socket, "" for TCP */
    uint16_t port;
    const char *uri; /* "/health/live", borrowed from the text; without a fragment */
    size_t uri_len;
};

/* "http://HOST[:PORT][/path]", "http://unix:/socket:/path", "unix:/socket:/path". Pure.
 * ERR_USAGE. */
MUST_CHECK int client_url_parse(const char *text, struct client_url *ret, struct err *e);

#endif
