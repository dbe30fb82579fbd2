/*
 * client_answer.h: what has come of an HTTP/1.x answer so far. Pure.
 *
 * An answer is whole when its Content-Length is there, or where it has none when the peer closes
 * after the head. One that was cut short says nothing about health. Interim answers (1xx) are
 * skipped.
 */
#ifndef RR_HEALTHD_CLIENT_ANSWER_H
#define RR_HEALTHD_CLIENT_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

struct client_answer {
    int status;     /* 0: not HTTP/1.x */
    size_t body_at; /* where the body begins; 0 while the head is not whole */
    bool whole;
};

/* The len bytes at data are all that came; ended: no more will come. */
struct client_answer client_answer_read(const char *data, size_t len, bool ended);

#endif
