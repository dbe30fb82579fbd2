/* cmd_status.c: `cronrun status`: who holds the locks of jobs, and how their last runs ended. */
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/cleanup.h"
#include "cronrun/commands.h"
#include "cronrun/options.h"
#include "cronrun/status/status.h"
#include "cronrun/tabfile.h"

#define STATUS_REFUSED 2

static int status_run(void *options, const struct opt_result *given);

const struct opt_command cmd_status = {
    .name = "status",
    .args = "[CRONTAB]",
    .min_args = 0,
    .max_args = 1,
    .path = OPT_PATH_FILE,
    .summary = "show who holds the locks of jobs, since when, and how the last runs ended",
    .more =
        "With CRONTAB, a file or - for standard input, each of its jobs is asked about at the lock that it has there; --lock is that of jobs which "
        "name none, as it is for the daemon. Without, --lock says where: a file, or all the jobs that a database or a Redis "
        "server knows. --name asks about one job. Nothing is changed, and no run is disturbed.\n\n"
        "State held: a run holds the lock. free: none does. left: none does, but the last holder never released it. never: nobody has "
        "taken it so far. none: the job has no lock. unknown: its store could not be asked; the exit status is 75 then. Only PostgreSQL keeps how "
        "the last run ended; a file and Redis know when it began.",
    .options = OPT_NAMES("lock", "name", "database", "redis", "dialect", "dst", "json"),
    .run = status_run,
};

/* What has the same reason as the job before is told with it. */
static int
tell_unknown(const struct status *s)
{
    const char *before = "";
    int status = 0;
    for (size_t i = 0; i < s->n; i++) {
        const struct status_job *job = &s->jobs[i];
        if (job->known)
            continue;
        if (status != STATUS_UNREACHABLE)
            status = job->why.code == ERR_USAGE ? STATUS_OWN : STATUS_UNREACHABLE;
        if (strcmp(before, job->why.msg) != 0)
            fprintf(stderr, "cronrun: status: %s%s%s\n", job->name ? job->name : "",
                    job->name ? ": " : "", job->why.msg);
        before = job->why.msg;
    }
    return status;
}

static int
print_all(const struct options *o, const struct status *s, struct err *e)
{
    cleanup_strbuf struct strbuf out = STRBUF_INIT;
    if (o->json)
        for (size_t i = 0; i < s->n; i++)
            status_line(&s->jobs[i], &out);
    else
        status_table(s, clock_wall_ms(), &out);
    if (out.failed)
        return err_nomem(e);
    fputs(strbuf_str(&out), stdout);
    return 0;
}

static int
read_crontab(const struct options *o, const char *path, struct crontab **ret)
{
    const struct crontab_rules rules =
        tabfile_rules((enum cron_dialect)o->dialect, (enum cron_dst)o->dst);
    struct crontab_faults faults = {0};
    struct err e;
    int status = tabfile_read(path, &rules, ret, &faults, &e);
    if (status < 0)
        fprintf(stderr, "cronrun: status: %s\n", e.msg);
    crontab_faults_done(&faults);
    return status;
}

static int
status_run(void *options, const struct opt_result *given)
{
    const struct options *o = options;
    struct crontab *tab = NULL;
    struct status s = {0};
    struct err e;
    if (given->argc > 0 && read_crontab(o, given->argv[0], &tab) < 0)
        return STATUS_REFUSED;
    int rc = tab ? status_of_crontab(o, tab, &s, &e) : status_of_lock(o, &s, &e);
    if (rc == 0)
        rc = status_ask(&s, &e);
    if (rc == 0)
        rc = print_all(o, &s, &e);
    int status = rc < 0 ? opt_usage_failed(given->program, NULL, &e) : tell_unknown(&s);
    status_done(&s);
    crontab_free(tab);
    return status;
}
