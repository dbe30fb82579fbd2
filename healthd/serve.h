/*
 * serve.h: healthd itself: checks in the background, answers at once, drains on SIGTERM.
 */
#ifndef RR_HEALTHD_SERVE_H
#define RR_HEALTHD_SERVE_H

#include "healthd/config.h"
#include "healthd/options.h"

/* Returns the exit status: EXIT_OK after a drain, EXIT_USAGE, EXIT_CANNOT_LISTEN. Logs its own
 * errors. */
int serve_run(const struct options *o, const struct config *config);

#endif
