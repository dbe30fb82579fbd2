/*
 * cmd.h: the commands, a line each; each is a file of its own that opens with its row. A command says everything that is to
 * be said, and writes the termination message where there is one.
 */
#ifndef RR_MIGRATE_CMD_H
#define RR_MIGRATE_CMD_H

#include "common/proc/selfcopy.h"
#include "migrate/options.h"

/* clang-format off */
#define COMMANDS(C)     \
    C(cmd_up)           \
    C(cmd_down)         \
    C(cmd_rehearse)     \
    C(cmd_status)       \
    C(cmd_baseline)     \
    C(cmd_repair)       \
    C(cmd_check)        \
    C(cmd_split)        \
    C(cmd_wait)         \
    C(cmd_run)          \
    C(selfcopy_command) \
    C(opt_version)
/* clang-format on */
COMMANDS(OPT_DECLARE)

#endif
