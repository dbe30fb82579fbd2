/* target_peer.c: where an application is: tcp, tls, http, https and fcgi URLs; and paths: file and disk. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/cleanup.h"
#include "common/target/target_text.h"

#define HOST_MAX 253   /* RFC 1035, 2.3.4, as text without the final dot */
#define SOCKET_MAX 107 /* unix(7): sun_path */

/* In the order of enum target_peer_scheme; default_port 0: the URL has to name one. */
static const struct {
    const char *name;
    uint16_t default_port;
} schemes[] = {{"tcp", 0},     {"tls", 0},  {"http", 80}, {"https", 443},
               {"fcgi", 9000}, {"file", 0}, {"disk", 0}};

/* ---- hosts ---- */

/* Bytes 12 to 15 of a mapped address, or the whole of an IPv4 one. */
static bool
is_loopback4(const unsigned char *bytes)
{
    return bytes[0] == 127;
}

bool
target_is_loopback(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (!host || host[0] == '/' || host[0] == '@' || strcasecmp(host, "localhost") == 0 ||
        strcasecmp(host, "localhost.") == 0)
        return true;
    if (inet_pton(AF_INET, host, &v4) == 1)
        return is_loopback4((const unsigned char *)&v4.s_addr);
    if (inet_pton(AF_INET6, host, &v6) == 1)
        return IN6_IS_ADDR_LOOPBACK(&v6) ||
               (IN6_IS_ADDR_V4MAPPED(&v6) && is_loopback4(v6.s6_addr + 12));
    return false;
}

static bool
is_address(const char *host)
{
    struct in6_addr ignored;
    return inet_pton(AF_INET, host, &ignored) == 1 || inet_pton(AF_INET6, host, &ignored) == 1;
}

/* The last label is a number: only a dotted quad is one for everybody. */
static bool
ends_like_a_number(const char *host)
{
    size_t len = strlen(host);
    if (len > 0 && host[len - 1] == '.')
        len--;
    size_t from = len;
    while (from > 0 && host[from - 1] != '.')
        from--;
    const char *label = host + from;
    size_t n = len - from;
    if (n > 2 && label[0] == '0' && label[1] == 'x')
        return strspn(label + 2, "0123456789abcdef") >= n - 2;
    return n > 0 && strspn(label, "0123456789") >= n;
}

static bool
is_host_name(const char *host)
{
    size_t len = strlen(host);
    if (len > 0 && host[len - 1] == '.')
        len--;
    if (len == 0 || len > HOST_MAX || host[0] == '.' || host[0] == '-' || strstr(host, ".."))
        return false;
    return strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == strlen(host);
}

static int
take_host(struct target_peer *t, const struct target_url *u, struct target_slice host,
          struct err *e)
{
    size_t at = target_url_at(u, host.text);
    if (host.len == 0)
        return err_set(e, ERR_USAGE, "the host is missing at character %zu of the URL", at);
    t->host = strndup(host.text, host.len);
    if (!t->host)
        return err_nomem(e);
    for (char *p = t->host; *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p | 0x20);
    t->is_address = is_address(t->host);
    if (!t->is_address && (!is_host_name(t->host) || ends_like_a_number(t->host)))
        return err_set(e, ERR_USAGE,
                       "the host at character %zu of the URL is neither a name nor an address", at);
    return 0;
}

static int
take_server(struct target_peer *t, const struct target_url *u, struct err *e)
{
    struct target_slice hosts = u->hosts;
    struct target_slice host;
    struct target_slice port;
    target_next_host(&hosts, &host, &port);
    if (hosts.text)
        return err_set(
            e, ERR_USAGE,
            "the URL names several servers at character %zu, but only one can be checked",
            target_url_at(u, hosts.text));
    if (take_host(t, u, host, e) < 0)
        return -1;
    t->port = schemes[t->scheme].default_port;
    if (!port.text)
        return t->port > 0 ? 0
                           : err_set(e, ERR_USAGE, "the port is missing; write %s://HOST:PORT",
                                     schemes[t->scheme].name);
    cleanup_free char *text = strndup(port.text, port.len);
    if (!text)
        return err_nomem(e);
    if (!target_port(text, &t->port))
        return err_set(
            e, ERR_USAGE,
            "the port at character %zu of the URL is not a number from 1 to 65535; in a password, write : / ? # @ as %%3A %%2F %%3F %%23 %%40",
            target_url_at(u, port.text));
    return 0;
}

/* ---- the rest ---- */

/* A script's name: no path is none. */
static int
take_script(struct target_peer *t, const struct target_url *u, struct err *e)
{
    if (u->query.text)
        return err_set(e, ERR_USAGE,
                       "fcgi:// URLs cannot contain a query, but this one has one at character %zu",
                       target_url_at(u, u->query.text));
    if (u->path.len == 0)
        return 0;
    struct target_slice script = {u->path.text - 1, u->path.len + 1};
    return target_decode(u, script, &t->path, e);
}

/* fcgi://unix:/SOCKET[:/SCRIPT], as nginx writes it; from: "/SOCKET…". */
static int
take_socket(struct target_peer *t, const char *url, const char *from, struct err *e)
{
    struct target_url u = {.whole = url};
    const char *end = strchrnul(from, '?');
    const char *script = memmem(from, (size_t)(end - from), ":/", 2);
    struct target_slice path = {from, (size_t)((script ? script : end) - from)};
    if (script)
        u.path = (struct target_slice){script + 2, (size_t)(end - script - 2)};
    if (*end == '?')
        u.query = (struct target_slice){end + 1, strlen(end + 1)};
    if (target_decode(&u, path, &t->host, e) < 0 || take_script(t, &u, e) < 0)
        return -1;
    if (strlen(t->host) > SOCKET_MAX)
        return err_set(e, ERR_USAGE, "the socket's path is longer than %d bytes", SOCKET_MAX);
    t->description = strndup(url, (size_t)(end - url));
    return t->description ? 0 : err_nomem(e);
}

/* file:/PATH, file:///PATH (RFC 8089); after: what follows "file:". */
static int
take_file(struct target_peer *t, const char *url, const char *after, struct err *e)
{
    const struct target_url u = {.whole = url};
    const char *path = strncmp(after, "///", 3) == 0 ? after + 2 : after;
    if (path[0] != '/' || path[1] == '/')
        return err_set(e, ERR_USAGE, "the path is missing or not absolute; write %s:/PATH",
                       schemes[t->scheme].name);
    const char *query = strchr(path, '?');
    if (query)
        return err_set(e, ERR_USAGE,
                       "character %zu of the URL is \"?\"; in a path, write it as %%3F",
                       target_url_at(&u, query));
    t->description = strdup(url);
    return t->description
               ? target_decode(&u, (struct target_slice){path, strlen(path)}, &t->path, e)
               : err_nomem(e);
}

/* Nothing but a host and a port. */
static bool
is_bare(const struct target_peer *t)
{
    return t->scheme == TARGET_PEER_TCP || t->scheme == TARGET_PEER_TLS;
}

static int
take_path(struct target_peer *t, const struct target_url *u, struct err *e)
{
    const char *from = u->path.text ? u->path.text : u->query.text;
    if (t->scheme == TARGET_PEER_FCGI)
        return take_script(t, u, e);
    if (is_bare(t))
        return !u->query.text && u->path.len == 0
                   ? 0
                   : err_set(e, ERR_USAGE,
                             "nothing may follow the port of a %s:// URL, but character %zu does",
                             schemes[t->scheme].name, target_url_at(u, from));
    struct strbuf b = STRBUF_INIT;
    strbuf_addc(&b, '/');
    strbuf_add(&b, u->path.text ? u->path.text : "", u->path.len);
    if (u->query.text) {
        strbuf_addc(&b, '?');
        strbuf_add(&b, u->query.text, u->query.len);
    }
    t->path = strbuf_steal(&b);
    return t->path ? 0 : err_nomem(e);
}

static int
take_user(struct target_peer *t, const struct target_url *u, struct err *e)
{
    if (!u->user.text)
        return 0;
    if (is_bare(t) || t->scheme == TARGET_PEER_FCGI)
        return err_set(
            e, ERR_USAGE,
            "%s:// URLs cannot contain a user name, but this one has one at character %zu",
            schemes[t->scheme].name, target_url_at(u, u->user.text));
    if (target_decode(u, u->user, &t->username, e) < 0)
        return -1;
    return u->password.text ? target_decode(u, u->password, &t->password, e) : 0;
}

static int
describe(struct target_peer *t, const struct target_url *u, struct err *e)
{
    bool v6 = t->is_address && strchr(t->host, ':');
    struct strbuf b = STRBUF_INIT;
    strbuf_addf(&b, "%s://%s%s%s:%u", schemes[t->scheme].name, v6 ? "[" : "", t->host,
                v6 ? "]" : "", t->port);
    if (t->path)
        strbuf_addf(&b, "/%.*s", (int)u->path.len, u->path.text ? u->path.text : "");
    t->description = strbuf_steal(&b);
    return t->description ? 0 : err_nomem(e);
}

static int
check_bytes(const char *url, struct err *e)
{
    for (const char *p = url; *p; p++) {
        unsigned char c = (unsigned char)*p;
        if (c <= 0x20 || c >= 0x7f || c == '\\')
            return err_set(
                e, ERR_USAGE,
                "character %zu of the URL is a space, a backslash or not printable ASCII; write it as a %%-escape",
                (size_t)(p - url) + 1);
        if (c == '#')
            return err_set(
                e, ERR_USAGE,
                "character %zu of the URL is \"#\", but fragments are not allowed; write it as %%23 in a password",
                (size_t)(p - url) + 1);
    }
    return 0;
}

static int
take_scheme(struct target_peer *t, const char *url, size_t *ret_len, struct err *e)
{
    size_t len = target_scheme_len(url);
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        if (strlen(schemes[i].name) == len && strncasecmp(url, schemes[i].name, len) == 0) {
            t->scheme = (enum target_peer_scheme)i;
            *ret_len = len;
            return 0;
        }
    }
    return err_set(
        e, ERR_USAGE,
        "the URL must begin with tcp://, tls://, http://, https://, fcgi://, file: or disk:");
}

static int
take_parts(struct target_peer *t, const char *url, size_t scheme_len, struct err *e)
{
    struct target_url u;
    const char *after = url + scheme_len + 1;
    if (t->scheme == TARGET_PEER_FILE || t->scheme == TARGET_PEER_DISK)
        return take_file(t, url, after, e);
    if (t->scheme == TARGET_PEER_FCGI && strncmp(after, "//unix:/", 8) == 0)
        return take_socket(t, url, after + 7, e);
    if (target_url_split(url, after, &u, e) < 0 || take_user(t, &u, e) < 0 ||
        take_server(t, &u, e) < 0 || take_path(t, &u, e) < 0)
        return -1;
    return describe(t, &u, e);
}

int
target_peer_parse(const char *url, struct target_peer **ret, struct err *e)
{
    size_t len = 0;
    if (strlen(url) > TARGET_TEXT_MAX)
        return err_set(e, ERR_USAGE, "the URL is too long");
    struct target_peer *t = calloc(1, sizeof(*t));
    if (!t)
        return err_nomem(e);
    if (take_scheme(t, url, &len, e) < 0 || check_bytes(url, e) < 0 ||
        take_parts(t, url, len, e) < 0) {
        target_peer_free(t);
        return -1;
    }
    *ret = t;
    return 0;
}

void
target_peer_free(struct target_peer *t)
{
    if (!t)
        return;
    free(t->host);
    target_wipe(t->path);
    target_wipe(t->username);
    target_wipe(t->password);
    free(t->description);
    free(t);
}

const char *
target_peer_describe(const struct target_peer *t)
{
    return t->description;
}

/* ---- other secrets ---- */

int
target_secret_load(const char *variable, char **ret, struct err *e)
{
    const struct target_env env = {0};
    return target_env_value(&env, variable, ret, e);
}

void
target_secret_free(char *text)
{
    target_wipe(text);
}
