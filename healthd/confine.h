/*
 * confine.h: healthd gives up what it does not need to serve (common/proc/sandbox.h).
 */
#ifndef RR_HEALTHD_CONFINE_H
#define RR_HEALTHD_CONFINE_H

#include <stdbool.h>

#include "common/base/err.h"
#include "common/http/httpd.h"
#include "healthd/options.h"

enum confine_wanted { CONFINE_AUTO, CONFINE_OFF, CONFINE_REQUIRE };

/* What is in force. */
struct confine {
    int files;  /* Landlock's version; 0: no */
    bool calls; /* system calls are filtered */
};

/* Once everything is open: files named by the configuration have been noted (common/net/reopen.h), h listens. A part that cannot be
 * had is logged, or with CONFINE_REQUIRE an error (ERR_SYSTEM). */
MUST_CHECK int
confine_enter(const struct options *o, const struct httpd *h, struct confine *ret, struct err *e);

#endif
