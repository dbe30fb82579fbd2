/* What a job's options may be: those of `cronrun run`, but not all of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cronrun/tabfile.h"

static const struct {
    const char *name, *value, *message; /* NULL: it is one */
} rows[] = {
    {"deadline", "50s", NULL},
    {"deadline", "none", NULL},
    {"deadline", "50", "deadline: '50' is not a duration"},
    {"deadline", NULL, "deadline: a value is expected, DURATION"},
    {"lock", "redis", NULL},
    {"lock", "redis://:hunter2@h", NULL},
    {"lock", "redis://app@h/1?password_file=/no/such/file", NULL},
    {"lock", "redis://:hunter2@h:x", "lock: the port at character"},
    {"lock", "redis://:hunter2@h/one", "lock: the database is not a number"},
    {"lock", "redis://:hunter2@h?pasword=hunter2", "lock: unknown parameter"},
    {"lock", "unix:/run/redis.sock", "lock: "},
    {"lock", "postgres://h/d", NULL},
    {"lock", "postgresql+asyncpg://u:hunter2@h,i:5433/d?ssl=require", NULL},
    {"lock", "postgres://h/d?password_file=/no/such/file", NULL},
    {"lock", "postgres://u:hunter2@h:99999/d", "lock: "},
    {"lock", "postgres://u:hunter2@h/d?sslmode=hunter2", "lock: sslmode"},
    {"lock", "postgres://u:hunter2@h/d?pasword=hunter2", "lock: unknown parameter"},
    {"lock", "file:/run/x", NULL},
    {"lock", "file:x", "--lock file: needs an absolute path"},
    {"lock", "mysql://:hunter2@h", "--lock must be"},
    {"on-busy", "wait=5s", NULL},
    {"on-busy", "wait=", "on-busy: "},
    {"stop-signal", "SIGINT", NULL},
    {"stop-signal", "SIGFOO", "stop-signal: "},
    {"grace", "postgres://x:hunter2@h", "grace: the value is a connection string"},
    {"busy-status", "256", "busy-status: 256 is not between 0 and 255"},
    {"scheduled-at", "2026-01-01T00:00:00Z", "scheduled-at is no option of a job"},
    {"job-deadline", "5m", "job-deadline is no option of a job"},
    {"database", "postgres://x:hunter2@h/d", "database is no option of a job"},
    {"redis", "redis://:hunter2@h", "redis is no option of a job"},
    {"termination-log", "/x", "termination-log is no option of a job"},
    {"log-level", "debug", "log-level: no such option"},
    {"count", "5", "count: no such option"},
    {"name", "a/b", NULL},
    {"name", "a b", "the job name"},
    {"tz", "UTC", NULL},
    {"tz", "CET-1CEST,M3.5.0,M10.5.0/3", NULL},
    {"tz", "Nowhere/City", "there is no time zone"},
};

static void
test_check(void **state)
{
    (void)state;
    struct crontab_rules rules = tabfile_rules(CRON_VIXIE, CRON_DST_VIXIE);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct err e = {0};
        int status = rules.check(rules.arg, rows[i].name, rows[i].value, &e);
        assert_int_equal(status, rows[i].message ? -1 : 0);
        if (!rows[i].message)
            continue;
        assert_memory_equal(e.msg, rows[i].message, strlen(rows[i].message));
        assert_null(strstr(e.msg, "hunter2"));
    }
}

static void
is_refused(const char *path, const char *message)
{
    const struct crontab_rules rules = tabfile_rules(CRON_VIXIE, CRON_DST_VIXIE);
    struct crontab_faults faults = {0};
    struct crontab *tab = NULL;
    struct err e = {0};
    assert_int_equal(tabfile_read_kept(path, &rules, &tab, &faults, &e), -1);
    assert_int_equal(e.code, ERR_USAGE);
    assert_non_null(strstr(e.msg, message));
    crontab_faults_done(&faults);
}

/* A pipe that nobody writes would be waited for without an end. */
static void
test_only_a_file_is_read_again(void **state)
{
    (void)state;
    char dir[] = "/tmp/test_tabfile.XXXXXX", path[64];
    const struct crontab_rules rules = tabfile_rules(CRON_VIXIE, CRON_DST_VIXIE);
    struct crontab_faults faults = {0};
    struct crontab *tab = NULL;
    struct err e = {0};
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/tab", dir);
    assert_int_equal(mkfifo(path, 0600), 0);
    is_refused("-", "standard input");
    is_refused(path, "no regular file");
    is_refused("/dev/null", "no regular file");
    is_refused(dir, "a directory");
    assert_int_equal(rules.check(rules.arg, "tz", path, &e), -1);
    assert_int_equal(unlink(path), 0);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs("0 * * * * true\n", f) >= 0);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(tabfile_read_kept(path, &rules, &tab, &faults, &e), 0);
    assert_int_equal(tab->n, 1);
    crontab_free(tab);
    crontab_faults_done(&faults);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(dir), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_only_a_file_is_read_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
