/*
 * progress.h: one line at the bottom of a terminal while migrations run; nothing anywhere else.
 *
 *     [=======>            ] 3/8  4.2s  0003_orders.sql  12/240 statements  building index: scanning table, 40 %
 *
 * In a UTF-8 locale the bar is made of blocks, in eighths of a column; where NO_COLOR is not set it is green, and yellow
 * while the server reports what it waits for or how far it is. A narrow terminal gets a shorter bar, and the end is cut off.
 * Each log record wipes it first; it comes back by itself. One at a time.
 */
#ifndef RR_MIGRATE_PROGRESS_H
#define RR_MIGRATE_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/strbuf.h"

struct loop;
struct progress;

/* fd: where it is drawn when that is a terminal (and TERM is not "dumb"). */
struct progress *progress_new(struct loop *l, int fd, struct err *e);
void progress_free(struct progress *p); /* NULL allowed; wipes the line */

void progress_begin(struct progress *p, size_t files);
void progress_file(struct progress *p, size_t number, const char *file,
                   size_t statements); /* number from 1 */
void progress_statement(struct progress *p, size_t number);
void progress_server(struct progress *p, const char *text); /* "" for nothing */
void progress_end(struct progress *p);

/* What is drawn (pure): width columns at most. */
struct progress_view {
    size_t files, number;
    const char *file;
    size_t statements, statement;
    uint64_t elapsed_ms;
    const char *server;
    bool utf8, colour;
};
void progress_format(const struct progress_view *v, size_t width, struct strbuf *out);

#endif
