/* Where PostgreSQL, Redis and an application are, as text. The first byte chooses; secrets are looked for in what is printed. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/target/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Nothing is set: what the fuzzer's machine has in its environment does not count. */
static const char *
no_variable(const char *name, void *arg)
{
    (void)arg;
    return strcmp(name, "PGUSER") == 0 ? "fuzz" : strcmp(name, "HOME") == 0 ? "/nonexistent" : NULL;
}

static void
fuzz_pg(const char *text)
{
    const struct target_env env = {no_variable, NULL};
    struct target_pg *t = NULL;
    struct err e;
    if (target_pg_load(text, &env, &t, &e) != 0 || !t)
        return;
    const struct target_pg_host *hosts;
    size_t n = target_pg_hosts(t, &hosts);
    if (n == 0 || strncmp(target_pg_describe(t), "postgres://", 11) != 0)
        abort();
    for (size_t i = 0; i < n; i++) {
        struct target_pg_params p;
        if (hosts[i].port == 0 || target_pg_params(t, i, NULL, "fuzz", &p, &e) != 0)
            abort();
        target_pg_params_free(&p);
    }
    target_pg_refresh(t, &e);
    target_pg_free(t);
}

static void
fuzz_redis(const char *text)
{
    const struct target_env env = {no_variable, NULL};
    struct target_redis *t = NULL;
    struct err e;
    if (target_redis_load(text, &env, &t, &e) == 0 && t) {
        if (!t->path == !t->host || t->port == 0 || !*target_redis_describe(t))
            abort();
        target_redis_free(t);
    }
}

/* A script is decoded and may hold any byte; a socket's path has to fit. */
static void
check_fcgi(const struct target_peer *t)
{
    bool is_socket = t->host[0] == '/';
    if (is_socket != (t->port == 0) || strlen(t->host) > 253 ||
        (is_socket && strlen(t->host) > 107))
        abort();
    if ((t->path && t->path[0] != '/') || strpbrk(target_peer_describe(t), " \r\n?#"))
        abort();
}

/* What goes to curl and into a request holds nothing that ends a line or a host. */
static void
fuzz_peer(const char *text)
{
    struct target_peer *t = NULL;
    struct err e;
    if (target_peer_parse(text, &t, &e) != 0)
        return;
    if (t->scheme == TARGET_PEER_FCGI) {
        check_fcgi(t);
        target_peer_free(t);
        return;
    }
    if (!t->host) {
        if ((t->scheme != TARGET_PEER_FILE && t->scheme != TARGET_PEER_DISK) || t->path[0] != '/')
            abort();
        target_peer_free(t);
        return;
    }
    const char *hosts =
        t->is_address ? "0123456789abcdef.:" : "0123456789abcdefghijklmnopqrstuvwxyz-_.";
    if (!*t->host || strspn(t->host, hosts) != strlen(t->host) || t->port == 0)
        abort();
    if (target_is_loopback(t->host) && !t->is_address && strncmp(t->host, "localhost", 9) != 0)
        abort();
    if (!t->path != (t->scheme == TARGET_PEER_TCP) || strpbrk(target_peer_describe(t), " \r\n?#"))
        abort();
    if (t->path && (t->path[0] != '/' || strpbrk(t->path, " \t\r\n#")))
        abort();
    target_peer_free(t);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    char *text = malloc(size);
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    /* Files that a text names would make runs differ. */
    if (!strcasestr(text, "file")) {
        if (data[0] % 6 == 5)
            fuzz_peer(text);
        else if (data[0] % 3 == 0)
            fuzz_redis(text);
        else
            fuzz_pg(text);
    }
    free(text);
    return 0;
}
