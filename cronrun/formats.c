/* formats.c: words of records, and the termination message. */
#include "cronrun/formats.h"

#include <stddef.h>

#include "common/base/strbuf.h"

void
formats_print(struct strbuf *out)
{
    strbuf_adds(
        out,
        "`exit` is the exit status of cronrun, `command_exit` and `signal` are the command's own end. `outcome` is "
        "one of success, failure, skipped, busy, lock_unreachable, lock_lost, late, stopped, deadline, error, "
        "not_executed; `reason` one of exit, signal, busy, lock_unreachable, lock_lost, late, stopped, "
        "stopped_before_start, deadline, not_found, cannot_execute, own_failure.\n"
        "\n### Termination message\n\n"
        "`{\"program\",\"job\",\"run_id\",\"outcome\",\"reason\",\"exit\",\"signal\",\"fence\",\"scheduled\","
        "\"started\",\"duration_ms\",\"tail\"}`; what is not known is null. `tail` is what cronrun said last. Where an option "
        "or a variable is wrong, `outcome` is usage.\n"
        "\n### next --json\n\n"
        "An object a line: `{\"at\",\"local\"}`, for a crontab also `\"job\"`. `at` is UTC, `local` is the job's own time with its "
        "offset from UTC.\n"
        "\n### check --json\n\n"
        "For each fault an object on a line of its own: `{\"file\",\"line\",\"column\",\"level\":\"error\"|\"warning\",\"message\"}`. "
        "Lines and columns count from 1, columns in characters.\n");
}
