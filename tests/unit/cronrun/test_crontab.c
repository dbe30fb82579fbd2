/* Crontab files: what the jobs are, and each fault with line and column. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "common/base/strbuf.h"
#include "cronrun/tab/crontab.h"

/* Stands for the option rows of cronrun: "bad" is never a value, and says so with the name. */
static int
check(void *arg, const char *name, const char *value, struct err *e)
{
    (void)arg;
    if (!value && strcmp(name, "guard") != 0)
        return err_set(e, ERR_USAGE, "%s needs a value", name);
    return value && strcmp(value, "bad") == 0 ? err_set(e, ERR_USAGE, "%s: not good", name) : 0;
}

static const char *const options[] = {"deadline", "lock", "lock-ttl", "guard", NULL};

static struct crontab_rules
rules_of(enum cron_dialect dialect)
{
    return (struct crontab_rules){.dialect = dialect, .options = options, .check = check};
}

/* "3:5 error: text\n" for each fault. */
static char *
faults_of(const char *text, size_t len, enum cron_dialect dialect)
{
    struct crontab_rules rules = rules_of(dialect);
    struct crontab_faults faults = {0};
    struct crontab *tab = NULL;
    struct strbuf out = STRBUF_INIT;
    struct err e = {0};
    int status = crontab_parse(text, len, &rules, &tab, &faults, &e);
    size_t errors = 0;
    for (size_t i = 0; i < faults.n; i++) {
        const struct crontab_fault *f = &faults.items[i];
        strbuf_addf(&out, "%u:%u %s: %s\n", f->line, f->column, f->is_error ? "error" : "warning",
                    f->text);
        errors += f->is_error;
    }
    assert_int_equal(errors > 0, status < 0);
    assert_int_equal(status < 0, tab == NULL);
    if (status < 0)
        assert_int_equal(e.code, ERR_INPUT);
    crontab_faults_done(&faults);
    crontab_free(tab);
    strbuf_adds(&out, "");
    return strbuf_steal(&out);
}

static struct crontab *
parsed(const char *text, enum cron_dialect dialect)
{
    struct crontab_rules rules = rules_of(dialect);
    struct crontab_faults faults = {0};
    struct crontab *tab = NULL;
    struct err e = {0};
    if (crontab_parse(text, strlen(text), &rules, &tab, &faults, &e) < 0)
        fail_msg("%s", e.msg);
    crontab_faults_done(&faults);
    return tab;
}

static void
test_job(void **state)
{
    (void)state;
    struct crontab *tab = parsed("# mail\n"
                                 "A = 'x y' \n"
                                 "*/5 * * * * [name=mail deadline=50s policy=queue lock=redis "
                                 "lock_ttl=\"20s\" jitter=3s starting-deadline=1m catchup=one "
                                 "dst=skip tz=Europe/Berlin guard] php  bin/console x\n"
                                 "\n"
                                 "@every 90s true\n",
                                 CRON_VIXIE);
    assert_int_equal(tab->n, 2);
    const struct crontab_job *job = &tab->jobs[0];
    assert_int_equal(job->line, 3);
    assert_string_equal(job->name, "mail");
    assert_string_equal(job->expression, "*/5 * * * *");
    assert_string_equal(job->zone, "Europe/Berlin");
    assert_int_equal(job->dst, CRON_DST_SKIP);
    assert_int_equal(job->policy, TAB_QUEUE);
    assert_int_equal(job->jitter_ms, 3000);
    assert_int_equal(job->starting_deadline_ms, 60000);
    assert_true(job->catchup);
    assert_string_equal(job->env[0], "A=x y");
    assert_null(job->env[1]);
    assert_string_equal(job->run[0], "--deadline=50s");
    assert_string_equal(job->run[1], "--lock=redis");
    assert_string_equal(job->run[2], "--lock-ttl=20s");
    assert_string_equal(job->run[3], "--guard");
    assert_null(job->run[4]);
    assert_string_equal(job->command, "php  bin/console x");
    assert_null(job->input);
    job = &tab->jobs[1];
    assert_string_equal(job->expression, "@every 90s");
    assert_int_equal(job->when.every_s, 90);
    assert_null(job->zone);
    assert_null(job->run[0]);
    assert_int_equal(job->starting_deadline_ms, CLOCK_NEVER);
    assert_int_equal(job->policy, TAB_FORBID);
    assert_false(job->catchup);
    assert_int_equal(job->dst, CRON_DST_VIXIE);
    crontab_free(tab);
}

static const struct {
    const char *text, *faults;
    enum cron_dialect dialect;
} faulty[] = {
    {"60 24 0 1 8 x\n",
     "1:1 error: minute: 60 is out of range; a number from 0 to 59 is expected\n"
     "1:4 error: hour: 24 is out of range; a number from 0 to 23 is expected\n"
     "1:7 error: day of month: 0 is out of range; a number from 1 to 31 is expected\n"
     "1:11 error: day of week: 8 is out of range; a number from 0 to 7, or a name of three "
     "letters, is expected\n",
     CRON_VIXIE},
};

static void
test_faults(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(faulty) / sizeof(faulty[0]); i++) {
        char *found = faults_of(faulty[i].text, strlen(faulty[i].text), faulty[i].dialect);
        assert_string_equal(found, faulty[i].faults);
        free(found);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_job),
        cmocka_unit_test(test_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
