/* resolve_conf.c: resolv.conf(5): nameserver, search, domain, options ndots. */
#include "common/net/resolve_conf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"

static void
add_server(struct resolve_conf *conf, const char *server)
{
    size_t used = strlen(conf->servers);
    const char *colon = strchr(server, ':');
    bool bare_v6 = colon && strchr(colon + 1, ':') && *server != '[';
    int n = snprintf(conf->servers + used, sizeof(conf->servers) - used, "%s%s%s%s",
                     used ? "," : "", bare_v6 ? "[" : "", server, bare_v6 ? "]" : "");
    if (n < 0 || (size_t)n >= sizeof(conf->servers) - used)
        conf->servers[used] = '\0';
}

static void
add_search(struct resolve_conf *conf, const char *domain)
{
    size_t len = strlen(domain);
    if (len > 0 && domain[len - 1] == '.')
        len--;
    if (len == 0 || len >= RESOLVE_NAME_MAX || conf->search_n == RESOLVE_SEARCH_MAX)
        return;
    char *to = conf->search[conf->search_n++];
    memcpy(to, domain, len);
    to[len] = '\0';
}

static void
read_line(struct resolve_conf *conf, char *line)
{
    char *rest = NULL;
    line[strcspn(line, "#;\r\n")] = '\0';
    const char *keyword = strtok_r(line, " \t", &rest);
    if (!keyword)
        return;
    bool search = strcmp(keyword, "search") == 0 || strcmp(keyword, "domain") == 0;
    bool options = strcmp(keyword, "options") == 0;
    if (search)
        conf->search_n = 0; /* the last one counts */
    for (const char *word = strtok_r(NULL, " \t", &rest); word;
         word = strtok_r(NULL, " \t", &rest)) {
        if (search) {
            add_search(conf, word);
        } else if (options && strncmp(word, "ndots:", 6) == 0) {
            conf->ndots = (unsigned)strtoul(word + 6, NULL, 10);
        } else if (strcmp(keyword, "nameserver") == 0) {
            add_server(conf, word);
            break;
        }
    }
}

int
resolve_conf_read(struct resolve_conf *conf, const char *path)
{
    cleanup_file FILE *f = fopen(path, "re");
    int sys_errno = f ? 0 : errno;
    char line[4096];
    *conf = (struct resolve_conf){.ndots = 1};
    while (f && fgets(line, sizeof(line), f))
        read_line(conf, line);
    if (!*conf->servers)
        add_server(conf, "127.0.0.1");
    return sys_errno;
}

static unsigned
count_dots(const char *host)
{
    unsigned n = 0;
    for (; *host; host++)
        n += *host == '.';
    return n;
}

bool
resolve_conf_candidate(const struct resolve_conf *conf, const char *host, size_t i, char *ret,
                       bool *ret_skip)
{
    size_t len = strlen(host);
    bool absolute = len > 0 && host[len - 1] == '.';
    size_t names = absolute ? 1 : conf->search_n + 1;
    if (i >= names)
        return false;
    size_t as_is = absolute || count_dots(host) >= conf->ndots ? 0 : names - 1;
    int n;
    if (i == as_is)
        n = snprintf(ret, RESOLVE_NAME_MAX, "%.*s", (int)(len - absolute), host);
    else
        n = snprintf(ret, RESOLVE_NAME_MAX, "%s.%s", host, conf->search[as_is == 0 ? i - 1 : i]);
    *ret_skip = n < 0 || n >= RESOLVE_NAME_MAX;
    return true;
}
