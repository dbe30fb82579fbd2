/*
 * sandbox.h: giving up what a server does not need once it runs, so that there is nothing to gain from breaking into it.
 *
 * sandbox_files(): Landlock (Linux 5.13 and newer, where it is switched on). No file is opened, made, removed or executed
 * but as the rules say; no further TCP port is bound; no process outside is sent a signal. Connecting is free.
 * sandbox_calls(): seccomp. A list of calls is free; executing, tracing another process and changing identity end the process
 * at once; every other call fails with EPERM, and is counted, so that a library's new habit degrades and does no harm.
 *
 * Both hold for the calling thread and all that it makes, for ever; call them while there is one thread.
 */
#ifndef RR_PROC_SANDBOX_H
#define RR_PROC_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

enum sandbox_access {
    SANDBOX_READ,   /* files and directories below it */
    SANDBOX_WRITE,  /* the file that is there */
    SANDBOX_UNLINK, /* the files in that directory */
};

struct sandbox_rule {
    const char *path; /* what does not exist is left out */
    enum sandbox_access access;
};

/* The version of Landlock's interface that is in force now, 0: this kernel has none, or it is switched off. ERR_SYSTEM: the
 * kernel refused what it has. */
MUST_CHECK int
sandbox_files(const struct sandbox_rule *rules, size_t n, int *ret_version, struct err *e);

/* ERR_SYSTEM: the kernel, or whoever filters our calls already, refused. Under a sanitiser, too, whose runtime traces its own
 * process. */
MUST_CHECK int sandbox_calls(struct err *e);

/* How many calls were refused so far; *ret_name (may be NULL): the latest one's name, "?" when it has none here. */
uint64_t sandbox_refused(const char **ret_name);

#endif
