/* pgconn_error.c: libpq's words into error codes. Connection failures come as text only; no I/O
 * here. */
#include <ctype.h>
#include <string.h>

#include "common/net/pgconn_impl.h"

#define LAST_ATTEMPT "connection to server "

/* libpq appends what every attempt said (sslmode=prefer makes two); the last one counts. */
static const char *
last_attempt(const char *text)
{
    const char *last = text;
    for (const char *p = strstr(text, LAST_ATTEMPT); p; p = strstr(p + 1, LAST_ATTEMPT))
        last = p;
    return last;
}

static bool
is_sqlstate(const char *p)
{
    for (int i = 0; i < 5; i++)
        if (!isdigit((unsigned char)p[i]) && !(p[i] >= 'A' && p[i] <= 'Z'))
            return false;
    return p[5] == ':' && p[6] == ' ';
}

/* ":  57P03: " — two blanks, which only the severity's colon is followed by. */
static const char *
find_sqlstate(const char *text)
{
    const char *found = NULL;
    for (const char *p = strstr(text, ":  "); p; p = strstr(p + 1, ":  "))
        if (is_sqlstate(p + 3))
            found = p + 3;
    return found;
}

void
pgconn_text_sqlstate(const char *text, char ret_sqlstate[6])
{
    const char *p = find_sqlstate(last_attempt(text));
    memcpy(ret_sqlstate, p ? p : "", p ? 5 : 1);
    ret_sqlstate[p ? 5 : 0] = '\0';
}

void
pgconn_text_clean(const char *text, char *buf, size_t size)
{
    const char *from = last_attempt(text);
    const char *code = find_sqlstate(from);
    const char *end = strstr(from, "\nLOCATION:  ");
    if (!end)
        end = strstr(from, "\n\tIs the server running"); /* a question to nobody */
    size_t n = 0;
    for (const char *p = from; *p && p != end && n + 1 < size; p++) {
        if (p == code)
            p += 7;
        char c = isspace((unsigned char)*p) ? ' ' : *p;
        if (c == ' ' && (n == 0 || buf[n - 1] == ' '))
            continue;
        buf[n++] = c;
    }
    while (n > 0 && buf[n - 1] == ' ')
        n--;
    buf[n] = '\0';
}

static bool
has_any(const char *text, const char *const *words)
{
    for (; *words; words++)
        if (strstr(text, *words))
            return true;
    return false;
}

static enum err_code
classify(const char *text, ConnStatusType stage, bool needs_password)
{
    static const char *const closed[] = {"server closed the connection",
                                         "could not receive data",
                                         "could not send data",
                                         "EOF detected",
                                         "Connection reset",
                                         NULL};
    static const char *const tls[] = {"SSL", "certificate", "TLS", "private key", NULL};
    static const char *const auth[] = {"no password supplied",
                                       "authentication method",
                                       "SCRAM",
                                       "channel binding",
                                       "password",
                                       NULL};
    static const char *const refused[] = {"Connection refused",    "No such file or directory",
                                          "No route to host",      "unreachable",
                                          "Is the server running", NULL};
    if (needs_password)
        return ERR_AUTH;
    if (strstr(text, "timeout expired") || strstr(text, "Connection timed out"))
        return ERR_TIMEOUT;
    if (has_any(text, closed))
        return ERR_CLOSED;
    if (has_any(text, refused))
        return ERR_REFUSED;
    if (stage == CONNECTION_SSL_STARTUP || has_any(text, tls))
        return ERR_TLS;
    if (has_any(text, auth))
        return ERR_AUTH;
    return stage == CONNECTION_STARTED || stage == CONNECTION_NEEDED ? ERR_REFUSED : ERR_PROTOCOL;
}

int
pgconn_connect_error(struct err *e, const char *text, ConnStatusType stage, bool needs_password)
{
    char sqlstate[6];
    char line[ERR_MSG_MAX];
    pgconn_text_sqlstate(text, sqlstate);
    pgconn_text_clean(text, line, sizeof line);
    if (sqlstate[0]) {
        enum err_code code = strncmp(sqlstate, "28", 2) == 0 ? ERR_AUTH : ERR_SERVER;
        return err_sql(e, code, sqlstate, "%s", line);
    }
    return err_set(e, classify(last_attempt(text), stage, needs_password), "%s", line);
}

bool
pgconn_try_next(const struct err *e)
{
    switch (e->code) {
    case ERR_AUTH:
    case ERR_NOMEM:
    case ERR_USAGE:
        return false;
    case ERR_SERVER:
        return strcmp(e->sqlstate, "57P03") == 0 || strcmp(e->sqlstate, "53300") == 0 ||
               strncmp(e->sqlstate, "57P0", 4) == 0;
    default:
        return true;
    }
}

static int
weight(const struct err *e)
{
    switch (e->code) {
    case ERR_NONE:
        return 0;
    case ERR_DNS:
    case ERR_REFUSED:
    case ERR_TIMEOUT:
        return 1;
    default:
        return 2;
    }
}

void
pgconn_note_error(struct err *best, const struct err *e)
{
    if (weight(e) >= weight(best))
        *best = *e;
}

int
pgconn_role_parse(const char *text, enum pgconn_role *ret, struct err *e)
{
    static const char *const names[] = {"any",     "read-write", "read-only",
                                        "primary", "standby",    "prefer-standby"};
    if (!text || !*text) {
        *ret = PGCONN_ANY;
        return 0;
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(text, names[i]) == 0) {
            *ret = (enum pgconn_role)i;
            return 0;
        }
    }
    return err_set(
        e, ERR_USAGE,
        "target_session_attrs \"%.40s\" is none of any, read-write, read-only, primary, standby, "
        "prefer-standby",
        text);
}

bool
pgconn_role_ok(enum pgconn_role wanted, bool in_recovery, bool read_only)
{
    switch (wanted) {
    case PGCONN_READ_WRITE:
        return !in_recovery && !read_only;
    case PGCONN_READ_ONLY:
        return in_recovery || read_only;
    case PGCONN_PRIMARY:
        return !in_recovery;
    case PGCONN_STANDBY:
    case PGCONN_PREFER_STANDBY:
        return in_recovery;
    case PGCONN_ANY:
        break;
    }
    return true;
}
