/* output.c: two streams, what is made of them, and where it goes. */
#include "cronrun/output/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/sink.h"
#include "common/net/loop.h"
#include "cronrun/events.h"
#include "cronrun/output/lines.h"
#include "cronrun/output/spool.h"
#include "cronrun/output/tell.h"

#define READ_BYTES 65536u
#define READS_A_TURN 8
#define READS_AT_END 32 /* more than the largest pipe holds */
#define BATCH_BYTES 65536u
#define IDLE_MS 200
/* Of the last output for the termination message and the pings. */
#define LAST_BYTES 65536u

static const char *const names[] = {"stdout", "stderr"};

/* A descriptor of ours that is written to. */
struct outlet {
    struct output *o;
    struct sink sink;
    struct loop_watch *room;
    struct strbuf data;
    size_t at; /* of what is not written yet */
    bool gone;
    uint64_t failed; /* bytes that could not be written */
    int fault;       /* why not */
};

struct stream {
    struct output *o;
    unsigned number; /* under which it is kept */
    int read_fd, write_fd;
    struct loop_watch *in;
    struct loop_timer *idle;
    struct lines lines;
    char data[READ_BYTES];
    size_t at, len;  /* of what was read, and not cut into lines yet */
    int64_t read_ms; /* when, wall time */
    bool eof;
    bool stalled;  /* it waits for room */
    unsigned rest; /* how often it is read behind the end */
};

struct output {
    struct output_setup x;
    struct lines_head head;
    struct stream streams[2];
    struct outlet outlets[2]; /* OUTPUT_LINES: all goes to the first */
    struct spool spool;       /* its ring is in use in both modes */
    bool open;                /* a command may write */
    bool finishing, shows;
    struct loop_timer *soon, *patience;
    uint64_t patience_ms;
    bool dead;
    struct loop_later later;
};

static void pump(struct output *o);

/* ---- writing ---- */

static size_t
waiting(const struct outlet *out)
{
    return out->data.len - out->at;
}

static void
watch_room(struct outlet *out, bool on)
{
    if (out->room && loop_watch_set(out->room, on ? LOOP_WRITE : 0) < 0)
        out->gone = true;
}

/* A pipe takes whole records, and no record of the log comes between: they go the same way where both are one. */
static size_t
batch(const struct output *o, const struct outlet *out)
{
    size_t n = waiting(out);
    if (o->x.mode != OUTPUT_LINES || n <= LINES_RECORD_MAX)
        return n;
    const char *from = out->data.data + out->at;
    const char *end = memrchr(from, '\n', LINES_RECORD_MAX);
    return end ? (size_t)(end - from) + 1 : LINES_RECORD_MAX;
}

/* A reader that is gone is the command's to hear of. A disk that is full is not. */
static void
fail_writing(struct outlet *out, int fault)
{
    out->gone = fault == EPIPE || fault == ECONNRESET || fault == EBADF;
    if (out->gone)
        return;
    out->failed += waiting(out);
    out->fault = fault;
    out->at = out->data.len;
}

/* True when all of it is written, or nobody wants it. */
static bool
push(struct outlet *out)
{
    struct output *o = out->o;
    while (!out->gone && waiting(out) > 0) {
        ssize_t n = sink_write(&out->sink, out->data.data + out->at, batch(o, out));
        if (n < 0)
            fail_writing(out, errno);
        if (n == 0) {
            watch_room(out, true);
            return out->gone;
        }
        if (n > 0)
            out->at += (size_t)n;
        if (o->finishing && n > 0)
            loop_timer_start(o->patience, o->patience_ms);
    }
    watch_room(out, false);
    strbuf_clear(&out->data);
    out->at = 0;
    if (o->streams[0].stalled || o->streams[1].stalled) /* whoever made the room */
        loop_timer_start(o->soon, 0);
    return true;
}

static void
on_room(int fd, int what, void *arg)
{
    (void)fd;
    (void)what;
    struct outlet *out = arg;
    if (push(out))
        pump(out->o);
}

static void
open_outlet(struct outlet *out, struct output *o, int fd)
{
    out->o = o;
    sink_init(&out->sink, fd);
    if (out->sink.way != SINK_FILE)
        out->room = loop_watch_new(o->x.loop, sink_fd(&out->sink), on_room, out);
}

/* ---- lines ---- */

/* False: the reader is slow. */
static bool
put_piece(struct stream *st, int64_t wall_ms, const struct lines_piece *p)
{
    struct output *o = st->o;
    struct outlet *out = &o->outlets[0];
    lines_format(&o->head, wall_ms, names[st->number], p, &out->data);
    return waiting(out) < BATCH_BYTES || push(out);
}

/* What was read and may be passed on. False: the reader is slow. */
static bool
put_lines(struct stream *st)
{
    struct lines_piece p;
    if (st->len == 0 && !st->eof)
        return true;
    if (waiting(&st->o->outlets[0]) >= BATCH_BYTES && !push(&st->o->outlets[0]))
        return false;
    while (st->len > 0) {
        size_t n = lines_next(&st->lines, st->data + st->at, st->len, &p);
        st->at += n;
        st->len -= n;
        if (p.text && !put_piece(st, st->read_ms, &p))
            return false;
    }
    if (st->eof) {
        lines_rest(&st->lines, &p);
        if (p.text)
            put_piece(st, clock_wall_ms(), &p);
    }
    return push(&st->o->outlets[0]);
}

/* A prompt, or a line that is still being made: it is not to wait for its end. */
static void
on_idle(void *arg)
{
    struct stream *st = arg;
    struct lines_piece p;
    if (st->len > 0 || waiting(&st->o->outlets[0]) > 0)
        return;
    lines_rest(&st->lines, &p);
    if (p.text)
        put_piece(st, clock_wall_ms(), &p);
    push(&st->o->outlets[0]);
}

/* ---- reading ---- */

static void
close_stream(struct stream *st)
{
    loop_watch_free(st->in);
    st->in = NULL;
    if (st->read_fd >= 0)
        close(st->read_fd);
    st->read_fd = -1;
    st->eof = true;
    loop_timer_cancel(st->idle);
}

static void
tell_end(struct output *o)
{
    if (!o->open || !o->streams[0].eof || !o->streams[1].eof)
        return;
    o->open = false;
    o->x.ended(o->x.arg);
}

static void
keep(struct stream *st, size_t n)
{
    struct output *o = st->o;
    struct err e;
    if (o->x.mode == OUTPUT_LINES)
        ring_put(&o->spool.ring, st->number, st->data, n);
    else if (spool_put(&o->spool, st->number, st->data, n, &e) < 0)
        log_warn(&event_spool_failed,
                 LOG_FIELDS(LF_STR("job", o->x.job), LF_STR("run_id", o->x.run_id)),
                 "%s: %s; of what follows, the last MiB is kept", o->x.job, e.msg);
}

/* False: there is no more just now. */
static bool
read_more(struct stream *st)
{
    ssize_t n = read(st->read_fd, st->data, sizeof(st->data));
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (n <= 0) {
        close_stream(st);
        return false;
    }
    keep(st, (size_t)n);
    st->at = 0;
    st->read_ms = clock_wall_ms();
    st->len = st->o->x.mode == OUTPUT_LINES ? (size_t)n : 0;
    return true;
}

static void
watch_in(struct stream *st, bool on)
{
    if (st->in && loop_watch_set(st->in, on ? LOOP_READ : 0) < 0)
        close_stream(st);
}

/* While lines wait nothing is read. Nobody to read ours: the command is to hear of it. */
static void
pass_on(struct stream *st)
{
    struct output *o = st->o;
    if (o->x.mode != OUTPUT_LINES)
        return;
    st->stalled = false;
    bool room = put_lines(st);
    st->stalled = !room;
    if (o->outlets[0].gone) {
        st->len = 0;
        close_stream(st);
    }
    watch_in(st, room && !o->finishing);
    if (room && st->lines.n > st->lines.cut && !st->eof)
        loop_timer_start(st->idle, IDLE_MS);
}

/* Whoever holds a pipe open now is none of the command's: what is in it is read, and it is closed. */
static void
read_rest(struct stream *st)
{
    while (st->read_fd >= 0 && st->len == 0) {
        if (st->rest == 0 || !read_more(st))
            close_stream(st);
        else
            st->rest--;
        pass_on(st);
    }
}

static void
on_output_readable(int fd, int what, void *arg)
{
    (void)fd;
    (void)what;
    struct stream *st = arg;
    struct output *o = st->o;
    for (int i = 0; i < READS_A_TURN && st->read_fd >= 0 && st->len == 0; i++) {
        bool more = read_more(st);
        pass_on(st);
        if (!more)
            break;
    }
    tell_end(o);
}

/* ---- the end ---- */

static void
be_done(struct output *o)
{
    loop_timer_cancel(o->patience);
    if (!o->finishing)
        return;
    o->finishing = false;
    for (size_t i = 0; i < 2; i++)
        tell_failed(&o->x, names[i], o->outlets[i].fault, o->outlets[i].failed);
    o->x.passed(o->x.arg);
}

/* The next piece of what is kept, when the last one is written. False: that was all. */
static bool
show_more(struct output *o)
{
    char buf[READ_BYTES / 4];
    unsigned stream = 0;
    bool gap;
    size_t n = spool_next(&o->spool, buf, sizeof(buf), &stream, &gap);
    if (gap)
        tell_gap(&o->x, spool_dropped(&o->spool));
    if (n == 0)
        return false;
    strbuf_add(&o->outlets[stream].data, buf, n);
    return true;
}

/* Both streams as far as there is room; true when all that they had is written. */
static bool
pass_all(struct output *o)
{
    for (int turn = 0; turn < READS_A_TURN; turn++) {
        bool idle = true;
        for (size_t i = 0; i < 2; i++) {
            pass_on(&o->streams[i]);
            if (o->finishing)
                read_rest(&o->streams[i]);
        }
        for (size_t i = 0; i < 2; i++)
            idle = push(&o->outlets[i]) && idle;
        bool stalled = o->streams[0].stalled || o->streams[1].stalled;
        if (!idle || !stalled)
            return idle && !stalled;
    }
    return false;
}

/* Whatever can go on, does. */
static void
pump(struct output *o)
{
    bool idle = pass_all(o);
    tell_end(o);
    while (idle && o->finishing && o->shows) {
        o->shows = show_more(o);
        idle = push(&o->outlets[0]) && push(&o->outlets[1]);
    }
    if (idle && o->finishing)
        be_done(o);
}

static uint64_t
unread(const struct stream *st)
{
    int n = 0;
    return st->read_fd >= 0 && ioctl(st->read_fd, FIONREAD, &n) == 0 ? (uint64_t)n : 0;
}

bool
output_waits(const struct output *o)
{
    uint64_t n = 0;
    for (size_t i = 0; i < 2; i++)
        n += unread(&o->streams[i]) + o->streams[i].len + waiting(&o->outlets[i]);
    return n > 0;
}

/* What it has is not passed on any more: so many bytes. */
static uint64_t
abandon(struct stream *st)
{
    uint64_t lost = unread(st) + st->len;
    close_stream(st);
    st->len = 0;
    return lost;
}

/* The line that it broke off in is not to go on with what the next command writes. */
static void
end_line(struct stream *st)
{
    struct lines_piece p;
    lines_rest(&st->lines, &p);
    if (p.text)
        put_piece(st, clock_wall_ms(), &p);
    push(&st->o->outlets[0]);
}

void
output_give_up(struct output *o)
{
    uint64_t lost = 0;
    for (size_t i = 0; i < 2; i++) {
        struct stream *st = &o->streams[i];
        lost += abandon(st) + waiting(&o->outlets[i]);
        o->outlets[i].gone = true;
        push(&o->outlets[i]);
    }
    o->shows = false;
    tell_lost(&o->x, lost);
    be_done(o);
}

static void
on_patience(void *arg)
{
    output_give_up(arg);
}

static void
on_soon(void *arg)
{
    pump(arg);
}

void
output_finish(struct output *o, bool show, uint64_t patience_ms)
{
    o->finishing = true;
    o->open = false;
    o->shows = show && o->x.mode == OUTPUT_ON_FAILURE;
    o->patience_ms = patience_ms;
    loop_timer_start(o->patience, patience_ms);
    for (size_t i = 0; i < 2; i++)
        o->streams[i].rest = READS_AT_END;
    loop_timer_start(o->soon, 0);
}

void
output_last(const struct output *o, size_t max_bytes, struct strbuf *out)
{
    size_t from = out->len;
    ring_last(&o->spool.ring, max_bytes, out);
    for (size_t i = from; i < out->len; i++)
        if (!out->data[i])
            out->data[i] = ' ';
}

/* ---- life ---- */

static bool
is_same_file(int a, int b)
{
    struct stat one, other;
    return fstat(a, &one) == 0 && fstat(b, &other) == 0 && one.st_dev == other.st_dev &&
           one.st_ino == other.st_ino;
}

static int
open_stream(struct stream *st, struct err *e)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return err_sys(e, errno, "pipe");
    st->read_fd = ends[0];
    st->write_fd = ends[1];
    st->eof = false;
    /* Of our end alone: the command's stays as it expects it. */
    if (fcntl(st->read_fd, F_SETFL, O_NONBLOCK) < 0)
        return err_sys(e, errno, "pipe");
    st->in = loop_watch_new(st->o->x.loop, st->read_fd, on_output_readable, st);
    return st->in && loop_watch_set(st->in, LOOP_READ) == 0 ? 0 : err_nomem(e);
}

int
output_open(struct output *o, int *ret_out, int *ret_err, struct err *e)
{
    /* Kept and shown as they come, both go one way where ours do: then their order stays. */
    bool one = o->x.mode == OUTPUT_ON_FAILURE && is_same_file(STDOUT_FILENO, STDERR_FILENO);
    uint64_t lost = 0;
    for (size_t i = 0; i < 2; i++) {
        struct stream *st = &o->streams[i];
        st->rest = READS_AT_END;
        read_rest(st);
        lost += abandon(st);
        if (o->x.mode == OUTPUT_LINES)
            end_line(st);
        if (!(i == 1 && one) && open_stream(st, e) < 0)
            return -1;
    }
    tell_lost(&o->x, lost);
    o->open = true;
    *ret_out = o->streams[0].write_fd;
    *ret_err = o->streams[one ? 0 : 1].write_fd;
    return 0;
}

void
output_begun(struct output *o)
{
    for (size_t i = 0; i < 2; i++) {
        if (o->streams[i].write_fd >= 0)
            close(o->streams[i].write_fd);
        o->streams[i].write_fd = -1;
    }
}

static int
keep_init(struct output *o, struct err *e)
{
    struct err why;
    if (o->x.mode == OUTPUT_LINES)
        return ring_init(&o->spool.ring, LAST_BYTES, e);
    if (spool_init(&o->spool, o->x.spool_dir, &why) == 0)
        return 0;
    if (why.code == ERR_NOMEM)
        return err_nomem(e);
    log_warn(&event_spool_failed,
             LOG_FIELDS(LF_STR("job", o->x.job), LF_STR("run_id", o->x.run_id)),
             "%s: %s; of the output, the last MiB is kept", o->x.job, why.msg);
    return 0;
}

struct output *
output_new(const struct output_setup *x, struct err *e)
{
    struct output *o = calloc(1, sizeof(*o));
    if (!o) {
        err_nomem(e);
        return NULL;
    }
    o->x = *x;
    o->head = (struct lines_head){.job = x->job, .run_id = x->run_id};
    o->spool = (struct spool)SPOOL_INIT;
    o->soon = loop_timer_new(x->loop, on_soon, o);
    o->patience = loop_timer_new(x->loop, on_patience, o);
    bool complete = o->soon && o->patience;
    for (unsigned i = 0; i < 2; i++) {
        struct stream *st = &o->streams[i];
        *st = (struct stream){.o = o, .number = i, .read_fd = -1, .write_fd = -1, .eof = true};
        st->idle = loop_timer_new(x->loop, on_idle, st);
        open_outlet(&o->outlets[i], o, i == 0 ? STDOUT_FILENO : STDERR_FILENO);
        complete =
            complete && st->idle && (o->outlets[i].room || o->outlets[i].sink.way == SINK_FILE);
    }
    if (complete && keep_init(o, e) == 0)
        return o;
    if (!complete)
        err_nomem(e);
    output_free(o);
    return NULL;
}

void
output_free(struct output *o)
{
    if (!o || o->dead)
        return;
    o->dead = true;
    output_begun(o);
    for (size_t i = 0; i < 2; i++) {
        close_stream(&o->streams[i]);
        loop_timer_free(o->streams[i].idle);
        loop_watch_free(o->outlets[i].room);
        sink_done(&o->outlets[i].sink);
        strbuf_done(&o->outlets[i].data);
    }
    loop_timer_free(o->soon);
    loop_timer_free(o->patience);
    spool_done(&o->spool);
    loop_defer(o->x.loop, &o->later, free, o);
}
