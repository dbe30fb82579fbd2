/*
 * supervise.h: what to do with a running command when something happens: one table [state][event] =
 * {next, action}.
 *
 * Pure: no clock, no system call. Who runs the command feeds events in the order in which it learns
 * of them and carries out the action; the state says how far the ending has come. The end of the command's processes and
 * the end of its output come in either order, and it is done after both. Every cell of the table is written out.
 */
#ifndef RR_PROC_SUPERVISE_H
#define RR_PROC_SUPERVISE_H

enum supervise_state {
    SUPERVISE_RUNNING,   /* the command runs */
    SUPERVISE_STOPPING,  /* the tree was asked to end, the grace runs; the command itself may have
                            ended */
    SUPERVISE_LINGERING, /* the command ended by itself, what it left behind was asked to end, the
                            grace runs */
    SUPERVISE_KILLING,  /* KILL goes to whatever is found, again and again, until nothing is left */
    SUPERVISE_DRAINING, /* nothing of the tree is left, its output has not ended yet */
    SUPERVISE_DONE,     /* nothing is left */
    SUPERVISE_STATES
};

enum supervise_event {
    SUPERVISE_EXIT,     /* the command itself ended */
    SUPERVISE_EMPTY,    /* nothing of the tree is left (never before EXIT) */
    SUPERVISE_OUTPUT,   /* its output has ended; fed again on DRAIN when it came before EMPTY */
    SUPERVISE_DEADLINE, /* its time is over */
    SUPERVISE_STOP,     /* somebody outside wants it to end (TERM, INT, QUIT) */
    SUPERVISE_UNSURE, /* the lease was not renewed for half its time: end politely while it is still
                         valid */
    SUPERVISE_LOST,   /* the lease is lost, or ends so soon that no grace is left */
    SUPERVISE_GRACE,  /* the grace is over, or the time that DRAIN gives */
    SUPERVISE_EVENTS
};

enum supervise_action {
    SUPERVISE_NOTHING,
    SUPERVISE_ASK,    /* stop signal and CONT to the tree, start the grace */
    SUPERVISE_REPEAT, /* the signal that came to the tree, the grace goes on */
    SUPERVISE_SWEEP,  /* stop signal and CONT to those that had none; grace unless it runs */
    SUPERVISE_KILL,   /* KILL to all until EMPTY */
    SUPERVISE_DRAIN, /* nobody is left to signal: feed OUTPUT at once when the output has ended, else give it a time */
    SUPERVISE_FINISH, /* tell that it is over */
    SUPERVISE_ACTIONS
};

struct supervise_step {
    enum supervise_state next;
    enum supervise_action action;
};

struct supervise_step supervise_next(enum supervise_state state, enum supervise_event event);

/* "running"; "deadline"; "kill": for log records and tests. */
const char *supervise_state_name(enum supervise_state state);
const char *supervise_action_name(enum supervise_action action);

#endif
