/*
 * target.h: where PostgreSQL, Redis and an application are: options, URLs, DSNs, host parts, *_FILE.
 *
 * The only module that sees secrets. What it prints (target_*_describe, errors) is redacted; secret files are
 * re-read at each login (target_*_refresh), so that a rotated password needs no restart.
 * Sources for PostgreSQL: --database, DATABASE_URL, DATABASE_DSN, DATABASE_HOST/PORT/NAME/USER/PASSWORD, PG*, each variable
 * also as X_FILE. The first that names a host, socket or service says where the server is; everything else is taken from
 * the first source that gives it. A URL of another database is an error, unless an earlier source named the server.
 * Defaults: port 5432; the user is the OS user of /etc/passwd, and without one an error; the database is the user's name;
 * sslmode prefer; with verify-ca and verify-full the CAs are ~/.postgresql/root.crt, or the system's bundle.
 * Kubernetes service variables (DATABASE_PORT=tcp://…, REDIS_PORT=tcp://…) are never configuration.
 */
#ifndef RR_TARGET_TARGET_H
#define RR_TARGET_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

/* Reads one variable; the default is getenv. Tests pass a table. */
typedef const char *target_env_fn(const char *name, void *arg);
struct target_env {
    target_env_fn *get; /* NULL: getenv */
    void *arg;
};

/* ---- PostgreSQL ---- */

struct target_pg_host {
    char *host; /* name, address, or socket directory beginning with '/' or '@'; NULL: libpq's */
    char *hostaddr; /* given explicitly, else NULL */
    uint16_t port;
};

struct target_pg;

/* database: value of --database (URL or DSN, or NULL). *ret NULL with 0 returned when nothing names a database
 * (no host, socket, service, database name): the caller decides whether that is an error.
 * ERR_USAGE names the variable or option, never its value's secret part. */
MUST_CHECK int target_pg_load(const char *database, const struct target_env *env,
                              struct target_pg **ret, struct err *e);
/* One URL or DSN (healthd check lines). As for any libpq program the PG* variables fill what it leaves open, for libpq cannot be
 * kept from most of them; DATABASE_* are not looked at. `password_file=PATH` names a file with the password. */
MUST_CHECK int target_pg_parse(const char *text, struct target_pg **ret, struct err *e);
/* The same text, by itself: neither the environment nor a file that it names is looked at. ERR_USAGE, which repeats no secret. */
MUST_CHECK int target_pg_check(const char *text, struct err *e);
void target_pg_free(struct target_pg *t);

size_t
target_pg_hosts(const struct target_pg *t, const struct target_pg_host **ret); /* >= 1; borrowed */
/* Re-reads all that this target was made of, files above all; what was borrowed from it before is gone. On an error (ERR_USAGE
 * names the file) it stays as it was. */
MUST_CHECK int target_pg_refresh(struct target_pg *t, struct err *e);

/* Settings that URLs and DSNs of drivers give (TimeZone, DateStyle, IntervalStyle, default_transaction_read_only and _isolation) go to
 * the server, too. Without this call they are left out: to look at a server they are no matter, and poolers refuse them. */
void target_pg_send_settings(struct target_pg *t);

/* A single libpq keyword's value ("dbname", "user", "sslmode", "target_session_attrs" …) or setting's ("timezone",
 * "statement_timeout" …), NULL when open. Not "password". */
const char *target_pg_get(const struct target_pg *t, const char *keyword);

/* Keyword/value arrays for PQconnectStartParams for host number i, NULL-terminated, always with: host, port, user, dbname,
 * hostaddr (given text, when not NULL), passfile, sslrootcert (when TLS verification wants one), gssencmode=disable,
 * application_name, keepalives. Never lets libpq look into the environment for what was decided here.
 * Owned by the caller: target_pg_params_free() wipes the password. */
struct target_pg_params {
    const char **keywords;
    const char **values;
};
MUST_CHECK int
target_pg_params(const struct target_pg *t, size_t i, const char *hostaddr,
                 const char *application_name, struct target_pg_params *ret, struct err *e);
void target_pg_params_free(struct target_pg_params *p);

/* Why the password file is left out although a password is wanted: it is open to others than its owner, or no plain file. NULL:
 * nothing is wrong with it. Borrowed, as what target_pg_describe() returns. libpq would say so on stderr at each login. */
const char *target_pg_passfile_fault(const struct target_pg *t);
/* The same, once: NULL until there is a new one. */
const char *target_pg_passfile_news(struct target_pg *t);

/*
 * All of it as one URL, percent-encoded, the password too, for the environment of a program that takes nothing else. The scheme
 * is target_pg_url_scheme()'s: with a driver behind a plus sign the URL has SQLAlchemy's form, asyncpg's with its parameters.
 * *ret is a secret, released by target_pg_url_free(). ERR_USAGE: the driver cannot be told what the connection has.
 */
MUST_CHECK int
target_pg_url(const struct target_pg *t, const char *scheme, char **ret, struct err *e);
void target_pg_url_free(char *url); /* wipes; NULL allowed */
/* "postgresql", "postgres", "pgsql", "pdo-pgsql", each also with "+driver"; else ERR_USAGE. */
MUST_CHECK int target_pg_url_scheme(const char *scheme, struct err *e);
/* A copy of text in which *** stands for each password of t, as it is and percent-encoded; owned; NULL without memory. */
char *target_pg_redact(const struct target_pg *t, const char *text);

/* Both lead to the same servers, as the same user and in the same way (sslmode, target_session_attrs, options …). Passwords and
 * password files are not compared. */
bool target_pg_same(const struct target_pg *a, const struct target_pg *b);
/* "postgres://app@db:5432/shop" without password or other secrets; borrowed, lives as long as t. */
const char *target_pg_describe(const struct target_pg *t);

/* ---- Redis ---- */

struct target_redis {
    char *host; /* NULL for a unix socket */
    uint16_t port;
    char *path;     /* unix socket, else NULL */
    char *username; /* NULL: none */
    char *password; /* NULL: none. Secret */
    unsigned db;
    bool tls;
    bool tls_verify;   /* verify chain and name (default true with tls) */
    char *tls_ca;      /* CA file, NULL: the system's */
    char *tls_name;    /* name to verify and to send as SNI; host by default */
    char *description; /* "redis://cache:6379/0": what target_redis_describe returns */
};

/* url: value of --redis, or NULL: REDIS_URL. What it leaves open, or all without a URL: REDIS_HOST/PORT/USERNAME/PASSWORD/DB/TLS.
 * Each variable also as X_FILE. *ret NULL with 0 returned when nothing names a server. */
MUST_CHECK int target_redis_load(const char *url, const struct target_env *env,
                                 struct target_redis **ret, struct err *e);
/* One URL alone (healthd check lines); the environment is not looked at. Parameters beside db: password_file=PATH, ca_file=PATH,
 * verify=no, server_name=NAME; those of redis-py and go-redis are understood or known to be no matter. */
MUST_CHECK int target_redis_parse(const char *url, struct target_redis **ret, struct err *e);
/* As target_pg_check(). */
MUST_CHECK int target_redis_check(const char *url, struct err *e);
void target_redis_free(struct target_redis *t);
/* As target_pg_refresh(). */
MUST_CHECK int target_redis_refresh(struct target_redis *t, struct err *e);
/* As target_pg_same(): server, user, database and TLS. */
bool target_redis_same(const struct target_redis *a, const struct target_redis *b);
const char *target_redis_describe(const struct target_redis *t);

/* ---- an application: tcp://HOST:PORT, tls://HOST:PORT, http[s]://[USER[:PASSWORD]@]HOST[:PORT][/PATH][?QUERY], fcgi://HOST[:PORT][/SCRIPT],
 * fcgi://unix:/SOCKET[:/SCRIPT]; and what is no server: file:/PATH, disk:/PATH ---- */

enum target_peer_scheme {
    TARGET_PEER_TCP,
    TARGET_PEER_TLS,
    TARGET_PEER_HTTP,
    TARGET_PEER_HTTPS,
    TARGET_PEER_FCGI,
    TARGET_PEER_FILE,
    TARGET_PEER_DISK,
};

struct target_peer {
    enum target_peer_scheme scheme;
    /* A name or an address, lower case, without brackets; a name may end with a dot. Or a socket's path. NULL for file and disk. */
    char *host;
    bool is_address;
    uint16_t port; /* 80, 443 and 9000 are the defaults; tcp and tls have none */
    /* As it goes into the request: "/", "/healthz?full=1". Decoded for fcgi, NULL when it names none; decoded and absolute for
     * file and disk; NULL for tcp and tls. */
    char *path;
    char *username;    /* decoded; NULL: none */
    char *password;    /* decoded; NULL: none. Secret */
    char *description; /* "http://127.0.0.1:8080/healthz": what target_peer_describe returns */
};

/* The environment is not looked at. ERR_USAGE names the position, never the text: a user for tcp, tls and fcgi, a path for tcp and tls, a fragment, a
 * relative path for file and disk, a byte that is not printable ASCII, a host that some would read as a number (127.1, 0x7f000001). */
MUST_CHECK int target_peer_parse(const char *url, struct target_peer **ret, struct err *e);
void target_peer_free(struct target_peer *t); /* wipes; NULL allowed */
/* Without user, password and query. */
const char *target_peer_describe(const struct target_peer *t);

/* A secret of a variable or its _FILE, one line; *ret NULL: neither is set. ERR_USAGE: both are, or the file cannot be read; the
 * error names the variable. Owned: target_secret_free(). */
MUST_CHECK int target_secret_load(const char *variable, char **ret, struct err *e);
void target_secret_free(char *text); /* wipes; NULL allowed */

/* True for what cannot leave the pod: no host, a socket, localhost, 127.0.0.0/8, ::1. A name that only begins like an
 * address is none. */
bool target_is_loopback(const char *host);

#endif
