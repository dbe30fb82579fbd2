/*
 * lines.h: what a command writes, cut into lines, and each line as a record. Pure.
 *
 *     {"time":"…","program":"cronrun","event":"output","job":"mail","run_id":"…","stream":"stdout","msg":"a line"}
 *
 * A record is one line of JSON of at most LINES_RECORD_MAX bytes, which a pipe takes whole or not at all. A line that does not fit
 * becomes several records; all but the last have "partial":true, and so has a last line without its line end: behind each other
 * record stood one. Bytes that are no UTF-8 are U+FFFD in msg, and "base64" has them as they were. So nothing is lost.
 */
#ifndef RR_CRONRUN_LINES_H
#define RR_CRONRUN_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "common/base/strbuf.h"

#define LINES_RECORD_MAX 4096u
/* Of the command's bytes in one record. */
#define LINES_PIECE_MAX 3072u
/* Of a record's names, time, job and run id; together with what may stand behind the text. */
#define LINES_HEAD_MAX 900u

/* One stream's line that has not ended yet. */
struct lines {
    char held[LINES_PIECE_MAX];
    size_t n;
    size_t cut; /* so much of it was the last piece */
};

struct lines_piece {
    const char *text; /* borrowed until the next call; NULL: none is complete yet */
    size_t len;
    bool partial; /* no line end stood behind it */
};

/* Takes bytes of the stream until a piece is complete, or there are no more; returns how many. */
size_t lines_next(struct lines *l, const char *data, size_t len, struct lines_piece *ret);
/* What is held, as a partial piece; text NULL: nothing. */
void lines_rest(struct lines *l, struct lines_piece *ret);

/* What all records of a run have in common. */
struct lines_head {
    const char *job, *run_id;
    /* What the last record began with, its time and its stream: */
    int64_t time_ms;
    const char *stream;
    size_t text_len; /* 0: there was none */
    char text[LINES_HEAD_MAX];
};

/* stream: static. Appends the piece's records: one, or some when its characters take more room than they should. */
void lines_format(struct lines_head *h, int64_t wall_ms, const char *stream,
                  const struct lines_piece *p, struct strbuf *out);

#endif
