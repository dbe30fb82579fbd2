/* formats.c: words of records, and the termination message. */
#include "cronrun/formats.h"

#include <stddef.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/strbuf.h"
#include "cronrun/daemon/view.h"

/* From the metrics page itself, so that the two cannot differ: its HELP and TYPE lines. */
static void
print_metrics(struct strbuf *out)
{
    cleanup_strbuf struct strbuf page = STRBUF_INIT;
    view_metrics(&(struct view){0}, &page);
    strbuf_adds(out, "\n### Metrics of the daemon\n\n```\n");
    for (const char *line = strbuf_str(&page); *line != '\0';) {
        size_t len = strcspn(line, "\n");
        if (line[0] == '#')
            strbuf_addf(out, "%.*s\n", (int)len, line);
        line += len + (line[len] == '\n');
    }
    strbuf_adds(out, "```\n");
}

void
formats_print(struct strbuf *out)
{
    strbuf_adds(
        out,
        "`exit` is the exit status of cronrun, `command_exit` and `signal` are the command's own end. `outcome` is "
        "one of success, failure, skipped, busy, lock_unreachable, lock_lost, late, stopped, deadline, error, "
        "not_executed; `reason` one of exit, signal, busy, lock_unreachable, lock_lost, late, stopped, "
        "stopped_before_start, deadline, not_found, cannot_execute, own_failure.\n"
        "\n### --output lines\n\n"
        "One JSON object per line on standard output, at most 4,096 bytes: `{\"time\",\"program\",\"event\":\"output\",\"job\","
        "\"run_id\",\"stream\":\"stdout\"|\"stderr\",\"msg\",\"partial\",\"base64\"}`. `msg` is the line without its line end. A line that is "
        "too long for one record is divided among several; `partial` is true in all but the last of them, in a piece of a line "
        "that was not finished within 200 ms, and in a last line without a line end. If the bytes are not valid UTF-8, U+FFFD "
        "stands for the invalid ones and `base64` has all bytes of the record. The output is thus `msg`, or `base64` decoded, of "
        "each record of a stream, followed by a line end unless `partial` is true.\n"
        "\n### Termination message\n\n"
        "`{\"program\",\"job\",\"run_id\",\"outcome\",\"reason\",\"exit\",\"signal\",\"fence\",\"scheduled\","
        "\"started\",\"duration_ms\",\"tail\"}`; what is not known is null. `tail` is what cronrun said last; with "
        "--output lines and on-failure, the last lines of the command's output stand before it. Where an option "
        "or a variable is wrong, `outcome` is usage.\n"
        "\n### next --json\n\n"
        "An object a line: `{\"at\",\"local\"}`, for a crontab also `\"job\"`. `at` is UTC, `local` is the job's own time with its "
        "offset from UTC.\n"
        "\n### check --json\n\n"
        "For each fault an object on a line of its own: `{\"file\",\"line\",\"column\",\"level\":\"error\"|\"warning\",\"message\"}`. "
        "Lines and columns count from 1, columns in characters.\n"
        "\n### status --json\n\n"
        "For each job an object on a line of its own: `{\"job\",\"lock\",\"state\",\"holder_host\",\"holder_pid\",\"holder_since\","
        "\"holder_run_id\",\"holder_processes\",\"fence\",\"last_start\",\"last_end\",\"last_outcome\",\"error\"}`; what is not known is "
        "null. `state` is one of held, free, left, never, none, unknown; with unknown, `error` says why. `job` is null for a file "
        "without --name, and for a store whose jobs could not be had. `holder_…` are there only while the lock is held; `holder_processes` are "
        "those that hold a file's lock after their runner has gone. `last_start` and `fence` are of the run that took the lock last, which may "
        "hold it still; `last_end` and `last_outcome` are of the run that released it last, and only PostgreSQL keeps them.\n");
    print_metrics(out);
}
