/*
 * options.h: healthd's options and exits: the rows that help, manual and README are printed from.
 */
#ifndef RR_HEALTHD_OPTIONS_H
#define RR_HEALTHD_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/opt/opt.h"
#include "healthd/check/bound.h"

enum exit_status { EXIT_OK = 0, EXIT_NOT_READY = 1, EXIT_USAGE = 2, EXIT_CANNOT_LISTEN = 3 };

struct options {
    struct opt_list listen;
    struct opt_list checks;
    struct opt_list aliases, bodies;
    const char *config;
    const char *database;
    const char *redis;
    const char *tls_cert, *tls_key;
    const char *service;
    const char *version;
    const char *termination_log;
    uint64_t drain_ms;
    int details; /* enum details */
    int sandbox; /* enum confine_wanted */
    bool health_strict;
    uint64_t probe_timeout_ms;
    int64_t probe_expect;
    uint64_t wait_timeout_ms;
    struct bound_probe kubelet; /* explain: the probe that asks */
    uint64_t bound_ms;          /* explain: CLOCK_NEVER: none was given */
};

extern const struct opt_program healthd_program;

#endif
