/* run_record.c: a run that a daemon started: its result goes back through a pipe, and it ends when nobody reads that any more. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "cronrun/record.h"
#include "cronrun/run/run_impl.h"

/* A pipe that nobody reads is an error, which is told to whoever waits for anything: pipe(7). The daemon is gone. */
static void
on_run_reader_gone(int fd, int what, void *arg)
{
    (void)fd;
    (void)what;
    struct run *r = arg;
    const struct signals_event stop = {.signo = SIGTERM};
    IGNORED(loop_watch_set(r->reader_watch, 0));
    run_signal(r, &stop);
}

int
run_record_init(struct run *r, struct err *e)
{
    int fd = (int)r->o->record_fd;
    struct stat st;
    if (fd == 0)
        return 0;
    if (fstat(fd, &st) < 0 || !S_ISFIFO(st.st_mode))
        return err_set(e, ERR_USAGE, "--record-fd: descriptor %d is no pipe", fd);
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || fcntl(fd, F_SETFL, O_WRONLY | O_NONBLOCK) < 0)
        return err_sys(e, errno, "--record-fd");
    /* Executed as /proc/self/exe, it would be called "exe". */
    prctl(PR_SET_NAME, "cronrun");
    r->reader_watch = loop_watch_new(r->loop, fd, on_run_reader_gone, r);
    if (!r->reader_watch || loop_watch_set(r->reader_watch, LOOP_READ) < 0)
        return err_nomem(e);
    return 0;
}

void
run_record_end(const struct run *r)
{
    struct rusage used = {0};
    if (r->o->record_fd == 0)
        return;
    getrusage(RUSAGE_CHILDREN, &used);
    struct record record = {.outcome = r->outcome.kind,
                            .exit = r->outcome.exit,
                            .signal = r->outcome.child_signal,
                            .started_ms = r->started_ms,
                            .ended_ms = clock_wall_ms(),
                            .took_ms = r->took_ms,
                            .deadline_ms = r->o->deadline_ms == 0 ? CLOCK_NEVER : r->o->deadline_ms,
                            .fence = r->fence,
                            .max_rss_bytes = (uint64_t)used.ru_maxrss * 1024};
    snprintf(record.reason, sizeof(record.reason), "%s", r->outcome.reason);
    snprintf(record.run_id, sizeof(record.run_id), "%s", r->run_id);
    cleanup_strbuf struct strbuf line = STRBUF_INIT;
    record_format(&line, &record);
    /* The pipe is empty, so it is taken whole; nobody to read it is no matter. */
    if (!line.failed)
        IGNORED(write((int)r->o->record_fd, line.data, line.len) < 0);
}
