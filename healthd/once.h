/*
 * once.h: `healthd check` and `healthd wait`: the checks without a server.
 */
#ifndef RR_HEALTHD_ONCE_H
#define RR_HEALTHD_ONCE_H

#include "healthd/config.h"
#include "healthd/options.h"

/* Every check once, then the table on stdout. EXIT_OK when all that are not optional are well,
 * EXIT_NOT_READY, EXIT_USAGE. */
int once_check(const struct options *o, struct config *config);
/* At their pace until all that are not optional are well, or the time is over. */
int once_wait(const struct options *o, struct config *config);

#endif
