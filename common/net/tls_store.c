/* tls_store.c: where a system keeps its CA bundle. */
#include <stdlib.h>
#include <unistd.h>

#include "common/net/tls.h"

const char *
tls_system_ca_file(void)
{
    static const char *const paths[] = {
        "/etc/ssl/certs/ca-certificates.crt",                /* Debian, Alpine, distroless */
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* Red Hat */
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/ca-bundle.pem", /* SUSE */
        "/etc/ssl/cert.pem",      /* Alpine's libressl, BSD */
    };
    const char *named = getenv("SSL_CERT_FILE");
    if (named && *named)
        return named;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        if (access(paths[i], R_OK) == 0)
            return paths[i];
    return NULL;
}
