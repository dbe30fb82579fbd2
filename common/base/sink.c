/* sink.c: four kinds of descriptors, and how each is written to without waiting. */
#include "common/base/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * A pipe or terminal opened again through /proc is a file description of our own: O_NONBLOCK there harms nobody.
 * Between poll() and write() another writer could fill the pipe, and a terminal may have room for less than a line,
 * so this is better; where it is not allowed poll() has to do.
 */
static enum sink_way
choose_way(struct sink *s)
{
    struct stat st;
    if (fstat(s->fd, &st) < 0)
        return SINK_POLL;
    if (S_ISREG(st.st_mode))
        return SINK_FILE;
    if (S_ISSOCK(st.st_mode))
        return SINK_SOCKET;
    if (!S_ISFIFO(st.st_mode) && !S_ISCHR(st.st_mode))
        return SINK_POLL;
    char path[64];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", s->fd);
    s->own_fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    return s->own_fd >= 0 ? SINK_NONBLOCK : SINK_POLL;
}

void
sink_init(struct sink *s, int fd)
{
    *s = (struct sink){.fd = fd, .own_fd = -1};
    s->way = choose_way(s);
}

void
sink_done(struct sink *s)
{
    if (s->own_fd >= 0)
        close(s->own_fd);
    *s = (struct sink)SINK_INIT;
}

static bool
would_block(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

ssize_t
sink_write(const struct sink *s, const void *data, size_t len)
{
    ssize_t n = 0;
    struct pollfd p = {.fd = s->fd, .events = POLLOUT};
    switch (s->way) {
    case SINK_SOCKET:
        n = send(s->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
        break;
    case SINK_NONBLOCK:
        n = write(s->own_fd, data, len);
        break;
    case SINK_POLL:
        if (poll(&p, 1, 0) < 1 || !(p.revents & (POLLOUT | POLLERR | POLLNVAL)))
            return 0;
        n = write(s->fd, data, len < PIPE_BUF ? len : PIPE_BUF); /* that much fits, or none */
        break;
    case SINK_FILE:
        n = TEMP_FAILURE_RETRY(write(s->fd, data, len));
        break;
    }
    return n >= 0 ? n : would_block(errno) ? 0 : -1;
}

int
sink_fd(const struct sink *s)
{
    return s->own_fd >= 0 ? s->own_fd : s->fd;
}
