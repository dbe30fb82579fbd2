/*
 * output.h: what a command writes, passed on unchanged, and its end kept.
 *
 * Standard output and standard error go through a pipe each, so that what was said last can be read and told; into one file
 * (2>&1), through one pipe, so that their order stays. A terminal stays the command's own, for it would write otherwise to a
 * pipe: of that nothing is kept. A slow reader slows the command, as it would without us, and never the loop; when the reader
 * is gone, the command gets SIGPIPE, likewise.
 */
#ifndef RR_MIGRATE_OUTPUT_H
#define RR_MIGRATE_OUTPUT_H

#include <stdbool.h>

#include "common/base/err.h"
#include "common/base/strbuf.h"

/* Of the end that is kept. */
#define OUTPUT_KEPT_BYTES 65536u

struct loop;
struct output;

/* Fires once, from the loop: all that the command wrote has been passed on, and nobody can write any more. */
typedef void output_ended_fn(void *arg);

/* ERR_SYSTEM, ERR_NOMEM. */
struct output *output_new(struct loop *l, output_ended_fn *ended, void *arg, struct err *e);
void output_free(struct output *o); /* NULL allowed */

/* For the command's start: its descriptors, 0 where it has ours; false: it has both, and nothing is read. */
bool output_fds(const struct output *o, int *ret_out, int *ret_err);
/* After it was started, or could not be: our copies of its ends are closed. */
void output_begin(struct output *o);

/* Nothing waits to be passed on just now. */
bool output_idle(const struct output *o);
/* Appends what is kept; no byte in it is NUL. */
void output_kept(const struct output *o, struct strbuf *out);
/* Appends the last whole lines of such a text, at most max_bytes, without the line end behind them. A secret is taken out of the
 * text before: of one that is cut nobody could tell what it was. */
void output_last(const char *text, size_t max_bytes, struct strbuf *out);

#endif
