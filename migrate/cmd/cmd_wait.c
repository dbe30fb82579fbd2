/* cmd_wait.c: `migrate wait`: until the database accepts, and has the wanted role. */
#include "common/base/clock.h"
#include "common/base/log.h"
#include "migrate/cmd/cmd.h"
#include "migrate/events.h"
#include "migrate/tell/report.h"
#include "migrate/db/connect.h"
#include "migrate/db/session.h"

static int cmd_wait_run(void *options, const struct opt_result *given);

const struct opt_command cmd_wait = {
    .name = "wait",
    .args = "",
    .summary = "wait until the database accepts connections and has the wanted role",
    .options = OPT_NAMES("database", "wait", "deadline", "json", "termination-log"),
    .run = cmd_wait_run,
};

static int
cmd_wait_run(void *options, const struct opt_result *given)
{
    (void)given;
    const struct options *o = options;
    struct session s;
    struct err e = {0};
    struct report report;
    report_init(&report, log_is_text());
    if (o->json)
        report.json = cmd_wait.name;
    if (session_init(&s, o, &e) != 0) {
        report_fail(&report, report_exit_for(&e), &e);
    } else {
        if (connect_open(&s, &e) != 0)
            report_fail(&report, report_exit_for_connect(&e), &e);
        else
            log_info(&event_ready,
                     LOG_FIELDS(LF_UINT("duration_ms", clock_mono_ms() - report.start_ms)),
                     "the database accepts connections");
        session_done(&s);
    }
    int status = report_finish(&report, o->termination_log);
    report_done(&report);
    return status;
}
