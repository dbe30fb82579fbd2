/* A supervised command and what it is told: signals, the loss of what it runs under; and its being freed at any time. */
#include "tests/unit/fakes/command_world.h"

/* ---- signals ---- */

/* TERM becomes the stop signal, the others stay what they are; each goes on, the grace counts from the first. */
static void
test_stopped_from_outside(void **state)
{
    (void)state;
    struct world w;
    start_usual(&w);
    process_of(MAIN_PID)->deaf = true;
    hear(&w, SIGINT);
    expect("stopping by INT, INT+CONT to all and group 100");
    pass_to(START_MS + 3000);
    hear(&w, SIGTERM);
    expect("USR2+CONT to all and group 100");
    hear(&w, SIGQUIT);
    expect("QUIT+CONT to all and group 100");
    pass_to(START_MS + 4999);
    expect("");
    pass_to(START_MS + 5000);
    expect("KILL to all and group 100, killing");
    hear(&w, SIGTERM); /* reaps first */
    expect("look, ended");
    assert_int_equal(w.end.stop_signo, SIGINT);
    close_world(&w);
}

/* TERM is read before a CHLD that came first: what has ended already was not stopped. */
static void
test_term_after_the_end(void **state)
{
    (void)state;
    struct world w;
    start_usual(&w);
    process_end(MAIN_PID, EXIT(0));
    hear(&w, SIGTERM);
    expect("look, ended");
    assert_int_equal(w.end.stop_signo, 0);
    close_world(&w);
}

static void
test_term_while_it_lingers(void **state)
{
    (void)state;
    struct world w;
    start_usual(&w);
    process_add(7)->deaf = true;
    process_end(MAIN_PID, EXIT(0));
    hear(&w, SIGTERM);
    expect("look, USR2+CONT to the unasked, left behind 7, USR2+CONT to all");
    process_end(7, EXIT(0));
    hear(&w, SIGCHLD);
    expect("ended");
    assert_int_equal(w.end.stop_signo, 0);
    close_world(&w);
}

/* The terminal has told the whole foreground group already. */
static void
test_on_a_terminal(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    on_terminal = true;
    begin(&w, &usual);
    process_of(MAIN_PID)->deaf = true;
    signal_from(&w, SIGWINCH, true);
    expect("");
    signal_from(&w, SIGWINCH, false);
    expect("WINCH to the command");
    signal_from(&w, SIGINT, true);
    expect("stopping by INT");
    hear(&w, SIGTERM);
    expect("USR2+CONT to all");
    pass_to(START_MS + 5000);
    expect("KILL to all, killing");
    hear(&w, SIGCHLD);
    expect("look, ended");
    close_world(&w);
}

static void
test_signals_are_handed_on(void **state)
{
    (void)state;
    struct world w;
    start_usual(&w);
    hear(&w, SIGUSR1);
    hear(&w, SIGHUP);
    struct signals_event ignored = {.signo = SIGINT, .ignored = true};
    command_signal(w.c, &ignored);
    expect("USR1 to the command's group, HUP to the command's group, INT to the command's group");
    process_add(7)->deaf = true;
    process_end(MAIN_PID, EXIT(0));
    hear(&w, SIGUSR1); /* its pid may be another's now */
    expect("look, USR2+CONT to the unasked, left behind 7");
    command_signal(w.c, &ignored);
    expect("");
    process_end(7, EXIT(0));
    hear(&w, SIGCHLD);
    expect("ended");
    assert_int_equal(w.end.stop_signo, 0);
    close_world(&w);
}

static void
test_stop_and_go_on(void **state)
{
    (void)state;
    struct world w;
    start_usual(&w);
    const int stops[] = {SIGTSTP, SIGTTIN, SIGTTOU};
    const char *const expected[] = {"TSTP to the command's group, stopped",
                                    "TTIN to the command's group, stopped",
                                    "TTOU to the command's group, stopped"};
    for (size_t i = 0; i < 3; i++) {
        hear(&w, stops[i]);
        expect(expected[i]);
        hear(&w, SIGCONT);
        expect("look, CONT to the command's group");
    }
    w.lost_at_look = "somebody else has it";
    hear(&w, SIGCONT);
    expect("look, KILL to all and group 100, killing, CONT to the command's group");
    w.lost_at_look = NULL;
    hear(&w, SIGCHLD);
    expect("look, ended");
    assert_true(w.end.lost);
    close_world(&w);
}

/* ---- what it runs under ---- */

/* KILL is out before a word is said. */
static void
test_lost(void **state)
{
    (void)state;
    struct world w;
    start_usual(&w);
    lose(&w, false, "the connection is gone");
    expect("KILL to all and group 100, killing");
    hear(&w, SIGCHLD);
    expect("look, ended");
    assert_true(w.end.lost);
    assert_string_equal(w.end.error.msg, "the connection is gone");
    close_world(&w);
}

static void
test_unsure_and_then_lost(void **state)
{
    (void)state;
    struct world w;
    start_usual(&w);
    process_of(MAIN_PID)->deaf = true;
    lose(&w, true, "not renewed");
    expect("stopping by USR2, USR2+CONT to all and group 100");
    pass_to(START_MS + 1000);
    lose(&w, false, "over");
    expect("KILL to all and group 100, killing");
    hear(&w, SIGCHLD);
    expect("look, ended");
    assert_true(w.end.lost);
    assert_string_equal(w.end.error.msg, "over");
    close_world(&w);
}

/* The command itself ended under the lock; what it left behind is killed all the same. */
static void
test_lost_while_it_lingers(void **state)
{
    (void)state;
    struct world w;
    start_usual(&w);
    linger(&w);
    lose(&w, true, "not renewed"); /* is being ended already */
    expect("");
    lose(&w, false, "gone");
    expect("KILL to all and group 100, killing");
    hear(&w, SIGCHLD);
    expect("ended");
    assert_false(w.end.lost);
    assert_int_equal(w.end.error.code, ERR_NONE);
    close_world(&w);
}

/* Lost before it ended, though nobody had heard of it: counts, with and without something left behind. */
static void
test_lost_at_the_last_look(void **state)
{
    (void)state;
    for (int left = 0; left < 2; left++) {
        struct world w;
        start_usual(&w);
        w.lost_at_look = "replaced";
        if (left)
            process_add(7)->deaf = true;
        process_end(MAIN_PID, EXIT(0));
        hear(&w, SIGCHLD);
        expect(left ? "look, KILL to all and group 100, killing"
                    : "look, KILL to all and group 100, killing, ended");
        if (left) {
            hear(&w, SIGCHLD);
            expect("ended");
        }
        assert_true(w.end.lost);
        assert_string_equal(w.end.error.msg, "replaced");
        assert_int_equal(w.end.wait_status, EXIT(0));
        close_world(&w);
    }
}

/* What was lost before there was a command is its owner's to know. */
static void
test_lost_before_the_start(void **state)
{
    (void)state;
    struct world w;
    struct err e;
    open_world(&w);
    w.c = command_new(NULL, NULL, &ops, &w, &e);
    lose(&w, false, "early");
    assert_int_equal(command_start(w.c, &usual, &e), 0);
    expect("");
    process_end(MAIN_PID, EXIT(0));
    hear(&w, SIGCHLD);
    expect("look, ended");
    assert_false(w.end.lost);
    close_world(&w);
}

/* ---- without /proc ---- */

/* On a terminal there is no group of its own either: the command alone is reached. */
static void
test_blind(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    on_terminal = true;
    proc_visible = false;
    begin(&w, &usual);
    assert_false(command_sees_all(w.c));
    hear(&w, SIGTERM);
    expect("stopping by USR2, USR2+CONT to all, USR2 to the command, CONT to the command");
    lose(&w, false, "gone");
    expect("KILL to all, KILL to the command, killing");
    process_end(MAIN_PID, SIGKILL);
    hear(&w, SIGCHLD);
    expect("look, ended");
    close_world(&w);
    open_world(&w);
    proc_visible = false;
    begin(&w, &usual);
    hear(&w, SIGTERM);
    expect("stopping by USR2, USR2+CONT to all and group 100");
    process_end(MAIN_PID, SIGKILL);
    hear(&w, SIGCHLD);
    expect("look, ended");
    close_world(&w);
}

/* ---- freed inside its own callbacks: nothing happens after that ---- */

static void
test_freed_inside(void **state)
{
    (void)state;
    static const struct {
        int at;
        const char *story;
    } cases[] = {
        {COMMAND_OVERDUE, "overdue 10000"},
        {COMMAND_STOPPING, "overdue 10000, stopping by USR2"},
        {COMMAND_STATE, "overdue 10000"},
        {COMMAND_KILLING, "overdue 10000, stopping by USR2, USR2+CONT to all and group 100, "
                          "KILL to all and group 100, killing"},
        {FREE_AT_LOOK, "overdue 10000, stopping by USR2, USR2+CONT to all and group 100, "
                       "KILL to all and group 100, killing, look"},
        {FREE_AT_ENDED, "overdue 10000, stopping by USR2, USR2+CONT to all and group 100, "
                        "KILL to all and group 100, killing, look, ended"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct world w;
        start_usual(&w);
        process_of(MAIN_PID)->deaf = true;
        w.free_at = cases[i].at;
        pass_to(START_MS + 60000);
        expect(cases[i].story);
        assert_int_equal(timers_left(), 0);
    }
}

static void
test_freed_when_it_lingers(void **state)
{
    (void)state;
    const int at[] = {COMMAND_LEFT_BEHIND, COMMAND_NOT_DYING};
    const char *const stories[] = {
        "look, USR2+CONT to the unasked, left behind 7",
        "look, USR2+CONT to the unasked, left behind 7, KILL to all and group 100, denied 7"};
    for (size_t i = 0; i < 2; i++) {
        struct world w;
        start_usual(&w);
        w.free_at = at[i];
        process_add(7)->foreign = true;
        process_end(MAIN_PID, EXIT(0));
        hear(&w, SIGCHLD);
        pass_to(START_MS + 60000);
        expect(stories[i]);
        assert_int_equal(timers_left(), 0);
    }
}

static void
test_freed_when_it_goes_on(void **state)
{
    (void)state;
    struct world w;
    start_usual(&w);
    w.free_at = FREE_AT_LOOK;
    hear(&w, SIGCONT);
    expect("look");
    assert_int_equal(timers_left(), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stopped_from_outside),
        cmocka_unit_test(test_term_after_the_end),
        cmocka_unit_test(test_term_while_it_lingers),
        cmocka_unit_test(test_on_a_terminal),
        cmocka_unit_test(test_signals_are_handed_on),
        cmocka_unit_test(test_stop_and_go_on),
        cmocka_unit_test(test_lost),
        cmocka_unit_test(test_unsure_and_then_lost),
        cmocka_unit_test(test_lost_while_it_lingers),
        cmocka_unit_test(test_lost_at_the_last_look),
        cmocka_unit_test(test_lost_before_the_start),
        cmocka_unit_test(test_blind),
        cmocka_unit_test(test_freed_inside),
        cmocka_unit_test(test_freed_when_it_lingers),
        cmocka_unit_test(test_freed_when_it_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
