/* cronrun's options: the lock's forms, on-busy, what does not belong together, where the command
 * begins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "cronrun/commands.h"
#include "cronrun/options.h"

struct parsed {
    struct options o;
    struct opt_result r;
    struct err e;
    char *argv[16];
    int status; /* OPT_GO or the exit status */
};

static void
parse(struct parsed *p, char **envp, const char *const *words)
{
    *p = (struct parsed){.o = {.child_status = -1,
                               .starting_deadline_ms = UINT64_MAX,
                               .job_deadline_ms = UINT64_MAX,
                               .scheduled_ms = -1}};
    int argc = 0;
    p->argv[argc++] = (char *)"cronrun";
    while (*words)
        p->argv[argc++] = (char *)*words++;
    char *none[] = {NULL};
    struct opt_input in = {.argc = argc, .argv = p->argv, .envp = envp ? envp : none};
    struct opt_said said = {.out = STRBUF_INIT, .warnings = STRBUF_INIT};
    p->status = opt_parse(&cronrun_program, &in, &p->o, &p->r, &said, &p->e);
    if (p->status == OPT_GO && p->r.command == &cmd_run &&
        options_complete(&p->o, p->r.argv[0], &p->e) < 0)
        p->status = cronrun_program.usage_status;
    strbuf_done(&said.out);
    strbuf_done(&said.warnings);
}

#define PARSE(p, ...) parse(p, NULL, (const char *const[]){__VA_ARGS__, NULL})

static void
test_ping(void **state)
{
    (void)state;
    static const char *const wrong[] = {"hc.example/sekret", "tcp://hc.example:80", "http:sekret",
                                        "https://hc.example/sek ret", "https://"};
    struct parsed p;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        PARSE(&p, "--lock", "none", "--ping", wrong[i], "true");
        assert_int_equal(p.status, 125);
        assert_non_null(strstr(p.e.msg, "--ping: "));
        assert_null(strstr(p.e.msg, "sek"));
        assert_null(strstr(p.e.msg, "tcp"));
    }
    PARSE(&p, "--lock", "none", "--ping", "HTTPS://hc.example/sekret?create=1", "true");
    assert_int_equal(p.status, OPT_GO);
}

static void
test_defaults(void **state)
{
    (void)state;
    struct parsed p;
    PARSE(&p, "--lock", "none", "true");
    assert_int_equal(p.status, OPT_GO);
    assert_int_equal(p.o.lock_kind, LOCK_NONE);
    assert_int_equal(p.o.on_busy, BUSY_SKIP);
    assert_int_equal(p.o.lock_ttl_ms, 30000);
    assert_int_equal(p.o.lock_settle_ms, 2000);
    assert_true(p.o.deadline_ms == CLOCK_NEVER);
    assert_int_equal(p.o.grace_ms, 5000);
    assert_int_equal(p.o.stop_signal, SIGTERM);
    assert_int_equal(p.o.busy_status, 0);
    assert_int_equal(p.o.late_status, 77);
    assert_int_equal(p.o.child_status, -1);
    assert_true(p.o.starting_deadline_ms == CLOCK_NEVER);
    assert_string_equal(p.o.termination_log, "/dev/termination-log");
}

static void
test_command_line_begins(void **state)
{
    (void)state;
    static const char *const forms[][8] = {
        {"--lock", "none", "--", "sh", "-c", "exit", NULL},
        {"--lock=none", "sh", "-c", "exit", NULL},
        {"run", "--lock=none", "sh", "-c", "exit", NULL},
        {"run", "--lock=none", "--", "sh", "-c", "exit", NULL},
    };
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        struct parsed p;
        parse(&p, NULL, forms[i]);
        assert_int_equal(p.status, OPT_GO);
        assert_int_equal(p.r.argc, 3);
        assert_string_equal(p.r.argv[0], "sh");
        assert_string_equal(p.r.argv[1], "-c");
        assert_string_equal(p.r.argv[2], "exit");
        assert_null(p.r.argv[3]);
    }
    struct parsed p;
    PARSE(&p, "--lock=none");
    assert_int_equal(p.status, 125);
}

static void
test_locks(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum lock_kind kind;
        const char *where;
    } good[] = {
        {"none", LOCK_NONE, NULL},
        {"file:/run/a.lock", LOCK_FILE, "/run/a.lock"},
        {"file:///run/a.lock", LOCK_FILE, "/run/a.lock"},
        {"postgres", LOCK_POSTGRES, NULL},
        {"postgres://db/app", LOCK_POSTGRES, "postgres://db/app"},
        {"postgresql+asyncpg://db/app", LOCK_POSTGRES, "postgresql+asyncpg://db/app"},
        {"redis", LOCK_REDIS, NULL},
        {"redis://cache", LOCK_REDIS, "redis://cache"},
        {"rediss://cache", LOCK_REDIS, "rediss://cache"},
        {"unix:///run/redis.sock", LOCK_REDIS, "unix:///run/redis.sock"},
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct parsed p;
        PARSE(&p, "--lock", good[i].text, "true");
        assert_int_equal(p.status, OPT_GO);
        assert_int_equal(p.o.lock_kind, good[i].kind);
        if (good[i].where)
            assert_string_equal(p.o.lock_where, good[i].where);
        else
            assert_null(p.o.lock_where);
    }
    static const char *const bad[] = {"file:run/a.lock", "file:", "mysql://db", "yes",
                                      "postgres:",       "NONE"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct parsed p;
        PARSE(&p, "--lock", bad[i], "true");
        if (p.status != 125)
            fail_msg("--lock %s was taken", bad[i]);
    }
}

static void
test_no_lock_is_refused(void **state)
{
    (void)state;
    struct parsed p;
    PARSE(&p, "true");
    assert_int_equal(p.status, 125);
    assert_non_null(strstr(p.e.msg, "--lock"));
    assert_non_null(strstr(p.e.msg, "none"));
    PARSE(&p, "stop", "--json"); /* a command of ours, one would think */
    assert_int_equal(p.status, 125);
    assert_non_null(strstr(p.e.msg, "\"stop\" is taken as the command to run"));
    char *envp[] = {(char *)"CRONRUN_LOCK=none", NULL};
    parse(&p, envp, (const char *const[]){"true", NULL});
    assert_int_equal(p.status, OPT_GO);
}

static void
test_values(void **state)
{
    (void)state;
    struct parsed p;
    PARSE(&p, "--lock=none", "--on-busy", "wait=90s", "--stop-signal", "SIGINT", "--deadline=50s",
          "--child-status=1", "true");
    assert_int_equal(p.status, OPT_GO);
    assert_int_equal(p.o.on_busy, BUSY_WAIT);
    assert_int_equal(p.o.busy_wait_ms, 90000);
    assert_int_equal(p.o.stop_signal, SIGINT);
    assert_int_equal(p.o.deadline_ms, 50000);
    assert_int_equal(p.o.child_status, 1);
    PARSE(&p, "--lock=none", "--on-busy", "fail", "--scheduled-at", "2026-11-21T09:00:00Z",
          "--starting-deadline=20s", "true");
    assert_int_equal(p.o.on_busy, BUSY_FAIL);
    assert_int_equal(p.o.starting_deadline_ms, 20000);
    assert_true(p.o.scheduled_ms == 1795251600000);
}

static void
test_refused(void **state)
{
    (void)state;
    static const char *const bad[][6] = {
        {"--lock=none", "--on-busy=wait", "true", NULL},
        {"--lock=none", "--on-busy=wait=soon", "true", NULL},
        {"--lock=none", "--stop-signal=NOPE", "true", NULL},
        {"--lock=none", "--deadline=-1s", "true", NULL},
        {"--lock=none", "--deadline=abc", "true", NULL},
        {"--lock=none", "--deadline=5", "true", NULL},
        {"--lock=none", "--child-status=0", "true", NULL},
        {"--lock=none", "--child-status=256", "true", NULL},
        {"--lock=none", "--busy-status=-1", "true", NULL},
        {"--lock=redis", "--lock-ttl=10ms", "true", NULL},
        {"--lock=none", "--name=with space", "true", NULL},
        {"--lock=none", "--database=postgres://a/b", "true", NULL},
        {"--lock=postgres://a/b", "--database=postgres://c/d", "true", NULL},
        {"--lock=postgres", "--redis=redis://a", "true", NULL},
        {"--lock=none", "--dedline=5s", "true", NULL},
        {"--lock=none", "--fence=5", "true", NULL},
        {"--lock=none", "--scheduled-at=now", "true", NULL},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct parsed p;
        parse(&p, NULL, bad[i]);
        if (p.status != 125)
            fail_msg("%s was taken", bad[i][1]);
    }
}

/* What we give the command is not an option of a cronrun below. */
static void
test_own_variables_are_known(void **state)
{
    (void)state;
    char *envp[] = {(char *)"CRONRUN_LOCK=none",
                    (char *)"CRONRUN_RUN_ID=x",
                    (char *)"CRONRUN_JOB=y",
                    (char *)"CRONRUN_FENCE=z",
                    (char *)"CRONRUN_SCHEDULED=q",
                    (char *)"CRONRUN_STRICT_ENV=true",
                    NULL};
    struct parsed p;
    parse(&p, envp, (const char *const[]){"true", NULL});
    assert_int_equal(p.status, OPT_GO);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_ping),
        cmocka_unit_test(test_command_line_begins),
        cmocka_unit_test(test_locks),
        cmocka_unit_test(test_no_lock_is_refused),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_own_variables_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
