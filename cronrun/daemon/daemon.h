/*
 * daemon.h: `cronrun daemon`: a crontab, in time, until it is told to stop.
 */
#ifndef RR_CRONRUN_DAEMON_H
#define RR_CRONRUN_DAEMON_H

#include "common/opt/opt.h"
#include "cronrun/options.h"

/* Returns the status to exit with. */
int daemon_main(const struct options *o, const struct opt_result *given);

#endif
