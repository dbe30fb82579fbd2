/*
 * A supervised command with a guard between: its end is told by the guard, known a moment before, and what the guard's own end
 * means.
 */
#include "common/proc/guard.h"
#include "tests/unit/fakes/command_world.h"

static void
start_guarded(struct world *w)
{
    const struct guard_setup guard = {.name = "guard"};
    struct command_spec spec = usual;
    struct err e;
    spec.guard = &guard;
    open_world(w);
    w->c = command_new(NULL, NULL, &ops, w, &e);
    assert_int_equal(command_start(w->c, &spec, &e), 0);
    assert_int_equal(command_pid(w->c), MAIN_PID);
    expect("guarded");
}

/* What comes through the link. */
static void
guard_speaks(void)
{
    assert_int_equal(fake_watch.what, LOOP_READ);
    fake_watch.cb(1000, LOOP_READ, fake_watch.arg);
    turn();
}

static void
guard_ends(struct world *w, int status)
{
    process_end(GUARD_PID, status);
    hear(w, SIGCHLD);
}

static void
end_world(struct world *w)
{
    expect("");
    command_free(w->c);
    expect("unlinked");
    turn();
    assert_null(fake_watch.cb);
    assert_int_equal(timers_left(), 0);
}

static void
test_it_ends(void **state)
{
    (void)state;
    struct world w;
    start_guarded(&w);
    process_end(MAIN_PID, EXIT(3));
    guard_speaks();
    expect(
        "let go, look, USR2+CONT to the unasked"); /* nobody is there; the guard has not ended yet */
    assert_int_equal(fake_watch.what, 0);
    guard_ends(&w, 0);
    expect("not guarded, ended");
    assert_int_equal(w.end.wait_status, EXIT(3));
    assert_false(w.end.guard_lost);
    end_world(&w);
}

static void
test_what_it_leaves_behind(void **state)
{
    (void)state;
    struct world w;
    start_guarded(&w);
    process_add(7)->deaf = true;
    process_end(MAIN_PID, EXIT(0));
    guard_speaks();
    expect("let go, look, USR2+CONT to the unasked, left behind 7");
    pass_to(START_MS + 5000);
    expect(
        "KILL to all, killing"); /* the guard has reaped the group's leader: none is certain to be it */
    hear(&w, SIGCHLD);
    guard_ends(&w, 0);
    expect("not guarded, ended");
    end_world(&w);
}

/* The deadline comes when the command has ended, but the guard has not had its turn yet. */
static void
test_in_time(void **state)
{
    (void)state;
    struct world w;
    start_guarded(&w);
    guard_is_slow = true;
    process_end(MAIN_PID, EXIT(4));
    pass_to(START_MS + 10000);
    expect("look, USR2+CONT to the unasked");
    hear(&w, SIGUSR1); /* nobody is left to hear it */
    expect("");
    guard_is_slow = false;
    guard_speaks();
    expect("let go");
    guard_ends(&w, 0);
    expect("not guarded, ended");
    assert_int_equal(w.end.wait_status, EXIT(4));
    assert_false(w.end.deadline);
    end_world(&w);
}

static void
test_signals_go_to_the_group(void **state)
{
    (void)state;
    struct world w;
    start_guarded(&w);
    hear(&w, SIGUSR1);
    expect("USR1 to the command's group");
    hear(&w, SIGTERM);
    expect("stopping by USR2, USR2+CONT to all and group 100");
    guard_speaks();
    guard_ends(&w, 0);
    expect("let go, look, USR2+CONT to the unasked, not guarded, ended");
    assert_int_equal(w.end.stop_signo, SIGTERM);
    end_world(&w);
}

static void
test_guard_is_killed(void **state)
{
    (void)state;
    struct world w;
    start_guarded(&w);
    process_add(7)->deaf = true;
    process_end(MAIN_PID, SIGKILL); /* from the kernel, its parent is gone */
    guard_ends(&w, SIGKILL);
    expect("not guarded, guard lost, KILL to all, killing, look");
    hear(&w, SIGCHLD);
    expect("ended");
    assert_true(w.end.guard_lost);
    assert_false(w.end.lost);
    assert_int_equal(w.end.error.code, ERR_LOST);
    assert_non_null(strstr(w.end.error.msg, "guard was killed (signal 9)"));
    end_world(&w);
}

/* The end of the command was told, or is known: its own end is what counts, and what it left is killed. */
static void
test_guard_is_killed_later(void **state)
{
    for (int slow = 0; slow < 2; slow++) {
        (void)state;
        struct world w;
        start_guarded(&w);
        process_add(7)->deaf = true;
        guard_is_slow = slow;
        process_end(MAIN_PID, EXIT(5));
        guard_speaks();
        expect(slow ? "look, USR2+CONT to the unasked, left behind 7"
                    : "let go, look, USR2+CONT to the unasked, left behind 7");
        guard_ends(&w, SIGKILL);
        expect("not guarded, guard lost, KILL to all, killing");
        hear(&w, SIGCHLD);
        expect("ended");
        assert_false(w.end.guard_lost);
        assert_int_equal(w.end.error.code, ERR_NONE);
        assert_int_equal(w.end.wait_status, EXIT(5));
        end_world(&w);
    }
}

/* It was being ended already: by a signal from outside. */
static void
test_guard_is_killed_while_stopping(void **state)
{
    (void)state;
    struct world w;
    start_guarded(&w);
    process_of(MAIN_PID)->deaf = true;
    hear(&w, SIGTERM);
    expect("stopping by USR2, USR2+CONT to all and group 100");
    process_end(MAIN_PID, SIGKILL);
    guard_ends(&w, SIGKILL);
    expect("not guarded, guard lost, KILL to all, killing, look, ended");
    assert_false(w.end.guard_lost);
    assert_int_equal(w.end.stop_signo, SIGTERM);
    end_world(&w);
}

static void
test_owner_frees_it(void **state)
{
    (void)state;
    struct world w;
    start_guarded(&w);
    w.free_at = COMMAND_GUARD_LOST;
    process_end(MAIN_PID, SIGKILL);
    guard_ends(&w, SIGKILL);
    expect("not guarded, guard lost, unlinked");
    assert_true(w.freed);
    assert_int_equal(timers_left(), 0);
}

static void
test_no_guard(void **state)
{
    (void)state;
    const struct guard_setup guard = {.name = "guard"};
    struct world w;
    struct err e;
    struct command_spec spec = usual;
    spec.guard = &guard;
    open_world(&w);
    proc_visible = false; /* it would find nobody */
    begin(&w, &spec);
    process_end(MAIN_PID, EXIT(0));
    hear(&w, SIGCHLD);
    expect("look, ended");
    close_world(&w);

    open_world(&w);
    watch_fails = true;
    w.c = command_new(NULL, NULL, &ops, &w, &e);
    assert_int_equal(command_start(w.c, &spec, &e), -1);
    assert_int_equal(e.code, ERR_NOMEM);
    expect("guarded, unlinked"); /* with which the guard ends all */
    assert_false(command_runs(w.c));
    close_world(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_ends),
        cmocka_unit_test(test_what_it_leaves_behind),
        cmocka_unit_test(test_in_time),
        cmocka_unit_test(test_signals_go_to_the_group),
        cmocka_unit_test(test_guard_is_killed),
        cmocka_unit_test(test_guard_is_killed_later),
        cmocka_unit_test(test_guard_is_killed_while_stopping),
        cmocka_unit_test(test_owner_frees_it),
        cmocka_unit_test(test_no_guard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
