/*
 * log.h: one record per event on stderr; a slow reader never blocks us.
 *
 *     log_info(&event_applied, LOG_FIELDS(LF_STR("version", v), LF_UINT("duration_ms", d)), "applied %s", v);
 *     log_warn(&event_no_checks, LOG_NONE, "no check is configured");
 *
 * json  {"time":"2026-11-21T09:00:00.000Z","level":"info","program":"migrate","event":"applied","msg":"applied 1","version":"1"}
 * kv    time=2026-11-21T09:00:00.000Z level=info program=migrate event=applied msg="applied 1" version=1
 * text  09:00:00 info  applied 1  version=1
 * auto  text on a terminal, json everywhere else
 *
 * A record is one line of at most 4,096 bytes; longer values are cut between characters. While the reader is slow,
 * whole lines wait in a ring of 64 KiB; what does not fit is dropped and counted, and the count is a record of its
 * own (event log_dropped, field dropped) as soon as there is room. stderr is shared with other processes, so its
 * O_NONBLOCK is never touched: a pipe or terminal is opened a second time, or, where that is forbidden, asked with
 * poll() and given at most PIPE_BUF bytes; a socket gets MSG_DONTWAIT.
 * SIGPIPE is expected to be ignored (the loop does so). One thread only.
 */
#ifndef RR_BASE_LOG_H
#define RR_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/event.h"
#include "common/base/field.h"
#include "common/base/strbuf.h"

#define LOG_LINE_MAX 4096u
#define LOG_RING_BYTES 65536u

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };
enum log_format { LOG_FORMAT_AUTO, LOG_FORMAT_TEXT, LOG_FORMAT_KV, LOG_FORMAT_JSON };

/* NULL-ended lists in the order of the enums, for options. */
extern const char *const log_level_names[];
extern const char *const log_format_names[];

/* Before the first record. program: borrowed, static. Without it: fd 2, auto, info, program "-". */
void log_init(const char *program, enum log_format format, enum log_level level, int fd);
/* True when records are text, for people. */
bool log_is_text(void);
/* In a process that was forked, for a record of its own: what waits is the parent's to send, and what was opened beside fd may be
 * closed. */
void log_forked(void);

#define log_debug(event, fields, ...) log_write(LOG_LEVEL_DEBUG, event, fields, __VA_ARGS__)
#define log_info(event, fields, ...) log_write(LOG_LEVEL_INFO, event, fields, __VA_ARGS__)
#define log_warn(event, fields, ...) log_write(LOG_LEVEL_WARN, event, fields, __VA_ARGS__)
#define log_error(event, fields, ...) log_write(LOG_LEVEL_ERROR, event, fields, __VA_ARGS__)

/*
 * Formats and sends one record; never blocks, never fails. event: its row, which names each of the fields; other builds
 * than the release assert that, whether the record is sent or not.
 */
void log_write(enum log_level level, const struct log_event *event, const struct field *fields,
               size_t n, const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* Called before each record: what else stands on the terminal makes way. cb NULL: nothing does. */
typedef void log_before_cb(void *arg);
void log_set_before_cb(log_before_cb *cb, void *arg);

/* The descriptor to watch for writing while lines wait in the ring, else -1. Then call log_flush(); the loop does. */
int log_pending_fd(void);
/* Sends what the reader takes now; true when nothing is left. Never blocks. */
bool log_flush(void);
/* Before exit: waits up to timeout_ms for the reader to take the rest, then gives up. */
#define LOG_FINISH_MS 2000
void log_finish(uint64_t timeout_ms);

/* The line (with its newline) as log_write would send it; for tests and for records that go elsewhere. */
struct log_record {
    int64_t wall_us;
    enum log_level level;
    const char *program;
    const char *event;
    const char *msg;
    const struct field *fields;
    size_t n;
};
void log_format_record(struct strbuf *out, enum log_format format, const struct log_record *r);

#endif
