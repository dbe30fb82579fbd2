/* names.c: addresses are converted, everything else is "not found". */
#include "images/static/names.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
addresses_are_converted(void **state)
{
    (void)state;
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_DGRAM};
    struct addrinfo *got = NULL;
    char text[INET6_ADDRSTRLEN];
    assert_int_equal(__wrap_getaddrinfo("127.0.0.2", "5432", &hints, &got), 0);
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)got->ai_addr;
    assert_int_equal(got->ai_family, AF_INET);
    assert_int_equal(got->ai_addrlen, sizeof(*v4));
    assert_int_equal(got->ai_socktype, SOCK_DGRAM);
    assert_null(got->ai_next);
    assert_int_equal(v4->sin_family, AF_INET);
    assert_int_equal(ntohs(v4->sin_port), 5432);
    assert_string_equal(inet_ntop(AF_INET, &v4->sin_addr, text, sizeof(text)), "127.0.0.2");
    __wrap_freeaddrinfo(got);

    assert_int_equal(__wrap_getaddrinfo("2001:db8::7", NULL, NULL, &got), 0);
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)got->ai_addr;
    assert_int_equal(got->ai_family, AF_INET6);
    assert_int_equal(got->ai_addrlen, sizeof(*v6));
    assert_int_equal(got->ai_socktype, SOCK_STREAM);
    assert_int_equal(v6->sin6_port, 0);
    assert_int_equal(v6->sin6_scope_id, 0);
    assert_string_equal(inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof(text)), "2001:db8::7");
    __wrap_freeaddrinfo(got);
}

static void
scope_of(const char *node, uint32_t wanted)
{
    struct addrinfo *got = NULL;
    assert_int_equal(__wrap_getaddrinfo(node, "1", NULL, &got), 0);
    assert_int_equal(((const struct sockaddr_in6 *)(const void *)got->ai_addr)->sin6_scope_id,
                     wanted);
    __wrap_freeaddrinfo(got);
}

static void
scopes_are_indices_or_interfaces(void **state)
{
    (void)state;
    scope_of("fe80::1%7", 7);
    scope_of("fe80::1%lo", if_nametoindex("lo"));
}

static void
names_are_not_found(void **state)
{
    (void)state;
    static const char *const nodes[] = {"localhost",
                                        "db.test",
                                        "",
                                        "127.0.0.1 ",
                                        "127.1",
                                        "1",
                                        "fe80::1%nonesuch",
                                        "fe80::%",
                                        "fe80::1%0",
                                        "1:2:3:4:5:6:7:8:9:10:11:12:13:14:15:16:17:18:19:20"};
    struct addrinfo *got = NULL;
    for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++)
        assert_int_equal(__wrap_getaddrinfo(nodes[i], "1", NULL, &got), EAI_NONAME);
    assert_int_equal(__wrap_getaddrinfo(NULL, "1", NULL, &got), EAI_NONAME);
    assert_int_equal(__wrap_getaddrinfo("127.0.0.1", "http", NULL, &got), EAI_SERVICE);
    assert_int_equal(__wrap_getaddrinfo("127.0.0.1", "65536", NULL, &got), EAI_SERVICE);
    assert_int_equal(__wrap_getaddrinfo("127.0.0.1", "", NULL, &got), EAI_SERVICE);
    assert_null(got);
}

static void
the_family_asked_for_counts(void **state)
{
    (void)state;
    struct addrinfo v4 = {.ai_family = AF_INET};
    struct addrinfo v6 = {.ai_family = AF_INET6};
    struct addrinfo *got = NULL;
    assert_int_equal(__wrap_getaddrinfo("::1", "1", &v4, &got), EAI_NONAME);
    assert_int_equal(__wrap_getaddrinfo("127.0.0.1", "1", &v6, &got), EAI_NONAME);
}

static void
users_services_and_modules_are_not_found(void **state)
{
    (void)state;
    struct passwd entry;
    struct passwd *user = &entry;
    struct servent service;
    struct servent *found = &service;
    char buf[64];
    assert_int_equal(__wrap_getpwuid_r(0, &entry, buf, sizeof(buf), &user), 0);
    assert_null(user);
    assert_int_equal(__wrap_getservbyport_r(80, "tcp", &service, buf, sizeof(buf), &found), ENOENT);
    assert_null(found);
    assert_null(__wrap_gethostbyname("localhost"));
    assert_null(__wrap_dlopen("libc.so.6", 0));
    assert_non_null(__wrap_dlerror());
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_converted),
        cmocka_unit_test(scopes_are_indices_or_interfaces),
        cmocka_unit_test(names_are_not_found),
        cmocka_unit_test(the_family_asked_for_counts),
        cmocka_unit_test(users_services_and_modules_are_not_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
