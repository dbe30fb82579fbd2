/* Crontab files: what the jobs are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "cronrun/tab/crontab.h"
#include "tests/unit/fakes/fake_memory.h"

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

/* As cronie reads them. */
static const struct {
    const char *line, *variable;
} variables[] = {
    {"A=b\n", "A=b"},         {"  A  =  b c  \n", "A=b c"}, {"A=\n", "A="},
    {"A=  \n", "A="},         {"A=\"\"\n", "A="},           {"A=' b '  \n", "A= b "},
    {"A=\"b'c\"\n", "A=b'c"}, {"A=b'c'\n", "A=b'c'"},       {"A=$HOME/x\n", "A=$HOME/x"},
    {"\"A\"=b\n", "A=b"},     {"'A' = b\n", "A=b"},         {"_a9=b=c\n", "_a9=b=c"},
    {"A=b\r\n", "A=b"},       {"A='b'\r\n", "A=b"},         {"A=b\\\n", "A=b\\"},
    {"A=x\nA=b\n", "A=b"},
};

static void
test_variables(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
        char text[64];
        snprintf(text, sizeof(text), "%s@daily x\n", variables[i].line);
        struct crontab *tab = parsed(text, CRON_VIXIE);
        assert_int_equal(tab->n, 1);
        assert_string_equal(tab->jobs[0].env[0], variables[i].variable);
        assert_null(tab->jobs[0].env[1]);
        crontab_free(tab);
    }
}

static void
test_variables_in_force(void **state)
{
    (void)state;
    struct crontab *tab =
        parsed("@daily a\n@daily b\nA=1\nCRON_TZ=Asia/Tokyo\nTZ=UTC\n@daily c\n"
               "@daily d\nA=2\nCRON_TZ=\n@daily e\nTZ=\n@daily [tz=Asia/Kolkata] f\n"
               "@daily g\n",
               CRON_VIXIE);
    static const char *const zones[] = {NULL,  NULL,           "Asia/Tokyo", "Asia/Tokyo",
                                        "UTC", "Asia/Kolkata", NULL};
    assert_int_equal(tab->n, 7);
    for (size_t i = 0; i < tab->n; i++) {
        assert_int_equal(zones[i] != NULL, tab->jobs[i].zone != NULL);
        if (zones[i])
            assert_string_equal(tab->jobs[i].zone, zones[i]);
    }
    assert_null(tab->jobs[1].env[0]);
    assert_string_equal(tab->jobs[2].env[0], "A=1");
    assert_ptr_equal(tab->jobs[2].env, tab->jobs[3].env);
    assert_string_equal(tab->jobs[4].env[0], "A=2");
    assert_string_equal(tab->jobs[4].env[2], "TZ=UTC");
    assert_null(tab->jobs[4].env[3]);
    crontab_free(tab);
    tab = parsed("TZ=Asia/Tokyo 0 2 * * * x\nTZ=UTC\n0 2 * * * y\n", CRON_K8S);
    assert_string_equal(tab->jobs[0].zone, "Asia/Tokyo");
    assert_string_equal(tab->jobs[0].expression, "0 2 * * *");
    assert_null(tab->jobs[0].env[0]);
    assert_string_equal(tab->jobs[1].zone, "UTC");
    crontab_free(tab);
}

/* "%" as cronie has it, and as k8s does not. */
static const struct {
    const char *line, *command, *input;
    enum cron_dialect dialect;
} commands[] = {
    {"a b", "a b", NULL, CRON_VIXIE},
    {"a%b%c", "a", "b\nc\n", CRON_VIXIE},
    {"a%b%", "a", "b\n", CRON_VIXIE},
    {"a %", "a ", "", CRON_VIXIE},
    {"a\\%b%c\\%d\\e", "a%b", "c%d\\e\n", CRON_VIXIE},
    {"a\\\\%b", "a\\\\", "b\n", CRON_VIXIE},
    {"a '%' \"b\\n\"", "a '", "' \"b\\n\"\n", CRON_VIXIE},
    {"a%b%c", "a%b%c", NULL, CRON_K8S},
    {"a\\%b", "a\\%b", NULL, CRON_K8S},
    {"a # b", "a # b", NULL, CRON_VIXIE},
    {"[ -x a ] && b", "[ -x a ] && b", NULL, CRON_VIXIE},
    {"[[ -x a ]] && b", "[[ -x a ]] && b", NULL, CRON_VIXIE},
    {"a\r", "a", NULL, CRON_VIXIE},
    {"a ", "a ", NULL, CRON_VIXIE},
};

static void
test_commands(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        char text[64];
        snprintf(text, sizeof(text), "\t @daily \t%s\n", commands[i].line);
        struct crontab *tab = parsed(text, commands[i].dialect);
        assert_string_equal(tab->jobs[0].command, commands[i].command);
        assert_int_equal(commands[i].input != NULL, tab->jobs[0].input != NULL);
        if (commands[i].input)
            assert_string_equal(tab->jobs[0].input, commands[i].input);
        crontab_free(tab);
    }
}

/* What of a command gets into the name of a job. */
static const struct {
    const char *command, *begins;
} names[] = {
    {"true", "true-"},
    {"/usr/bin/php  bin/console app:mail", "php-console-"},
    {"cd /srv/www && php artisan schedule:run", "php-"},
    {"cd /srv/www; A=secret B=x ./run.sh secret", "run.sh-"},
    {"A=secret", "job-"},
    {"cd /srv", "cd-srv-"},
    {"'/opt/a b' secret", "job-"},
    {"sh -c /x/y", "sh-"},
    {"bash /opt/x/", "bash-"},
    {"/opt/ x", "job-"},
    {"bash /opt/a-name-that-is-longer-than-any-should-be.sh", "bash-a-name-that-is-longer-th-"},
};

static void
test_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char text[128];
        snprintf(text, sizeof(text), "@daily %s\n", names[i].command);
        struct crontab *tab = parsed(text, CRON_VIXIE);
        const char *name = tab->jobs[0].name;
        size_t len = strlen(names[i].begins);
        assert_memory_equal(name, names[i].begins, len);
        assert_int_equal(strlen(name), len + 8);
        assert_int_equal(strspn(name + len, "0123456789abcdef"), 8);
        crontab_free(tab);
    }
}

static void
test_names_are_unique(void **state)
{
    (void)state;
    struct crontab *tab = parsed("@daily a\n", CRON_VIXIE);
    char text[256], first[32];
    snprintf(first, sizeof(first), "%s", tab->jobs[0].name);
    crontab_free(tab);
    /* Lines alike are numbered; one of the numbers is taken by a name that somebody chose. */
    snprintf(
        text, sizeof(text),
        "@daily a\n@daily [name=%s-3] b\n@daily [policy=allow] a\n@daily a\n@hourly a\n@daily [tz=UTC] a\n",
        first);
    tab = parsed(text, CRON_VIXIE);
    assert_int_equal(tab->n, 6);
    assert_string_equal(tab->jobs[0].name, first);
    snprintf(text, sizeof(text), "%s-2", first);
    assert_string_equal(tab->jobs[2].name, text);
    snprintf(text, sizeof(text), "%s-4", first);
    assert_string_equal(tab->jobs[3].name, text);
    assert_string_not_equal(tab->jobs[4].name, first);
    assert_string_not_equal(tab->jobs[5].name, first);
    assert_string_not_equal(tab->jobs[5].name, tab->jobs[4].name);
    crontab_free(tab);
}

/* Without anybody who knows options, names and zones. */
static void
test_no_rules(void **state)
{
    (void)state;
    struct crontab_rules rules = {.dialect = CRON_K8S, .dst = CRON_DST_K8S};
    struct crontab_faults faults = {0};
    struct crontab *tab = NULL;
    struct err e;
    const char *text = "TZ=x\n@daily [name=a tz=y dst=vixie] a\nTZ=z 0 0 * * * b\n";
    assert_int_equal(crontab_parse(text, strlen(text), &rules, &tab, &faults, &e), 0);
    assert_int_equal(tab->jobs[0].dst, CRON_DST_VIXIE);
    assert_int_equal(tab->jobs[1].dst, CRON_DST_K8S);
    assert_string_equal(tab->jobs[1].zone, "z");
    crontab_free(tab);
    crontab_faults_done(&faults);
    text = "@daily [deadline=1s] a\n";
    assert_int_equal(crontab_parse(text, strlen(text), &rules, &tab, &faults, &e), -1);
    assert_string_equal(e.msg, "line 1, column 9: unknown option");
    crontab_faults_done(&faults);
}

/* The message is that of the first error, not of a warning in front of it. */
static void
test_first_error(void **state)
{
    (void)state;
    struct crontab_rules rules = rules_of(CRON_VIXIE);
    struct crontab_faults faults = {0};
    struct crontab *tab = NULL;
    struct err e;
    const char *text = "MAILTO=x\n@daily\n@hourly\n";
    assert_int_equal(crontab_parse(text, strlen(text), &rules, &tab, &faults, &e), -1);
    assert_string_equal(e.msg, "line 2, column 7: the command is missing");
    assert_int_equal(faults.n, 3);
    assert_int_equal(faults.n_errors, 2);
    crontab_faults_done(&faults);
    crontab_free(NULL);
}

static int
parse_short_of_memory(void)
{
    static const char text[] =
        "A=b\nMAILTO=x\nTZ=y\n@daily [name=a deadline=1s lock=x guard tz=z] a%b\n@daily b\n@daily b\n"
        "B='c'\n0 0 */2 * 1 c\n@dialy x\n60,61 * * * * d\n";
    struct crontab_rules rules = rules_of(CRON_VIXIE);
    struct crontab_faults faults = {0};
    struct crontab *tab = NULL;
    struct err e = {0};
    size_t len = memory_fails_at % 2 ? sizeof(text) - 1 : (size_t)(strstr(text, "@dialy") - text);
    int status = crontab_parse(text, len, &rules, &tab, &faults, &e);
    crontab_faults_done(&faults);
    crontab_free(tab);
    return status < 0 && e.code == ERR_NOMEM ? -1 : 0;
}

static void
test_memory(void **state)
{
    (void)state;
    assert_true(memory_fails_each(parse_short_of_memory) > 30);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_job),
        cmocka_unit_test(test_variables),
        cmocka_unit_test(test_variables_in_force),
        cmocka_unit_test(test_commands),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_names_are_unique),
        cmocka_unit_test(test_no_rules),
        cmocka_unit_test(test_first_error),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
