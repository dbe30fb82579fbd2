/*
 * A supervised command and its end: what is done when, in which order, and what counts. The orders of reaping, deadline, KILL
 * and end of output are proven here without a process.
 */
#include "tests/unit/fakes/command_world.h"

/* ---- it ends by itself ---- */

static void
test_it_ends(void **state)
{
    (void)state;
    struct world w;
    start_usual(&w);
    pass_to(START_MS + 3000);
    process_end(MAIN_PID, EXIT(3));
    expect("");
    hear(&w, SIGCHLD);
    expect("look, ended");
    assert_int_equal(w.end.wait_status, EXIT(3));
    assert_int_equal(w.end.took_ms, 3000);
    assert_int_equal(w.end.exec_status, 0);
    assert_int_equal(w.end.error.code, ERR_NONE);
    assert_false(w.end.deadline || w.end.lost || w.end.stop_signo);
    pass_to(START_MS + 60000); /* no timer is left */
    hear(&w, SIGTERM);
    lose(&w, false, "too late");
    close_world(&w);
}

static void
test_it_was_not_executed(void **state)
{
    (void)state;
    struct world w;
    start_usual(&w);
    exec_fails = 127;
    lose(&w, true, "unsure"); /* weighs less than that it never ran */
    expect("stopping by USR2, USR2+CONT to all and group 100");
    process_end(MAIN_PID, EXIT(127));
    hear(&w, SIGCHLD);
    expect("look, ended");
    assert_int_equal(w.end.exec_status, 127);
    assert_string_equal(w.end.error.msg, "cannot execute mail");
    close_world(&w);
}

static void
test_no_process_could_be_made(void **state)
{
    (void)state;
    struct world w;
    struct err e;
    open_world(&w);
    fork_fails = true;
    w.c = command_new(NULL, NULL, &ops, &w, &e);
    assert_int_equal(command_start(w.c, &usual, &e), -1);
    assert_int_equal(e.code, ERR_SYSTEM);
    assert_false(command_runs(w.c));
    assert_int_equal(command_pid(w.c), 0);
    process_add(7); /* an orphan that came to us */
    process_end(7, 0);
    hear(&w, SIGCHLD);
    assert_true(tree_empty(NULL));
    hear(&w, SIGTERM);
    pass_to(START_MS + 60000);
    assert_false(w.over);
    close_world(&w);
}

/* Orphans are reaped while it runs, and end nothing. */
static void
test_orphans(void **state)
{
    (void)state;
    struct world w;
    start_usual(&w);
    process_add(7);
    process_end(7, EXIT(9));
    hear(&w, SIGCHLD);
    expect("");
    assert_true(command_runs(w.c));
    process_end(MAIN_PID, EXIT(0));
    hear(&w, SIGCHLD);
    expect("look, ended");
    assert_int_equal(w.end.wait_status, EXIT(0));
    close_world(&w);
}

/* ---- what it leaves behind ---- */

static void
test_what_it_leaves_behind_is_asked(void **state)
{
    (void)state;
    struct world w;
    start_usual(&w);
    process_add(7);
    process_add(8)->deaf = true;
    process_end(MAIN_PID, EXIT(0));
    hear(&w, SIGCHLD);
    expect("look, USR2+CONT to the unasked, left behind 8");
    hear(&w, SIGCHLD); /* 7's; the command's end is told and looked at once */
    expect("");
    process_end(8, EXIT(0));
    hear(&w, SIGCHLD);
    expect("ended");
    assert_int_equal(w.end.wait_status, EXIT(0));
    assert_false(w.end.deadline);
    close_world(&w);
}

static void
test_what_is_deaf_is_killed_after_the_grace(void **state)
{
    (void)state;
    struct world w;
    start_usual(&w);
    linger(&w);
    pass_to(START_MS + 4999);
    expect("");
    pass_to(START_MS + 5000);
    expect("KILL to all and group 100, killing");
    hear(&w, SIGCHLD);
    expect("ended");
    assert_int_equal(w.end.took_ms, 5000);
    close_world(&w);
}

/* No signal tells of its end: it is looked for, less and less often; what is deaf to the end of the grace is killed like all. */
static void
test_strays(void **state)
{
    (void)state;
    for (int deaf = 0; deaf < 2; deaf++) {
        struct world w;
        start_usual(&w);
        struct process *stray = process_add(7);
        stray->stray = stray->deaf = true;
        process_end(MAIN_PID, EXIT(0));
        hear(&w, SIGCHLD);
        expect("look, USR2+CONT to the unasked, left behind 7");
        pass_to(START_MS + 1000);
        expect("");
        if (!deaf) {
            process_end(7, EXIT(0));
            pass_to(START_MS + 1100);
            expect("ended");
        } else {
            pass_to(START_MS + 4999);
            expect("");
            pass_to(START_MS + 5001);
            expect("KILL to all and group 100, killing");
            pass_to(START_MS + 5010);
            expect("ended");
        }
        close_world(&w);
    }
}

/* Passes come quickly first, then ten a second, until nothing is left; words are few. */
static void
test_what_does_not_die(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    struct command_spec spec = usual;
    spec.deadline_ms = CLOCK_NEVER;
    begin(&w, &spec);
    process_of(MAIN_PID)->immortal = true;
    lose(&w, false, "gone");
    expect("KILL to all and group 100, killing");
    const uint64_t passes_ms[] = {2, 6, 14, 30, 62, 126, 226, 326};
    for (size_t i = 0; i < sizeof(passes_ms) / sizeof(passes_ms[0]); i++) {
        pass_to(START_MS + passes_ms[i] - 1);
        expect("");
        pass_to(START_MS + passes_ms[i]);
        expect("KILL to all and group 100");
    }
    pass_to(START_MS + 9999);
    assert_null(strstr(story, "not dying"));
    story[0] = '\0';
    pass_to(START_MS + 10099);
    expect("KILL to all and group 100, not dying 100");
    pass_to(START_MS + 20199);
    assert_non_null(strstr(story, "not dying 100"));
    process_of(MAIN_PID)->immortal = false;
    story[0] = '\0';
    pass_to(START_MS + 20299);
    expect("KILL to all and group 100");
    pass_to(START_MS + 20399); /* a pass reaps first */
    expect("look, ended");
    assert_int_equal(w.end.wait_status, SIGKILL);
    close_world(&w);
}

/* Said at once, and once. */
static void
test_another_users_process(void **state)
{
    (void)state;
    struct world w;
    start_usual(&w);
    process_add(7)->foreign = true;
    process_end(MAIN_PID, EXIT(0));
    hear(&w, SIGCHLD);
    expect("look, USR2+CONT to the unasked, left behind 7");
    pass_to(START_MS + 5000);
    expect("KILL to all and group 100, denied 7, killing");
    pass_to(START_MS + 5002);
    expect("KILL to all and group 100");
    process_end(7, EXIT(0));
    hear(&w, SIGCHLD);
    expect("ended");
    close_world(&w);
}

/* ---- its deadline ---- */

static void
test_deadline(void **state)
{
    (void)state;
    struct world w;
    start_usual(&w);
    process_of(MAIN_PID)->deaf = true;
    pass_to(START_MS + 9999);
    expect("");
    pass_to(START_MS + 10000);
    expect("overdue 10000, stopping by USR2, USR2+CONT to all and group 100");
    pass_to(START_MS + 14999);
    expect("");
    pass_to(START_MS + 15000);
    expect("KILL to all and group 100, killing");
    hear(&w, SIGCHLD);
    expect("look, ended");
    assert_true(w.end.deadline);
    assert_int_equal(w.end.wait_status, SIGKILL);
    assert_int_equal(w.end.took_ms, 15000);
    close_world(&w);
}

/* Being stopped, or without its lock, it is ended by that; the grace goes on. */
static void
test_deadline_within_a_grace(void **state)
{
    (void)state;
    struct world w;
    for (int lost = 0; lost < 2; lost++) {
        start_usual(&w);
        process_of(MAIN_PID)->deaf = true;
        pass_to(START_MS + 9000);
        if (lost)
            lose(&w, true, "it was not renewed");
        else
            hear(&w, SIGTERM);
        expect("stopping by USR2, USR2+CONT to all and group 100");
        pass_to(START_MS + 13999);
        expect("");
        pass_to(START_MS + 14000);
        expect("KILL to all and group 100, killing");
        hear(&w, SIGCHLD);
        expect("look, ended");
        assert_false(w.end.deadline);
        assert_int_equal(w.end.lost, lost);
        assert_int_equal(w.end.stop_signo, lost ? 0 : SIGTERM);
        close_world(&w);
    }
}

/* It ended in time, and we hear of both at once. */
static void
test_deadline_and_end_together(void **state)
{
    (void)state;
    struct world w;
    start_usual(&w);
    process_end(MAIN_PID, EXIT(0));
    pass_to(START_MS + 10000);
    expect("look, ended");
    assert_false(w.end.deadline);
    close_world(&w);
}

/* For what the command left behind there is the grace, not its deadline. */
static void
test_deadline_ends_with_the_command(void **state)
{
    (void)state;
    struct world w;
    start_usual(&w);
    pass_to(START_MS + 9000);
    linger(&w);
    pass_to(START_MS + 13999);
    expect("");
    process_end(7, EXIT(0));
    hear(&w, SIGCHLD);
    expect("ended");
    assert_false(w.end.deadline);
    close_world(&w);
}

/* What its own handler started is left alone until it ends; then what was never asked is, and the grace goes on. */
static void
test_what_it_leaves_behind_after_a_deadline(void **state)
{
    (void)state;
    struct world w;
    start_usual(&w);
    process_of(MAIN_PID)->deaf = true;
    pass_to(START_MS + 10000);
    expect("overdue 10000, stopping by USR2, USR2+CONT to all and group 100");
    pass_to(START_MS + 12000);
    process_add(7)->deaf = true;
    process_add(8)->deaf = true;
    process_end(MAIN_PID, EXIT(0));
    hear(&w, SIGCHLD);
    expect("look, USR2+CONT to the unasked");
    process_end(8, EXIT(0));
    hear(&w, SIGCHLD);
    expect("");
    pass_to(START_MS + 14999);
    expect("");
    pass_to(START_MS + 15000);
    expect("KILL to all and group 100, killing");
    hear(&w, SIGCHLD);
    expect("ended");
    assert_true(w.end.deadline);
    assert_int_equal(w.end.wait_status, EXIT(0));
    close_world(&w);
}

static void
test_no_deadline(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    struct command_spec spec = usual;
    spec.deadline_ms = CLOCK_NEVER;
    begin(&w, &spec);
    pass_to(UINT64_MAX / 2);
    expect("");
    process_end(MAIN_PID, EXIT(0));
    hear(&w, SIGCHLD);
    expect("look, ended");
    close_world(&w);
}

/* Nothing is left of the time: at once, but not inside the start. */
static void
test_deadline_of_nothing(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    struct command_spec spec = usual;
    spec.deadline_ms = 0;
    begin(&w, &spec);
    pass_to(START_MS);
    expect("overdue 0, stopping by USR2, USR2+CONT to all and group 100");
    hear(&w, SIGCHLD);
    expect("look, ended");
    assert_true(w.end.deadline);
    close_world(&w);
}

/* ---- its output ---- */

static void
start_reading(struct world *w)
{
    open_world(w);
    struct command_spec spec = usual;
    spec.reads_output = true;
    begin(w, &spec);
}

static void
test_output_ends_after_the_command(void **state)
{
    (void)state;
    struct world w;
    start_reading(&w);
    process_end(MAIN_PID, EXIT(0));
    hear(&w, SIGCHLD);
    expect("look");
    assert_true(command_runs(w.c));
    pass_to(START_MS + 1500);
    hear(&w, SIGTERM); /* nobody is left to hear it */
    hear(&w, SIGCHLD);
    lose(&w, false, "late");
    expect("");
    command_output_ended(w.c);
    expect("ended");
    assert_int_equal(w.end.took_ms, 1500);
    assert_int_equal(w.end.stop_signo, 0);
    assert_false(w.end.lost);
    pass_to(START_MS + 60000);
    close_world(&w);
}

static void
test_output_ends_before_the_command(void **state)
{
    (void)state;
    struct world w;
    start_reading(&w);
    command_output_ended(w.c);
    expect("");
    assert_true(command_runs(w.c));
    linger(&w);
    process_end(7, EXIT(0));
    hear(&w, SIGCHLD);
    expect("ended");
    close_world(&w);
}

/* Somebody outside of the tree holds it. Two seconds from the last process' end, whatever was left of the grace. */
static void
test_output_that_does_not_end(void **state)
{
    (void)state;
    struct world w;
    start_reading(&w);
    linger(&w);
    pass_to(START_MS + 4000);
    process_end(7, EXIT(0));
    hear(&w, SIGCHLD);
    pass_to(START_MS + 5999);
    expect("");
    pass_to(START_MS + 6000);
    expect("ended");
    command_output_ended(w.c);
    close_world(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_ends),
        cmocka_unit_test(test_it_was_not_executed),
        cmocka_unit_test(test_no_process_could_be_made),
        cmocka_unit_test(test_orphans),
        cmocka_unit_test(test_what_it_leaves_behind_is_asked),
        cmocka_unit_test(test_what_is_deaf_is_killed_after_the_grace),
        cmocka_unit_test(test_strays),
        cmocka_unit_test(test_what_does_not_die),
        cmocka_unit_test(test_another_users_process),
        cmocka_unit_test(test_deadline),
        cmocka_unit_test(test_deadline_within_a_grace),
        cmocka_unit_test(test_deadline_and_end_together),
        cmocka_unit_test(test_deadline_ends_with_the_command),
        cmocka_unit_test(test_what_it_leaves_behind_after_a_deadline),
        cmocka_unit_test(test_no_deadline),
        cmocka_unit_test(test_deadline_of_nothing),
        cmocka_unit_test(test_output_ends_after_the_command),
        cmocka_unit_test(test_output_ends_before_the_command),
        cmocka_unit_test(test_output_that_does_not_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
