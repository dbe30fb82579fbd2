/* target_pg_keys.c: the keywords, and the names that drivers, frameworks and poolers put into their URLs. */
#include <stdlib.h>
#include <string.h>

#include "common/base/words.h"
#include "common/target/target_pg.h"

struct keyword {
    const char *name;
    const char *variable;
};

/* PostgreSQL's manual, "Parameter Key Words" and "Environment Variables". */
static const struct keyword keywords[PG_KEYS] = {
    [PG_HOST] = {"host", "PGHOST"},
    [PG_HOSTADDR] = {"hostaddr", "PGHOSTADDR"},
    [PG_PORT] = {"port", "PGPORT"},
    [PG_SERVICE] = {"service", "PGSERVICE"},
    [PG_DBNAME] = {"dbname", "PGDATABASE"},
    [PG_USER] = {"user", "PGUSER"},
    [PG_PASSWORD] = {"password", "PGPASSWORD"},
    [PG_PASSFILE] = {"passfile", "PGPASSFILE"},
    [PG_SSLMODE] = {"sslmode", "PGSSLMODE"},
    [PG_SSLROOTCERT] = {"sslrootcert", "PGSSLROOTCERT"},
    [PG_SSLCERT] = {"sslcert", "PGSSLCERT"},
    [PG_SSLKEY] = {"sslkey", "PGSSLKEY"},
    [PG_SSLPASSWORD] = {"sslpassword", NULL},
    [PG_SSLCRL] = {"sslcrl", "PGSSLCRL"},
    [PG_SSLCRLDIR] = {"sslcrldir", "PGSSLCRLDIR"},
    [PG_SSLSNI] = {"sslsni", "PGSSLSNI"},
    [PG_SSLCERTMODE] = {"sslcertmode", "PGSSLCERTMODE"},
    [PG_SSLNEGOTIATION] = {"sslnegotiation", "PGSSLNEGOTIATION"},
    [PG_SSLMIN] = {"ssl_min_protocol_version", "PGSSLMINPROTOCOLVERSION"},
    [PG_SSLMAX] = {"ssl_max_protocol_version", "PGSSLMAXPROTOCOLVERSION"},
    [PG_CHANNEL_BINDING] = {"channel_binding", "PGCHANNELBINDING"},
    [PG_REQUIRE_AUTH] = {"require_auth", "PGREQUIREAUTH"},
    [PG_REQUIREPEER] = {"requirepeer", "PGREQUIREPEER"},
    [PG_OPTIONS] = {"options", "PGOPTIONS"},
    [PG_SEARCH_PATH] = {"search_path", NULL},
    [PG_TIMEZONE] = {"timezone", NULL},
    [PG_DATESTYLE] = {"datestyle", NULL},
    [PG_INTERVALSTYLE] = {"intervalstyle", NULL},
    [PG_READ_ONLY] = {"default_transaction_read_only", NULL},
    [PG_ISOLATION] = {"default_transaction_isolation", NULL},
    [PG_STATEMENT_TIMEOUT] = {"statement_timeout", NULL},
    [PG_LOCK_TIMEOUT] = {"lock_timeout", NULL},
    [PG_TARGET_SESSION_ATTRS] = {"target_session_attrs", "PGTARGETSESSIONATTRS"},
    [PG_LOAD_BALANCE_HOSTS] = {"load_balance_hosts", "PGLOADBALANCEHOSTS"},
    [PG_APPLICATION_NAME] = {"application_name", "PGAPPNAME"},
    [PG_CONNECT_TIMEOUT] = {"connect_timeout", "PGCONNECT_TIMEOUT"},
    [PG_KEEPALIVES] = {"keepalives", NULL},
    [PG_KEEPALIVES_IDLE] = {"keepalives_idle", NULL},
    [PG_KEEPALIVES_INTERVAL] = {"keepalives_interval", NULL},
    [PG_KEEPALIVES_COUNT] = {"keepalives_count", NULL},
    [PG_TCP_USER_TIMEOUT] = {"tcp_user_timeout", NULL},
    [PG_KRBSRVNAME] = {"krbsrvname", "PGKRBSRVNAME"},
};

enum action {
    DO_KEY,         /* another name of a keyword */
    DO_IGNORE,      /* known, and no matter to one connection */
    DO_REFUSE,      /* known, matters, and we cannot */
    DO_SSL,         /* a truth value, or a mode */
    DO_STRICT,      /* Prisma's sslaccept */
    DO_SCHEMA,      /* one schema's exact name */
    DO_SERVER_TYPE, /* JDBC's targetServerType */
    DO_SECRET_FILE, /* a path whose content is the password */
};

struct param {
    const char *name;
    enum action action;
    enum pg_key key;
    bool dsn; /* in a DSN too, not in URLs alone */
};

/* Whose they are stands beside them; letter case does not count (JDBC writes sslMode). */
static const struct param params[] = {
    {"password_file", DO_SECRET_FILE, PG_PASSWORD, true}, /* our own: for check lines */
    {"fallback_application_name", DO_IGNORE, 0, true},    /* libpq; we name ourselves */
    {"client_encoding", DO_IGNORE, 0, true},              /* always UTF8 */
    {"gssencmode", DO_IGNORE, 0, true},                   /* always disable */
    {"gsslib", DO_IGNORE, 0, true},
    {"gssdelegation", DO_IGNORE, 0, true},
    {"sslcompression", DO_IGNORE, 0, true},
    {"ssl", DO_SSL, 0, false},          /* libpq's URLs, JDBC, asyncpg, node-postgres */
    {"ssl_require", DO_SSL, 0, false},  /* dj-database-url */
    {"sslaccept", DO_STRICT, 0, false}, /* Prisma */
    {"sslidentity", DO_REFUSE, 0, false},
    {"username", DO_KEY, PG_USER, false},
    {"database", DO_KEY, PG_DBNAME, false},
    {"passwordfile", DO_SECRET_FILE, PG_PASSWORD, false},
    {"applicationname", DO_KEY, PG_APPLICATION_NAME, false}, /* JDBC */
    {"channelbinding", DO_KEY, PG_CHANNEL_BINDING, false},
    {"connecttimeout", DO_KEY, PG_CONNECT_TIMEOUT, false},
    {"requireauth", DO_KEY, PG_REQUIRE_AUTH, false},
    {"currentschema", DO_KEY, PG_SEARCH_PATH, false},
    {"schema_search_path", DO_KEY, PG_SEARCH_PATH, false}, /* Rails */
    {"schema", DO_SCHEMA, PG_SEARCH_PATH, false},          /* Prisma */
    {"targetservertype", DO_SERVER_TYPE, PG_TARGET_SESSION_ATTRS, false},
    {"loadbalancehosts", DO_IGNORE, 0, false},
    {"gssencodingmode", DO_IGNORE, 0, false},
    {"logintimeout", DO_IGNORE, 0, false},
    {"sockettimeout", DO_IGNORE, 0, false},
    {"socket_timeout", DO_IGNORE, 0, false},
    {"tcpkeepalive", DO_IGNORE, 0, false},
    {"sslfactory", DO_IGNORE, 0, false},
    {"sslresponsetimeout", DO_IGNORE, 0, false},
    {"cancelsignaltimeout", DO_IGNORE, 0, false},
    {"querytimeout", DO_IGNORE, 0, false},
    {"hostrecheckseconds", DO_IGNORE, 0, false},
    {"prefer_simple_protocol", DO_IGNORE, 0, true}, /* GORM */
    {"preferquerymode", DO_IGNORE, 0, false},
    {"databasemetadatacachefields", DO_IGNORE, 0, false},
    {"databasemetadatacachefieldsmib", DO_IGNORE, 0, false},
    {"logunclosedconnections", DO_IGNORE, 0, false},
    {"logservererrordetail", DO_IGNORE, 0, false},
    {"escapesyntaxcallmode", DO_IGNORE, 0, false},
    {"allowencodingchanges", DO_IGNORE, 0, false},
    {"receivebuffersize", DO_IGNORE, 0, false},
    {"sendbuffersize", DO_IGNORE, 0, false},
    {"adaptivefetch", DO_IGNORE, 0, false},
    {"stringtype", DO_IGNORE, 0, false},
    {"autosave", DO_IGNORE, 0, false},
    {"preparethreshold", DO_IGNORE, 0, false},
    {"preparedstatementcachequeries", DO_IGNORE, 0, false},
    {"preparedstatementcachesizemib", DO_IGNORE, 0, false},
    {"binarytransfer", DO_IGNORE, 0, false},
    {"defaultrowfetchsize", DO_IGNORE, 0, false},
    {"rewritebatchedinserts", DO_IGNORE, 0, false},
    {"assumeminserverversion", DO_IGNORE, 0, false},
    {"readonly", DO_KEY, PG_READ_ONLY, false},
    {"loggerlevel", DO_IGNORE, 0, false},
    {"pool", DO_IGNORE, 0, false}, /* Rails */
    {"min_threads", DO_IGNORE, 0, false},
    {"max_threads", DO_IGNORE, 0, false},
    {"reaping_frequency", DO_IGNORE, 0, false},
    {"idle_timeout", DO_IGNORE, 0, false},
    {"checkout_timeout", DO_IGNORE, 0, false},
    {"prepared_statements", DO_IGNORE, 0, false},
    {"statement_limit", DO_IGNORE, 0, false},
    {"advisory_locks", DO_IGNORE, 0, false},
    {"adapter", DO_IGNORE, 0, false},
    {"encoding", DO_IGNORE, 0, false},
    {"timeout", DO_IGNORE, 0, false},
    {"connection_limit", DO_IGNORE, 0, false}, /* Prisma */
    {"pool_timeout", DO_IGNORE, 0, false},
    {"pgbouncer", DO_IGNORE, 0, false},
    {"statement_cache_size", DO_IGNORE, 0, false},
    {"single_use_connections", DO_IGNORE, 0, false},
    {"max_idle_connection_lifetime", DO_IGNORE, 0, false},
    {"max_connection_lifetime", DO_IGNORE, 0, false},
    {"pool_size", DO_IGNORE, 0, false}, /* SQLAlchemy, asyncpg, Ecto */
    {"max_overflow", DO_IGNORE, 0, false},
    {"pool_recycle", DO_IGNORE, 0, false},
    {"pool_pre_ping", DO_IGNORE, 0, false},
    {"min_size", DO_IGNORE, 0, false},
    {"max_size", DO_IGNORE, 0, false},
    {"command_timeout", DO_IGNORE, 0, false},
    {"async_fallback", DO_IGNORE, 0, false},
    {"prepared_statement_cache_size", DO_IGNORE, 0, false},
    {"max_cached_statement_lifetime", DO_IGNORE, 0, false},
    {"max_cacheable_statement_size", DO_IGNORE, 0, false},
    {"conn_max_age", DO_IGNORE, 0, false}, /* Django */
    {"conn_health_checks", DO_IGNORE, 0, false},
    {"serverversion", DO_IGNORE, 0, false}, /* Doctrine */
    {"charset", DO_IGNORE, 0, false},
    {"pool_max_conns", DO_IGNORE, 0, true}, /* pgx, lib/pq */
    {"pool_min_conns", DO_IGNORE, 0, true},
    {"pool_max_conn_lifetime", DO_IGNORE, 0, true},
    {"pool_max_conn_lifetime_jitter", DO_IGNORE, 0, true},
    {"pool_max_conn_idle_time", DO_IGNORE, 0, true},
    {"pool_health_check_period", DO_IGNORE, 0, true},
    {"default_query_exec_mode", DO_IGNORE, 0, true},
    {"statement_cache_capacity", DO_IGNORE, 0, true},
    {"description_cache_capacity", DO_IGNORE, 0, true},
    {"binary_parameters", DO_IGNORE, 0, true},
    {"disable_prepared_binary_result", DO_IGNORE, 0, true},
    {"min_read_buffer_size", DO_IGNORE, 0, true},
    {"extra_float_digits", DO_IGNORE, 0, true}, /* settings that change nothing here */
    {"idle_in_transaction_session_timeout", DO_IGNORE, 0, true},
    {"idle_session_timeout", DO_IGNORE, 0, true},
    {"krbspn", DO_IGNORE, 0, true}, /* no GSS */
    {"servicefile", DO_REFUSE, 0, true},
    {"sslinline", DO_REFUSE, 0, true},
    {"replication", DO_REFUSE, 0, true},
    {"socketfactory", DO_REFUSE, 0, false}, /* Cloud SQL's connector */
    {"cloudsqlinstance", DO_REFUSE, 0, false},
    {"uselibpqcompat", DO_IGNORE, 0, false}, /* node-postgres */
    {"query_timeout", DO_IGNORE, 0, false},
    {"max", DO_IGNORE, 0, false},
    {"min", DO_IGNORE, 0, false},
    {"connectiontimeoutmillis", DO_IGNORE, 0, false},
    {"idletimeoutmillis", DO_IGNORE, 0, false},
    {"allowexitonidle", DO_IGNORE, 0, false},
    {"keepalive", DO_IGNORE, 0, false},
    {"max_lifetime", DO_IGNORE, 0, false}, /* postgres.js, Ecto, Rails 8 */
    {"prepare", DO_IGNORE, 0, false},
    {"fetch_types", DO_IGNORE, 0, false},
    {"backoff", DO_IGNORE, 0, false},
    {"max_connections", DO_IGNORE, 0, false},
    {"min_connections", DO_IGNORE, 0, false},
    {"max_age", DO_IGNORE, 0, false},
    {"statement-cache-capacity", DO_IGNORE, 0, false}, /* sqlx */
};
#define N_PARAMS (sizeof(params) / sizeof(params[0]))

const char *
pg_key_name(enum pg_key key)
{
    return keywords[key].name;
}

const char *
pg_key_variable(enum pg_key key)
{
    return keywords[key].variable;
}

int
pg_key_find(const char *keyword)
{
    for (int i = 0; i < PG_KEYS; i++)
        if (strcasecmp(keywords[i].name, keyword) == 0)
            return i;
    return -1;
}

static int
unknown_param(const char *name, const struct pg_place *place, struct err *e)
{
    const char *known[PG_KEYS + N_PARAMS];
    size_t n = 0;
    for (; n < PG_KEYS; n++)
        known[n] = keywords[n].name;
    for (size_t i = 0; i < N_PARAMS; i++)
        if (place->url || params[i].dsn)
            known[n++] = params[i].name;
    const char *nearest = words_nearest(name, known, n, NULL);
    return err_set(e, ERR_USAGE, "unknown %s%s%s at character %zu%s%s%s",
                   place->url ? "parameter" : "keyword", place->nameable ? " " : "",
                   place->nameable ? name : "", place->at, nearest ? "; did you mean " : "",
                   nearest ? nearest : "", nearest ? "?" : "");
}

/* ---- what a parameter does ---- */

static int
take_copy(struct pg_set *set, enum pg_key key, const char *value, struct err *e)
{
    char *copy = strdup(value);
    if (!copy)
        return err_nomem(e);
    pg_set_take(set, key, copy);
    return 0;
}

static bool
word_in(const char *word, const char *const *words)
{
    for (; *words; words++)
        if (strcasecmp(word, *words) == 0)
            return true;
    return false;
}

/* As libpq reads ssl=true in a URL: encrypted, not verified. An sslmode beside it wins. */
static int
do_ssl(struct pg_set *set, const char *value, struct err *e)
{
    static const char *const yes[] = {"true", "1", "on", "yes", "t", NULL};
    static const char *const no[] = {"false", "0", "off", "no", "f", NULL};
    if (set->value[PG_SSLMODE])
        return 0;
    const char *mode = word_in(value, yes) ? "require" : word_in(value, no) ? "disable" : value;
    return take_copy(set, PG_SSLMODE, mode, e);
}

/* A schema's exact name becomes a search path; "public" is in the default one, and poolers dislike options. */
static int
do_schema(struct pg_set *set, const char *value, struct err *e)
{
    if (strcmp(value, "public") == 0)
        return 0;
    struct strbuf b = STRBUF_INIT;
    strbuf_addc(&b, '"');
    for (const char *p = value; *p; p++)
        strbuf_adds(&b, *p == '"' ? "\"\"" : (char[]){*p, 0});
    strbuf_addc(&b, '"');
    char *quoted = strbuf_steal(&b);
    if (!quoted)
        return err_nomem(e);
    pg_set_take(set, PG_SEARCH_PATH, quoted);
    return 0;
}

static int
do_server_type(struct pg_set *set, const char *value, struct err *e)
{
    static const char *const names[][2] = {
        {"any", "any"},
        {"primary", "primary"},
        {"master", "primary"},
        {"secondary", "standby"},
        {"slave", "standby"},
        {"preferSecondary", "prefer-standby"},
        {"preferSlave", "prefer-standby"},
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcasecmp(value, names[i][0]) == 0)
            return take_copy(set, PG_TARGET_SESSION_ATTRS, names[i][1], e);
    return err_set(e, ERR_USAGE,
                   "targetServerType must be any, primary, secondary or preferSecondary");
}

static int
do_secret_file(struct pg_set *set, const char *path, struct err *e)
{
    char *secret;
    if (set->unopened)
        return 0;
    if (target_read_secret(path, &secret, e) != 0)
        return -1;
    pg_set_take(set, PG_PASSWORD, secret);
    return 0;
}

static int
do_param(struct pg_set *set, const struct param *p, const char *value, struct err *e)
{
    switch (p->action) {
    case DO_KEY:
        return take_copy(set, p->key, value, e);
    case DO_IGNORE:
        return 0;
    case DO_REFUSE:
        return err_set(
            e, ERR_USAGE,
            "%s is not supported; use host, sslcert and sslkey for the server, the certificate and the key",
            p->name);
    case DO_SSL:
        return do_ssl(set, value, e);
    case DO_STRICT:
        set->strict = strcmp(value, "strict") == 0;
        return 0;
    case DO_SCHEMA:
        return do_schema(set, value, e);
    case DO_SERVER_TYPE:
        return do_server_type(set, value, e);
    case DO_SECRET_FILE:
        return do_secret_file(set, value, e);
    }
    return 0;
}

/* SQLAlchemy repeats host for each server; elsewhere the last of two equal names counts. */
static int
add_host(struct pg_set *set, char *value, struct err *e)
{
    struct strbuf b = STRBUF_INIT;
    strbuf_addf(&b, "%s,%s", set->value[PG_HOST], value);
    free(value);
    char *both = strbuf_steal(&b);
    if (!both)
        return err_nomem(e);
    pg_set_take(set, PG_HOST, both);
    return 0;
}

static bool
is_setting(int key)
{
    return key >= PG_SEARCH_PATH && key <= PG_LOCK_TIMEOUT;
}

/* sqlx: options[search_path]=… is a setting's value, and nothing but a setting's. */
static int
bracketed_setting(const char *name)
{
    static const char begin[] = "options[";
    const size_t n = sizeof(begin) - 1;
    const size_t len = strlen(name);
    char inner[40];
    if (len < n + 2 || len - n > sizeof(inner) || strncmp(name, begin, n) != 0 ||
        name[len - 1] != ']')
        return -1;
    memcpy(inner, name + n, len - n - 1);
    inner[len - n - 1] = '\0';
    int key = pg_key_find(inner);
    return is_setting(key) ? key : -1;
}

/* The keyword that is meant; -1: none. Settings have no case anywhere, libpq's keywords have in a DSN. */
static int
keyword_meant(const char *name, bool url)
{
    int key = pg_key_find(name);
    if (url && key < 0)
        return bracketed_setting(name);
    return key >= 0 && (url || is_setting(key) || strcmp(name, keywords[key].name) == 0) ? key : -1;
}

static int
take_keyword(struct pg_set *set, enum pg_key key, char *value, bool url, struct err *e)
{
    if (key == PG_SSLMODE && strcasecmp(value, "no-verify") == 0) { /* node-postgres */
        free(value);
        return take_copy(set, PG_SSLMODE, "require", e);
    }
    if (url && key == PG_HOST && set->value[PG_HOST])
        return add_host(set, value, e);
    pg_set_take(set, key, value);
    return 0;
}

int
pg_set_param(struct pg_set *set, const char *name, char *value, const struct pg_place *place,
             struct err *e)
{
    if (!value)
        return err_nomem(e);
    int key = keyword_meant(name, place->url);
    if (key >= 0)
        return take_keyword(set, (enum pg_key)key, value, place->url, e);
    int result = 0;
    const struct param *found = NULL;
    for (size_t i = 0; i < N_PARAMS && !found; i++) {
        bool counts = place->url || params[i].dsn;
        found = counts && strcasecmp(params[i].name, name) == 0 ? &params[i] : NULL;
    }
    if (found)
        result = do_param(set, found, value, e);
    else if (!place->url || strncmp(name, "x-", 2) != 0) /* golang-migrate's own are x-… */
        result = unknown_param(name, place, e);
    target_wipe(value);
    return result;
}
