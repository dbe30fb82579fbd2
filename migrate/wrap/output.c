/* output.c: two streams on their way through. */
#include "migrate/wrap/output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/sink.h"
#include "common/net/loop.h"

#define PIECE_BYTES 65536u

struct stream {
    struct output *o;
    int read_fd;  /* -1: closed, or the command has ours */
    int write_fd; /* the command's end, until it has it */
    struct sink sink;
    struct loop_watch *in, *room;
    char data[PIECE_BYTES];
    size_t at, len; /* of what waits */
    bool ended;
};

struct output {
    struct loop *loop;
    output_ended_fn *ended;
    void *arg;
    bool one; /* the second stream goes the way of the first */
    struct stream streams[2];
    char kept[2 * OUTPUT_KEPT_BYTES];
    size_t kept_n;
    bool dead;
    struct loop_later later;
};

/* ---- what is kept ---- */

static void
keep(struct output *o, const char *data, size_t len)
{
    if (len > OUTPUT_KEPT_BYTES) {
        data += len - OUTPUT_KEPT_BYTES;
        len = OUTPUT_KEPT_BYTES;
    }
    if (o->kept_n + len > sizeof(o->kept)) {
        size_t stays = OUTPUT_KEPT_BYTES < o->kept_n ? OUTPUT_KEPT_BYTES : o->kept_n;
        memmove(o->kept, o->kept + o->kept_n - stays, stays);
        o->kept_n = stays;
    }
    for (size_t i = 0; i < len; i++)
        o->kept[o->kept_n++] = data[i] ? data[i] : ' ';
}

void
output_kept(const struct output *o, struct strbuf *out)
{
    size_t n = o->kept_n < OUTPUT_KEPT_BYTES ? o->kept_n : OUTPUT_KEPT_BYTES;
    strbuf_add(out, o->kept + o->kept_n - n, n);
}

void
output_last(const char *text, size_t max_bytes, struct strbuf *out)
{
    size_t end = strlen(text);
    while (end > 0 && strchr("\r\n", text[end - 1]))
        end--;
    size_t start = end > max_bytes ? end - max_bytes : 0;
    const char *line =
        start > 0 && text[start - 1] != '\n' ? memchr(text + start, '\n', end - start) : NULL;
    if (line) /* a line that is cut says less than none, unless it is the only one */
        start = (size_t)(line + 1 - text);
    strbuf_add(out, text + start, end - start);
}

/* ---- passing on ---- */

static void
end_stream(struct stream *st)
{
    struct output *o = st->o;
    loop_watch_free(st->in);
    loop_watch_free(st->room);
    st->in = st->room = NULL;
    if (st->read_fd >= 0)
        close(st->read_fd);
    st->read_fd = -1;
    st->len = 0;
    st->ended = true;
    if (o->streams[0].ended && o->streams[1].ended && !o->dead)
        o->ended(o->arg);
}

static void
watch(struct stream *st, bool room)
{
    /* What cannot be watched for room has always some. */
    if (loop_watch_set(st->in, room ? 0 : LOOP_READ) < 0 ||
        (st->room && loop_watch_set(st->room, room ? LOOP_WRITE : 0) < 0))
        end_stream(st);
}

/* False: the reader is slow, or gone. */
static bool
push(struct stream *st)
{
    while (st->len > 0) {
        ssize_t n = sink_write(&st->sink, st->data + st->at, st->len);
        if (n < 0) {
            end_stream(st);
            return false;
        }
        if (n == 0) {
            watch(st, true);
            return false;
        }
        st->at += (size_t)n;
        st->len -= (size_t)n;
    }
    return true;
}

static void
on_readable(int fd, int what, void *arg)
{
    (void)what;
    struct stream *st = arg;
    ssize_t n = read(fd, st->data, sizeof(st->data));
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        end_stream(st);
        return;
    }
    st->at = 0;
    st->len = (size_t)n;
    keep(st->o, st->data, st->len);
    push(st);
}

static void
on_room(int fd, int what, void *arg)
{
    (void)fd;
    (void)what;
    struct stream *st = arg;
    if (push(st))
        watch(st, false);
}

bool
output_idle(const struct output *o)
{
    for (size_t i = 0; i < 2; i++) {
        const struct stream *st = &o->streams[i];
        struct pollfd p = {.fd = st->read_fd, .events = POLLIN};
        if (st->len > 0 || (st->read_fd >= 0 && poll(&p, 1, 0) > 0))
            return false;
    }
    return true;
}

/* ---- life ---- */

static int
open_stream(struct stream *st, int fd, struct err *e)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return err_sys(e, errno, "pipe");
    st->read_fd = ends[0];
    st->write_fd = ends[1];
    st->ended = false;
    sink_init(&st->sink, fd);
    if (fcntl(st->read_fd, F_SETFL, O_NONBLOCK) <
        0) /* of our end alone: the command's stays as it expects it */
        return err_sys(e, errno, "pipe");
    st->in = loop_watch_new(st->o->loop, st->read_fd, on_readable, st);
    if (!st->in)
        return err_nomem(e);
    if (st->sink.way != SINK_FILE) {
        st->room = loop_watch_new(st->o->loop, sink_fd(&st->sink), on_room, st);
        if (!st->room)
            return err_nomem(e);
    }
    return loop_watch_set(st->in, LOOP_READ) < 0 ? err_nomem(e) : 0;
}

static bool
is_same_file(int a, int b)
{
    struct stat one, other;
    return fstat(a, &one) == 0 && fstat(b, &other) == 0 && one.st_dev == other.st_dev &&
           one.st_ino == other.st_ino;
}

struct output *
output_new(struct loop *l, output_ended_fn *ended, void *arg, struct err *e)
{
    struct output *o = calloc(1, sizeof(*o));
    if (!o) {
        err_nomem(e);
        return NULL;
    }
    o->loop = l;
    o->ended = ended;
    o->arg = arg;
    for (size_t i = 0; i < 2; i++) {
        struct stream *st = &o->streams[i];
        st->o = o;
        st->read_fd = st->write_fd = -1;
        st->sink = (struct sink)SINK_INIT;
        st->ended = true;
    }
    bool own = !isatty(STDOUT_FILENO);
    o->one = own && is_same_file(STDOUT_FILENO, STDERR_FILENO);
    if ((own && open_stream(&o->streams[0], STDOUT_FILENO, e) != 0) ||
        (!o->one && !isatty(STDERR_FILENO) && open_stream(&o->streams[1], STDERR_FILENO, e) != 0)) {
        output_free(o);
        return NULL;
    }
    return o;
}

void
output_free(struct output *o)
{
    if (!o || o->dead)
        return;
    o->dead = true;
    output_begin(o);
    for (size_t i = 0; i < 2; i++) {
        end_stream(&o->streams[i]);
        sink_done(&o->streams[i].sink);
    }
    loop_defer(o->loop, &o->later, free, o);
}

bool
output_fds(const struct output *o, int *ret_out, int *ret_err)
{
    int out = o->streams[0].write_fd, err = o->streams[1].write_fd;
    *ret_out = out < 0 ? 0 : out;
    *ret_err = o->one ? *ret_out : err < 0 ? 0 : err;
    return out >= 0 || err >= 0;
}

void
output_begin(struct output *o)
{
    for (size_t i = 0; i < 2; i++) {
        if (o->streams[i].write_fd >= 0)
            close(o->streams[i].write_fd);
        o->streams[i].write_fd = -1;
    }
}
