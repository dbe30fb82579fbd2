/* formats.c: events and fields, as a table. */
#include "cronrun/formats.h"

#include <stddef.h>

#include "common/base/strbuf.h"

static const struct {
    const char *event;
    const char *when;
    const char *fields;
} records[] = {
    {"run_start", "the command was started", "job, run_id, fence, scheduled, started, lag_ms, pid"},
    {"run_end", "nothing is left of it",
     "job, run_id, fence, scheduled, started, lag_ms, duration_ms, outcome, reason, exit, command_exit, signal, "
     "max_rss_bytes, user_ms, system_ms"},
    {"run_skipped", "busy, and --on-busy is skip",
     "job, run_id, scheduled, outcome, reason, exit, holder_host, holder_pid, holder_since, holder_run_id, holder_pids"},
    {"run_refused", "not started for another reason", "as run_skipped"},
    {"lock_wait", "busy, and --on-busy is wait",
     "job, run_id, holder_host, holder_pid, holder_since, holder_run_id"},
    {"lock_settle", "the last holder never released the lock", "job, run_id, settle_ms"},
    {"lock_unsure", "the lock was not renewed for half its time", "job, run_id"},
    {"lock_lost", "the lock cannot be proven any more", "job, run_id"},
    {"release_failed", "the lock was not released as it should", "job, run_id"},
    {"no_instant", "a deadline counts from this start, for no scheduled instant is known",
     "job, run_id"},
    {"deadline", "the command's time is over", "job, run_id, deadline_ms"},
    {"stopping", "the command is to end", "job, run_id, signal, grace_ms"},
    {"left_behind", "the command ended and left processes", "job, run_id, processes"},
    {"killing", "KILL goes to what is left", "job, run_id"},
    {"not_dying", "processes live on after KILL, or may not be signalled",
     "job, run_id, processes"},
    {"blind", "/proc cannot be used: only the command's process group is seen", "job, run_id"},
    {"state", "debug: supervision goes from one state to the next", "job, from, to"},
    {"usage", "an option or a variable is wrong; nothing was started", "exit"},
    {"termination_log", "the termination message could not be written", ""},
};

void
formats_print(struct strbuf *out)
{
    strbuf_adds(out, "### Records\n\n| event | when | fields |\n|---|---|---|\n");
    for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++)
        strbuf_addf(out, "| `%s` | %s | %s |\n", records[i].event, records[i].when,
                    records[i].fields);
    strbuf_adds(
        out,
        "\n`exit` is the exit status of cronrun, `command_exit` and `signal` are the command's own end. `outcome` is "
        "one of success, failure, skipped, busy, lock_unreachable, lock_lost, late, stopped, deadline, error, "
        "not_executed; `reason` one of exit, signal, busy, lock_unreachable, lock_lost, late, stopped, "
        "stopped_before_start, deadline, not_found, cannot_execute, own_failure.\n"
        "\n### Termination message\n\n"
        "`{\"program\",\"job\",\"run_id\",\"outcome\",\"reason\",\"exit\",\"signal\",\"fence\",\"scheduled\","
        "\"started\",\"duration_ms\",\"tail\"}`; what is not known is null. `tail` is what cronrun said last. Where an option "
        "or a variable is wrong, `outcome` is usage.\n");
}
