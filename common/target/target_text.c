/* target_text.c: pieces of URLs, variables and secret files. */
#include "common/target/target_text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/net/reopen.h"
#include "common/base/words.h"

void
target_wipe(char *s)
{
    if (s) {
        explicit_bzero(s, strlen(s));
        free(s);
    }
}

/* ---- URLs ---- */

static bool
is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

size_t
target_scheme_len(const char *text)
{
    if (!is_alpha(text[0]))
        return 0;
    size_t len = 1;
    while (is_alpha(text[len]) || is_digit(text[len]) || (text[len] && strchr("+-._", text[len])))
        len++;
    return text[len] == ':' && len <= 32 ? len : 0;
}

size_t
target_url_at(const struct target_url *u, const char *piece)
{
    return (size_t)(piece - u->whole) + 1;
}

static struct target_slice
slice_between(const char *from, const char *to)
{
    return (struct target_slice){from, (size_t)(to - from)};
}

int
target_url_split(const char *whole, const char *after, struct target_url *ret, struct err *e)
{
    struct target_url u = {.whole = whole};
    if (strncmp(after, "//", 2) != 0) {
        return err_set(e, ERR_USAGE, "expected // at character %zu of the URL",
                       target_url_at(&u, after));
    }
    const char *authority = after + 2;
    const char *end = authority + strcspn(authority, "/?");
    const char *at = memchr(authority, '@', (size_t)(end - authority));
    if (at) {
        const char *second = memchr(at + 1, '@', (size_t)(end - at - 1));
        if (second) {
            return err_set(
                e, ERR_USAGE,
                "more than one @ before the path (the second at character %zu); write it as %%40 in a user name or password",
                target_url_at(&u, second));
        }
        const char *colon = memchr(authority, ':', (size_t)(at - authority));
        u.user = slice_between(authority, colon ? colon : at);
        if (colon)
            u.password = slice_between(colon + 1, at);
        authority = at + 1;
    }
    u.hosts = slice_between(authority, end);
    if (*end == '/') {
        const char *path = end + 1;
        end = path + strcspn(path, "?");
        u.path = slice_between(path, end);
    }
    if (*end == '?')
        u.query = (struct target_slice){end + 1, strlen(end + 1)};
    *ret = u;
    return 0;
}

/* Cuts `list` before the separator: what was before it is returned, the rest stays. */
static struct target_slice
slice_take(struct target_slice *list, char separator)
{
    const char *cut = memchr(list->text, separator, list->len);
    struct target_slice first = *list;
    if (cut) {
        first.len = (size_t)(cut - list->text);
        *list = (struct target_slice){cut + 1, list->len - first.len - 1};
    } else {
        *list = (struct target_slice){NULL, 0};
    }
    return first;
}

bool
target_next_host(struct target_slice *list, struct target_slice *ret_host,
                 struct target_slice *ret_port)
{
    if (!list->text)
        return false;
    struct target_slice item = slice_take(list, ',');
    const char *end = item.text + item.len;
    const char *from = item.text;
    const char *close = item.len && *from == '[' ? memchr(from, ']', item.len) : NULL;
    const char *colon;
    if (close) {
        *ret_host = slice_between(from + 1, close);
        colon = close + 1;
    } else {
        colon = memchr(from, ':', item.len);
        colon = colon ? colon : end;
        *ret_host = slice_between(from, colon);
    }
    *ret_port = (struct target_slice){NULL, 0};
    if (colon <
        end) /* junk behind a bracket goes with the bracket: no port number, and refused as such */
        *ret_port = slice_between(*colon == ':' ? colon + 1 : close, end);
    return true;
}

bool
target_next_param(struct target_slice *query, struct target_slice *ret_name,
                  struct target_slice *ret_value)
{
    while (query->text) {
        struct target_slice item = slice_take(query, '&');
        if (item.len == 0)
            continue;
        *ret_name = slice_take(&item, '=');
        *ret_value = item;
        return true;
    }
    return false;
}

bool
target_param_nameable(const char *whole, const char *name, const char *decoded)
{
    static const char word[] = "password";
    size_t n = sizeof(word) - 1;
    if (strlen(decoded) > 40 || strchr(name, '@'))
        return false;
    for (const char *p = decoded; *p; p++)
        if (!is_alpha(*p) && *p != '_' && *p != '.' && *p != '-')
            return false;
    for (const char *p = whole; p + n <= name; p++)
        if (strncasecmp(p, word, n) == 0)
            return false;
    return true;
}

static int
hex_value(char c)
{
    if (is_digit(c))
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int
target_decode(const struct target_url *u, struct target_slice s, char **ret, struct err *e)
{
    char *out = malloc(s.len + 1);
    if (!out)
        return err_nomem(e);
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.text[i];
        if (c == '%') {
            int high = i + 2 < s.len ? hex_value(s.text[i + 1]) : -1;
            int low = i + 2 < s.len ? hex_value(s.text[i + 2]) : -1;
            if (high < 0 || low < 0 || (high == 0 && low == 0)) {
                explicit_bzero(out, n);
                free(out);
                return err_set(e, ERR_USAGE,
                               "invalid %%-escape at character %zu; write a literal %% as %%25",
                               u ? target_url_at(u, s.text + i) : i + 1);
            }
            c = (char)(high * 16 + low);
            i += 2;
        }
        out[n++] = c;
    }
    out[n] = '\0';
    *ret = out;
    return 0;
}

void
target_encode(struct strbuf *b, const char *s)
{
    for (; *s; s++)
        if (is_alpha(*s) || is_digit(*s) || strchr("-._~", *s))
            strbuf_addc(b, *s);
        else
            strbuf_addf(b, "%%%02X", (unsigned)(unsigned char)*s);
}

bool
target_port(const char *text, uint16_t *ret)
{
    unsigned value = 0;
    size_t len = 0;
    for (; is_digit(text[len]) && len < 6; len++)
        value = value * 10 + (unsigned)(text[len] - '0');
    if (len == 0 || len > 5 || text[len] || value == 0 || value > UINT16_MAX)
        return false;
    *ret = (uint16_t)value;
    return true;
}

/* ---- hosts ---- */

static bool
is_name(const char *host)
{
    size_t len = 0;
    while (is_alpha(host[len]) || is_digit(host[len]) || (host[len] && strchr("-._", host[len])))
        len++;
    return len > 0 && host[len] == '\0';
}

bool
target_is_address(const char *text)
{
    char address[INET6_ADDRSTRLEN];
    struct in6_addr ignored;
    size_t len = strcspn(text, "%");
    if (inet_pton(AF_INET, text, &ignored) == 1)
        return true;
    if (len >= sizeof(address))
        return false;
    snprintf(address, sizeof(address), "%.*s", (int)len, text);
    return inet_pton(AF_INET6, address, &ignored) == 1 && (!text[len] || is_name(text + len + 1));
}

static bool
is_socket(const char *host)
{
    bool path = host[0] == '/' && host[1] != '/';
    return (path || host[0] == '@') && !strchr(host + 1, '@') && !strstr(host, "://");
}

int
target_host_check(const char *host, const char *port_place, struct err *e)
{
    if (is_name(host) || target_is_address(host) || is_socket(host))
        return 0;
    if (host[0] == '[')
        return err_set(
            e, ERR_USAGE,
            "the host is in brackets, which are used for IPv6 addresses in URLs only; a port belongs in %s",
            port_place);
    if (strstr(host, "://") || strchr(host, '@'))
        return err_set(e, ERR_USAGE, "the host is a URL or part of one, not a host name");
    const char *colon = strchr(host, ':');
    uint16_t ignored;
    if (colon && target_port(colon + 1, &ignored))
        return err_set(e, ERR_USAGE, "the host is followed by a port, which belongs in %s",
                       port_place);
    return err_set(e, ERR_USAGE, "the host is neither a name nor an address nor a Unix socket");
}

/* ---- variables and files ---- */

const char *
target_env_plain(const struct target_env *env, const char *name)
{
    const char *value = env && env->get ? env->get(name, env->arg) : getenv(name);
    if (!value || !*value || words_is_service_variable(name, value))
        return NULL;
    return value;
}

static ssize_t
read_all(int fd, char *buf, size_t size)
{
    size_t got = 0;
    while (got < size) {
        ssize_t n = read(fd, buf + got, size - got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -1 : (ssize_t)got;
        got += (size_t)n;
    }
    return (ssize_t)got;
}

static int
check_secret(const char *path, char *text, size_t len, struct err *e)
{
    if (len > TARGET_TEXT_MAX)
        return err_set(e, ERR_USAGE, "%s contains more than %d bytes", path, TARGET_TEXT_MAX);
    text[len] = '\0';
    if (strlen(text) != len)
        return err_set(e, ERR_USAGE, "%s contains a NUL byte", path);
    if (words_one_line(path, text, e) != 0)
        return -1;
    return *text ? 0 : err_set(e, ERR_USAGE, "%s is empty", path);
}

/* A secret itself is easily put where the path of its file belongs. */
const char *
target_path_shown(const char *path)
{
    return path[0] == '/' && !strstr(path, "://") && !words_hold_password(path)
               ? path
               : "the named file (an absolute path begins with /)";
}

int
target_read_secret(const char *path, char **ret, struct err *e)
{
    reopen_note(path);
    /* Not blocking: the path may be a FIFO that nobody writes. */
    cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) {
        return err_set(e, ERR_USAGE, "cannot read %s: %s", target_path_shown(path),
                       strerror(errno));
    }
    if (!S_ISREG(st.st_mode))
        return err_set(e, ERR_USAGE, "%s is not a regular file", target_path_shown(path));
    const size_t size = TARGET_TEXT_MAX + 1;
    char *text = malloc(size + 1);
    if (!text)
        return err_nomem(e);
    ssize_t got = read_all(fd, text, size);
    int result = got < 0 ? err_set(e, ERR_USAGE, "cannot read %s: %s", target_path_shown(path),
                                   strerror(errno))
                         : check_secret(target_path_shown(path), text, (size_t)got, e);
    if (result == 0) {
        *ret = strdup(text);
        result = *ret ? 0 : err_nomem(e);
    }
    explicit_bzero(text, size + 1);
    free(text);
    return result;
}

int
target_env_value(const struct target_env *env, const char *name, char **ret, struct err *e)
{
    char file_name[64];
    snprintf(file_name, sizeof(file_name), "%s_FILE", name);
    const char *value = target_env_plain(env, name);
    const char *path = target_env_plain(env, file_name);
    *ret = NULL;
    if (value && path)
        return err_set(e, ERR_USAGE, "%s and %s are both set", name, file_name);
    if (path)
        return target_read_secret(path, ret, e) == 0 ? 0 : err_wrap(e, "%s", file_name);
    if (!value)
        return 0;
    if (strlen(value) > TARGET_TEXT_MAX)
        return err_set(e, ERR_USAGE, "%s is longer than %d bytes", name, TARGET_TEXT_MAX);
    char *text = strdup(value);
    if (!text)
        return err_nomem(e);
    int result = words_one_line(name, text, e);
    if (result == 0 && *text)
        *ret = steal_ptr(&text);
    target_wipe(text);
    return result;
}

/* ---- who runs us ---- */

static char *
passwd_field(bool home)
{
    cleanup_file FILE *f = fopen("/etc/passwd", "re");
    struct passwd *p;
    while (f && (p = fgetpwent(f))) {
        if (p->pw_uid == geteuid()) {
            const char *field = home ? p->pw_dir : p->pw_name;
            return field && *field ? strdup(field) : NULL;
        }
    }
    return NULL;
}

char *
target_os_user(void)
{
    return passwd_field(false);
}

char *
target_home(const struct target_env *env)
{
    const char *home = target_env_plain(env, "HOME");
    return home ? strdup(home) : passwd_field(true);
}
