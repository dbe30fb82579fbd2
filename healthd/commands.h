/*
 * commands.h: healthd's commands, a line each; the file of each opens with its row.
 */
#ifndef RR_HEALTHD_COMMANDS_H
#define RR_HEALTHD_COMMANDS_H

#include "common/proc/selfcopy.h"

/* clang-format off */
#define COMMANDS(C)       \
    C(serve_command)      \
    C(client_command)     \
    C(once_check_command) \
    C(once_wait_command)  \
    C(explain_command)    \
    C(sleep_command)      \
    C(selfcopy_command)   \
    C(opt_version)
/* clang-format on */
COMMANDS(OPT_DECLARE)

#endif
