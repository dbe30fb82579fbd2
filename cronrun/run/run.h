/*
 * run.h: one run of a command: lock, start, supervise, release, report.
 */
#ifndef RR_CRONRUN_RUN_H
#define RR_CRONRUN_RUN_H

struct options;

/* argv: the command, NULL-ended. Returns the exit status; everything is logged. */
int run_main(const struct options *o, char **argv);

#endif
