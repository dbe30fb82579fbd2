/*
 * command_world.h: a command on a clock that tests move and a scripted tree, with an owner that writes down what it is told.
 * Included by the tests of command.c, each a program of its own.
 */
#ifndef RR_TESTS_COMMAND_WORLD_H
#define RR_TESTS_COMMAND_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/proc/command.h"
#include "tests/unit/fakes/fake_loop.h"
#include "tests/unit/fakes/fake_tree.h"

#define EXIT(status) ((status) << 8) /* waitpid(2)'s */
#define START_MS 1000

enum { FREE_NEVER = -1, FREE_AT_LOOK = 100, FREE_AT_ENDED };

struct world {
    struct command *c;
    bool over;
    struct command_end end;
    const char *lost_at_look; /* the look finds this loss */
    bool freed;
    int free_at; /* the news at which the owner frees it, or one of the above */
};

static void
maybe_free(struct world *w, int now)
{
    assert_false(w->freed); /* it is dead at once */
    if (w->free_at != now)
        return;
    command_free(w->c);
    w->freed = true;
}

static void
on_note(const struct command_note *n, void *arg)
{
    char name[SIGNALS_NAME_MAX];
    switch (n->news) {
    case COMMAND_STATE:
        break;
    case COMMAND_OVERDUE:
        note("overdue %u", (unsigned)n->deadline_ms);
        break;
    case COMMAND_STOPPING:
        note("stopping by %s", signals_name(name, n->signo));
        break;
    case COMMAND_LEFT_BEHIND:
        note("left behind %s", n->processes);
        break;
    case COMMAND_KILLING:
        note("killing");
        break;
    case COMMAND_GUARD_LOST:
        note("guard lost");
        break;
    case COMMAND_NOT_DYING:
        note("%s %s", n->denied ? "denied" : "not dying", n->processes);
        break;
    }
    maybe_free(arg, (int)n->news);
}

static void
on_look(void *arg)
{
    struct world *w = arg;
    struct err why;
    note("look");
    if (w->lost_at_look) {
        err_set(&why, ERR_LOST, "%s", w->lost_at_look);
        command_lost(w->c, &why);
    }
    maybe_free(w, FREE_AT_LOOK);
}

static void
on_ended(const struct command_end *end, void *arg)
{
    struct world *w = arg;
    assert_false(w->over);
    assert_false(command_runs(w->c));
    w->over = true;
    w->end = *end;
    assert_int_equal(timers_pending(), 0);
    note("ended");
    maybe_free(w, FREE_AT_ENDED);
}

static const struct command_ops ops = {.note = on_note, .look = on_look, .ended = on_ended};
static char *const argv[] = {(char *)"mail", NULL};
static char *const envp[] = {NULL};

/* Ten seconds for the command, five of grace. */
static const struct command_spec usual = {.argv = argv,
                                          .envp = envp,
                                          .keep_fd = -1,
                                          .deadline_ms = 10000,
                                          .grace_ms = 5000,
                                          .stop_signal = SIGUSR2};

static void
open_world(struct world *w)
{
    *w = (struct world){.free_at = FREE_NEVER};
    reset_time(START_MS);
    quiet_tree();
}

static void
begin(struct world *w, const struct command_spec *spec)
{
    struct err e;
    w->c = command_new(NULL, NULL, &ops, w, &e);
    assert_non_null(w->c);
    assert_false(command_runs(w->c));
    assert_int_equal(command_start(w->c, spec, &e), 0);
    assert_true(command_runs(w->c));
    assert_int_equal(command_pid(w->c), MAIN_PID);
    expect("");
}

static inline void
start_usual(struct world *w)
{
    open_world(w);
    begin(w, &usual);
}

static void
close_world(struct world *w)
{
    expect("");
    command_free(w->c);
    turn();
    assert_int_equal(timers_left(), 0);
}

static void
signal_from(struct world *w, int signo, bool terminal)
{
    struct signals_event ev = {.signo = signo, .terminal = terminal};
    command_signal(w->c, &ev);
    turn();
}

static void
hear(struct world *w, int signo)
{
    signal_from(w, signo, false);
}

/* The command itself has ended well; 7, which it left behind, is deaf. */
static inline void
linger(struct world *w)
{
    process_add(7)->deaf = true;
    process_end(MAIN_PID, EXIT(0));
    hear(w, SIGCHLD);
    expect("look, USR2+CONT to the unasked, left behind 7");
}

static inline void
lose(struct world *w, bool unsure, const char *text)
{
    struct err why;
    err_set(&why, ERR_LOST, "%s", text);
    if (unsure)
        command_unsure(w->c, &why);
    else
        command_lost(w->c, &why);
    turn();
}

#endif
