/*
 * target_pg.h: PostgreSQL's connection settings as a set of keywords, and who fills it. Private to target_pg*.c.
 */
#ifndef RR_TARGET_TARGET_PG_H
#define RR_TARGET_TARGET_PG_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"
#include "common/target/target_text.h"

/* The first four belong together: they come from the first source that names a server. */
enum pg_key {
    PG_HOST,
    PG_HOSTADDR,
    PG_PORT,
    PG_SERVICE,
    PG_DBNAME,
    PG_USER,
    PG_PASSWORD,
    PG_PASSFILE,
    PG_SSLMODE,
    PG_SSLROOTCERT,
    PG_SSLCERT,
    PG_SSLKEY,
    PG_SSLPASSWORD,
    PG_SSLCRL,
    PG_SSLCRLDIR,
    PG_SSLSNI,
    PG_SSLCERTMODE,
    PG_SSLNEGOTIATION,
    PG_SSLMIN,
    PG_SSLMAX,
    PG_CHANNEL_BINDING,
    PG_REQUIRE_AUTH,
    PG_REQUIREPEER,
    PG_OPTIONS,
    PG_SEARCH_PATH, /* from here on no keywords of libpq, but settings: they become part of options */
    PG_TIMEZONE,
    PG_DATESTYLE,
    PG_INTERVALSTYLE,
    PG_READ_ONLY,
    PG_ISOLATION,
    PG_STATEMENT_TIMEOUT, /* these two are never sent: our own limits rule */
    PG_LOCK_TIMEOUT,
    PG_TARGET_SESSION_ATTRS,
    PG_LOAD_BALANCE_HOSTS,
    PG_APPLICATION_NAME,
    PG_CONNECT_TIMEOUT,
    PG_KEEPALIVES,
    PG_KEEPALIVES_IDLE,
    PG_KEEPALIVES_INTERVAL,
    PG_KEEPALIVES_COUNT,
    PG_TCP_USER_TIMEOUT,
    PG_KRBSRVNAME,
    PG_KEYS
};

/* Owned strings; NULL: open. */
struct pg_set {
    char *value[PG_KEYS];
    bool strict;   /* sslaccept=strict came by: pg_text_parse() makes it verify-full */
    bool unopened; /* no file is read: password_file= is taken as it is */
};

void pg_set_done(struct pg_set *set); /* wipes; set is as new */
/* Takes value; what was there is wiped. */
void pg_set_take(struct pg_set *set, enum pg_key key, char *value);
bool pg_set_names_server(const struct pg_set *set); /* host, hostaddr or service */
/* Moves what `into` leaves open from `from`; the server's keys only when `into` names none. `from` is done. */
void pg_set_fill(struct pg_set *into, struct pg_set *from);
/* Values that libpq would refuse, or worse accept, said early. ERR_USAGE names the keyword. */
MUST_CHECK int pg_set_check(const struct pg_set *set, struct err *e);

const char *pg_key_name(enum pg_key key);
const char *pg_key_variable(enum pg_key key); /* NULL: none */
int pg_key_find(const char *keyword);         /* -1: unknown */

/* Where a parameter stands, for the message that refuses it. */
struct pg_place {
    bool url; /* in a URL's query: the drivers' own names count, too */
    size_t at;
    bool nameable; /* target_param_nameable() */
};

/* One parameter of a URL's query or of a DSN. Takes value. ERR_USAGE for an unknown name, with the nearest known one. */
MUST_CHECK int pg_set_param(struct pg_set *set, const char *name, char *value,
                            const struct pg_place *place, struct err *e);

/* A URL, DSN or PHP's pgsql:… into an empty set. *ret_foreign (may be NULL): the scheme is another database's.
 * On error the set is done. */
MUST_CHECK int
pg_text_parse(const char *text, struct pg_set *set, bool *ret_foreign, struct err *e);

/* The service named set->value[PG_SERVICE], from PGSERVICEFILE, ~/.pg_service.conf or PGSYSCONFDIR, into an empty set. */
MUST_CHECK int pg_service_read(const char *service, const struct target_env *env,
                               struct pg_set *ret, struct err *e);

/* All sources merged into an empty set. database: --database or a check line's text, or NULL; alone: only that text and
 * PG*, as any libpq program has it. *ret_named false: nothing names a database. */
MUST_CHECK int pg_sources_read(const char *database, bool alone, const struct target_env *env,
                               struct pg_set *ret, bool *ret_named, struct err *e);

const char *
pg_target_secret(const struct target_pg *t, enum pg_key key); /* for target_pg_params(); borrowed */
bool pg_target_sends_settings(const struct target_pg *t);
/* options, with the settings behind them: owned; "" none, NULL without memory. */
char *pg_target_options(const struct target_pg *t);

#endif
