/*
 * probe_path.h: what checks of a path have in common: one system call, off the loop, for a file system may hang for ever.
 *
 * A call that is not back in time is left waiting and no other is started; when it is back, that is the moment to look again.
 */
#ifndef RR_HEALTHD_PROBE_PATH_H
#define RR_HEALTHD_PROBE_PATH_H

#include <sys/stat.h>
#include <sys/statvfs.h>

#include "common/net/offload.h"
#include "healthd/probe/probe.h"

/* All that a call reads and writes. */
struct probe_path_look {
    int sys_errno; /* 0: it went well */
    union {
        struct stat file;
        struct statvfs disk;
    } seen;
    char path[]; /* absolute */
};

struct probe_path_kind {
    offload_work *work; /* on a struct probe_path_look */
    /* Fills *ret, REASON_NONE so far; not called for what probe_path_fault() has a reason for. */
    void (*judge)(const void *own, const struct probe_path_look *l, struct probe_result *ret);
};

/* For the row: a path has no connection that could be kept. */
MUST_CHECK int probe_path_judge_keys(const struct check_spec *s, struct err *e);

/* Takes target, a struct target_peer, when it succeeds. kind is static. ERR_NOMEM. */
struct probe *probe_path_new(const struct probe_path_kind *kind, const struct probe_context *x,
                             const struct check_spec *spec, void *target, struct err *e);

/* Of what stat() and statvfs() may fail with; REASON_ABSENT: there is no such path. */
enum reason probe_path_fault(int sys_errno);

#endif
