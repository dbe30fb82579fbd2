/* test_pgconn.c: how libpq's words become error codes; sessions themselves are tested on real
 * servers by the scenarios. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/pg/pgconn_impl.h"

#define HEAD "connection to server at \"db\" (10.0.0.1), port 5432 failed: "

/* What libpq says about a connection that failed, and what it is. */
static const struct {
    const char *text;
    ConnStatusType stage;
    bool needs_password;
    enum err_code code;
    const char *sqlstate;
} connect_errors[] = {
    {HEAD
     "FATAL:  57P03: the database system is starting up\nLOCATION:  ProcessStartupPacket, postmaster.c:2380\n",
     CONNECTION_AWAITING_RESPONSE, false, ERR_SERVER, "57P03"},
    {HEAD "FATAL:  28P01: password authentication failed for user \"app\"\n",
     CONNECTION_AWAITING_RESPONSE, false, ERR_AUTH, "28P01"},
    {HEAD
     "FATAL:  28000: no pg_hba.conf entry for host \"1\", user \"u\", database \"d\", no encryption\n" HEAD
     "FATAL:  28P01: password authentication failed for user \"u\"\n",
     CONNECTION_AWAITING_RESPONSE, false, ERR_AUTH, "28P01"},
    {HEAD "FATAL:  28000: connection requires a valid client certificate\n",
     CONNECTION_AWAITING_RESPONSE, false, ERR_TLS, ""},
    {HEAD "FATAL:  3D000: database \"x\" does not exist\n", CONNECTION_AUTH_OK, false, ERR_SERVER,
     "3D000"},
    {HEAD "FATAL:  53300: sorry, too many clients already\n", CONNECTION_AWAITING_RESPONSE, false,
     ERR_SERVER, "53300"},
    {HEAD "fe_sendauth: no password supplied\n", CONNECTION_AWAITING_RESPONSE, true, ERR_AUTH, ""},
    {HEAD
     "Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?\n",
     CONNECTION_STARTED, false, ERR_REFUSED, ""},
    {"connection to server on socket \"/run/.s.PGSQL.5432\" failed: No such file or directory\n"
     "\tIs the server running locally and accepting connections on that socket?\n",
     CONNECTION_NEEDED, false, ERR_REFUSED, ""},
    {HEAD "could not create socket: Too many open files\n", CONNECTION_NEEDED, false, ERR_SYSTEM,
     ""},
    {HEAD "could not open certificate file \"/a\": Too many open files in system\n",
     CONNECTION_SSL_STARTUP, false, ERR_SYSTEM, ""},
    {HEAD "could not fork new process for connection: Cannot allocate memory\n",
     CONNECTION_AWAITING_RESPONSE, false, ERR_REFUSED, ""}, /* the server lacks it */
    {HEAD "could not fork new process for connection: Resource temporarily unavailable\n",
     CONNECTION_AWAITING_RESPONSE, false, ERR_REFUSED, ""},
    {HEAD "server sent an error response during SSL exchange\n", CONNECTION_SSL_STARTUP, false,
     ERR_REFUSED, ""}, /* the same, with TLS */
    {HEAD "No buffer space available\n", CONNECTION_STARTED, false, ERR_SYSTEM, ""},
    {HEAD "Connection timed out\n", CONNECTION_STARTED, false, ERR_TIMEOUT, ""},
    {"connection to server on socket \"/s/.s.PGSQL.5432\" failed: Resource temporarily unavailable\n"
     "\tIs the server running locally and accepting connections on that socket?\n",
     CONNECTION_STARTED, false, ERR_TIMEOUT, ""},
    {HEAD "server closed the connection unexpectedly\n", CONNECTION_AWAITING_RESPONSE, false,
     ERR_CLOSED, ""},
    {HEAD "SSL error: certificate verify failed\n", CONNECTION_SSL_STARTUP, false, ERR_TLS, ""},
    {HEAD "server does not support SSL, but SSL was required\n", CONNECTION_SSL_STARTUP, false,
     ERR_TLS, ""},
    {HEAD "received invalid response to SSL negotiation: H\n", CONNECTION_SSL_STARTUP, false,
     ERR_PROTOCOL, ""},
    {HEAD "received invalid response to SSL negotiation: \n", CONNECTION_SSL_STARTUP, false,
     ERR_PROTOCOL, ""}, /* a zero byte ends the text */
    {HEAD "expected authentication request from server, but received H\n",
     CONNECTION_AWAITING_RESPONSE, false, ERR_PROTOCOL, ""},
};

static void
test_classes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(connect_errors) / sizeof(*connect_errors); i++) {
        struct err e = {0};
        assert_int_equal(pgconn_connect_error(&e, connect_errors[i].text, connect_errors[i].stage,
                                              connect_errors[i].needs_password),
                         -1);
        if (e.code != connect_errors[i].code || strcmp(e.sqlstate, connect_errors[i].sqlstate) != 0)
            fail_msg("row %zu: %s %s", i, err_name(e.code), e.sqlstate);
    }
}

/* Names within the words are the user's: "no such database: query_timeout" is no time-out. */
static void
test_pooler(void **state)
{
    (void)state;
    static const struct {
        const char *said;
        enum err_code code;
        const char *sqlstate;
    } rows[] = {
        {"no such user", ERR_AUTH, "28000"},
        {"no such user: sorry, too many clients already", ERR_AUTH, "28000"},
        {"password authentication failed", ERR_AUTH, "28P01"},
        {"password authentication failed for user \"app\"", ERR_AUTH, "28P01"},
        {"SASL authentication failed", ERR_AUTH, "28P01"},
        {"server login failed: wrong password type", ERR_AUTH, "28P01"},
        {"role \"app\" does not exist", ERR_AUTH, "28000"},
        {"no such database: query_timeout", ERR_SERVER, "3D000"},
        {"database \"a\" does not exist", ERR_SERVER, "3D000"},
        {"database \"a\" is disabled", ERR_SERVER, "3D000"},
        {"database \"a\" is not currently accepting connections", ERR_SERVER, "08P01"},
        {"no more connections allowed (max_client_conn)", ERR_SERVER, "53300"},
        {"client connections exceeded (max_db_client_connections)", ERR_SERVER, "53300"},
        {"sorry, too many clients already", ERR_SERVER, "53300"},
        {"query_wait_timeout", ERR_TIMEOUT, "57014"},
        {"client_login_timeout (server down)", ERR_TIMEOUT, "57014"},
        {"the database system is starting up", ERR_SERVER, "57P03"},
        {"server shutting down", ERR_SERVER, "57P01"},
        {"pgbouncer cannot connect to server", ERR_REFUSED, "08001"},
        {"server login has been failing, try again later (server_login_retry)", ERR_REFUSED,
         "08001"},
        {"server login has been failing, cached error: connect failed (server_login_retry)",
         ERR_REFUSED, "08001"},
        {"server login has been failing, cached error: password authentication failed for user "
         "\"a\" (server_login_retry)",
         ERR_AUTH, "28P01"},
        {"server login has been failing, cached error: database \"a\" does not exist "
         "(server_login_retry)",
         ERR_SERVER, "3D000"},
        {"server login has been failing, cached error: was anderes (server_login_retry)",
         ERR_REFUSED, "08001"},
        {"unsupported startup parameter: options", ERR_SERVER, "08P01"},
        {"", ERR_SERVER, "08P01"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct err e = {0};
        char text[400];
        snprintf(text, sizeof(text), HEAD "FATAL:  08P01: %s\n", rows[i].said);
        pgconn_connect_error(&e, text, CONNECTION_AWAITING_RESPONSE, false);
        if (e.code != rows[i].code || strcmp(e.sqlstate, rows[i].sqlstate) != 0)
            fail_msg("%s: %s %s", rows[i].said, err_name(e.code), e.sqlstate);
        assert_non_null(strstr(e.msg, rows[i].said));
    }
}

static void
test_text(void **state)
{
    (void)state;
    char line[200];
    pgconn_text_clean(
        "x\n" HEAD "FATAL:  57P03: the database system\nis  starting up\nLOCATION:  here, x.c:1\n",
        line, sizeof(line));
    assert_string_equal(line, HEAD "FATAL: the database system is starting up");
    pgconn_text_clean("", line, sizeof(line));
    assert_string_equal(line, "");
    char tiny[8];
    pgconn_text_clean("abcdefghijkl", tiny, sizeof(tiny));
    assert_string_equal(tiny, "abcdefg");
    /* A message that only looks like a code. */
    char sqlstate[6];
    pgconn_text_sqlstate(HEAD "FATAL: ABCDE: no", sqlstate);
    assert_string_equal(sqlstate, "");
    pgconn_text_sqlstate(HEAD "FATAL:  57P0", sqlstate);
    assert_string_equal(sqlstate, "");
}

static void
test_roles(void **state)
{
    (void)state;
    enum pgconn_role role = PGCONN_STANDBY;
    assert_int_equal(pgconn_role_parse(NULL, &role, NULL), 0);
    assert_int_equal(role, PGCONN_ANY);
    assert_int_equal(pgconn_role_parse("prefer-standby", &role, NULL), 0);
    assert_int_equal(role, PGCONN_PREFER_STANDBY);
    assert_int_equal(pgconn_role_parse("master", &role, NULL), -1);
    /* wanted, primary, read-only primary, standby */
    static const bool rows[][3] = {
        [PGCONN_ANY] = {true, true, true},        [PGCONN_READ_WRITE] = {true, false, false},
        [PGCONN_READ_ONLY] = {false, true, true}, [PGCONN_PRIMARY] = {true, true, false},
        [PGCONN_STANDBY] = {false, false, true},  [PGCONN_PREFER_STANDBY] = {false, false, true},
    };
    for (int r = PGCONN_ANY; r <= PGCONN_PREFER_STANDBY; r++) {
        assert_int_equal(pgconn_role_ok((enum pgconn_role)r, false, false), rows[r][0]);
        assert_int_equal(pgconn_role_ok((enum pgconn_role)r, false, true), rows[r][1]);
        assert_int_equal(pgconn_role_ok((enum pgconn_role)r, true, true), rows[r][2]);
    }
}

static void
test_which_error_stays(void **state)
{
    (void)state;
    struct err best = {0};
    struct err e = {0};
    err_set(&e, ERR_REFUSED, "a");
    pgconn_note_error(&best, &e);
    assert_int_equal(best.code, ERR_REFUSED);
    err_set(&e, ERR_WRONG_ROLE, "b");
    pgconn_note_error(&best, &e);
    assert_int_equal(best.code, ERR_WRONG_ROLE);
    err_set(&e, ERR_TIMEOUT, "c");
    pgconn_note_error(&best, &e);
    assert_int_equal(best.code, ERR_WRONG_ROLE);
    err_sql(&e, ERR_SERVER, "53300", "d");
    assert_true(pgconn_try_next(&e));
    err_sql(&e, ERR_SERVER, "3D000", "d");
    assert_false(pgconn_try_next(&e));
    err_sql(&e, ERR_AUTH, "28P01", "d");
    assert_false(pgconn_try_next(&e));
}

/* A keyword that this libpq has not is told before any connection, with both names. */
static void
test_supports(void **state)
{
    (void)state;
    static const struct {
        const char *keyword;
        int since;
    } rows[] = {{"sslnegotiation=direct&sslmode=require", 170000},
                {"require_auth=scram-sha-256", 160000},
                {"sslcertmode=disable", 160000},
                {"load_balance_hosts=random", 0}, /* ours */
                {"target_session_attrs=any", 0}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char url[128];
        struct target_pg *t = NULL;
        struct err e = {0};
        snprintf(url, sizeof(url), "postgres://u:p@db/x?%s", rows[i].keyword);
        assert_int_equal(target_pg_parse(url, &t, &e), 0);
        bool known = PQlibVersion() >= rows[i].since;
        assert_int_equal(pgconn_supports(t, &e), known ? 0 : -1);
        if (!known) {
            char version[40];
            snprintf(version, sizeof(version), "is not supported by libpq %d.",
                     PQlibVersion() / 10000);
            assert_int_equal(e.code, ERR_USAGE);
            assert_memory_equal(e.msg, rows[i].keyword, strcspn(rows[i].keyword, "="));
            assert_non_null(strstr(e.msg, version));
        }
        target_pg_free(t);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_classes),
        cmocka_unit_test(test_pooler),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_roles),
        cmocka_unit_test(test_which_error_stays),
        cmocka_unit_test(test_supports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
