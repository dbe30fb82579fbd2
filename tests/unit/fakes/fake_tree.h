/*
 * fake_tree.h: a scripted tree of processes in place of tree.c, child.c and signals.c. What is done to it is written down, in its order
 * and together with what the test itself notes. Included by one test program, behind cmocka.h.
 */
#ifndef RR_TESTS_FAKE_TREE_H
#define RR_TESTS_FAKE_TREE_H

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/proc/child.h"
#include "common/proc/guard.h"
#include "common/proc/signals.h"
#include "common/proc/tree.h"

/* ---- what happened, "one, two, three" since it was asked last ---- */

static char story[16384];

__attribute__((format(printf, 1, 2))) static void
note(const char *fmt, ...)
{
    size_t len = strlen(story);
    assert_true(len < sizeof(story) / 2);
    va_list ap;
    va_start(ap, fmt);
    if (len > 0)
        len += (size_t)snprintf(story + len, sizeof(story) - len, ", ");
    vsnprintf(story + len, sizeof(story) - len, fmt, ap);
    va_end(ap);
}

static void
expect(const char *expected)
{
    char got[sizeof(story)];
    memcpy(got, story, sizeof(story));
    story[0] = '\0';
    assert_string_equal(got, expected);
}

/* ---- signals.h ---- */

const char *
signals_name(char *buf, int signo)
{
    snprintf(buf, SIGNALS_NAME_MAX, "%s", sigabbrev_np(signo));
    return buf;
}

void
signals_stop_self(void)
{
    note("stopped");
}

/* ---- the processes ---- */

#define MAIN_PID 100
#define GUARD_PID 99

struct process {
    pid_t pid;     /* 0: reaped, or never there */
    bool dead;     /* and not reaped yet */
    int status;    /* of dead */
    bool deaf;     /* ends by KILL alone */
    bool immortal; /* not even by that */
    bool foreign;  /* of another user: may not be signalled */
    bool stray;    /* descends from us no longer, and is in the cgroup: nobody is told of its end */
};

static struct process processes[4];
static bool proc_visible;
static bool on_terminal;
static bool fork_fails;
static int exec_fails;     /* the status; 0: it does not */
static bool guard_is_slow; /* has not come to say that the command has ended */

static void
quiet_tree(void)
{
    memset(processes, 0, sizeof(processes));
    story[0] = '\0';
    proc_visible = true;
    on_terminal = fork_fails = false;
    exec_fails = 0;
    guard_is_slow = false;
}

static struct process *
process_add(pid_t pid)
{
    for (size_t i = 0; i < 4; i++)
        if (!processes[i].pid) {
            processes[i] = (struct process){.pid = pid};
            return &processes[i];
        }
    fail_msg("more processes than the fake has");
    return NULL;
}

static struct process *
process_of(pid_t pid)
{
    for (size_t i = 0; i < 4; i++)
        if (processes[i].pid == pid)
            return &processes[i];
    fail_msg("process %d is not there", (int)pid);
    return NULL;
}

/* Ends with this status of waitpid(2). */
static void
process_end(pid_t pid, int status)
{
    struct process *p = process_of(pid);
    p->dead = true;
    p->status = status;
    if (p->stray)
        *p = (struct process){0};
}

/* Whoever is reaped by a guard is not ours. */
static bool
is_guarded(void)
{
    for (size_t i = 0; i < 4; i++)
        if (processes[i].pid == GUARD_PID)
            return true;
    return false;
}

static void
process_hear(struct process *p, int signo)
{
    if (p->pid && !p->dead && !p->foreign && !p->immortal && (signo == SIGKILL || !p->deaf))
        process_end(p->pid, signo);
}

/* ---- tree.h ---- */

struct tree *
tree_new(struct err *e)
{
    (void)e;
    return (struct tree *)processes;
}

void
tree_free(struct tree *t)
{
    (void)t;
}

bool
tree_sees_all(const struct tree *t)
{
    (void)t;
    return proc_visible;
}

void
tree_set_guard(struct tree *t, pid_t guard)
{
    (void)t;
    note(guard ? "guarded" : "not guarded");
}

void
tree_set_cgroup(struct tree *t, const struct cgroup *g)
{
    (void)t;
    (void)g;
}

struct tree_count
tree_signal(struct tree *t, int signo, bool wake, enum tree_scope scope, pid_t group)
{
    (void)t;
    char name[SIGNALS_NAME_MAX];
    char to[32] = "";
    if (group)
        snprintf(to, sizeof(to), " and group %d", (int)group);
    note("%s%s to %s%s", signals_name(name, signo), wake ? "+CONT" : "",
         scope == TREE_ALL ? "all" : "the unasked", to);
    struct tree_count count = {0};
    for (size_t i = 0; i < 4 && proc_visible; i++) {
        struct process *p = &processes[i];
        if (!p->pid || p->dead || p->pid == GUARD_PID)
            continue;
        count.alive++;
        count.denied += p->foreign;
        process_hear(p, signo);
    }
    return count;
}

void
tree_reap(struct tree *t, tree_reap_cb *cb, void *arg)
{
    (void)t;
    for (size_t i = 0; i < 4; i++) {
        struct process p = processes[i];
        bool guarded = p.pid != GUARD_PID && is_guarded();
        if (!p.pid || !p.dead || (guarded && p.pid == MAIN_PID))
            continue;
        processes[i] = (struct process){0};
        if (!guarded)
            cb(p.pid, p.status, arg);
    }
}

bool
tree_empty(struct tree *t)
{
    (void)t;
    for (size_t i = 0; i < 4; i++)
        if (processes[i].pid)
            return false;
    return true;
}

bool
tree_strays(struct tree *t)
{
    for (size_t i = 0; i < 4; i++)
        if (processes[i].pid && !processes[i].stray)
            return false;
    return !tree_empty(t);
}

void
tree_describe(struct tree *t, size_t max, struct strbuf *out)
{
    (void)t;
    (void)max;
    for (size_t i = 0; i < 4; i++)
        if (processes[i].pid && !processes[i].dead && processes[i].pid != GUARD_PID)
            strbuf_addf(out, "%s%d", out->len ? " " : "", (int)processes[i].pid);
}

/* ---- child.h ---- */

int
child_start(struct child *c, const struct child_spec *spec, struct err *e)
{
    if (fork_fails)
        return err_set(e, ERR_SYSTEM, "cannot start a process");
    if (spec->guard)
        process_add(GUARD_PID);
    process_add(MAIN_PID);
    *c = (struct child){
        .pid = MAIN_PID, .group = spec->own_group ? MAIN_PID : 0, .exec_fd = -1, .link = -1};
    if (spec->guard) {
        c->guard = GUARD_PID;
        c->link = 1000;
    }
    return 0;
}

int
child_signal(const struct child *c, int signo)
{
    char name[SIGNALS_NAME_MAX];
    note("%s to the %s", signals_name(name, signo), c->group ? "command's group" : "command");
    return 0;
}

int
child_exec_error(struct child *c, const char *command, int *ret_status, struct err *e)
{
    (void)c;
    if (!exec_fails)
        return 0;
    *ret_status = exec_fails;
    return err_set(e, ERR_SYSTEM, "cannot execute %s", command);
}

void
child_leave_cgroup(struct child *c)
{
    (void)c;
}

void
child_done(struct child *c)
{
    if (c->link >= 0)
        note("unlinked");
    c->link = -1;
}

bool
child_has_terminal(void)
{
    return on_terminal;
}

/* ---- guard.h ---- */

bool
guard_hear(int link, int *ret_status)
{
    (void)link;
    if (guard_is_slow || !is_guarded() || process_of(GUARD_PID)->dead ||
        !process_of(MAIN_PID)->dead)
        return false;
    *ret_status = process_of(MAIN_PID)->status;
    return true;
}

void
guard_let_go(int link)
{
    (void)link;
    note("let go");
    *process_of(MAIN_PID) = (struct process){0};
}

bool
guard_command_ended(pid_t guard, pid_t command)
{
    (void)command;
    assert_int_equal(guard, GUARD_PID);
    return process_of(MAIN_PID)->dead;
}

void
guard_wake(pid_t guard)
{
    assert_int_equal(guard, GUARD_PID);
}

#endif
