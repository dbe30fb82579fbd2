/* bare_epoll PORT: the least that can answer HTTP at all: accept, read, write a fixed answer.
 * What healthd is measured against. It parses nothing and limits nothing; "Connection: close" is
 * looked for, so that both do the same calls. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static const char answer[] =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 18\r\nCache-Control: "
    "no-store\r\nDate: Sat, 21 Nov 2026 09:00:00 GMT\r\n\r\n{\"status\":\"ready\"}";

static void
serve(int fd)
{
    char buf[16384];
    ssize_t n = recv(fd, buf, sizeof(buf) - 1, MSG_DONTWAIT);
    if (n < 0)
        return;
    buf[n > 0 ? n : 0] = '\0';
    if (n == 0 || send(fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL) < 0 ||
        strstr(buf, "Connection: close"))
        close(fd);
}

int
main(int argc, char **argv)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1, listener = socket(AF_INET, SOCK_STREAM, 0), ep = epoll_create1(0);
    socklen_t len = sizeof(a);
    a.sin_port = htons(argc > 1 ? (unsigned short)atoi(argv[1]) : 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(listener, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(listener, 4096) < 0)
        return 1;
    getsockname(listener, (struct sockaddr *)&a, &len);
    printf("%d\n", ntohs(a.sin_port));
    fflush(stdout);
    struct epoll_event ev = {.events = EPOLLIN, .data.fd = listener}, events[256];
    epoll_ctl(ep, EPOLL_CTL_ADD, listener, &ev);
    for (;;) {
        int n = epoll_wait(ep, events, 256, -1);
        for (int i = 0; i < n; i++) {
            if (events[i].data.fd != listener) {
                serve(events[i].data.fd);
                continue;
            }
            ev.data.fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
            if (ev.data.fd >= 0)
                epoll_ctl(ep, EPOLL_CTL_ADD, ev.data.fd, &ev);
        }
    }
}
