/*
 * watchfile.h: tells when a file may have changed, also when it is replaced by renaming, or the link that leads to it, as kubelet does
 * with what it mounts of a ConfigMap. inotify(7).
 */
#ifndef RR_CRONRUN_WATCHFILE_H
#define RR_CRONRUN_WATCHFILE_H

#include "common/base/err.h"
#include "common/net/loop.h"

struct watchfile;

/* path: borrowed. cb: something happened where the file is, and has been over for a moment. ERR_SYSTEM, ERR_NOMEM. */
struct watchfile *
watchfile_new(struct loop *l, const char *path, loop_cb *cb, void *arg, struct err *e);
void watchfile_free(struct watchfile *w); /* NULL allowed */
/* The file was read: looks where it is now. */
void watchfile_renew(struct watchfile *w);

#endif
