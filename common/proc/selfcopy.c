/* selfcopy.c: the command `copy`, of every program. */
#include "common/proc/selfcopy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/events.h"
#include "common/base/log.h"

static int
selfcopy_run(void *options, const struct opt_result *given)
{
    (void)options;
    struct err e;
    if (selfcopy(given->argv[0], given->program->name, &e) == 0)
        return 0;
    log_error(&event_copy, LOG_NONE, "%s", e.msg);
    return given->program->failure_status;
}

const struct opt_command selfcopy_command = {
    .name = "copy",
    .args = "DEST",
    .min_args = 1,
    .max_args = 1,
    .path = OPT_PATH_FILE,
    .flags = OPT_CMD_NO_ENV,
    .summary = "copy this program to DEST, atomically and with mode 755",
    .more =
        "Used in an init container to bring the program into another image. DEST may be a directory.",
    .run = selfcopy_run,
};

#define COPY_BYTES 65536u

static int
write_all(int to, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(to, data, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        data += n;
        len -= (size_t)n;
    }
    return 0;
}

static int
copy_bytes(int from, int to)
{
    cleanup_free char *buf = malloc(COPY_BYTES);
    if (!buf)
        return -1;
    for (;;) {
        ssize_t n = read(from, buf, COPY_BYTES);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return (int)n;
        if (write_all(to, buf, (size_t)n) < 0)
            return -1;
    }
}

/* The file's name: dest, or dest/program when dest is a directory. Owned; NULL with *e filled. */
static char *
final_path(const char *dest, const char *program, struct err *e)
{
    struct stat st;
    char *path = NULL;
    bool directory = stat(dest, &st) == 0 && S_ISDIR(st.st_mode);
    if (asprintf(&path, directory ? "%s/%s" : "%s", dest, program) < 0) {
        err_nomem(e);
        return NULL;
    }
    if (stat(path, &st) < 0 || S_ISREG(st.st_mode))
        return path;
    err_set(e, ERR_USAGE, "%s exists and is not a regular file, so it is not replaced", path);
    free(path);
    return NULL;
}

/* Closed before anybody can find it: a file that is open for writing cannot be executed (ETXTBSY). */
static int
fill(int from, int *to, const char *temp, struct err *e)
{
    if (copy_bytes(from, *to) < 0)
        return err_sys(e, errno, "cannot write %s", temp);
    if (fchmod(*to, 0755) < 0)
        return err_sys(e, errno, "cannot make %s executable", temp);
    if (fsync(*to) < 0 && errno != EINVAL)
        return err_sys(e, errno, "cannot write %s", temp);
    if (close(steal_fd(to)) < 0)
        return err_sys(e, errno, "cannot write %s", temp);
    return 0;
}

int
selfcopy(const char *dest, const char *program, struct err *e)
{
    if (!*dest)
        return err_set(e, ERR_USAGE, "copy: a destination is required");
    cleanup_close int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (from < 0)
        return err_sys(e, errno, "cannot read the program itself (/proc/self/exe)");
    cleanup_free char *path = final_path(dest, program, e);
    if (!path)
        return -1;
    cleanup_free char *temp = NULL;
    if (asprintf(&temp, "%s.XXXXXX", path) < 0)
        return err_nomem(e);
    cleanup_close int to = mkostemp(temp, O_CLOEXEC);
    if (to < 0)
        return err_sys(e, errno, "cannot create a file beside %s", path);
    int rc = fill(from, &to, temp, e);
    if (rc == 0 && rename(temp, path) < 0)
        rc = err_sys(e, errno, "cannot put the program at %s", path);
    if (rc < 0)
        unlink(temp);
    return rc;
}
