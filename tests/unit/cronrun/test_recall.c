/* The process that says when jobs ran last: what it says, and one that says nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/proc/signals.h"
#include "cronrun/recall/recall.h"

struct heard {
    struct loop *loop;
    struct signals signals;
    struct recall *recall;
    char program[64];
    bool done, failed;
    unsigned jobs;
};

static bool
on_wants(const char *name, void *arg)
{
    (void)name;
    (void)arg;
    return true;
}

static void
on_job(const char *name, int64_t last_ms, void *arg)
{
    assert_string_equal(name, "mail");
    assert_int_equal(last_ms, 1000);
    ((struct heard *)arg)->jobs++;
}

static void
on_done(bool failed, void *arg)
{
    struct heard *h = arg;
    assert_false(h->done);
    h->done = true;
    h->failed = failed;
    recall_free(h->recall);
}

/* How it ended, as of waitpid(2). */
static int
play(struct heard *h, const char *script, uint64_t deadline_ms)
{
    struct err e;
    int status;
    FILE *out = fopen(h->program, "w");
    assert_non_null(out);
    fprintf(out, "#!/bin/sh\n%s\n", script);
    fclose(out);
    assert_int_equal(chmod(h->program, 0755), 0);
    const struct recall_request request = {.program = h->program,
                                           .path = "/crontab",
                                           .dialect = "vixie",
                                           .dst = "vixie",
                                           .spawn = {.signals = &h->signals, .descriptors = 64},
                                           .deadline_ms = deadline_ms,
                                           .wants = on_wants,
                                           .cb = on_job,
                                           .done = on_done,
                                           .arg = h};
    h->recall = recall_new(h->loop, &request, &e);
    assert_non_null(h->recall);
    assert_int_equal(loop_turn_until(h->loop, &h->done, clock_deadline(60000), &e), 0);
    assert_true(waitpid(-1, &status, 0) > 0);
    return status;
}

static void
test_what_it_says(void **state)
{
    struct heard *h = *state;
    int status =
        play(h,
             "echo '{\"job\":\"mail\",\"state\":\"free\",\"last_end\":\"1970-01-01T00:00:01Z\"}'\n"
             "exec 1>&-; exit 3",
             clock_deadline(60000));
    assert_true(h->done && !h->failed);
    assert_int_equal(h->jobs, 1);
    assert_true(WIFEXITED(status) || WTERMSIG(status) == SIGKILL); /* at its leisure */
}

static void
test_late(void **state)
{
    struct heard *h = *state;
    int status = play(h, "exec sleep 600", clock_deadline(50));
    assert_true(h->failed);
    assert_int_equal(h->jobs, 0);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static int
setup(void **state)
{
    struct heard *h = calloc(1, sizeof(*h));
    struct err e;
    snprintf(h->program, sizeof(h->program), "/tmp/test_recall_%ld", (long)getpid());
    h->loop = loop_new(&e);
    *state = h;
    return h->loop && signals_init(&h->signals, &e) == 0 ? 0 : -1;
}

static int
teardown(void **state)
{
    struct heard *h = *state;
    signals_restore(&h->signals);
    signals_done(&h->signals);
    loop_free(h->loop);
    remove(h->program);
    free(h);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test_setup_teardown(test_what_it_says, setup, teardown),
        cmocka_unit_test_setup_teardown(test_late, setup, teardown),
    };
    return cmocka_run_group_tests(all, NULL, NULL);
}
