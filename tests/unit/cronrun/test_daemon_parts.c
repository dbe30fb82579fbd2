/* The daemon's small parts: overlap, a job's past, what becomes of jobs when the crontab changes, what a run is started with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "common/base/cleanup.h"
#include "common/http/html.h"
#include "cronrun/daemon/jobs.h"
#include "cronrun/daemon/launch.h"
#include "cronrun/daemon/overlap.h"
#include "cronrun/daemon/view.h"

#define NOW_MS 1795251600000 /* 2026-11-21T09:00:00Z */

static void
test_overlap(void **state)
{
    (void)state;
    static const struct {
        enum tab_policy policy;
        unsigned running;
        bool waiting;
        enum overlap what;
    } rows[] = {
        {TAB_FORBID, 0, false, OVERLAP_START},
        {TAB_FORBID, 1, false, OVERLAP_SKIP},
        {TAB_ALLOW, 0, false, OVERLAP_START},
        {TAB_ALLOW, 1, false, OVERLAP_START},
        {TAB_ALLOW, OVERLAP_MOST - 1, false, OVERLAP_START},
        {TAB_ALLOW, OVERLAP_MOST, false, OVERLAP_SKIP},
        {TAB_REPLACE, 0, false, OVERLAP_START},
        {TAB_REPLACE, 1, false, OVERLAP_REPLACE},
        {TAB_REPLACE, 1, true, OVERLAP_REPLACE},
        {TAB_QUEUE, 0, false, OVERLAP_START},
        {TAB_QUEUE, 1, false, OVERLAP_WAIT},
        {TAB_QUEUE, 1, true, OVERLAP_SKIP},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(overlap_decide(rows[i].policy, rows[i].running, rows[i].waiting),
                         rows[i].what);
}

static void
test_past(void **state)
{
    (void)state;
    struct past p;
    past_init(&p);
    assert_int_equal(p.last_end_ms, -1);
    for (int i = 0; i < 3 * PAST_MOST; i++) {
        const struct past_time t = {.at_s = i,
                                    .started_ms = i * INT64_C(1000),
                                    .took_ms = 5,
                                    .kind = (uint8_t)(i % 2 ? PAST_SUCCESS : PAST_FAILURE)};
        past_add(&p, &t);
        assert_int_equal(past_at(&p, p.n - 1u)->at_s, i);
        assert_int_equal(past_at(&p, 0)->at_s, i < PAST_MOST ? 0 : i - PAST_MOST + 1);
    }
    assert_int_equal(p.n, PAST_MOST);
    assert_int_equal(p.count[PAST_SUCCESS], 3 * PAST_MOST / 2);
    int64_t last_ms = (3 * PAST_MOST - 1) * INT64_C(1000);
    assert_int_equal(p.last_success_ms, last_ms + 5);
    const struct past_time missed = {.at_s = 1000, .started_ms = -1, .kind = PAST_MISSED};
    past_add(&p, &missed);
    past_add_missed(&p, 4);
    assert_int_equal(p.count[PAST_MISSED], 5);
    assert_int_equal(p.last.started_ms, last_ms); /* it was no run */
    const struct past_time failed = {.at_s = 1001, .started_ms = 1001000, .kind = PAST_DEADLINE};
    past_add(&p, &failed);
    assert_int_equal(p.last_end_ms, 1001000);
    assert_int_equal(p.last_success_ms, last_ms + 5);
    const struct past_time unstarted = {
        .at_s = 1002, .started_ms = -1, .failed_ms = 1002500, .kind = PAST_FAILURE};
    past_add(&p, &unstarted);
    assert_int_equal(p.last.kind, PAST_FAILURE);
    assert_int_equal(p.last_end_ms, 1002500);
    past_done(&p);
}

static void
test_kinds(void **state)
{
    (void)state;
    assert_int_equal(past_kind_of(OUTCOME_SUCCESS), PAST_SUCCESS);
    assert_int_equal(past_kind_of(OUTCOME_FAILURE), PAST_FAILURE);
    assert_int_equal(past_kind_of(OUTCOME_LOCK_LOST), PAST_FAILURE);
    assert_int_equal(past_kind_of(OUTCOME_BUSY), PAST_FAILURE);
    assert_int_equal(past_kind_of(OUTCOME_SKIPPED), PAST_SKIPPED);
    assert_int_equal(past_kind_of(OUTCOME_LATE), PAST_MISSED);
    assert_int_equal(past_kind_of(OUTCOME_DEADLINE), PAST_DEADLINE);
    assert_int_equal(past_kind_of(OUTCOME_STOPPED), PAST_STOPPED);
    assert_string_equal(past_name(PAST_MISSED), "missed");
}

/* ---- crontabs ---- */

static struct crontab *
parse(const char *text)
{
    static const char *const options[] = {"lock", "deadline", "grace", "ping", NULL};
    const struct crontab_rules rules = {.options = options};
    struct crontab_faults faults = {0};
    struct crontab *tab = NULL;
    struct err e = {0};
    if (crontab_parse(text, strlen(text), &rules, &tab, &faults, &e) < 0)
        fail_msg("%s", e.msg);
    crontab_faults_done(&faults);
    return tab;
}

static struct jobs_change
set(struct jobs *jobs, const char *text, int64_t now_ms)
{
    const struct jobs_source from = {.tab = parse(text), .zone = "UTC", .now_ms = now_ms};
    struct jobs_change change = {0};
    assert_int_equal(jobs_set(jobs, &from, &change, NULL), 0);
    return change;
}

static void
test_reload(void **state)
{
    (void)state;
    struct jobs jobs = {0};
    struct jobs_change c = set(&jobs,
                               "0 * * * * [name=same] true\n0 * * * * [name=moved] true\n"
                               "0 * * * * [name=other] true\n0 * * * * [name=gone] true\n"
                               "0 * * * * [name=running] true\n",
                               NOW_MS + 1000);
    assert_int_equal(c.added, 5);
    struct job *same = jobs.items[0], *moved = jobs.items[1], *running = jobs.items[4];
    struct due_found f;
    assert_true(due_look(&same->due, NOW_MS + 3600000, &f));
    same->due.done[0] = (struct due_stretch){1, 2}; /* it is remembered what is done with */
    same->due.n_done = 1;
    running->running = 1;
    const struct past_time t = {.at_s = 7, .started_ms = 7000};
    past_add(&moved->past, &t);
    c = set(&jobs,
            "0 * * * * [name=fresh] true\n30 * * * * [name=moved] true\n"
            "0 * * * * [name=other policy=queue] false\n0 * * * * [name=same] true\n",
            NOW_MS + 3700000);
    assert_int_equal(c.added, 1);
    assert_int_equal(c.changed, 2);
    assert_int_equal(c.removed, 2);
    assert_ptr_equal(jobs.items[3], same);
    assert_int_equal(same->due.n_done, 1);
    assert_ptr_equal(jobs.items[1], moved);
    assert_int_equal(moved->past.n, 1);
    assert_int_equal(moved->due.next_s, NOW_MS / 1000 + 3600 + 1800);
    assert_int_equal(jobs.items[2]->tab->policy, TAB_QUEUE);
    assert_int_equal(jobs.n_gone, 1);
    assert_ptr_equal(jobs.gone[0], running);
    /* It is there again before its run has ended. */
    c = set(&jobs, "0 * * * * [name=running] true\n", NOW_MS + 3700000);
    assert_int_equal(c.added, 1);
    assert_int_equal(c.removed, 4);
    assert_ptr_equal(jobs.items[0], running);
    assert_int_equal(jobs.n_gone, 0);
    running->running = 0;
    assert_false(jobs_let_go(&jobs, running));
    running->running = 1;
    set(&jobs, "", NOW_MS + 3700000);
    assert_int_equal(jobs.n_gone, 1);
    assert_false(jobs_let_go(&jobs, running));
    running->running = 0;
    assert_true(jobs_let_go(&jobs, running));
    assert_int_equal(jobs.n_gone, 0);
    jobs_done(&jobs);
}

struct left {
    const struct job *job;
    int64_t at_s;
    int calls;
};

static void
on_left(const struct job *job, const struct due_start *start, void *arg)
{
    struct left *left = arg;
    *left = (struct left){job, start->at_s, left->calls + 1};
}

/* Its start is told of, whatever that has waited for. */
static void
test_a_job_goes_before_its_start(void **state)
{
    (void)state;
    for (int again = 0; again < 2; again++) {
        struct jobs jobs = {0};
        struct jobs_change change;
        struct left left = {0};
        set(&jobs, "0 * * * * [name=a] true\n0 * * * * [name=b] true\n", NOW_MS);
        struct job *job = jobs.items[0];
        job->wait.at_s = 1;
        job->start.at_s = 2;
        job->waits = !again;
        job->again = again;
        job->running = 1; /* it stays, so that it can be looked at */
        const struct jobs_source from = {
            .tab = parse(""), .zone = "UTC", .now_ms = NOW_MS, .left = on_left, .arg = &left};
        assert_int_equal(jobs_set(&jobs, &from, &change, NULL), 0);
        assert_int_equal(left.calls, 1);
        assert_ptr_equal(left.job, job);
        assert_int_equal(left.at_s, again ? 2 : 1);
        assert_false(job->waits || job->again);
        jobs_done(&jobs);
    }
}

static void
test_zone_that_is_none(void **state)
{
    (void)state;
    struct jobs jobs = {0};
    struct jobs_change change;
    struct err e = {0};
    set(&jobs, "0 * * * * [name=a] true\n", NOW_MS);
    const struct jobs_source from = {
        .tab = parse(
            "0 * * * * [name=b tz=Europe/Berlin] true\n0 * * * * [name=c tz=No/Where] true\n"),
        .zone = "UTC",
        .now_ms = NOW_MS};
    assert_int_equal(jobs_set(&jobs, &from, &change, &e), -1);
    assert_int_equal(e.code, ERR_USAGE);
    assert_int_equal(jobs.n, 1);
    assert_string_equal(jobs.items[0]->name, "a");
    jobs_done(&jobs);
}

/* ---- what a run is started with ---- */

static bool
has(char **words, size_t n, const char *word)
{
    for (size_t i = 0; i < n; i++)
        if (words[i] && strcmp(words[i], word) == 0)
            return true;
    return false;
}

static void
words_of(const char *crontab, char *const *environment, struct jobs *jobs, struct launch_words *ret)
{
    const struct launch l = {.log_format = "kv", .log_level = "warn"};
    const struct due_start start = {NOW_MS / 1000, NOW_MS + 500};
    set(jobs, crontab, NOW_MS);
    assert_int_equal(launch_words(&l, jobs->items[0], &start, environment, ret, NULL), 0);
    assert_null(ret->argv[ret->n_argv]);
    assert_null(ret->envp[ret->n_envp]);
}

static void
test_words(void **state)
{
    (void)state;
    char *environment[] = {(char *)"PATH=/bin", (char *)"MAIL=old", NULL};
    struct jobs jobs = {0};
    struct launch_words w;
    words_of("MAIL = new\n0 * * * * [name=mail deadline=50s starting_deadline=10s] send  it\n",
             environment, &jobs, &w);
    static const char *const wanted[] = {"cronrun",          "run",
                                         "--record-fd=3",    "--log=kv",
                                         "--log-level=warn", "--termination-log=",
                                         "--name=mail",      "--scheduled-at=2026-11-21T09:00:00Z",
                                         "--lock=none",      "--starting-deadline=10500ms",
                                         "--deadline=50s",   "--",
                                         "/bin/sh",          "-c",
                                         "send  it"};
    assert_int_equal(w.n_argv, sizeof(wanted) / sizeof(wanted[0]));
    for (size_t i = 0; i < w.n_argv; i++)
        assert_string_equal(w.argv[i], wanted[i]);
    assert_int_equal(w.n_envp, 2);
    assert_true(has(w.envp, w.n_envp, "PATH=/bin"));
    assert_true(has(w.envp, w.n_envp, "MAIL=new"));
    launch_words_done(&w);
    jobs_done(&jobs);
}

static void
test_secrets(void **state)
{
    (void)state;
    char *environment[] = {(char *)"CRONRUN_LOCK=none", NULL};
    struct jobs jobs = {0};
    struct launch_words w;
    words_of("SHELL=/bin/bash\n0 * * * * [name=a lock=redis://:hush@cache] true\n", environment,
             &jobs, &w);
    assert_true(has(w.envp, w.n_envp, "CRONRUN_LOCK=redis://:hush@cache"));
    assert_int_equal(w.n_envp, 2);
    for (size_t i = 0; i < w.n_argv; i++)
        assert_null(strstr(w.argv[i], "lock"));
    assert_true(has(w.argv, w.n_argv, "/bin/bash"));
    launch_words_done(&w);
    /* The daemon's own variable is the default of all jobs. */
    words_of("0 * * * * [name=a] true\n", environment, &jobs, &w);
    assert_false(has(w.argv, w.n_argv, "--lock=none"));
    launch_words_done(&w);
    words_of("0 * * * * [name=a lock=unix:/run/redis ping=hush] true\n", environment, &jobs, &w);
    assert_true(has(w.envp, w.n_envp, "CRONRUN_LOCK=unix:/run/redis"));
    assert_true(has(w.envp, w.n_envp, "CRONRUN_PING=hush"));
    launch_words_done(&w);
    environment[0] = (char *)"CRONRUN_PING_FILE=/run/secrets/ping";
    words_of("0 * * * * [name=a ping=hush] true\n", environment, &jobs, &w);
    assert_int_equal(w.n_envp, 1); /* both would be refused */
    assert_true(has(w.envp, w.n_envp, "CRONRUN_PING=hush"));
    launch_words_done(&w);
    words_of("0 * * * * [name=a] true\n", environment, &jobs, &w);
    assert_true(has(w.envp, w.n_envp, environment[0]));
    launch_words_done(&w);
    environment[0] = (char *)"CRONRUN_LOCK=";
    words_of("0 * * * * [name=a] true\n", environment, &jobs, &w);
    assert_true(has(w.argv, w.n_argv, "--lock=none"));
    launch_words_done(&w);
    words_of("0 * * * * [name=a lock=file:/l] true\n", environment, &jobs, &w);
    assert_true(has(w.argv, w.n_argv, "--lock=file:/l"));
    launch_words_done(&w);
    jobs_done(&jobs);
}

/* What the daemon's environment says of all jobs, with the jitter of this start. */
static void
test_deadlines_of_the_environment(void **state)
{
    (void)state;
    char *environment[] = {(char *)"CRONRUN_STARTING_DEADLINE=10s",
                           (char *)"CRONRUN_JOB_DEADLINE=5m", NULL};
    struct jobs jobs = {0};
    struct launch_words w;
    words_of("0 * * * * [name=a] true\n", environment, &jobs, &w);
    assert_true(has(w.argv, w.n_argv, "--starting-deadline=10500ms"));
    assert_true(has(w.argv, w.n_argv, "--job-deadline=none"));
    launch_words_done(&w);
    words_of("0 * * * * [name=a starting-deadline=20s] true\n", environment, &jobs, &w);
    assert_true(has(w.argv, w.n_argv, "--starting-deadline=20500ms"));
    launch_words_done(&w);
    environment[0] = (char *)"CRONRUN_STARTING_DEADLINE=none";
    words_of("0 * * * * [name=a] true\n", environment, &jobs, &w);
    for (size_t i = 0; i < w.n_argv; i++)
        assert_null(strstr(w.argv[i], "starting"));
    launch_words_done(&w);
    jobs_done(&jobs);
}

/* ---- what is shown ---- */

static void
test_view(void **state)
{
    (void)state;
    struct jobs jobs = {0};
    set(&jobs, "0 3 * * * [name=a&b] backup --password hush\n* * * * * [name=quick] true\n",
        NOW_MS);
    struct job *job = jobs.items[0];
    for (enum past_kind kind = 0; kind < PAST_KINDS; kind++) {
        const struct past_time t = {.at_s = NOW_MS / 1000 - 100 + kind,
                                    .started_ms = kind < PAST_SKIPPED ? NOW_MS - 100000 : -1,
                                    .took_ms = 90000,
                                    .deadline_ms = 60000,
                                    .exit = 3,
                                    .kind = (uint8_t)kind};
        past_add(&job->past, &t);
    }
    struct view v = {.jobs = jobs.items, .n = jobs.n, .now_ms = NOW_MS, .loaded_ms = NOW_MS - 5000};
    cleanup_strbuf struct strbuf out = STRBUF_INIT;
    view_page(&v, 0, false, &out);
    const char *page = strbuf_str(&out);
    assert_null(strstr(page, "hush"));
    assert_null(strstr(page, "a&b"));
    assert_non_null(strstr(page, "a&amp;b"));
    assert_non_null(strstr(page, "<h1>In order</h1>")); /* stopped is no failure */
    assert_non_null(
        strstr(page, "1 succeeded, 1 failed, 1 took too long, 1 stopped, 1 skipped, 1 missed."));
    assert_non_null(strstr(page, "the deadline of 1 min 0 s"));
    assert_non_null(strstr(page, "height=\"60.0\"")); /* longer than the deadline is no higher */
    job->running_since_ms = NOW_MS - 30000;
    job->past.last.kind = PAST_FAILURE;
    v.refused = true;
    strbuf_clear(&out);
    view_page(&v, 7, true, &out);
    assert_non_null(strstr(strbuf_str(&out), "<h1>A job has failed</h1>"));
    assert_non_null(strstr(strbuf_str(&out), "Running</b> for 30.0 s"));
    assert_non_null(strstr(strbuf_str(&out), "stands still"));
    struct job *other = jobs.items[1];
    other->past.last_end_ms = NOW_MS;
    other->past.last.kind = PAST_DEADLINE;
    strbuf_clear(&out);
    view_page(&v, 0, false, &out);
    assert_non_null(strstr(strbuf_str(&out), "<h1>Jobs have failed</h1>"));
    other->past.last_end_ms = -1;
    job->past.last.kind = PAST_SUCCESS;
    strbuf_clear(&out);
    view_page(&v, 0, false, &out);
    assert_non_null(strstr(strbuf_str(&out), "<h1>Crontab refused</h1>"));
    v.draining = true;
    strbuf_clear(&out);
    view_page(&v, 0, false, &out);
    assert_non_null(strstr(strbuf_str(&out), "<h1>Stopping</h1>"));
    strbuf_clear(&out);
    view_metrics(&v, &out);
    assert_non_null(strstr(strbuf_str(&out), "cronrun_crontab_ok 0\n"));
    assert_non_null(strstr(strbuf_str(&out), "cronrun_job_running_seconds{job=\"a&b\"} 30\n"));
    assert_non_null(
        strstr(strbuf_str(&out), "cronrun_job_next_timestamp_seconds{job=\"quick\"} 1795251660\n"));
    assert_null(strstr(strbuf_str(&out), "last_start_timestamp_seconds{job=\"quick\"}"));
    jobs_done(&jobs);
}

/* By the clocks of the job's own zone; today is what its calendar says. */
static void
test_times_of_a_job(void **state)
{
    (void)state;
    struct jobs jobs = {0};
    set(&jobs,
        "30 2 * * * [name=a tz=Europe/Berlin] true\n*/20 22 * * * [name=b tz=Asia/Tokyo] true\n",
        NOW_MS);
    const struct past_time t = {.at_s = NOW_MS / 1000 - 27000, .started_ms = NOW_MS - 27000000};
    past_add(&jobs.items[0]->past, &t);
    struct view v = {.jobs = jobs.items, .n = jobs.n, .now_ms = NOW_MS, .loaded_ms = NOW_MS};
    cleanup_strbuf struct strbuf out = STRBUF_INIT;
    view_page(&v, 0, false, &out);
    const char *page = strbuf_str(&out);
    assert_non_null(strstr(
        page, "Next <time datetime=\"2026-11-22T01:30:00Z\">Sun 22 Nov 02:30</time> (in "
              "16 h 30 min), then <time datetime=\"2026-11-23T01:30:00Z\">Mon 23 Nov "
              "02:30</time>, <time datetime=\"2026-11-24T01:30:00Z\">Tue 24 Nov 02:30</time></p>"));
    assert_non_null(strstr(page, "Time (Europe/Berlin)"));
    assert_non_null(strstr(page, "<title>02:30 succeeded, 0 ms</title>"));
    assert_non_null(strstr(page, ">22:00</time> (in 4 h 0 min), then"));
    jobs_done(&jobs);
}

/* A lock's server that is away, for instance: the command is never started. */
static void
test_failed_before_its_start(void **state)
{
    (void)state;
    struct jobs jobs = {0};
    set(&jobs, "0 3 * * * [name=a] true\n", NOW_MS);
    const struct past_time t = {.at_s = NOW_MS / 1000 - 60,
                                .started_ms = -1,
                                .failed_ms = NOW_MS - 30000,
                                .exit = 75,
                                .kind = PAST_FAILURE};
    past_add(&jobs.items[0]->past, &t);
    struct view v = {.jobs = jobs.items, .n = jobs.n, .now_ms = NOW_MS, .loaded_ms = NOW_MS - 5000};
    cleanup_strbuf struct strbuf out = STRBUF_INIT;
    view_page(&v, 0, false, &out);
    assert_non_null(strstr(strbuf_str(&out), "<h1>A job has failed</h1>"));
    assert_non_null(strstr(strbuf_str(&out), "with exit status 75, 30 s ago"));
    assert_null(strstr(strbuf_str(&out), "Last run "));
    strbuf_clear(&out);
    view_metrics(&v, &out);
    assert_non_null(
        strstr(strbuf_str(&out), "cronrun_job_last_outcome{job=\"a\",outcome=\"failure\"} 1\n"));
    assert_null(strstr(strbuf_str(&out), "last_start_timestamp_seconds{"));
    assert_null(strstr(strbuf_str(&out), "last_duration_seconds{"));
    assert_null(strstr(strbuf_str(&out), "last_lag_seconds{"));
    assert_non_null(strstr(strbuf_str(&out), "cronrun_job_start_retrying{job=\"a\"} 0\n"));
    jobs.items[0]->again = true;
    strbuf_clear(&out);
    view_page(&v, 0, false, &out);
    assert_non_null(strstr(strbuf_str(&out), "<b>Not started yet</b>"));
    view_metrics(&v, &out);
    assert_non_null(strstr(strbuf_str(&out), "cronrun_job_start_retrying{job=\"a\"} 1\n"));
    jobs_done(&jobs);
}

static void
test_spans(void **state)
{
    (void)state;
    cleanup_strbuf struct strbuf out = STRBUF_INIT;
    html_span(&out, -5);
    strbuf_addc(&out, '|');
    html_span(&out, 720000);
    strbuf_addc(&out, '|');
    html_span(&out, 3 * 3600000 + 300000);
    strbuf_addc(&out, '|');
    html_span(&out, 52 * INT64_C(3600000));
    strbuf_addc(&out, '|');
    view_took(&out, 120);
    strbuf_addc(&out, '|');
    view_took(&out, 7200000);
    strbuf_addc(&out, '|');
    view_time(&out, NOW_MS + 400 * INT64_C(86400000), NOW_MS, NULL);
    assert_string_equal(strbuf_str(&out),
                        "0 s|12 min|3 h 5 min|2 d 4 h|120 ms|2 h 0 min|<time "
                        "datetime=\"2027-12-26T09:00:00Z\">Sun 26 Dec 2027 09:00</time>");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_overlap),
        cmocka_unit_test(test_past),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_reload),
        cmocka_unit_test(test_a_job_goes_before_its_start),
        cmocka_unit_test(test_zone_that_is_none),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_secrets),
        cmocka_unit_test(test_deadlines_of_the_environment),
        cmocka_unit_test(test_view),
        cmocka_unit_test(test_times_of_a_job),
        cmocka_unit_test(test_failed_before_its_start),
        cmocka_unit_test(test_spans),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
