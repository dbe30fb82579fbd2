/* Where an application is: tcp, tls, http, https and fcgi URLs; paths; and what is inside the pod. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/target/target.h"

static struct target_peer *
good(const char *url)
{
    struct target_peer *t = NULL;
    struct err e;
    if (target_peer_parse(url, &t, &e) < 0)
        fail_msg("%s: %s", url, e.msg);
    return t;
}

static void
bad(const char *url, const char *message)
{
    struct target_peer *t = NULL;
    struct err e;
    if (target_peer_parse(url, &t, &e) == 0)
        fail_msg("accepted: %s", url);
    assert_int_equal(e.code, ERR_USAGE);
    if (!strstr(e.msg, message))
        fail_msg("%s: no '%s' in: %s", url, message, e.msg);
    assert_null(strstr(e.msg, "c4nary"));
}

static void
check(const char *url, enum target_peer_scheme scheme, const char *host, uint16_t port,
      const char *path, const char *description)
{
    struct target_peer *t = good(url);
    assert_int_equal(t->scheme, scheme);
    assert_string_equal(t->host, host);
    assert_int_equal(t->port, port);
    if (path)
        assert_string_equal(t->path, path);
    else
        assert_null(t->path);
    assert_string_equal(target_peer_describe(t), description);
    target_peer_free(t);
}

static void
test_parts(void **state)
{
    (void)state;
    check("tls://H:5433", TARGET_PEER_TLS, "h", 5433, NULL, "tls://h:5433");
    check("tcp://127.0.0.1:80", TARGET_PEER_TCP, "127.0.0.1", 80, NULL, "tcp://127.0.0.1:80");
    check("TCP://[::1]:65535/", TARGET_PEER_TCP, "::1", 65535, NULL, "tcp://[::1]:65535");
    check("tcp://App.Shop.svc.:1", TARGET_PEER_TCP, "app.shop.svc.", 1, NULL,
          "tcp://app.shop.svc.:1");
    check("http://h", TARGET_PEER_HTTP, "h", 80, "/", "http://h:80/");
    check("https://h", TARGET_PEER_HTTPS, "h", 443, "/", "https://h:443/");
    check("http://[fd00::1]:8080/a/b?c=d&e", TARGET_PEER_HTTP, "fd00::1", 8080, "/a/b?c=d&e",
          "http://[fd00::1]:8080/a/b");
    check("http://h?full=1", TARGET_PEER_HTTP, "h", 80, "/?full=1", "http://h:80/");
    check("http://h/%2e%2e/x//y", TARGET_PEER_HTTP, "h", 80, "/%2e%2e/x//y",
          "http://h:80/%2e%2e/x//y");
}

static void
test_fcgi(void **state)
{
    (void)state;
    check("fcgi://php:9001/ping", TARGET_PEER_FCGI, "php", 9001, "/ping", "fcgi://php:9001/ping");
    check("FCGI://[::1]", TARGET_PEER_FCGI, "::1", 9000, NULL, "fcgi://[::1]:9000");
    check("fcgi://h/", TARGET_PEER_FCGI, "h", 9000, NULL, "fcgi://h:9000");
    check("fcgi://h/a%20b%2Fc", TARGET_PEER_FCGI, "h", 9000, "/a b/c", "fcgi://h:9000/a%20b%2Fc");
    check("fcgi://unix:9000/ping", TARGET_PEER_FCGI, "unix", 9000, "/ping",
          "fcgi://unix:9000/ping");
    check("fcgi://unix:/run/php/fpm.sock", TARGET_PEER_FCGI, "/run/php/fpm.sock", 0, NULL,
          "fcgi://unix:/run/php/fpm.sock");
    check("fcgi://unix:/run/a%3Ab@c:/p/q", TARGET_PEER_FCGI, "/run/a:b@c", 0, "/p/q",
          "fcgi://unix:/run/a%3Ab@c:/p/q");
    check("fcgi://unix:/s:/", TARGET_PEER_FCGI, "/s", 0, NULL, "fcgi://unix:/s:/");
    bad("fcgi://", "host is missing");
    bad("fcgi://h?c4nary", "cannot contain a query");
    bad("fcgi://h/ping?c4nary", "cannot contain a query");
    bad("fcgi://unix:/s?c4nary", "cannot contain a query");
    bad("fcgi://unix:/s:/ping?c4nary", "cannot contain a query");
    bad("fcgi://u:c4nary@h/", "cannot contain a user name");
    bad("fcgi://h/%00", "%-escape at character 10");
    bad("fcgi://unix:/%0", "%-escape at character 14");
    bad("fcgi://unix:/s:/%x", "%-escape at character 17");
    bad("fcgi://unix:/s#x", "is \"#\"");
    bad("fcgi://h:0/", "port");
    bad("fcgi://unix:/234567890123456789012345678901234567890123456789012345678901234567890123456789"
        "01234567890123456789012345678",
        "longer than 107 bytes");
}

static void
path_is(const char *url, enum target_peer_scheme scheme, const char *path)
{
    struct target_peer *t = good(url);
    assert_int_equal(t->scheme, scheme);
    assert_string_equal(t->path, path);
    assert_null(t->host);
    assert_string_equal(target_peer_describe(t), url);
    assert_true(target_is_loopback(t->host));
    target_peer_free(t);
}

static void
test_paths(void **state)
{
    (void)state;
    path_is("file:/run/up", TARGET_PEER_FILE, "/run/up");
    path_is("file:///run/up", TARGET_PEER_FILE, "/run/up");
    path_is("file:/a%20b%3F:/@c", TARGET_PEER_FILE, "/a b?:/@c");
    path_is("disk:/", TARGET_PEER_DISK, "/");
    path_is("DISK:///data/", TARGET_PEER_DISK, "/data/");
    bad("file:", "write file:/PATH");
    bad("file:run/up", "write file:/PATH");
    bad("file://host/run/up", "write file:/PATH");
    bad("disk://", "write disk:/PATH");
    bad("file:////x", "write file:/PATH");
    bad("file:/a?b", "character 8 of the URL is \"?\"");
    bad("file:/a%00", "%-escape at character 8");
    bad("file:/a b", "space");
}

static void
test_user(void **state)
{
    (void)state;
    struct target_peer *t = good("http://me%40x:c4n%3Aary@h:81/p?token=c4nary");
    assert_string_equal(t->username, "me@x");
    assert_string_equal(t->password, "c4n:ary");
    assert_string_equal(t->path, "/p?token=c4nary");
    assert_string_equal(target_peer_describe(t), "http://h:81/p");
    target_peer_free(t);
    t = good("https://me@h");
    assert_string_equal(t->username, "me");
    assert_null(t->password);
    target_peer_free(t);
}

static void
test_refused(void **state)
{
    (void)state;
    bad("tcp://", "host is missing");
    bad("tcp://h", "port is missing");
    bad("tcp://:80", "host is missing");
    bad("tcp://h:0", "port");
    bad("tcp://h:65536", "port");
    bad("tcp://h:80/x", "nothing may follow the port");
    bad("tcp://h:80?x", "nothing may follow the port");
    bad("tcp://u:c4nary@h:80", "cannot contain a user name");
    bad("tcp:h:80", "expected //");
    bad("tls://h", "write tls://HOST:PORT");
    bad("tls://h:80/x", "nothing may follow the port of a tls:// URL");
    bad("tls://u:c4nary@h:80", "tls:// URLs cannot contain a user name");
    bad("udp://h:80", "must begin with tcp://");
    bad("http://", "host is missing");
    bad("http:///c4nary", "host is missing");
    bad("http://a,b/", "several servers");
    bad("http://u:c4nary@x@h/", "more than one @");
    bad("http://u:c4nary#@h/", "is \"#\"");
    bad("http://h/#top", "is \"#\"");
    bad("http://u:c4nary/c4nary@h/", "port");
    bad("http://u:c4nary%zz@h/", "escape");
    bad("http://h/a b", "space");
    bad("http://h/a\r\nX: c4nary", "space");
    bad("http://h/\xc3\xa9", "ASCII");
    bad("http://h\\c4nary/", "backslash");
    bad("http://h:c4nary/", "port");
}

/* What one reader takes for a name and the next for an address. */
static void
test_hosts(void **state)
{
    (void)state;
    static const char *const urls[] = {"http://127.1/",
                                       "http://2130706433/",
                                       "http://0x7f000001",
                                       "http://127.0.0.1./",
                                       "http://1.2.3.256/",
                                       "http://a.0x1/",
                                       "http://a.12./",
                                       "http://-h/",
                                       "http://.h/",
                                       "http://a..b/",
                                       "http://h%00/",
                                       "http://h%2e/",
                                       "http://[::1/",
                                       "http://[h]:x/",
                                       "http://a_b!c/",
                                       "tcp://[fe80::1%eth0]:80",
                                       "http://127.0.0.1%2f.evil/"};
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++)
        bad(urls[i], "of the URL");
    struct target_peer *t = good("http://a_b-c.d1.1x/");
    assert_false(t->is_address);
    target_peer_free(t);
    t = good("http://[::ffff:127.0.0.1]/");
    assert_true(t->is_address);
    target_peer_free(t);
}

static void
test_loopback(void **state)
{
    (void)state;
    static const char *const inside[] = {"127.0.0.1", "127.255.0.9", "::1",
                                         "localhost", "LocalHost",   "localhost.",
                                         "/run/sock", "@name",       "::ffff:127.0.0.1"};
    static const char *const outside[] = {
        "127.evil.com", "127.0.0.1.evil.com", "127.",    "127.1", "128.0.0.1", "localhost.evil.com",
        "::2",          "::ffff:10.0.0.1",    "0.0.0.0", "db",    ""};
    assert_true(target_is_loopback(NULL));
    for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++)
        if (!target_is_loopback(inside[i]))
            fail_msg("%s is inside", inside[i]);
    for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++)
        if (target_is_loopback(outside[i]))
            fail_msg("%s is outside", outside[i]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts), cmocka_unit_test(test_paths),
        cmocka_unit_test(test_user),  cmocka_unit_test(test_refused),
        cmocka_unit_test(test_hosts), cmocka_unit_test(test_loopback),
        cmocka_unit_test(test_fcgi),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
