/* log.c: records on stderr, and the ring that holds what a slow reader has not taken yet. */
#include "common/base/log.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/events.h"
#include "common/base/sink.h"

static struct {
    const char *program;
    enum log_format format;
    enum log_level level;
    struct sink sink;
    log_before_cb *before_cb;
    void *before_arg;
    uint64_t dropped; /* since the last log_dropped record */
    size_t head, len; /* of the ring */
    char ring[LOG_RING_BYTES];
} state = {.program = "-",
           .format = LOG_FORMAT_TEXT,
           .level = LOG_LEVEL_INFO,
           .sink = {.fd = 2, .own_fd = -1}};

void
log_init(const char *program, enum log_format format, enum log_level level, int fd)
{
    sink_done(&state.sink);
    if (format == LOG_FORMAT_AUTO)
        format = isatty(fd) ? LOG_FORMAT_TEXT : LOG_FORMAT_JSON;
    state.program = program;
    state.format = format;
    state.level = level;
    sink_init(&state.sink, fd);
    state.dropped = 0;
    state.head = state.len = 0;
}

bool
log_is_text(void)
{
    return state.format == LOG_FORMAT_TEXT;
}

void
log_forked(void)
{
    sink_init(&state.sink, state.sink.fd);
    state.before_cb = NULL;
    state.dropped = 0;
    state.head = state.len = 0;
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
        ssize_t n = sink_write(&state.sink, line, len);
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
        n = sink_write(&state.sink, line, len);
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
        .event = event_log_dropped.name,
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
log_write(enum log_level level, const struct log_event *event, const struct field *fields, size_t n,
          const char *fmt, ...)
{
#ifndef RR_RELEASE
    assert(field_all_named(event->fields, fields, n));
#endif
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
        .event = event->name,
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
    return sink_fd(&state.sink);
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
