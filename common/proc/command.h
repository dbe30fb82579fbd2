/*
 * command.h: a supervised command: started, watched, ended with all that descends from it.
 *
 * Whoever owns it (a run under a lock, a wrapper, a daemon's job) hands in what only he hears: the process' signals, the loss
 * of what the command runs under, the end of its output. What is to be done about them is supervise.h's table; a deadline, the
 * grace and the passes of KILL have their timers here. Nothing is logged here: the owner is told, and says it in his words.
 *
 * A command reaps every child of the process and signals all of its descendants (tree.h), so there is one at a time, it is
 * made before any other child is started, and its owner reads all signals through signals.h: no loop_stop_on(), no
 * loop_signal_new() beside it.
 */
#ifndef RR_PROC_COMMAND_H
#define RR_PROC_COMMAND_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "common/base/err.h"
#include "common/proc/supervise.h"

struct command;
struct guard_setup;
struct loop;
struct signals;
struct signals_event;

/* What deserves a record. */
enum command_news {
    COMMAND_STATE,       /* from, to */
    COMMAND_OVERDUE,     /* deadline_ms; COMMAND_STOPPING follows */
    COMMAND_STOPPING,    /* it is about to be asked to end, by signo */
    COMMAND_LEFT_BEHIND, /* it ended, and these processes did not; they have been asked */
    COMMAND_KILLING,     /* KILL has gone to what was found */
    COMMAND_GUARD_LOST,  /* the guard was killed; KILL follows */
    COMMAND_NOT_DYING, /* processes that live on after KILL for 10 s; or at once when some are `denied` */
};

struct command_note {
    enum command_news news;
    enum supervise_state from;
    enum supervise_state to;
    uint64_t deadline_ms;
    int signo;
    const char *processes; /* "123 (sleep), 124 (sh)"; valid during the call */
    bool denied;           /* of another user: may not be signalled */
};

struct command_end {
    int exec_status;  /* 0: it was executed; else 125 to 127 (child.h), and error says why */
    int wait_status;  /* as of waitpid(2) */
    uint64_t took_ms; /* until nothing was left of it */
    /* What came before the command itself ended: */
    bool deadline; /* not one that came while it was being stopped, or lost */
    bool lost;
    bool guard_lost;  /* killed while the command ran */
    int stop_signo;   /* TERM, INT or QUIT, the first of them; 0: none came */
    struct err error; /* of exec_status, else of `lost` or `guard_lost`; ERR_NONE */
};

/* The command may be freed inside each of them. */
struct command_ops {
    void (*note)(const struct command_note *note, void *arg);
    /* Look now at what the command runs under, and tell its loss (command_lost) from inside: this process was stopped, or the
     * command has just ended and what was lost before counts. NULL: it runs under nothing. */
    void (*look)(void *arg);
    /* Once: no process is left, and the output has ended (or was still open two seconds later). */
    void (*ended)(const struct command_end *end, void *arg);
};

struct command_spec {
    char *const *argv;          /* borrowed until the end */
    char *const *envp;          /* this and cores: borrowed during the call */
    const struct rlimit *cores; /* child.h */
    const struct guard_setup
        *guard;  /* guard.h; borrowed. NULL: none; nor as PID 1, nor without /proc */
    int keep_fd; /* child.h, as the next two */
    int out_fd, err_fd;
    const char *cgroup;   /* child.h */
    uint64_t deadline_ms; /* what it may take, also in suspend; CLOCK_NEVER: as long as it likes */
    uint64_t grace_ms;    /* from the stop signal to KILL */
    int stop_signal;
    bool closes;       /* child.h */
    bool reads_output; /* the owner reads it to its end, and calls command_output_ended() */
};

/* ops, loop and signals are borrowed and outlive it. ERR_SYSTEM, ERR_NOMEM. */
struct command *command_new(struct loop *l, const struct signals *s, const struct command_ops *ops,
                            void *arg, struct err *e);
/* NULL allowed. Ends nothing: a command that still runs is left to itself. */
void command_free(struct command *c);
/* False without a usable /proc: no more than its process group is seen (tree.h). */
bool command_sees_all(const struct command *c);

/* Once. After 0 `ended` fires, never inside the call. ERR_SYSTEM: no process could be made. */
MUST_CHECK int command_start(struct command *c, const struct command_spec *spec, struct err *e);
bool command_runs(const struct command *c); /* started, and not told to have ended */
pid_t command_pid(const struct command *c); /* 0: never started */

/* After command_start(), until it has ended: the cgroup that it was started in, as /proc shows it. NULL: none of its own; *ret_why
 * says why, "" when none was wanted. */
const char *command_cgroup(const struct command *c, const char **ret_why);

/* Each signal that signals_read() gives, CHLD always, the others while it runs: TERM, INT and QUIT end the command, TSTP, TTIN
 * and TTOU stop it and this process, all others are its own to hear. */
void command_signal(struct command *c, const struct signals_event *ev);
/* What it runs under cannot be proven any more: KILL at once. Nothing happens unless it runs. */
void command_lost(struct command *c, const struct err *why);
/* It is likely to be lost: end it politely. */
void command_unsure(struct command *c, const struct err *why);
void command_output_ended(struct command *c);

#endif
