/* resolve_hosts.c: hosts(5). */
#include "common/net/resolve_hosts.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/types.h>

#include "common/base/cleanup.h"
#include "common/net/resolve_conf.h"

/* One of the words behind the address is the name. */
static bool
has_name(char **rest, const char *name)
{
    const char *word;
    while ((word = strtok_r(NULL, " \t", rest)))
        if (strcasecmp(word, name) == 0)
            return true;
    return false;
}

static bool
is_new(const struct resolve_addr *a, const struct resolve_addr *known, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (known[i].sa_len == a->sa_len && memcmp(&known[i].sa, &a->sa, a->sa_len) == 0)
            return false;
    return true;
}

size_t
resolve_hosts(const char *path, const char *name, uint16_t port, struct resolve_addr *ret,
              size_t max)
{
    cleanup_file FILE *f = fopen(path, "re");
    cleanup_free char *line = NULL;
    size_t room = 0;
    size_t n = 0;
    while (f && n < max && getline(&line, &room, f) >= 0) {
        char *rest = NULL;
        line[strcspn(line, "#\r\n")] = '\0';
        const char *address = strtok_r(line, " \t", &rest);
        bool found = address && *address != '/' && *address != '@' && /* no sockets here */
                     has_name(&rest, name) && resolve_literal(address, port, &ret[n]);
        if (found && is_new(&ret[n], ret, n))
            n++;
    }
    return n;
}
