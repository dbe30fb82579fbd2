/* What is printed of jobs, and which jobs are meant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cronrun/recall/recall.h"
#include "cronrun/run/instant.h"
#include "cronrun/status/status.h"
#include "cronrun/tabfile.h"

static struct status_job
job(const char *name, enum lock_kind kind, enum lease_state state)
{
    return (struct status_job){.name = name,
                               .kind = kind,
                               .lock = (char *)"redis://h:1/0",
                               .known = true,
                               .look.state = state};
}

/* As the daemon reads it. */
static void
last_is(const struct status_job *j, int found, const char *wanted)
{
    char name[64];
    int64_t last_ms = 0, wanted_ms = 0;
    struct strbuf out = STRBUF_INIT;
    status_line(j, &out);
    assert_int_equal(recall_read(strbuf_str(&out), name, sizeof(name), &last_ms), found);
    if (found > 0) {
        assert_int_equal(instant_parse(wanted, &wanted_ms, NULL), 0);
        assert_int_equal(last_ms, wanted_ms);
        assert_string_equal(name, j->name);
    }
    strbuf_done(&out);
}

static void
test_recalled(void **state)
{
    (void)state;
    struct status_job j = job("mail", LOCK_POSTGRES, LEASE_NEVER);
    last_is(&j, 0, NULL);
    j.look.state = LEASE_LEFT;
    strcpy(j.look.holder.since, "2026-11-21T09:00:00.123Z");
    last_is(&j, 1, "2026-11-21T09:00:00.123Z");
    strcpy(j.look.last_end, "2026-11-21T08:00:00Z"); /* of an earlier run */
    last_is(&j, 1, "2026-11-21T09:00:00.123Z");
    strcpy(j.look.last_end, "2026-11-21T10:00:00Z");
    last_is(&j, 1, "2026-11-21T10:00:00Z");
    strcpy(j.look.last_end, "infinity");
    last_is(&j, -1, NULL);
    strcpy(j.look.last_end, "");
    strcpy(j.look.holder.since, "soon");
    last_is(&j, -1, NULL);
    j.known = false;
    err_set(&j.why, ERR_REFUSED, "x\",\"last_start\":\"2026-11-21T09:00:00Z\"");
    last_is(&j, -1, NULL);
    j = job(NULL, LOCK_FILE, LEASE_FREE);
    last_is(&j, -1, NULL);
    char name[4];
    int64_t last_ms;
    assert_int_equal(
        recall_read("{\"job\":\"longer\",\"state\":\"free\"", name, sizeof(name), &last_ms), -1);
    assert_string_equal(name, "");
}

static void
line_is(const struct status_job *j, const char *wanted)
{
    struct strbuf out = STRBUF_INIT;
    status_line(j, &out);
    assert_string_equal(strbuf_str(&out), wanted);
    strbuf_done(&out);
}

static void
test_line(void **state)
{
    (void)state;
    struct status_job j = job("mail", LOCK_REDIS, LEASE_HELD);
    j.look.fence = 7;
    j.look.holder = (struct lease_holder){
        .host = "web-1", .pid = 12, .since = "2026-11-21T09:00:00.123Z", .run_id = "r"};
    line_is(
        &j,
        "{\"job\":\"mail\",\"lock\":\"redis://h:1/0\",\"state\":\"held\",\"holder_host\":\"web-1\",\"holder_pid\":12,"
        "\"holder_since\":\"2026-11-21T09:00:00.123Z\",\"holder_run_id\":\"r\",\"holder_processes\":null,\"fence\":7,"
        "\"last_start\":\"2026-11-21T09:00:00.123Z\",\"last_end\":null,\"last_outcome\":null,\"error\":null}\n");
    j.look.state = LEASE_FREE; /* then it is the last holder, who holds nothing */
    strcpy(j.look.last_end, "2026-11-21T09:00:01.000Z");
    strcpy(j.look.last_outcome, "success");
    line_is(
        &j,
        "{\"job\":\"mail\",\"lock\":\"redis://h:1/0\",\"state\":\"free\",\"holder_host\":null,\"holder_pid\":null,"
        "\"holder_since\":null,\"holder_run_id\":null,\"holder_processes\":null,\"fence\":7,"
        "\"last_start\":\"2026-11-21T09:00:00.123Z\",\"last_end\":\"2026-11-21T09:00:01.000Z\","
        "\"last_outcome\":\"success\",\"error\":null}\n");
    j = (struct status_job){.name = "a\"b", .kind = LOCK_POSTGRES, .lock = (char *)"postgres"};
    err_set(&j.why, ERR_REFUSED, "no");
    line_is(
        &j,
        "{\"job\":\"a\\\"b\",\"lock\":\"postgres\",\"state\":\"unknown\",\"holder_host\":null,\"holder_pid\":null,"
        "\"holder_since\":null,\"holder_run_id\":null,\"holder_processes\":null,\"fence\":null,"
        "\"last_start\":null,\"last_end\":null,\"last_outcome\":null,\"error\":\"no\"}\n");
}

static void
test_table(void **state)
{
    (void)state;
    int64_t now_ms;
    struct status_job jobs[] = {job("mail", LOCK_POSTGRES, LEASE_HELD),
                                job("nightly-export", LOCK_POSTGRES, LEASE_FREE),
                                job("bad\x1b[2J\xff", LOCK_POSTGRES, LEASE_LEFT),
                                job(NULL, LOCK_FILE, LEASE_HELD),
                                job("none", LOCK_NONE, 0),
                                {.name = "gone", .kind = LOCK_REDIS}};
    jobs[0].look.fence = 7;
    jobs[0].look.holder =
        (struct lease_holder){.host = "web-1", .pid = 12, .since = "2026-11-21T09:00:00.123Z"};
    strcpy(jobs[1].look.last_end, "2026-11-21T09:00:01Z");
    strcpy(jobs[1].look.last_outcome, "success");
    jobs[3].look.holder = (struct lease_holder){.host = "h",
                                                .pid = 3,
                                                .pids = "4 (sh)",
                                                .since = "2026-11-21T08:00:00Z",
                                                .run_id = "0123456789"};
    assert_int_equal(instant_parse("2026-11-21T09:03:12.900Z", &now_ms, NULL), 0);
    struct strbuf out = STRBUF_INIT;
    status_table(&(struct status){jobs, sizeof(jobs) / sizeof(jobs[0])}, now_ms, &out);
    assert_string_equal(
        strbuf_str(&out),
        "JOB             STATE    FOR      HOLDER                             FENCE  LAST START            LAST END              LAST OUTCOME\n"
        "mail            held     3m12s    web-1, pid 12                      7      2026-11-21T09:00:00Z  -                     -\n"
        "nightly-export  free     -        -                                  -      -                     2026-11-21T09:00:01Z  success\n"
        "bad?[2J?        left     -        -                                  -      -                     -                     -\n"
        "redis://h:1/0   held     1h3m12s  h, what run 01234567 left: 4 (sh)  -      2026-11-21T08:00:00Z  not kept              not kept\n"
        "none            none     -        -                                  -      -                     -                     -\n"
        "gone            unknown  -        -                                  -      -                     -                     -\n");
    strbuf_done(&out);
}

static void
test_holders(void **state)
{
    (void)state;
    static const struct {
        struct lease_holder holder;
        const char *wanted;
    } rows[] = {{{.host = ""}, "  somebody  "},
                {{.host = "h"}, "  h  "},
                {{.pid = 5}, "  ?, pid 5  "},
                {{.host = "h", .pid = 5, .unseen = true}, "  h, cannot be seen from here  "}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct status_job j = job("a", LOCK_FILE, LEASE_HELD);
        struct strbuf out = STRBUF_INIT;
        j.look.holder = rows[i].holder;
        status_table(&(struct status){&j, 1}, 0, &out);
        assert_non_null(strstr(strbuf_str(&out), rows[i].wanted));
        strbuf_done(&out);
    }
}

/* ---- which jobs ---- */

static struct crontab *
tab_of(const char *text)
{
    struct crontab_rules rules = tabfile_rules(CRON_VIXIE, CRON_DST_VIXIE);
    struct crontab_faults faults = {0};
    struct crontab *tab = NULL;
    assert_int_equal(crontab_parse(text, strlen(text), &rules, &tab, &faults, NULL), 0);
    crontab_faults_done(&faults);
    return tab;
}

static void
test_jobs_of_a_crontab(void **state)
{
    (void)state;
    struct err e;
    struct crontab *tab = tab_of(
        "A=1\n@daily [name=a lock=file:/x] x\n@daily [name=b] x\n@daily [name=c lock=redis] x\n");
    struct options o = {.child_status = -1};
    struct status s = {0};
    assert_int_equal(status_of_crontab(&o, tab, &s, &e), 0);
    assert_int_equal(s.n, 3);
    assert_int_equal(s.jobs[0].kind, LOCK_FILE);
    assert_string_equal(s.jobs[0].where, "/x");
    assert_string_equal(s.jobs[0].env[0], "A=1");
    assert_int_equal(s.jobs[1].kind, LOCK_NONE);
    assert_int_equal(s.jobs[2].kind, LOCK_REDIS);
    assert_null(s.jobs[2].where);
    status_done(&s);
    o.lock = "postgres"; /* CRONRUN_LOCK is the default of all jobs */
    o.name = "b";
    assert_int_equal(status_of_crontab(&o, tab, &s, &e), 0);
    assert_int_equal(s.n, 1);
    assert_int_equal(s.jobs[0].kind, LOCK_POSTGRES);
    status_done(&s);
    o.name = "d";
    assert_int_equal(status_of_crontab(&o, tab, &s, &e), -1);
    assert_int_equal(e.code, ERR_USAGE);
    status_done(&s);
    crontab_free(tab);
}

static void
test_jobs_of_a_lock(void **state)
{
    (void)state;
    struct err e;
    struct status s = {0};
    struct options o = {.child_status = -1};
    assert_int_equal(status_of_lock(&o, &s, &e), -1);
    o.lock = "none";
    assert_int_equal(status_of_lock(&o, &s, &e), -1);
    o.lock = "sqlite";
    assert_int_equal(status_of_lock(&o, &s, &e), -1);
    o.lock = "postgres";
    o.database = "postgres://h";
    assert_int_equal(status_of_lock(&o, &s, &e), 0);
    assert_int_equal(s.n, 1);
    assert_null(s.jobs[0].name);
    assert_string_equal(s.jobs[0].where, "postgres://h");
    status_done(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_line),
        cmocka_unit_test(test_recalled),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_holders),
        cmocka_unit_test(test_jobs_of_a_crontab),
        cmocka_unit_test(test_jobs_of_a_lock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
