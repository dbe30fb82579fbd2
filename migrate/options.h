/*
 * options.h: what migrate can be told; the rows are in options.c.
 */
#ifndef RR_MIGRATE_OPTIONS_H
#define RR_MIGRATE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

#include "common/opt/opt.h"

enum options_phase { PHASE_EXPAND, PHASE_CONTRACT, PHASE_ALL };
enum options_layout { LAYOUT_AUTO }; /* behind it layouts_at(n - 1) */
enum options_order { ORDER_REFUSE, ORDER_APPLY };
enum options_format { FORMAT_TEXT, FORMAT_JSON, FORMAT_GITHUB };
enum options_pooler { POOLER_AUTO, POOLER_SESSION, POOLER_TRANSACTION, POOLER_REFUSE };
enum options_dirty { DIRTY_LEAVE, DIRTY_APPLIED, DIRTY_REVERTED };
enum options_ahead { AHEAD_ALLOW, AHEAD_REFUSE };

/* Durations are milliseconds, CLOCK_NEVER for "none". Strings are borrowed, NULL when not given. */
struct options {
    const char *dir;
    bool allow_empty;
    const char *database;
    const char *table;
    int layout; /* enum options_layout */
    uint64_t wait_ms;
    uint64_t lock_wait_ms;
    uint64_t lock_timeout_ms;
    uint64_t statement_timeout_ms;
    uint64_t deadline_ms;
    int out_of_order; /* enum options_order */
    int ahead;        /* enum options_ahead */
    int phase;        /* enum options_phase */
    int dirty;        /* enum options_dirty */
    int pooler;       /* enum options_pooler */
    const char *role;
    const char *search_path;
    const char *release;
    const char *to;
    int64_t steps; /* 0: all */
    bool dry_run;
    bool rehearse;
    uint64_t max_blocking_ms;
    bool json;
    const char *since;
    int format; /* enum options_format */
    bool rules;
    bool exit_code;
    const char *export_url;
    int tool; /* of tool_choices */
    uint64_t grace_ms;
    struct rlimit cores; /* as they were, for a command that is none of ours */
    const char *termination_log;
};

extern const struct opt_program migrate_program;

#endif
