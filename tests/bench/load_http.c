/*
 * load_http PORT PATH RATE SECONDS keep|new: asks at a fixed rate and measures from the moment a
 * request was due, so that a server which stalls is charged for all that would have come meanwhile.
 * Prints: requests errors not_200 min median p99 max (microseconds).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LANES 64
#define ANSWER_MAX 65536

struct lane {
    int fd;
    bool busy;
    uint64_t due_us;
    size_t len;
    char buf[4096];
};

static struct sockaddr_in server;
static char request[1024];
static bool keep;
static int epoll_fd;
static uint64_t *samples;
static size_t n_samples, errors, not_200;

static uint64_t
now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

static void
hang_up(struct lane *l)
{
    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
}

static bool
dial(struct lane *l)
{
    int on = 1;
    l->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (l->fd < 0 || connect(l->fd, (struct sockaddr *)&server, sizeof(server)) < 0)
        return false;
    setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = l};
    return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, l->fd, &ev) == 0;
}

static void
fail(struct lane *l)
{
    errors++;
    l->busy = false;
    hang_up(l);
}

static void
ask(struct lane *l, uint64_t due_us)
{
    l->busy = true;
    l->due_us = due_us;
    l->len = 0;
    if ((l->fd < 0 && !dial(l)) ||
        send(l->fd, request, strlen(request), MSG_NOSIGNAL) != (ssize_t)strlen(request))
        fail(l);
}

static bool
complete(const struct lane *l)
{
    const char *end = memmem(l->buf, l->len, "\r\n\r\n", 4);
    const char *length = memmem(l->buf, l->len, "Content-Length: ", 16);
    if (!end || !length)
        return false;
    return l->len >= (size_t)(end + 4 - l->buf) + strtoul(length + 16, NULL, 10);
}

static void
hear(struct lane *l)
{
    ssize_t n = recv(l->fd, l->buf + l->len, sizeof(l->buf) - 1 - l->len, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        if (l->busy)
            fail(l);
        else
            hang_up(l);
        return;
    }
    l->len += (size_t)n;
    l->buf[l->len] = '\0';
    if (!l->busy || !complete(l))
        return;
    samples[n_samples++] = now_us() - l->due_us;
    not_200 += strncmp(l->buf, "HTTP/1.1 200", 12) != 0;
    l->busy = false;
    if (!keep)
        hang_up(l);
}

static int
compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void
run(double rate, double seconds, struct lane *lanes)
{
    uint64_t start_us = now_us();
    size_t total = (size_t)(rate * seconds), sent = 0;
    samples = calloc(total + 1, sizeof(*samples));
    while (n_samples + errors < total && now_us() < start_us + (uint64_t)((seconds + 10) * 1e6)) {
        uint64_t due_us = start_us + (uint64_t)((double)sent * 1e6 / rate);
        for (int i = 0; i < LANES && sent < total && now_us() >= due_us; i++) {
            if (lanes[i].busy)
                continue;
            ask(&lanes[i], due_us);
            sent++;
            due_us = start_us + (uint64_t)((double)sent * 1e6 / rate);
        }
        struct epoll_event events[LANES];
        struct timespec wait = {0};
        uint64_t now = now_us();
        if (sent < total && due_us > now)
            wait.tv_nsec = (long)((due_us - now) < 900000 ? (due_us - now) * 1000 : 900000000);
        else
            wait.tv_nsec = 1000000;
        int n = epoll_pwait2(epoll_fd, events, LANES, &wait, NULL);
        for (int i = 0; i < n; i++)
            hear(events[i].data.ptr);
    }
    errors += total - n_samples - errors;
}

int
main(int argc, char **argv)
{
    static struct lane lanes[LANES];
    if (argc != 6) {
        fprintf(stderr, "usage: load_http PORT PATH RATE SECONDS keep|new\n");
        return 2;
    }
    server = (struct sockaddr_in){.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)atoi(argv[1])),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    keep = strcmp(argv[5], "keep") == 0;
    snprintf(request, sizeof(request),
             "GET %s HTTP/1.1\r\nHost: x\r\nUser-Agent: kube-probe/1.34\r\nAccept: */*\r\n%s\r\n",
             argv[2], keep ? "" : "Connection: close\r\n");
    epoll_fd = epoll_create1(0);
    for (int i = 0; i < LANES; i++)
        lanes[i].fd = -1;
    run(atof(argv[3]), atof(argv[4]), lanes);
    qsort(samples, n_samples, sizeof(*samples), compare);
    if (n_samples == 0)
        n_samples = 1;
    printf("%zu %zu %zu %llu %llu %llu %llu\n", n_samples, errors, not_200,
           (unsigned long long)samples[0], (unsigned long long)samples[n_samples / 2],
           (unsigned long long)samples[n_samples * 99 / 100],
           (unsigned long long)samples[n_samples - 1]);
    free(samples);
    return 0;
}
