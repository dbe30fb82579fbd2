/* reason.c: from errors to the word that names the reason (pure). */
#include "healthd/check/reason.h"

#include <stddef.h>
#include <string.h>

static const char *const texts[REASONS] = {
    [REASON_NONE] = "none",
    [REASON_REFUSED] = "refused",
    [REASON_TIMEOUT] = "timeout",
    [REASON_DNS] = "dns",
    [REASON_TLS] = "tls",
    [REASON_AUTH] = "auth",
    [REASON_NO_DATABASE] = "no_database",
    [REASON_PRIVILEGE] = "privilege",
    [REASON_TOO_MANY_CONNECTIONS] = "too_many_connections",
    [REASON_STARTING_UP] = "starting_up",
    [REASON_SHUTTING_DOWN] = "shutting_down",
    [REASON_CLOSED] = "closed",
    [REASON_READ_ONLY] = "read_only",
    [REASON_WRONG_ROLE] = "wrong_role",
    [REASON_LAGGING] = "lagging",
    [REASON_SCHEMA_BEHIND] = "schema_behind",
    [REASON_LOADING] = "loading",
    [REASON_BUSY] = "busy",
    [REASON_MASTER_DOWN] = "master_down",
    [REASON_STALE_REPLICA] = "stale_replica",
    [REASON_STORAGE] = "storage",
    [REASON_STATUS] = "status",
    [REASON_BODY] = "body",
    [REASON_EXPIRED] = "expired",
    [REASON_ABSENT] = "absent",
    [REASON_PRESENT] = "present",
    [REASON_FULL] = "full",
    [REASON_PROTOCOL] = "protocol",
    [REASON_UNEXPECTED] = "unexpected",
};

static const char *const meanings[REASONS] = {
    [REASON_NONE] = "",
    [REASON_REFUSED] = "The connection was refused: nothing listens there.",
    [REASON_TIMEOUT] = "There was no answer within the time allowed.",
    [REASON_DNS] = "The host name could not be resolved.",
    [REASON_TLS] = "The TLS handshake or the verification of the certificate failed.",
    [REASON_AUTH] = "The user name or the password was rejected.",
    [REASON_NO_DATABASE] = "The database does not exist.",
    [REASON_PRIVILEGE] = "The user lacks a permission.",
    [REASON_TOO_MANY_CONNECTIONS] = "The server has no connection slots left.",
    [REASON_STARTING_UP] = "The server is starting up or recovering.",
    [REASON_SHUTTING_DOWN] = "The server is shutting down.",
    [REASON_CLOSED] = "The connection was closed before the answer was complete.",
    [REASON_READ_ONLY] = "The server does not accept writes.",
    [REASON_WRONG_ROLE] = "The server does not have the required role.",
    [REASON_LAGGING] = "The replica is further behind than allowed.",
    [REASON_SCHEMA_BEHIND] = "The schema is older than required.",
    [REASON_LOADING] = "The server is loading its data.",
    [REASON_BUSY] = "The server is busy: a script is running, or all workers are occupied.",
    [REASON_MASTER_DOWN] = "The server has lost its master, or the cluster is down.",
    [REASON_STALE_REPLICA] = "The replica is not connected to its master: its data are old.",
    [REASON_STORAGE] = "The server cannot write to its storage.",
    [REASON_STATUS] = "The status of the response is not the expected one.",
    [REASON_BODY] = "The content of the response is not the expected one.",
    [REASON_EXPIRED] = "The certificate has expired, or is about to.",
    [REASON_ABSENT] = "The file does not exist, or is too old.",
    [REASON_PRESENT] = "The file exists, although it should not.",
    [REASON_FULL] = "Too little space is left.",
    [REASON_PROTOCOL] = "The answer does not follow the protocol.",
    [REASON_UNEXPECTED] = "The answer is not the expected one; see the log.",
};

const char *
reason_meaning(enum reason r)
{
    return r < REASONS ? meanings[r] : meanings[REASON_UNEXPECTED];
}

const char *
reason_text(enum reason r)
{
    return r < REASONS ? texts[r] : "unexpected";
}

enum reason
reason_of_sqlstate(const char *sqlstate)
{
    /* A row of fewer than five characters is a class. The first match counts. */
    static const struct {
        const char *state;
        enum reason reason;
    } rows[] = {
        {"28", REASON_AUTH},
        {"3D000", REASON_NO_DATABASE},
        {"42501", REASON_PRIVILEGE},
        {"53300", REASON_TOO_MANY_CONNECTIONS},
        {"53100", REASON_STORAGE},
        {"58030", REASON_STORAGE},
        {"57P03",
         REASON_STARTING_UP}, /* shutting down says the same: probe_pg knows which came before */
        {"57P01", REASON_SHUTTING_DOWN},
        {"57P02", REASON_SHUTTING_DOWN},
        {"57P04", REASON_NO_DATABASE},
        {"57P05", REASON_CLOSED},
        {"57014", REASON_TIMEOUT}, /* statement_timeout of the role or the server */
        {"25006", REASON_READ_ONLY},
        {"08P01", REASON_PROTOCOL},
        {"08001", REASON_REFUSED}, /* a pooler that cannot have the server */
        {"08", REASON_CLOSED},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strncmp(sqlstate, rows[i].state, strlen(rows[i].state)) == 0)
            return rows[i].reason;
    return REASON_UNEXPECTED;
}

enum reason
reason_of_err(const struct err *e)
{
    if (e->sqlstate[0] != '\0')
        return reason_of_sqlstate(e->sqlstate);
    switch (e->code) {
    case ERR_TIMEOUT:
    case ERR_DEADLINE:
        return REASON_TIMEOUT;
    case ERR_DNS:
        return REASON_DNS;
    case ERR_REFUSED:
        return REASON_REFUSED;
    case ERR_TLS:
        return REASON_TLS;
    case ERR_AUTH: /* also a Redis user who is let in and may not SELECT */
        return reason_of_redis(e->word) == REASON_PRIVILEGE ? REASON_PRIVILEGE : REASON_AUTH;
    case ERR_CLOSED:
        return REASON_CLOSED;
    case ERR_PROTOCOL:
        return REASON_PROTOCOL;
    case ERR_WRONG_ROLE:
        return REASON_WRONG_ROLE;
    case ERR_SERVER:
        return reason_of_redis(e->word);
    default:
        return REASON_UNEXPECTED;
    }
}

enum reason
reason_of_redis(const char *word)
{
    static const struct {
        const char *word;
        enum reason reason;
    } rows[] = {
        {"LOADING", REASON_LOADING},
        {"BUSY", REASON_BUSY},
        {"MASTERDOWN", REASON_MASTER_DOWN},
        {"CLUSTERDOWN", REASON_MASTER_DOWN},
        {"NOAUTH", REASON_AUTH},
        {"WRONGPASS", REASON_AUTH},
        {"NOPERM", REASON_PRIVILEGE},
        {"READONLY", REASON_READ_ONLY},
        {"MISCONF", REASON_STORAGE},
        {"OOM", REASON_FULL},
        {"MAXCLIENTS", REASON_TOO_MANY_CONNECTIONS},
        {"DBRANGE", REASON_NO_DATABASE},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strcmp(word, rows[i].word) == 0)
            return rows[i].reason;
    return REASON_UNEXPECTED;
}

bool
reason_is_of_server(enum reason r)
{
    return r == REASON_WRONG_ROLE || r == REASON_READ_ONLY || r == REASON_STALE_REPLICA ||
           r == REASON_MASTER_DOWN;
}

bool
reason_is_setting(enum reason r)
{
    return r == REASON_AUTH || r == REASON_NO_DATABASE;
}
