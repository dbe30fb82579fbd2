/*
 * recall.h: when jobs ran last, before this program: asked of `cronrun status CRONTAB`, a process of its own, so that no store and no
 * file system makes the daemon wait.
 */
#ifndef RR_CRONRUN_RECALL_RECALL_H
#define RR_CRONRUN_RECALL_RECALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/net/loop.h"
#include "common/proc/spawn.h"

#define RECALL_LINE_MAX 8192

struct recall;

/* name: a job's; last_ms: wall time of its last end, or of its last start if that is later or no end is known. Only of jobs that are
 * known to have run. */
typedef void recall_cb(const char *name, int64_t last_ms, void *arg);
/* Whether it matters when that job ran last. */
typedef bool recall_wants_cb(const char *name, void *arg);
/* All that will be heard was. failed: the process could not say it of all jobs that matter, broke off, or took too long. */
typedef void recall_done_cb(bool failed, void *arg);

struct recall_request {
    const char *program; /* ourselves */
    const char *path;    /* of the crontab */
    const char *dialect, *dst;
    struct spawn spawn;
    uint64_t deadline_ms; /* clock_mono_ms(); what has not been heard by then is not known */
    recall_wants_cb *wants;
    recall_cb *cb;
    recall_done_cb *done;
    void *arg;
};

/* Starts it; the callbacks come from the loop, done once. The caller reaps the process. NULL: ERR_SYSTEM, ERR_NOMEM. */
struct recall *recall_new(struct loop *loop, const struct recall_request *request, struct err *e);
/* NULL allowed; from anywhere, its own callbacks included. A process that is still at work is killed. */
void recall_free(struct recall *r);

/* A line of `cronrun status --json`, without its line end: 1: ret_name (of size) and *ret_last_ms are set; 0: it has not run, or has
 * no lock; -1: it is not known, and ret_name is "" where even that is not. */
int recall_read(const char *line, char *ret_name, size_t size, int64_t *ret_last_ms);

#endif
