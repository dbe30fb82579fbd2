/*
 * client_answer.h: an HTTP/1.x answer, as far as it has been received. Pure.
 *
 * An answer is whole when its last chunk or its Content-Length is there, or where it has neither when
 * the peer closes after the head (RFC 9112, 6.3). One that was cut short says nothing about health.
 * Interim answers (1xx) are skipped.
 */
#ifndef RR_HEALTHD_CLIENT_ANSWER_H
#define RR_HEALTHD_CLIENT_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

struct client_answer {
    int status;     /* 0: not HTTP/1.x */
    size_t body_at; /* where the body begins; 0 while the head is not whole */
    bool chunked;
    bool malformed; /* what should be a chunk is none */
    bool whole;
};

/* The len bytes at data are all that came; ended: no more will come. */
struct client_answer client_answer_read(const char *data, size_t len, bool ended);

/* The next piece of the body: its length, 0 at the end of what came. *at: body_at at first, then as it was left. */
size_t client_answer_piece(const struct client_answer *a, const char *data, size_t len, size_t *at,
                           const char **ret);

#endif
