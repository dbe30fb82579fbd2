/* run_name.c: what a run is called: its job, its id, and when it was due. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/log.h"
#include "cronrun/events.h"
#include "cronrun/run/instant.h"
#include "cronrun/run/run_host.h"
#include "cronrun/run/run_impl.h"

static int
make_run_id(char *buf, struct err *e)
{
    uint8_t b[16];
    if (digest_random(b, sizeof(b), e) < 0)
        return -1;
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
    char hex[33];
    digest_hex(hex, b, sizeof(b));
    snprintf(buf, LEASE_RUN_ID_MAX, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16,
             hex + 20);
    return 0;
}

/* A deadline that counts from the scheduled instant counts from our start where that is unknown: a Job made by hand starts
 * when it was wanted, but a CronJob's that has lost its instant is never late. */
static void
tell_no_instant(const struct run *r)
{
    char why[INSTANT_WHY_MAX];
    bool starting = r->o->starting_deadline_ms != CLOCK_NEVER;
    if (!starting && r->o->job_deadline_ms == CLOCK_NEVER)
        return;
    bool lost = instant_why_missing(r->host, why);
    log_write(lost || starting ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, &event_no_instant,
              LOG_FIELDS(LF_STR("job", r->job), LF_STR("run_id", r->run_id)),
              "%s: %s counts from now, because %s; use --scheduled-at to set the scheduled time",
              r->job, starting ? "--starting-deadline" : "--job-deadline", why);
}

int
run_name(struct run *r, struct err *e)
{
    char host[256] = "";
    gethostname(host, sizeof(host) - 1);
    run_host_copy(r->host, sizeof(r->host), host);
    char pod_name[LEASE_NAME_MAX + 1];
    int64_t pod_ms;
    bool from_pod = instant_from_pod(host, clock_wall_ms(), pod_name, sizeof(pod_name), &pod_ms);
    r->scheduled_ms = r->o->scheduled_ms >= 0 ? r->o->scheduled_ms : from_pod ? pod_ms : -1;
    r->job_since_ms = r->scheduled_ms >= 0 ? r->scheduled_ms : clock_wall_ms();
    const char *slash = strrchr(r->argv[0], '/');
    const char *base = slash && slash[1] ? slash + 1 : r->argv[0];
    bool remote = r->o->lock_kind == LOCK_POSTGRES || r->o->lock_kind == LOCK_REDIS;
    if (remote && !r->o->name && !from_pod) {
        char why[INSTANT_WHY_MAX];
        instant_why_missing(r->host, why);
        return err_set(
            e, ERR_USAGE,
            "--name is required: a lock in PostgreSQL or Redis needs the job's name, and %s", why);
    }
    run_host_copy(r->job, sizeof(r->job), r->o->name ? r->o->name : from_pod ? pod_name : base);
    if (make_run_id(r->run_id, e) < 0)
        return -1;
    if (r->scheduled_ms < 0)
        tell_no_instant(r);
    return 0;
}
