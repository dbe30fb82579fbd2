/*
 * sink.h: writing to standard output and its like without ever waiting for a slow reader, and without changing what
 * others have open, too: O_NONBLOCK belongs to the open file, not to the descriptor.
 */
#ifndef RR_BASE_SINK_H
#define RR_BASE_SINK_H

#include <stddef.h>
#include <sys/types.h>

enum sink_way { SINK_POLL, SINK_NONBLOCK, SINK_SOCKET, SINK_FILE };

struct sink {
    int fd;     /* as given; borrowed */
    int own_fd; /* a second opening of a pipe or terminal, ours alone, or -1 */
    enum sink_way way;
};

/* clang-format off */
#define SINK_INIT { .fd = -1, .own_fd = -1 }
/* clang-format on */

void sink_init(struct sink *s, int fd);
void sink_done(struct sink *s); /* as new; fd stays open */

/* Bytes taken, 0 when the reader is slow (sink_fd() says when it is not), -1 when it is gone: errno. A file's never is slow. */
ssize_t sink_write(const struct sink *s, const void *data, size_t len);
/* To be watched for room. */
int sink_fd(const struct sink *s);

#endif
