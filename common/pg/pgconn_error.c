/* pgconn_error.c: libpq's words into error codes. Connection failures come as text only; no I/O
 * here. */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "common/pg/pgconn_impl.h"

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

/* ---- PgBouncer ---- */

#define POOLER_CACHED "server login has been failing, cached error: "

struct saying {
    const char *begin, *end; /* of the whole text; end "": anything */
    const char *sqlstate;    /* what the server itself would have said */
};

/* Its sources' words, from 1.12 to 1.25, and those of PostgreSQL that it hands on. The first match counts. */
static const struct saying sayings[] = {
    {"no such user", "", "28000"},
    {"no username supplied", "", "28000"},
    {"username too long", "", "28000"},
    {"password too long", "", "28P01"},
    {"empty password returned by client", "", "28P01"},
    {"auth failed", "", "28P01"},
    {"password authentication failed", "", "28P01"},
    {"SASL authentication failed", "", "28P01"},
    {"PAM authentication failed", "", "28P01"},
    {"LDAP authentication failed", "", "28P01"},
    {"certificate authentication failed", "", "28000"},
    {"\"trust\" authentication failed", "", "28000"},
    {"no authentication method is found", "", "28000"},
    {"client selected an invalid SASL authentication mechanism", "", "28000"},
    {"login rejected", "", "28000"},
    {"unix socket login rejected", "", "28000"},
    {"server login failed: ", "", "28P01"}, /* "wrong password type" and its kin */
    {"role \"", "\" does not exist", "28000"},
    {"no pg_hba.conf entry", "", "28000"},
    {"no such database: ", "", "3D000"},
    {"database \"", "\" does not exist", "3D000"},
    {"database \"", "\" is disabled", "3D000"},
    {"database does not allow connections: ", "", "3D000"},
    {"no more connections allowed (", "", "53300"},
    {"client connections exceeded (", "", "53300"},
    {"sorry, too many clients already", "", "53300"},
    {"remaining connection slots are reserved", "", "53300"},
    {"too many connections for ", "", "53300"},
    {"bouncer resources exhaustion", "", "53200"},
    {"no memory for ", "", "53200"},
    {"out of memory", "", "53200"},
    {"query_wait_timeout", "", "57014"},
    {"query_timeout", "", "57014"},
    {"client_login_timeout", "", "57014"},
    {"client_idle_timeout", "", "57P05"},
    {"the database system is ", "", "57P03"},
    {"server shutting down", "", "57P01"},
    {"pooler is shutting down", "", "57P01"},
    {"admin forced disconnect", "", "57P01"},
    {"suspend_timeout", "", "57P01"},
    {"pgbouncer cannot connect to server", "", "08001"},
    {"server login has been failing", "", "08001"},
    {"connect failed", "", "08001"},
};

static const char *
pooler_sqlstate(const char *said)
{
    size_t cached = strlen(POOLER_CACHED);
    bool is_cached = strncmp(said, POOLER_CACHED, cached) == 0;
    const char *cause = said + (is_cached ? cached : 0);
    size_t len = strcspn(cause, "\n");
    for (size_t i = 0; i < sizeof(sayings) / sizeof(sayings[0]); i++) {
        const struct saying *s = &sayings[i];
        size_t begin = strlen(s->begin);
        size_t end = is_cached ? 0 : strlen(s->end); /* there the retry's name follows */
        if (strncmp(cause, s->begin, begin) == 0 && len >= begin + end &&
            strncmp(cause + len - end, s->end, end) == 0)
            return s->sqlstate;
    }
    return is_cached ? "08001" : PGCONN_POOLER_SQLSTATE;
}

int
pgconn_pooler_error(struct err *e, const char *said, const char *line)
{
    const char *sqlstate = pooler_sqlstate(said);
    enum err_code code = strncmp(sqlstate, "28", 2) == 0  ? ERR_AUTH
                         : strcmp(sqlstate, "08001") == 0 ? ERR_REFUSED
                         : strcmp(sqlstate, "57014") == 0 ? ERR_TIMEOUT
                                                          : ERR_SERVER;
    return err_sql(e, code, sqlstate, "%s", line);
}

/* ---- what libpq says ---- */

enum err_code
pgconn_own_lack(const char *text)
{
    static const char *const memory[] = {"out of memory", "Memory allocation failure", NULL};
    static const int lacks[] = {EMFILE, ENFILE, ENOBUFS};
    if (has_any(text, memory) || strstr(text, strerror(ENOMEM)))
        return ERR_NOMEM;
    for (size_t i = 0; i < sizeof(lacks) / sizeof(lacks[0]); i++)
        if (strstr(text, strerror(lacks[i])))
            return ERR_SYSTEM;
    return ERR_NONE;
}

/* A server that cannot start a process for us: it has no SQLSTATE for that. Over TLS libpq keeps the words to itself. */
static bool
is_servers_lack(const char *text)
{
    static const char *const words[] = {"could not fork new process for connection",
                                        "error response during SSL exchange", NULL};
    return has_any(text, words);
}

static enum err_code
classify(const char *text, ConnStatusType stage, bool needs_password)
{
    static const char *const strange[] = {"received invalid response to", "expected authentication",
                                          NULL};
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
    /* the last one: a unix socket whose queue is full, because the server does not accept */
    static const char *const timed_out[] = {"timeout expired", "Connection timed out",
                                            "failed: Resource temporarily unavailable", NULL};
    static const char *const refused[] = {"Connection refused",    "No such file or directory",
                                          "No route to host",      "unreachable",
                                          "Is the server running", NULL};
    if (needs_password)
        return ERR_AUTH;
    if (is_servers_lack(text))
        return ERR_REFUSED;
    if (pgconn_own_lack(text) != ERR_NONE)
        return pgconn_own_lack(text);
    if (has_any(text, timed_out))
        return ERR_TIMEOUT;
    if (has_any(text, strange))
        return ERR_PROTOCOL;
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
    const char *code = find_sqlstate(last_attempt(text));
    char sqlstate[6];
    char line[ERR_MSG_MAX];
    pgconn_text_sqlstate(text, sqlstate);
    pgconn_text_clean(text, line, sizeof(line));
    if (!code)
        return err_set(e, classify(last_attempt(text), stage, needs_password), "%s", line);
    if (strcmp(sqlstate, PGCONN_POOLER_SQLSTATE) == 0)
        return pgconn_pooler_error(e, code + strlen("08P01: "), line);
    if (strncmp(sqlstate, "28", 2) == 0 && strstr(code, "valid client certificate"))
        return err_set(e, ERR_TLS, "%s", line); /* clientcert= in pg_hba.conf */
    return err_sql(e, strncmp(sqlstate, "28", 2) == 0 ? ERR_AUTH : ERR_SERVER, sqlstate, "%s",
                   line);
}

int
pgconn_ended(struct err *e, const char *sqlstate, const char *said)
{
    return err_sql(e, ERR_CLOSED, sqlstate, "the server ended the session: %s", said);
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
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        if (strcmp(text, names[i]) == 0) {
            *ret = (enum pgconn_role)i;
            return 0;
        }
    }
    return err_set(
        e, ERR_USAGE,
        "target_session_attrs \"%.40s\" is not one of any, read-write, read-only, primary, standby, "
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
