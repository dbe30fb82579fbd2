/*
 * output.h: what a command writes, where --output is not pass: each line passed on as a record (lines), or all of it kept and shown
 * only when the run fails (on-failure).
 *
 * The command writes to pipes, one for each stream. The order within a stream is kept; between the two it is that in which they are
 * read. While whoever reads ours is slow, the pipes are not read, so that the command waits, as it would without us; nothing here
 * does. When he is gone the command gets SIGPIPE, likewise. What cannot be written for
 * another reason (a full disk) is dropped, and told at the end. What a terminal is to the command, it is not any more.
 */
#ifndef RR_CRONRUN_OUTPUT_H
#define RR_CRONRUN_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/strbuf.h"
#include "cronrun/options.h"

struct loop;
struct output;

struct output_setup {
    struct loop *loop;
    enum output_mode mode;                /* OUTPUT_LINES, OUTPUT_ON_FAILURE */
    const char *job, *run_id, *spool_dir; /* borrowed */
    /* From the loop: nobody can write any more, and all of it has been read. Once for each output_open(). */
    void (*ended)(void *arg);
    void (*passed)(void *arg); /* from the loop, once behind output_finish() */
    void *arg;
};

/* NULL: ERR_NOMEM. That there is no file for the spool is told in a record. */
struct output *output_new(const struct output_setup *x, struct err *e);
void output_free(struct output *o); /* NULL allowed; from anywhere */

/* For a command: its standard output and error. ERR_SYSTEM, ERR_NOMEM. */
MUST_CHECK int output_open(struct output *o, int *ret_out, int *ret_err, struct err *e);
/* After it was started, or could not be: our copies of its ends are closed. */
void output_begun(struct output *o);

/* Something that a command wrote is not written to ours yet, for its reader is slow. */
bool output_waits(const struct output *o);

/* The command is over: what was read of it is passed on, and in the mode on-failure shown when `show`. passed() fires when that is
 * done, or when the reader has taken nothing for patience_ms; what is lost then is told in bytes. */
void output_finish(struct output *o, bool show, uint64_t patience_ms);
/* Not a moment longer; passed() fires, if output_finish() was called. */
void output_give_up(struct output *o);

/* Appends the last max_bytes that were read, of both streams; NUL bytes are blanks. */
void output_last(const struct output *o, size_t max_bytes, struct strbuf *out);

#endif
