/* runs.c: the processes of the daemon. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "cronrun/daemon/daemon_impl.h"

int
runs_start(struct daemon *d, struct job *job, struct err *e)
{
    struct daemon_run *run = calloc(1, sizeof(*run));
    if (!run)
        return err_nomem(e);
    *run = (struct daemon_run){
        .next = d->runs, .job = job, .fd = -1, .start = job->start, .begun_ms = clock_wall_ms()};
    if (launch_start(&d->launch, job, &job->start, &run->pid, &run->fd, e) < 0) {
        free(run);
        return -1;
    }
    job->running_since_ms = run->begun_ms;
    d->runs = run;
    d->n_runs++;
    return 0;
}

/* Its group is its own, and its command has another: CONT for a run that was stopped. It comes first, for a run that has heard TERM
 * may be at its end, where a build that looks for leaks is traced: CONT would undo the tracer's STOP, and both wait for ever. */
static void
ask_to_end(const struct daemon_run *run)
{
    kill(run->pid, SIGCONT);
    kill(run->pid, SIGTERM);
}

void
runs_stop(struct daemon *d, const struct job *job)
{
    for (struct daemon_run *run = d->runs; run; run = run->next) {
        if (job && (run->job != job || run->replaced))
            continue;
        run->replaced = run->replaced || job;
        ask_to_end(run);
    }
}

/* ---- the end of one ---- */

static uint32_t
clamp(uint64_t ms)
{
    return ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;
}

/* The record lies in the pipe by now; without one its status alone tells. */
static struct past_time
read_end(const struct daemon_run *run, int wait_status)
{
    char line[RECORD_BYTES_MAX + 1];
    struct record record;
    ssize_t len = read(run->fd, line, sizeof(line));
    struct past_time t = {.at_s = run->start.at_s,
                          .started_ms = -1,
                          .failed_ms = clock_wall_ms(),
                          .kind = PAST_FAILURE};
    if (len > 0 && record_parse(line, (size_t)len, &record, NULL) == 0) {
        t.started_ms = record.started_ms;
        t.took_ms = clamp(record.took_ms);
        t.deadline_ms = record.deadline_ms == CLOCK_NEVER ? 0 : clamp(record.deadline_ms);
        t.kind = (uint8_t)past_kind_of(record.outcome);
        t.exit = (uint8_t)record.exit;
        return t;
    }
    t.started_ms = run->begun_ms;
    t.took_ms = clamp((uint64_t)(clock_wall_ms() - run->begun_ms));
    t.exit =
        (uint8_t)(WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status));
    return t;
}

static void
on_run_ended(struct daemon *d, struct daemon_run *run, int wait_status)
{
    struct job *job = run->job;
    const struct past_time t = read_end(run, wait_status);
    if (WIFSIGNALED(wait_status)) {
        report_vanished(run, wait_status);
        d->strays = true;
    }
    past_add(&job->past, &t);
    close(run->fd);
    free(run);
    d->n_runs--;
    if (--job->running == 0)
        job->running_since_ms = -1;
    starts_go_on(d, job);
}

/* What a killed run has left came to us, for we are its subreaper, or the container's first process. A direct child that has not
 * been waited for can be no other's pid. */
static void
kill_strays(struct daemon *d)
{
    struct procfs_list children = {0};
    d->strays = false;
    IGNORED(!procfs_children(getpid(), &children));
    for (size_t i = 0; i < children.n; i++) {
        pid_t pid = children.items[i].pid;
        bool known = false;
        for (const struct daemon_run *run = d->runs; run && !known; run = run->next)
            known = run->pid == pid;
        for (size_t k = 0; k < d->foreign.n && !known; k++)
            known = d->foreign.items[k].pid == pid;
        if (known)
            continue;
        if (kill(pid, SIGKILL) == 0) /* another user's process is not ours to wait for */
            d->strays = true; /* and looks again when it has ended: its children come to us then */
    }
    procfs_list_done(&children);
}

void
runs_reap(struct daemon *d)
{
    int wait_status;
    pid_t pid;
    while ((pid = waitpid(-1, &wait_status, WNOHANG)) > 0) {
        struct daemon_run **at = &d->runs;
        while (*at && (*at)->pid != pid)
            at = &(*at)->next;
        struct daemon_run *run = *at;
        if (!run)
            continue;
        *at = run->next;
        on_run_ended(d, run, wait_status);
    }
    if (d->strays)
        kill_strays(d);
    daemon_look_for_end(d);
}

void
runs_done(struct daemon *d)
{
    while (d->runs) {
        struct daemon_run *run = d->runs;
        d->runs = run->next;
        close(run->fd);
        free(run);
    }
}
