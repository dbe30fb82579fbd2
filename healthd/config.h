/*
 * config.h: which checks there are: from --check or HEALTHD_CHECKS, --config, and what the
 * environment names. Each has an address of its own, which stays the same while it exists.
 */
#ifndef RR_HEALTHD_CONFIG_H
#define RR_HEALTHD_CONFIG_H

#include <stddef.h>

#include "common/base/err.h"
#include "healthd/check/checkline.h"
#include "healthd/options.h"

struct config {
    struct check_spec **specs;
    size_t n;
};

/* ERR_USAGE names the place ("FILE:3", "--check 2") and what is wrong there. */
MUST_CHECK int config_load(const struct options *o, struct config *ret, struct err *e);
void config_done(struct config *c);

/* A check of fresh that is written as one of old is that one: the two change places, so that who knows it by its address goes
 * on with it. Returns how many there were. */
size_t config_keep(struct config *fresh, struct config *old);

#endif
