/*
 * record.h: the result of a run as it travels from `cronrun run` to the daemon that started it: one line of JSON through a pipe.
 * Pure.
 */
#ifndef RR_CRONRUN_RECORD_H
#define RR_CRONRUN_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/strbuf.h"
#include "cronrun/run/outcome.h"

#define RECORD_BYTES_MAX 1024 /* of a line; less than PIPE_BUF */
#define RECORD_WORD_MAX 32
#define RECORD_ID_MAX 40

struct record {
    enum outcome_kind outcome;
    char reason[RECORD_WORD_MAX]; /* of outcome.h */
    char run_id[RECORD_ID_MAX];
    int exit;                     /* of cronrun */
    int signal;                   /* that ended the command; 0: none */
    int64_t started_ms, ended_ms; /* wall time; -1: the command was not started */
    uint64_t took_ms;             /* the command */
    uint64_t deadline_ms;         /* that it had; CLOCK_NEVER: none */
    uint64_t fence;               /* 0: none */
    uint64_t max_rss_bytes;       /* of the largest process of the command; 0: not known */
};

/* Appends the line, with its line end. */
void record_format(struct strbuf *out, const struct record *r);

/* The len bytes of a line; its end may be left out. ERR_INPUT: it is none that record_format() makes. */
MUST_CHECK int record_parse(const char *line, size_t len, struct record *ret, struct err *e);

#endif
