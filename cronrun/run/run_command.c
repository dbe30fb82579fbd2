/* run_command.c: the command of a run: what it is started with, and what its end means to the run. */
#include <stdlib.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/proc/guard.h"
#include "cronrun/events.h"
#include "cronrun/run/run_impl.h"

extern char **environ;

static void
on_run_command_note(const struct command_note *note, void *arg)
{
    run_report_note(arg, note);
}

static void
on_run_command_look(void *arg)
{
    struct run *r = arg;
    lease_check(r->lease);
}

static void
on_run_command_ended(const struct command_end *end, void *arg)
{
    struct run *r = arg;
    r->facts.exec_status = end->exec_status;
    r->facts.wait_status = end->wait_status;
    r->facts.lost = end->lost;
    r->facts.own_failure = r->facts.own_failure || end->guard_lost;
    r->facts.deadline = end->deadline;
    r->facts.stop_signo = end->stop_signo;
    r->error = end->error;
    r->took_ms = r->attempts > 1 ? clock_mono_ms() - r->began_ms : end->took_ms;
    if (!run_retry(r))
        run_finish(r);
}

/* It counts from the first start. */
static void
begin_deadline(struct run *r)
{
    bool none = r->o->deadline_ms == 0 || r->o->deadline_ms == CLOCK_NEVER;
    r->deadline_at_ms = none ? CLOCK_NEVER : clock_boot_ms() + r->o->deadline_ms;
    r->began_ms = clock_mono_ms();
}

static void
on_run_output_ended(void *arg)
{
    struct run *r = arg;
    command_output_ended(r->command);
}

static int
make_output(struct run *r, struct err *e)
{
    const char *dir = r->o->spool_dir ? r->o->spool_dir : getenv("TMPDIR");
    struct output_setup x = {.loop = r->loop,
                             .mode = (enum output_mode)r->o->output,
                             .job = r->job,
                             .run_id = r->run_id,
                             .spool_dir = dir && *dir ? dir : "/tmp",
                             .ended = on_run_output_ended,
                             .passed = run_after_passed,
                             .arg = r};
    r->output = output_new(&x, e);
    return r->output ? 0 : -1;
}

static int
start_reading(struct run *r, struct command_spec *spec)
{
    if (r->o->output == OUTPUT_PASS)
        return 0;
    if (!r->output && make_output(r, &r->error) < 0)
        return -1;
    spec->reads_output = true;
    return output_open(r->output, &spec->out_fd, &spec->err_fd, &r->error);
}

struct bereaved {
    const struct run *run;
    pid_t runner;
};

/* In the guard. */
static void
on_run_bereaved(void *arg)
{
    const struct bereaved *b = arg;
    log_forked();
    run_report_bereaved(b->run, b->runner);
    log_finish(LOG_FINISH_MS);
}

static void
begun(struct run *r, int64_t now_ms)
{
    bool first = !r->facts.started;
    r->attempts++;
    r->unstarted = false;
    r->facts.started = true;
    if (first)
        r->started_ms = now_ms;
    run_report_start(r, first);
    if (first)
        run_ping_start(r);
}

void
run_command_start(struct run *r)
{
    struct bereaved bereaved = {.run = r, .runner = getpid()};
    struct guard_setup guard = {
        .name = "cronrun-guard", .bereaved = on_run_bereaved, .arg = &bereaved};
    struct run_env env;
    /* A run within another: the outer one's lock is a descriptor that all of its tree must hold, ours included. */
    bool is_inner = getenv("CRONRUN_RUN_ID") != NULL;
    if (r->attempts == 0)
        begin_deadline(r);
    if (run_env_make(r, environ, &env, &r->error) < 0) {
        run_retry_unstarted(r);
        return;
    }
    struct command_spec spec = {.argv = r->argv,
                                .envp = env.envp,
                                .cores = &r->cores,
                                .guard = r->o->guard ? &guard : NULL,
                                .keep_fd = r->lease ? lease_keep_fd(r->lease) : -1,
                                .deadline_ms = run_retry_left_ms(r),
                                .grace_ms = r->o->grace_ms,
                                .stop_signal = r->o->stop_signal,
                                .cgroup = "cronrun",
                                .closes = !is_inner};
    int64_t now_ms = clock_wall_ms();
    int rc = start_reading(r, &spec);
    if (rc == 0)
        rc = command_start(r->command, &spec, &r->error);
    if (r->output)
        output_begun(r->output);
    run_env_done(&env);
    if (rc < 0) {
        run_retry_unstarted(r);
        return;
    }
    begun(r, now_ms);
}

int
run_command_new(struct run *r, struct err *e)
{
    static const struct command_ops ops = {
        .note = on_run_command_note, .look = on_run_command_look, .ended = on_run_command_ended};
    struct command *c = command_new(r->loop, &r->signals, &ops, r, e);
    if (!c)
        return -1;
    command_free(r->command);
    r->command = c;
    return 0;
}

int
run_command_init(struct run *r, struct err *e)
{
    if (run_command_new(r, e) < 0)
        return -1;
    if (!command_sees_all(r->command))
        log_warn(&event_blind, LOG_FIELDS(LF_STR("job", r->job), LF_STR("run_id", r->run_id)),
                 "/proc is not available, so only the command's own process group is tracked");
    return 0;
}
