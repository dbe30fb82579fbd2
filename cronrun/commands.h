/*
 * commands.h: cronrun's commands, a line each; the file of each opens with its row.
 */
#ifndef RR_CRONRUN_COMMANDS_H
#define RR_CRONRUN_COMMANDS_H

#include "common/proc/selfcopy.h"

/* clang-format off */
#define COMMANDS(C)     \
    C(cmd_run)          \
    C(cmd_daemon)       \
    C(cmd_next)         \
    C(cmd_check)        \
    C(cmd_status)       \
    C(selfcopy_command) \
    C(opt_version)
/* clang-format on */
COMMANDS(OPT_DECLARE)

#endif
