/*
 * instant.h: when a run was to start, from text and from a pod's name. Pure.
 */
#ifndef RR_CRONRUN_INSTANT_H
#define RR_CRONRUN_INSTANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

/* RFC 3339 ("2026-11-21T09:00:00Z", "…09:00:00.5+01:00") to milliseconds since the epoch.
 * ERR_USAGE. */
MUST_CHECK int instant_parse(const char *text, int64_t *ret_ms, struct err *e);

/*
 * The host name of a CronJob's pod: NAME-MINUTES-XXXXX, where the Job's name is the CronJob's and
 * the minutes since the epoch of the scheduled instant (pkg/controller/cronjob/utils.go
 * getJobName), and XXXXX five letters of the API server's alphabet. Only in exactly that form and
 * within a day of now_ms. name: buffer of name_size.
 */
bool instant_from_pod(const char *host, int64_t now_ms, char *ret_name, size_t name_size,
                      int64_t *ret_ms);

/* Where instant_from_pod() says no: why, to put behind "because"; names host. True when a CronJob's pod has lost its instant:
 * its name was cut to what a host name may have, or it is an Indexed Job's, whose host name ends in its index. */
#define INSTANT_WHY_MAX 320
bool instant_why_missing(const char *host, char ret_why[INSTANT_WHY_MAX]);

#endif
