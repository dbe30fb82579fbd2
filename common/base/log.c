/* log.c: records on stderr, and the ring that holds what a slow reader has not taken yet. */
#include "common/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/clock.h"

/* How a descriptor is written to without blocking and without changing it for those who share it. */
enum way { WAY_POLL, WAY_NONBLOCK, WAY_SOCKET, WAY_FILE };

static struct {
    const char *program;
    enum log_format format;
    enum log_level level;
    int fd;
    int own_fd; /* a second opening of a pipe or terminal, ours alone, or -1 */
    enum way way;
    log_before_cb *before_cb;
    void *before_arg;
    uint64_t dropped; /* since the last log_dropped record */
    size_t head, len; /* of the ring */
    char ring[LOG_RING_BYTES];
} state = {
    .program = "-", .format = LOG_FORMAT_TEXT, .level = LOG_LEVEL_INFO, .fd = 2, .own_fd = -1};

/*
 * A pipe or terminal opened again through /proc is a file description of our own: O_NONBLOCK there harms nobody.
 * Between poll() and write() another writer could fill the pipe, and a terminal may have room for less than a line,
 * so this is better; where it is not allowed poll() has to do.
 */
static enum way
choose_way(int fd)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return WAY_POLL;
    if (S_ISREG(st.st_mode))
        return WAY_FILE;
    if (S_ISSOCK(st.st_mode))
        return WAY_SOCKET;
    if (!S_ISFIFO(st.st_mode) && !S_ISCHR(st.st_mode))
        return WAY_POLL;
    char path[64];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    state.own_fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    return state.own_fd >= 0 ? WAY_NONBLOCK : WAY_POLL;
}

void
log_init(const char *program, enum log_format format, enum log_level level, int fd)
{
    if (state.own_fd >= 0)
        close(state.own_fd);
    state.own_fd = -1;
    if (format == LOG_FORMAT_AUTO)
        format = isatty(fd) ? LOG_FORMAT_TEXT : LOG_FORMAT_JSON;
    state.program = program;
    state.format = format;
    state.level = level;
    state.fd = fd;
    state.way = choose_way(fd);
    state.dropped = 0;
    state.head = state.len = 0;
}

bool
log_is_text(void)
{
    return state.format == LOG_FORMAT_TEXT;
}

static bool
would_block(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

/* Bytes taken, 0 when the reader is slow, -1 when it is gone. len is at most PIPE_BUF. */
static ssize_t
try_send(const char *data, size_t len)
{
    ssize_t n = 0;
    struct pollfd p = {.fd = state.fd, .events = POLLOUT};
    switch (state.way) {
    case WAY_SOCKET:
        n = send(state.fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
        break;
    case WAY_NONBLOCK:
        n = write(state.own_fd, data, len);
        break;
    case WAY_POLL:
        if (poll(&p, 1, 0) < 1 || !(p.revents & (POLLOUT | POLLERR | POLLNVAL)))
            return 0;
        n = write(state.fd, data, len);
        break;
    case WAY_FILE: /* never in the ring: a file cannot be watched */
        n = TEMP_FAILURE_RETRY(write(state.fd, data, len));
        break;
    }
    return n >= 0 ? n : would_block(errno) ? 0 : -1;
}

static bool
ring_put(const char *data, size_t len)
{
    if (len > LOG_RING_BYTES - state.len)
        return false;
    size_t at = (state.head + state.len) % LOG_RING_BYTES;
    size_t first = len < LOG_RING_BYTES - at ? len : LOG_RING_BYTES - at;
    memcpy(state.ring + at, data, first);
    memcpy(state.ring, data + first, len - first);
    state.len += len;
    return true;
}

/* Copies the first line (or what is left of one) into buf; its length. */
static size_t
ring_peek_line(char *buf)
{
    size_t n = 0;
    while (n < state.len && n < LOG_LINE_MAX) {
        buf[n] = state.ring[(state.head + n) % LOG_RING_BYTES];
        if (buf[n++] == '\n')
            break;
    }
    return n;
}

static void
ring_skip(size_t n)
{
    state.head = (state.head + n) % LOG_RING_BYTES;
    state.len -= n;
}

static bool
drain_ring(void)
{
    char line[LOG_LINE_MAX];
    while (state.len > 0) {
        size_t len = ring_peek_line(line);
        ssize_t n = try_send(line, len);
        if (n == 0)
            return false;
        ring_skip(n < 0 ? state.len : (size_t)n);
    }
    return true;
}

/* Now, or into the ring, or counted as dropped. */
static void
send_line(const char *line, size_t len)
{
    ssize_t n = 0;
    if (state.len == 0)
        n = try_send(line, len);
    if (n < 0)
        return;
    if ((size_t)n < len && !ring_put(line + n, len - (size_t)n))
        state.dropped++;
}

/* The count of what was lost, once there is room to say it. */
static void
confess(void)
{
    if (state.dropped == 0 || LOG_RING_BYTES - state.len < LOG_LINE_MAX)
        return;
    struct field dropped = LF_UINT("dropped", state.dropped);
    struct log_record r = {
        .wall_us = clock_wall_ms() * 1000,
        .level = LOG_LEVEL_WARN,
        .program = state.program,
        .event = "log_dropped",
        .msg = "records were dropped because their reader is slow",
        .fields = &dropped,
        .n = 1,
    };
    struct strbuf line = STRBUF_INIT;
    log_format_record(&line, state.format, &r);
    if (!line.failed) {
        state.dropped = 0;
        send_line(strbuf_str(&line), line.len);
    }
    strbuf_done(&line);
}

/* Without memory for the record: what needs none of it. */
static void
send_short(const struct log_record *r)
{
    const char *level = log_level_names[r->level];
    char time[CLOCK_RFC3339_MAX];
    char line[512];
    clock_format_rfc3339(time, r->wall_us, 3);
    if (state.format == LOG_FORMAT_JSON)
        snprintf(line, sizeof(line),
                 "{\"time\":\"%s\",\"level\":\"%s\",\"program\":\"%s\",\"event\":\"%s\","
                 "\"msg\":\"out of memory for this record\"}\n",
                 time, level, r->program, r->event);
    else
        snprintf(line, sizeof(line),
                 "time=%s level=%s program=%s event=%s msg=\"out of memory for this record\"\n",
                 time, level, r->program, r->event);
    send_line(line, strlen(line));
}

void
log_write(enum log_level level, const char *event, const struct field *fields, size_t n,
          const char *fmt, ...)
{
    if (level < state.level)
        return;
    int saved = errno;
    struct strbuf msg = STRBUF_INIT, line = STRBUF_INIT;
    va_list ap;
    va_start(ap, fmt);
    strbuf_addv(&msg, fmt, ap);
    va_end(ap);
    struct log_record r = {
        .wall_us = clock_wall_ms() * 1000,
        .level = level,
        .program = state.program,
        .event = event,
        .msg = strbuf_str(&msg),
        .fields = fields,
        .n = n,
    };
    log_format_record(&line, state.format, &r);
    if (state.before_cb)
        state.before_cb(state.before_arg);
    log_flush();
    if (msg.failed || line.failed)
        send_short(&r);
    else
        send_line(strbuf_str(&line), line.len);
    strbuf_done(&msg);
    strbuf_done(&line);
    errno = saved;
}

void
log_set_before_cb(log_before_cb *cb, void *arg)
{
    state.before_cb = cb;
    state.before_arg = arg;
}

int
log_pending_fd(void)
{
    if (state.len == 0)
        return -1;
    return state.own_fd >= 0 ? state.own_fd : state.fd;
}

bool
log_flush(void)
{
    if (!drain_ring())
        return false;
    confess();
    return state.len == 0;
}

void
log_finish(uint64_t timeout_ms)
{
    uint64_t deadline = clock_deadline(timeout_ms);
    while (!log_flush()) {
        uint64_t left = clock_left_ms(deadline);
        if (left == 0)
            return;
        struct pollfd p = {.fd = log_pending_fd(), .events = POLLOUT};
        poll(&p, 1, left > 1000 ? 1000 : (int)left);
    }
}
