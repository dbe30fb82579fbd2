/*
 * config.h: which checks there are: from --check or HEALTHD_CHECKS, --config, and what the
 * environment names.
 */
#ifndef RR_HEALTHD_CONFIG_H
#define RR_HEALTHD_CONFIG_H

#include <stddef.h>

#include "common/base/err.h"
#include "healthd/check/checkline.h"
#include "healthd/options.h"

struct config {
    struct check_spec *specs;
    size_t n;
};

/* ERR_USAGE names the place ("FILE:3", "--check 2") and what is wrong there. */
MUST_CHECK int config_load(const struct options *o, struct config *ret, struct err *e);
void config_done(struct config *c);

#endif
