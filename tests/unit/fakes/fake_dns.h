/*
 * fake_dns.h: a DNS server on 127.0.0.1 in the test's own loop. Included by tests of names; RELEASE_RUNTIME_RESOLV_CONF
 * names a file that names it.
 */
#ifndef RR_TESTS_FAKE_DNS_H
#define RR_TESTS_FAKE_DNS_H

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/strbuf.h"
#include "common/net/loop.h"

struct dns_record {
    const char *name;
    int type;         /* 1 A, 28 AAAA */
    const char *addr; /* "" no data, "servfail", "silent"; several parted by spaces */
};

struct dns_server {
    const struct dns_record *zone; /* ends with name NULL */
    int fd;
    uint16_t port;
    struct loop_watch *watch;
    struct strbuf asked; /* names in the order of the questions, once per pair */
    unsigned unanswered;
    char conf_path[32];
};

static inline size_t
dns_read_name(const unsigned char *p, char *ret)
{
    size_t at = 12;
    size_t n = 0;
    while (p[at]) {
        size_t len = p[at++];
        memcpy(ret + n, p + at, len);
        n += len;
        ret[n++] = '.';
        at += len;
    }
    ret[n ? n - 1 : 0] = '\0';
    return at + 1;
}

static inline size_t
dns_add_answer(unsigned char *out, size_t len, int type, const char *addr)
{
    unsigned char bytes[16];
    unsigned char size = type == 1 ? 4 : 16;
    int parsed = inet_pton(type == 1 ? AF_INET : AF_INET6, addr, bytes);
    assert(parsed == 1);
    (void)parsed;
    const unsigned char head[] = {0xc0, 12, 0, (unsigned char)type, 0, 1, 0, 0, 0, 5, 0, size};
    memcpy(out + len, head, sizeof(head));
    memcpy(out + len + sizeof(head), bytes, size);
    out[7]++;
    return len + sizeof(head) + size;
}

static inline size_t
dns_make_reply(unsigned char *p, size_t question_end, int type, const char *data)
{
    memset(p + 6, 0, 6); /* no answers, no additional records */
    p[2] = 0x81;
    p[3] = 0x80;
    if (!data) {
        p[3] = 0x83;
    } else if (strcmp(data, "servfail") == 0) {
        p[3] = 0x82;
    } else if (*data) {
        char copy[128];
        char *rest = NULL;
        snprintf(copy, sizeof(copy), "%s", data);
        for (char *a = strtok_r(copy, " ", &rest); a; a = strtok_r(NULL, " ", &rest))
            question_end = dns_add_answer(p, question_end, type, a);
    }
    return question_end;
}

static inline void
dns_on_question(int fd, int what, void *arg)
{
    (void)what;
    struct dns_server *s = arg;
    unsigned char p[1500];
    struct sockaddr_storage from;
    socklen_t from_len = sizeof(from);
    ssize_t got = recvfrom(fd, p, sizeof(p), 0, (struct sockaddr *)&from, &from_len);
    if (got < 17)
        return;
    char name[256];
    size_t end = dns_read_name(p, name);
    int type = p[end + 1];
    const char *data = NULL;
    for (const struct dns_record *z = s->zone; z->name; z++) {
        if (strcasecmp(z->name, name) != 0)
            continue;
        if (z->type == type)
            data = z->addr;
        else if (!data)
            data = "";
    }
    if (type == 1)
        strbuf_addf(&s->asked, "%s ", name);
    if (!data || strcmp(data, "silent") != 0) {
        size_t len = dns_make_reply(p, end + 4, type, data);
        sendto(fd, p, len, 0, (struct sockaddr *)&from, from_len);
    } else {
        s->unanswered++;
    }
}

/* Nothing is asked for yet: dns_conf() first. 0, or -1. */
static inline int
dns_start(struct dns_server *s, struct loop *loop, const struct dns_record *zone)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(any);
    *s = (struct dns_server){.zone = zone, .conf_path = "/tmp/rr-resolve-XXXXXX"};
    s->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (bind(s->fd, (struct sockaddr *)&any, len) != 0 ||
        getsockname(s->fd, (struct sockaddr *)&any, &len) != 0)
        return -1;
    s->port = ntohs(any.sin_port);
    s->watch = loop_watch_new(loop, s->fd, dns_on_question, s);
    loop_watch_set(s->watch, LOOP_READ);
    close(mkstemp(s->conf_path));
    setenv("RELEASE_RUNTIME_RESOLV_CONF", s->conf_path, 1);
    return 0;
}

static inline void
dns_stop(struct dns_server *s)
{
    loop_watch_free(s->watch);
    close(s->fd);
    strbuf_done(&s->asked);
    unlink(s->conf_path);
}

/* resolv.conf: this server and further lines. */
static inline void
dns_conf(const struct dns_server *s, const char *more)
{
    FILE *f = fopen(s->conf_path, "w");
    assert(f);
    fprintf(f, "# made by a test\nnameserver 127.0.0.1:%u\n%s\n", s->port, more);
    fclose(f);
}

#endif
