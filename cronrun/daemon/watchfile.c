/* watchfile.c: inotify on the directories of the file, and of what its links lead to. */
#include "cronrun/daemon/watchfile.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "common/base/cleanup.h"

#define SETTLE_MS 250
#define EVENTS                                                                                     \
    (IN_CLOSE_WRITE | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF |       \
     IN_MOVE_SELF | IN_ATTRIB)

struct watchfile {
    const char *path;
    int fd;
    int link, target; /* the directory of path, and of what it leads to; may be the same; -1 */
    struct loop_watch *watch;
    struct loop_timer *settle;
};

static void
on_watchfile_event(int fd, int what, void *arg)
{
    (void)what;
    struct watchfile *w = arg;
    char events[4096] __attribute__((aligned(8)));
    while (read(fd, events, sizeof(events)) > 0) {
    }
    if (!loop_timer_pending(w->settle))
        loop_timer_start(w->settle, SETTLE_MS);
}

static int
watch_directory(struct watchfile *w, const char *path)
{
    cleanup_free char *copy = strdup(path);
    return copy ? inotify_add_watch(w->fd, dirname(copy), EVENTS | IN_ONLYDIR) : -1;
}

void
watchfile_renew(struct watchfile *w)
{
    char real[PATH_MAX];
    int old = w->target;
    w->link = watch_directory(w, w->path);
    w->target = realpath(w->path, real) ? watch_directory(w, real) : -1;
    if (old >= 0 && old != w->target && old != w->link)
        inotify_rm_watch(w->fd, old); /* may be gone by itself */
}

struct watchfile *
watchfile_new(struct loop *l, const char *path, loop_cb *cb, void *arg, struct err *e)
{
    struct watchfile *w = calloc(1, sizeof(*w));
    if (!w) {
        err_nomem(e);
        return NULL;
    }
    *w = (struct watchfile){.path = path, .link = -1, .target = -1};
    w->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (w->fd < 0) {
        err_sys(e, errno, "inotify");
        watchfile_free(w);
        return NULL;
    }
    w->settle = loop_timer_new(l, cb, arg);
    w->watch = loop_watch_new(l, w->fd, on_watchfile_event, w);
    if (!w->settle || !w->watch || loop_watch_set(w->watch, LOOP_READ) < 0) {
        err_nomem(e);
        watchfile_free(w);
        return NULL;
    }
    watchfile_renew(w);
    if (w->link < 0) {
        err_sys(e, errno, "inotify: %s", path);
        watchfile_free(w);
        return NULL;
    }
    return w;
}

void
watchfile_free(struct watchfile *w)
{
    if (!w)
        return;
    loop_watch_free(w->watch);
    loop_timer_free(w->settle);
    if (w->fd >= 0)
        close(w->fd);
    free(w);
}
