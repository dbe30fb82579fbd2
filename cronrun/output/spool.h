/*
 * spool.h: the output of a command that is shown only if it fails: the first SPOOL_FILE_MAX bytes in a file without a name, and the
 * last SPOOL_RING_BYTES in memory. Without a file, or when its disk is full, only the latter.
 */
#ifndef RR_CRONRUN_SPOOL_H
#define RR_CRONRUN_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/err.h"
#include "cronrun/output/ring.h"

#define SPOOL_FILE_MAX (UINT64_C(64) << 20)
#define SPOOL_RING_BYTES ((size_t)1 << 20)

struct spool {
    int fd;         /* -1: none, or no more is written to it */
    int read_fd;    /* the same file, while there is one */
    off_t size;     /* of its frames */
    uint64_t bytes; /* of output in it */
    struct ring ring;
    bool shows;
    off_t at; /* while it is shown */
    size_t left;
    unsigned stream;
    struct ring_cursor cursor;
    size_t skip;
};

/* clang-format off */
#define SPOOL_INIT { .fd = -1, .read_fd = -1 }
/* clang-format on */

/* ERR_NOMEM; ERR_SYSTEM: there is no file, and it goes on without. */
MUST_CHECK int spool_init(struct spool *s, const char *dir, struct err *e);
void spool_done(struct spool *s);

/* ERR_SYSTEM, once: no more can be written to the file; the ring has it all the same. */
MUST_CHECK int
spool_put(struct spool *s, unsigned stream, const void *data, size_t len, struct err *e);

/* What is neither in the file nor in the ring, from between them. */
uint64_t spool_dropped(const struct spool *s);

/* The output in its order, a piece at a time, into buf; 0: that was all. *ret_gap: this piece is the first behind what was dropped. */
size_t spool_next(struct spool *s, char *buf, size_t size, unsigned *ret_stream, bool *ret_gap);

#endif
