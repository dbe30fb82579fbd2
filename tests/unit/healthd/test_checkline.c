/* The grammar of a check line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "healthd/check/checkline.h"
#include "healthd/probe/probe_http.h"
#include "healthd/probe/probe_kinds.h"
#include "healthd/probe/probe_pg.h"
#include "healthd/probe/probe_redis.h"

static struct check_spec
good(const char *line)
{
    struct check_spec s;
    struct err e;
    if (checkline_parse(line, probe_kinds, &s, &e) < 0)
        fail_msg("%s: %s", line, e.msg);
    return s;
}

static void
bad(const char *line, const char *message)
{
    struct check_spec s;
    struct err e;
    if (checkline_parse(line, probe_kinds, &s, &e) == 0)
        fail_msg("accepted: %s", line);
    assert_int_equal(e.code, ERR_USAGE);
    if (!strstr(e.msg, message))
        fail_msg("%s: no '%s' in: %s", line, message, e.msg);
}

static const struct probe_pg_own *
pg_own(const struct check_spec *s)
{
    return s->own;
}

static const struct probe_http_own *
http_own(const struct check_spec *s)
{
    return s->own;
}

static void
test_defaults(void **state)
{
    (void)state;
    struct check_spec s = good("database postgres://app@db/app");
    assert_string_equal(s.name, "database");
    assert_ptr_equal(s.kind, &probe_pg_kind);
    assert_string_equal(s.url, "postgres://app@db/app");
    assert_int_equal(s.every_ms, 2000);
    assert_int_equal(s.timeout_ms, 1000);
    assert_int_equal(s.after_ms, 0);
    assert_int_equal(s.rules.rise, 1);
    assert_int_equal(s.rules.fall, 1);
    assert_int_equal(s.rules.fall_timeout, 2);
    assert_int_equal(s.rules.stale_ms, 7000);
    assert_false(s.rules.optional);
    assert_false(s.each);
    assert_int_equal(s.n_groups, 1);
    assert_true(check_spec_in_group(&s, "ready"));
    assert_string_equal(s.word_up, "connected");
    assert_string_equal(s.word_down, "disconnected");
    assert_null(pg_own(&s)->query);
    check_spec_done(&s);
}

static void
test_all_keys(void **state)
{
    (void)state;
    struct check_spec s = good(
        "  db\tpostgresql+asyncpg://h/d every 10s timeout 250ms rise 2 fall 3 stale 1m groups "
        "ready,startup,web optional after 5s words yes,no connection each shared degrade=30s role "
        "standby query \"SELECT \"\"a b\"\" FROM 't'\" on-full down  ");
    assert_int_equal(s.every_ms, 10000);
    assert_int_equal(s.timeout_ms, 250);
    assert_int_equal(s.after_ms, 5000);
    assert_int_equal(s.rules.rise, 2);
    assert_int_equal(s.rules.fall, 3);
    assert_int_equal(s.rules.fall_timeout, 3);
    assert_int_equal(s.rules.stale_ms, 60000);
    assert_int_equal(s.rules.shared_ms, 30000);
    assert_true(s.rules.optional && s.each && s.rules.on_full_down);
    assert_int_equal(pg_own(&s)->role, PROBE_PG_STANDBY);
    assert_int_equal(s.n_groups, 3);
    assert_true(check_spec_in_group(&s, "web"));
    assert_false(check_spec_in_group(&s, "we"));
    assert_string_equal(s.word_up, "yes");
    assert_string_equal(s.word_down, "no");
    assert_string_equal(pg_own(&s)->query, "SELECT \"a b\" FROM 't'");
    check_spec_done(&s);
}

static void
test_kinds(void **state)
{
    (void)state;
    struct check_spec s = good("r rediss://:pw@h/1 role master");
    assert_ptr_equal(s.kind, &probe_redis_kind);
    assert_int_equal(((struct probe_redis_own *)s.own)->role, PROBE_REDIS_MASTER);
    check_spec_done(&s);
    s = good("r unix:///run/redis.sock?db=1");
    assert_ptr_equal(s.kind, &probe_redis_kind);
    check_spec_done(&s);
    s = good("r REDIS://h"); /* RFC 3986, 3.1: in any case */
    assert_ptr_equal(s.kind, &probe_redis_kind);
    check_spec_done(&s);
    s = good("a HTTPS://h");
    assert_ptr_equal(s.kind, &probe_http_kind);
    check_spec_done(&s);
    s = good("d PostgreSQL+asyncpg://h/d");
    assert_ptr_equal(s.kind, &probe_pg_kind);
    check_spec_done(&s);
    s = good("r redis://");
    assert_null(s.url); /* what the environment names */
    check_spec_done(&s);
    s = good("d postgres:// query 'SELECT 1'");
    assert_null(s.url);
    assert_string_equal(pg_own(&s)->query, "SELECT 1");
    check_spec_done(&s);
}

/* A connection that nobody asked for is not held: it may cost the application a worker. */
static void
test_tcp(void **state)
{
    (void)state;
    struct check_spec s = good("app tcp://127.0.0.1:8080");
    assert_ptr_equal(s.kind, &probe_tcp_kind);
    assert_string_equal(s.url, "tcp://127.0.0.1:8080");
    assert_true(s.each);
    assert_int_equal(s.rules.fall, 1);
    assert_int_equal(s.rules.fall_timeout, 2);
    check_spec_done(&s);
    s = good("app tcp://127.0.0.1:8080 connection keep every 1s timeout 2s groups live,ready");
    assert_false(s.each);
    assert_int_equal(s.rules.stale_ms, 5000);
    check_spec_done(&s);
    s = good("app tcp://"); /* no environment names one: refused when it is parsed */
    assert_string_equal(s.url, "tcp://");
    check_spec_done(&s);
}

static void
test_http(void **state)
{
    (void)state;
    struct check_spec s = good("app http://127.0.0.1:8080/healthz?x=1 groups live");
    assert_ptr_equal(s.kind, &probe_http_kind);
    assert_int_equal(http_own(&s)->status_from, 200);
    assert_int_equal(http_own(&s)->status_to, 399);
    assert_false(s.each);
    check_spec_done(&s);
    s = good("app https://h status 204 connection each");
    assert_ptr_equal(s.kind, &probe_http_kind);
    assert_int_equal(http_own(&s)->status_from, 204);
    assert_int_equal(http_own(&s)->status_to, 204);
    assert_true(s.each);
    check_spec_done(&s);
    s = good("app http://h status 100-599");
    assert_int_equal(http_own(&s)->status_from, 100);
    assert_int_equal(http_own(&s)->status_to, 599);
    check_spec_done(&s);
    static const char *const wrong[] = {"99",       "600",      "20",      "2000",    "200-",
                                        "-200",     "399-200",  "200-600", "200,204", "2xx",
                                        "200 -299", "200--299", "0x0"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char line[64];
        snprintf(line, sizeof(line), "a http://h status '%s'", wrong[i]);
        bad(line, "neither a status (204) nor a range (200-399)");
    }
    bad("a postgres://h status 200", "only allowed for http:// and https://");
    bad("a http://h role any", "only allowed for postgres:// and redis://");
}

static void
test_derived(void **state)
{
    (void)state;
    struct check_spec s = good("d postgres://h every 500ms timeout 3s");
    assert_int_equal(s.rules.stale_ms, 4500);
    check_spec_done(&s);
    s = good("d postgres://h every 0");
    assert_int_equal(s.every_ms, 0);
    assert_true(s.each);
    assert_int_equal(s.rules.stale_ms, CLOCK_NEVER);
    check_spec_done(&s);
}

/* A verdict that is older than itself before it is renewed. */
static void
test_stale(void **state)
{
    (void)state;
    bad("a postgres://h stale 1s", "check 'a': stale 1s is not longer than every 2s");
    bad("a postgres://h stale 2s", "stale 2s is not longer than every 2s");
    bad("a http://h stale 5s every 1m", "stale 5s is not longer than every 1m");
    bad("a postgres://h every 0 stale 1m", "with every 0");
    struct check_spec s = good("a postgres://h every 1s stale 1100ms");
    assert_int_equal(s.rules.stale_ms, 1100);
    check_spec_done(&s);
}

static void
test_names(void **state)
{
    (void)state;
    bad("", "NAME URL");
    bad("db", "NAME URL");
    bad("Db postgres://h", "not a valid name");
    bad("1b postgres://h", "not a valid name");
    bad("a23456789012345678901234567890123 postgres://h", "not a valid name");
    bad("status postgres://h", "cannot be named 'status'");
    bad("service postgres://h", "cannot be named");
    bad("version postgres://h", "cannot be named");
    bad("timestamp postgres://h", "cannot be named");
    struct check_spec s = good("a2345678901234567890123456789012 postgres://h");
    check_spec_done(&s);
}

static void
test_schemes(void **state)
{
    (void)state;
    bad("a tls+x://h:1", "unknown scheme");
    bad("a postgre://h", "did you mean 'postgres'");
    bad("a radis://h", "did you mean 'redis'");
    bad("a mysql+x://h", "unknown scheme");
    bad("a redis+x://h", "unknown scheme");
    bad("a htp://h", "did you mean 'http'");
    bad("a tpc://h:1", "did you mean 'tcp'");
    bad("a tcp+x://h:1", "unknown scheme");
    bad("a fil:/x", "did you mean 'file'");
    bad("a somewhere", "not a URL");
}

static void
test_keys(void **state)
{
    (void)state;
    bad("a postgres://h evry 2s", "did you mean 'every'");
    bad("a postgres://h zzzzz 2s", "must be one of: every, timeout");
    bad("a postgres://h every", "'every' has no value");
    bad("a postgres://h every 2s every 3s", "'every' is given twice");
    bad("a postgres://h optional optional", "given twice");
    bad("a postgres://h every 2", "every: ");
    bad("a postgres://h every 10ms", "every: ");
    bad("a postgres://h timeout 0", "timeout: ");
    bad("a postgres://h every 25h", "every: ");
    bad("a postgres://h rise 0", "rise: ");
    bad("a postgres://h rise 101", "rise: ");
    bad("a postgres://h fall x", "fall: ");
    bad("a postgres://h connection kep", "did you mean 'keep'");
    bad("a postgres://h role replica", "unknown role 'replica'");
    bad("a redis://h role standby", "unknown role 'standby'");
    bad("a redis://h query x", "only allowed for postgres://");
    bad("a redis://h on-full down", "only allowed for postgres:// and fcgi://");
    bad("a postgres://h every redis://:c4nary@h", "every: a URL is not a valid value");
    bad("a postgres://h role tcp://h:1", "role: a URL is not a valid value");
    bad("a tcp://h:1 query x", "only allowed for postgres://");
    bad("a tcp://h:1 role any", "only allowed for postgres:// and redis://");
    bad("a postgres://h query ''", "the query is empty");
    bad("'a tcp://h:1", "has no closing quote");
    bad("a 'tcp://h:1", "has no closing quote");
    bad("a postgres://h query 'SELECT", "has no closing quote");
    bad("a postgres://h 'every", "has no closing quote");
    bad("a postgres://h query 'SELECT'1", "has no closing quote");
    bad("a postgres://h shared 30s", "degrade=DURATION");
    bad("a postgres://h shared degrade=", "shared: ");
    bad("a postgres://h on-full up", "unknown value of on-full");
}

static void
test_keys_of_paths(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "a file:/x",
        "a file:/x exists younger 26h",
        "a file:/x absent connection each",
        "a 'file:/x y' younger 7d",
        "a disk:/x",
        "a disk:/x min-free 1.5GiB min-inodes 100000",
        "a disk:/x min-free 0 min-inodes 99%",
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct check_spec s = good(lines[i]);
        assert_true(s.each);
        check_spec_done(&s);
    }
    bad("a file:/x absent exists", "'absent' cannot be combined with 'exists'");
    bad("a file:/x younger 1h absent", "'absent' cannot be combined with 'younger'");
    bad("a file:/x younger 0", "younger: '0' is not an age");
    bad("a file:/x younger 5", "younger: ");
    bad("a file:/x connection keep", "'connection keep' is not for paths");
    bad("a disk:/x connection keep", "'connection keep' is not for paths");
    bad("a disk:/x min-free 100%", "min-free: '100%' is not a percentage");
    bad("a disk:/x min-free 1.5%", "min-free: '1.5%' is not a percentage");
    bad("a disk:/x min-free 10G", "min-free: ");
    bad("a disk:/x min-inodes 1KiB", "min-inodes: '1KiB' is neither");
    bad("a disk:/x min-inodes %", "min-inodes: '%' is neither");
    bad("a disk:/x absent", "'absent' is only allowed for file:");
}

static void
test_keys_of_tcp(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "a tcp://h:1 send \"PING\\r\\n\" expect +PONG",
        "a tcp://h:1 expect '220 '",
        "a tls://h:1 days 14 ca /etc/ca.crt server-name db.test",
        "a TLS://h:1 days 0 expect x connection keep",
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct check_spec s = good(lines[i]);
        check_spec_done(&s);
    }
    bad("a tcp://h:1 send x", "'send' is of no use without 'expect'");
    bad("a tcp://h:1 expect ''", "expect: the text is empty");
    bad("a tcp://h:1 expect \\q", "expect: unknown escape");
    bad("a tcp://h:1 days 3", "'days' is only allowed for tls://");
    bad("a tcp://h:1 ca /x", "'ca' is only allowed for tls://");
    bad("a tcp://h:1 server-name x", "'server-name' is only allowed for tls://");
    bad("a tls://h:1 days 3651", "days: '3651' is not a number of days");
    bad("a tls://h:1 days 1.5", "days: '1.5' is not a number of days");
    bad("a tls://h:1 days ''", "days: '' is not a number of days");
    bad("a tls://h:1 ca /x verify no", "'ca' is of no use with 'verify no'");
    bad("a tls://h:1 verify off", "verify: unknown value 'off'");
    bad("a tls://h:1 ca ''", "ca: the path is empty");
    bad("a tls://h:1 server-name 'a b'", "server-name: neither a host name nor an address");
    bad("a redis://h expect x", "only allowed for tcp:// and tls://");
}

static void
test_keys_of_http(void **state)
{
    (void)state;
    setenv("HEADER_VALUE", "v w", 1);
    setenv("HEADER_BAD", "c4nary\x01", 1);
    struct check_spec s =
        good("a https://h/ header \"A: b c\" header x-y:z header-env 'E: HEADER_VALUE' "
             "header-file 'F: /nonexistent' body '\"ok\"' "
             "match '^(a|b){2}$' ca /ca days 7 status 204");
    const struct probe_http_own *own = http_own(&s);
    assert_int_equal(own->headers.n, 4);
    assert_string_equal(own->headers.given[0].line, "A: b c");
    assert_string_equal(own->headers.given[1].line, "x-y:z");
    assert_string_equal(own->headers.given[2].line, "E: v w");
    assert_string_equal(own->headers.given[3].file, "/nonexistent");
    assert_string_equal(own->body, "\"ok\"");
    assert_non_null(own->match);
    assert_string_equal(own->tls.ca, "/ca");
    assert_int_equal(own->tls.days, 7);
    assert_int_equal(own->status_from, 204);
    check_spec_done(&s);
    bad("a http://h/ header c4nary", "header: not of the form");
    bad("a http://h/ header 'c4 nary: x'", "header: not of the form");
    bad("a http://h/ header 'A: '", "header: not of the form");
    bad("a http://h/ header ': c4nary'", "header: not of the form");
    bad("a http://h/ header 'A: c4nary\x01'", "header: the value contains a control character");
    bad("a http://h/ header 'content-length: 3'", "header: this header cannot be set");
    bad("a http://h/ header-file 'A: '", "header-file: not of the form \"Name: FILE\"");
    bad("a http://h/ header-file 'A: /x\x01'", "header-file: the FILE contains a control");
    bad("a http://h/ header-env 'A: HEADER_NONE'", "header-env: the variable HEADER_NONE is not");
    bad("a http://h/ header-env 'A: HEADER_BAD'", "header-env: the variable HEADER_BAD contains");
    bad("a http://h/ header-env 'Connection: HEADER_VALUE'", "header-env: this header cannot");
    bad("a http://h/ body ''", "body: the text is empty");
    bad("a http://h/ match ''", "match: the expression is empty");
    bad("a http://h/ match '((a{1000}){1000}){1000}'", "match: not a valid regular expression: ");
    bad("a http://h/ match 'a{99999999999999999999}'", "match: not a valid regular expression: ");
    bad("a http://h/ match '(*LIMIT_MATCH=4000000000)a'",
        "match: not a valid regular expression: ");
    bad("a http://h/ match 'a)(b'", "match: not a valid regular expression: ");
    bad("a http://h/ match '('", "match: not a valid regular expression: ");
    bad("a http://h/ match a match b", "'match' is given twice");
    bad("a http://h/ verify no", "'verify' is only allowed for https://");
    s = good("a http://h/ match '(a{5}){50}b{1,}\\{900[0-9]{0,1}'");
    check_spec_done(&s);
}

static void
test_keys_of_postgres(void **state)
{
    (void)state;
    struct check_spec s = good("a postgres://h max-lag 30s role standby");
    assert_int_equal(pg_own(&s)->max_lag_ms, 30000);
    assert_false(s.each);
    check_spec_done(&s);
    s = good("a postgres://h mode ping");
    assert_true(pg_own(&s)->ping);
    assert_true(s.each);
    check_spec_done(&s);
    s = good("a postgres://h mode query query 'SELECT 2'");
    assert_false(pg_own(&s)->ping);
    check_spec_done(&s);
    s = good("a postgres://h schema 0012");
    assert_string_equal(pg_own(&s)->schema, "0012");
    check_spec_done(&s);
    bad("a postgres://h schema ''", "schema: neither a version nor a list");
    bad("a postgres://h schema a,", "schema: neither a version nor a list");
    bad("a postgres://h schema \"1';\"", "schema: neither a version nor a list");
    bad("a postgres://h schema 1 mode ping", "cannot be combined with 'schema'");
    bad("a postgres://h max-lag 0", "max-lag: ");
    bad("a postgres://h max-lag 366d", "max-lag: ");
    bad("a postgres://h mode pong", "mode: unknown mode 'pong'; did you mean 'ping'");
    bad("a postgres://h mode ping role primary", "'mode ping' cannot be combined with 'role'");
    bad("a postgres://h query 'SELECT 1' mode ping", "cannot be combined with 'query'");
    bad("a postgres://h max-lag 3s mode ping", "cannot be combined with 'max-lag'");
    bad("a postgres://h mode ping connection keep", "cannot be combined with 'connection keep'");
}

static void
test_groups_and_words(void **state)
{
    (void)state;
    bad("a postgres://h groups check", "cannot be named 'check'");
    bad("a postgres://h groups a,,b", "is not a valid group name");
    bad("a postgres://h groups a,", "is not a valid group name");
    bad("a postgres://h groups A", "is not a valid group name");
    bad("a postgres://h groups a,b,a", "given twice");
    bad("a postgres://h groups a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q", "more than 16 groups");
    bad("a postgres://h words up", "does not have the form UP,DOWN");
    bad("a postgres://h words up,", "does not have the form UP,DOWN");
    bad("a postgres://h words a,b,c", "does not have the form UP,DOWN");
    bad("a postgres://h words 'a\"b,c'", "does not have the form UP,DOWN");
}

/* Errors may be read by anybody: the URL, which may hold a password, is not in them. */
static void
test_errors_keep_secrets(void **state)
{
    (void)state;
    static const char *const lines[] = {"a postgres://u:c4nary@h every x",
                                        "a postgrs://u:c4nary@h",
                                        "a :c4nary@h",
                                        "a http://u:c4nary@h status c4",
                                        "A postgres://u:c4nary@h",
                                        "a redis://:c4nary@h query x"};
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct check_spec s;
        struct err e;
        assert_int_equal(checkline_parse(lines[i], probe_kinds, &s, &e), -1);
        assert_null(strstr(e.msg, "c4nary"));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_all_keys),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_tcp),
        cmocka_unit_test(test_http),
        cmocka_unit_test(test_derived),
        cmocka_unit_test(test_stale),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_schemes),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_keys_of_paths),
        cmocka_unit_test(test_keys_of_tcp),
        cmocka_unit_test(test_keys_of_http),
        cmocka_unit_test(test_keys_of_postgres),
        cmocka_unit_test(test_groups_and_words),
        cmocka_unit_test(test_errors_keep_secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
