/* run_host.c: letters that a holder's line may hold. */
#include "cronrun/run/run_host.h"

#include <stdio.h>
#include <unistd.h>

void
run_host_copy(char *dest, size_t size, const char *text)
{
    snprintf(dest, size, "%s", text);
    for (char *p = dest; *p; p++)
        if ((unsigned char)*p <= ' ' || *p == '"' || *p == '\\' || *p == 0x7f)
            *p = '_';
}

void
run_host(char ret[LEASE_HOST_MAX])
{
    char host[256] = "";
    gethostname(host, sizeof(host) - 1);
    run_host_copy(ret, LEASE_HOST_MAX, host);
}
