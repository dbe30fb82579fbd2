/* status_line.c: a job as a line of JSON. */
#include "common/base/json.h"
#include "cronrun/status/status.h"

const char *
status_state(const struct status_job *job)
{
    if (job->kind == LOCK_NONE)
        return STATUS_NONE;
    return job->known ? lease_state_name(job->look.state) : STATUS_UNKNOWN;
}

bool
status_keeps_outcome(const struct status_job *job)
{
    return job->kind == LOCK_POSTGRES;
}

/* NULL for what is not known. */
static const char *
known(const char *text)
{
    return *text ? text : NULL;
}

static void
add_number(struct json *j, const char *key, uint64_t n)
{
    if (n > 0)
        json_kuint(j, key, n);
    else
        json_kstr(j, key, NULL);
}

void
status_line(const struct status_job *job, struct strbuf *out)
{
    static const struct lease_holder nobody = {0};
    const struct lease_look *look = &job->look;
    bool held = job->known && job->kind != LOCK_NONE && look->state == LEASE_HELD;
    const struct lease_holder *holder = held ? &look->holder : &nobody;
    struct json j = json_on(out);
    json_object(&j);
    json_kstr(&j, "job", job->name);
    json_kstr(&j, "lock", job->lock);
    json_kstr(&j, "state", status_state(job));
    json_kstr(&j, "holder_host", known(holder->host));
    add_number(&j, "holder_pid", (uint64_t)holder->pid);
    json_kstr(&j, "holder_since", known(holder->since));
    json_kstr(&j, "holder_run_id", known(holder->run_id));
    json_kstr(&j, "holder_processes", known(holder->pids));
    add_number(&j, "fence", look->fence);
    json_kstr(&j, "last_start", known(look->holder.since));
    json_kstr(&j, "last_end", known(look->last_end));
    json_kstr(&j, "last_outcome", known(look->last_outcome));
    json_kstr(&j, "error", job->known ? NULL : job->why.msg);
    json_end(&j);
    strbuf_addc(out, '\n');
}
