/* spool.c: a file of frames, and the ring. */
#include "cronrun/output/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "common/base/cleanup.h"

struct head {
    uint32_t len;
    uint32_t stream;
};

/* A file system that cannot make one without a name gives it one for a moment. */
static int
open_file(const char *dir)
{
    int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
        return fd;
    cleanup_free char *path = NULL;
    if (asprintf(&path, "%s/cronrun-XXXXXX", dir) < 0) {
        path = NULL;
        errno = ENOMEM;
        return -1;
    }
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        unlink(path);
    return fd;
}

int
spool_init(struct spool *s, const char *dir, struct err *e)
{
    *s = (struct spool)SPOOL_INIT;
    if (ring_init(&s->ring, SPOOL_RING_BYTES, e) < 0)
        return -1;
    s->fd = s->read_fd = open_file(dir);
    if (s->fd < 0)
        return err_sys(e, errno, "cannot make a file in %s", dir);
    return 0;
}

void
spool_done(struct spool *s)
{
    if (s->read_fd >= 0)
        close(s->read_fd);
    ring_done(&s->ring);
    *s = (struct spool)SPOOL_INIT;
}

int
spool_put(struct spool *s, unsigned stream, const void *data, size_t len, struct err *e)
{
    ring_put(&s->ring, stream, data, len);
    if (s->fd < 0 || len == 0)
        return 0;
    size_t n = len;
    if (n > SPOOL_FILE_MAX - s->bytes)
        n = (size_t)(SPOOL_FILE_MAX - s->bytes);
    struct head head = {.len = (uint32_t)n, .stream = stream};
    struct iovec parts[] = {{.iov_base = &head, .iov_len = sizeof(head)},
                            {.iov_base = (void *)data, .iov_len = n}};
    ssize_t wrote = TEMP_FAILURE_RETRY(pwritev(s->fd, parts, 2, s->size));
    int fault = wrote < 0 ? errno : ENOSPC;
    /* A frame may be cut short: its length says more than there is, and nothing follows. */
    if (wrote > (ssize_t)sizeof(head)) {
        s->size += wrote;
        s->bytes += (size_t)wrote - sizeof(head);
    }
    bool complete = wrote == (ssize_t)(sizeof(head) + n);
    if (!complete || s->bytes == SPOOL_FILE_MAX)
        s->fd = -1;
    return complete ? 0 : err_sys(e, fault, "cannot write to the spool file");
}

uint64_t
spool_dropped(const struct spool *s)
{
    uint64_t kept = s->bytes + s->ring.bytes;
    return kept < s->ring.total ? s->ring.total - kept : 0;
}

static size_t
next_of_file(struct spool *s, char *buf, size_t size, unsigned *ret_stream)
{
    struct head head;
    if (s->left == 0) {
        if (s->at >= s->size ||
            pread(s->read_fd, &head, sizeof(head), s->at) != (ssize_t)sizeof(head))
            return 0;
        s->at += (off_t)sizeof(head);
        s->left = head.len;
        if ((off_t)s->left > s->size - s->at)
            s->left = (size_t)(s->size - s->at);
        s->stream = head.stream;
    }
    ssize_t n = pread(s->read_fd, buf, size < s->left ? size : s->left, s->at);
    if (n <= 0)
        return 0;
    s->at += n;
    s->left -= (size_t)n;
    *ret_stream = s->stream;
    return (size_t)n;
}

static size_t
next_of_ring(struct spool *s, char *buf, size_t size, unsigned *ret_stream)
{
    const char *data;
    for (;;) {
        struct ring_cursor before = s->cursor;
        size_t n = ring_next(&s->ring, &s->cursor, ret_stream, &data);
        if (n == 0)
            return 0;
        if (n <= s->skip) {
            s->skip -= n;
            continue;
        }
        size_t take = n - s->skip < size ? n - s->skip : size;
        memcpy(buf, data + s->skip, take);
        if (s->skip + take < n) { /* the rest is for the next call */
            s->cursor = before;
            s->skip += take;
        } else {
            s->skip = 0;
        }
        return take;
    }
}

size_t
spool_next(struct spool *s, char *buf, size_t size, unsigned *ret_stream, bool *ret_gap)
{
    *ret_gap = false;
    if (!s->shows) {
        size_t n = next_of_file(s, buf, size, ret_stream);
        if (n > 0)
            return n;
        /* The file's own bytes may be the ring's, too. */
        uint64_t more = s->ring.total - s->bytes;
        s->skip = s->ring.bytes > more ? (size_t)(s->ring.bytes - more) : 0;
        s->shows = true;
        *ret_gap = spool_dropped(s) > 0;
    }
    return next_of_ring(s, buf, size, ret_stream);
}
