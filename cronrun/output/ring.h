/*
 * ring.h: the last bytes that a command wrote, each with its stream, in the order in which they were read. Pure.
 *
 * Of more than fits the oldest go first. Memory is touched only as far as it is filled.
 */
#ifndef RR_CRONRUN_RING_H
#define RR_CRONRUN_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/strbuf.h"

struct ring {
    char *data;
    size_t size;
    size_t at, used; /* of the frames: a length and a stream in four bytes, then the bytes */
    size_t last;     /* where the youngest frame begins, while there is one */
    size_t bytes;    /* held, without what frames take */
    uint64_t total;  /* ever put in */
};

/* size: more than 16, at most 1 GiB. ERR_NOMEM. */
MUST_CHECK int ring_init(struct ring *r, size_t size, struct err *e);
void ring_done(struct ring *r); /* of one that was never begun, too, if it is zeroed */

/* stream: 0 or 1. */
void ring_put(struct ring *r, unsigned stream, const void *data, size_t len);

/* Reading from the oldest to the youngest; nothing may be put in meanwhile. */
struct ring_cursor {
    size_t seen; /* of `used` */
    size_t left; /* of the frame that is read */
    unsigned stream;
};
/* The next piece of one stream, borrowed; 0: there is none. */
size_t
ring_next(const struct ring *r, struct ring_cursor *c, unsigned *ret_stream, const char **ret_data);

/* Appends the last max_bytes of both streams. */
void ring_last(const struct ring *r, size_t max_bytes, struct strbuf *out);

#endif
