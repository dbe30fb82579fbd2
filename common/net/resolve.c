/*
 * resolve.c: requests for names: literals, /etc/hosts, the search list.
 *
 * The search list is walked here and not by c-ares: for each name A and AAAA are asked for together, and an answer of
 * either ends the walk. c-ares would keep a good A waiting for an AAAA that a broken resolver never answers.
 */
#include "common/net/resolve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/net/reopen.h"
#include "common/net/dial.h"
#include "common/net/loop.h"
#include "common/net/resolve_channel.h"
#include "common/net/resolve_conf.h"
#include "common/net/resolve_hosts.h"

#define SECOND_FAMILY_MS 50 /* RFC 8305, 3: how long one family waits for the other */

struct resolver {
    struct loop *loop;
    struct resolve_channel *channel; /* NULL: nobody has asked for a name yet */
    const char *conf_path;
    struct timespec conf_time;
    ino_t conf_inode;
    struct resolve_conf conf;
};

struct resolve_request {
    struct resolver *resolver;
    resolve_cb *cb;
    void *arg;
    uint16_t port;
    struct loop_timer *deadline;
    struct loop_timer *next; /* what comes next comes from here, never from inside c-ares */
    void (*step)(struct resolve_request *q);
    struct resolve_question *questions[2]; /* IPv4, IPv6 */
    unsigned waiting;                      /* of them */
    size_t candidate;
    enum resolve_status status; /* the most telling so far */
    struct resolve_addr addrs[RESOLVE_ADDRS_MAX];
    size_t addrs_n;
    char host[];
};

/* ---- the resolver ---- */

/* c-ares tells a socket that it could not have as a server that cannot be reached. The error number of what this side lacks,
 * or 0. */
static int
what_lacks(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int sys_errno = fd < 0 ? errno : 0;
    if (fd >= 0)
        close(fd);
    return sys_errno && dial_code(sys_errno) == ERR_SYSTEM ? sys_errno : 0;
}

/* c-ares takes its memory, and reads its files, with the first name: most connections need none. */
static int
channel_make(struct resolver *r, struct err *e)
{
    if (!r->channel)
        r->channel = resolve_channel_new(r->loop, e);
    if (r->channel)
        return 0;
    int sys_errno = what_lacks();
    return sys_errno ? err_sys(e, sys_errno, "cannot start the resolver") : -1;
}

static int
conf_update(struct resolver *r, struct err *e)
{
    struct stat st;
    if (channel_make(r, e) != 0)
        return -1;
    if (stat(r->conf_path, &st) != 0)
        memset(&st, 0, sizeof(st));
    bool same = st.st_ino == r->conf_inode && st.st_mtim.tv_sec == r->conf_time.tv_sec &&
                st.st_mtim.tv_nsec == r->conf_time.tv_nsec;
    if (*r->conf.servers && same)
        return 0;
    int sys_errno = resolve_conf_read(&r->conf, r->conf_path);
    bool lacking = sys_errno && dial_code(sys_errno) == ERR_SYSTEM;
    r->conf_inode = lacking ? 0 : st.st_ino; /* or it would not be read again */
    r->conf_time = st.st_mtim;
    resolve_channel_set_servers(r->channel, r->conf.servers);
    return 0;
}

struct resolver *
resolver_new(struct loop *l, struct err *e)
{
    struct resolver *r = calloc(1, sizeof(*r));
    if (!r) {
        err_nomem(e);
        return NULL;
    }
    const char *path = getenv("RELEASE_RUNTIME_RESOLV_CONF");
    r->conf_path = path && *path ? path : "/etc/resolv.conf";
    reopen_note(r->conf_path);
    r->loop = l;
    return r;
}

void
resolver_free(struct resolver *r)
{
    if (r) {
        resolve_channel_free(r->channel);
        free(r);
    }
}

/* ---- ends of a request ---- */

static void
request_free(struct resolve_request *q)
{
    resolve_question_drop(q->questions[0]);
    resolve_question_drop(q->questions[1]);
    loop_timer_free(q->deadline);
    loop_timer_free(q->next);
    free(q);
}

void
resolve_cancel(struct resolve_request *q)
{
    if (q)
        request_free(q);
}

static void
go_on(struct resolve_request *q, void (*step)(struct resolve_request *), uint64_t delay_ms)
{
    q->step = step;
    loop_timer_start(q->next, delay_ms);
}

static void
end_found(struct resolve_request *q)
{
    struct resolve_addr addrs[RESOLVE_ADDRS_MAX];
    size_t n = q->addrs_n;
    resolve_cb *cb = q->cb;
    void *arg = q->arg;
    memcpy(addrs, q->addrs, n * sizeof(*addrs));
    if (n > 1)
        resolve_order(addrs, n);
    request_free(q);
    cb(NULL, addrs, n, arg);
}

static void
end_failed(struct resolve_request *q)
{
    static const char *const texts[] = {
        [RESOLVE_FOUND] = "the name has no address",
        [RESOLVE_NO_NAME] = "no such name",
        [RESOLVE_NO_ADDRESS] = "the name has no address",
        [RESOLVE_BAD_NAME] = "it is not a valid host name",
        [RESOLVE_REFUSED] = "the name server refused the query",
        [RESOLVE_UNREACHABLE] = "the name server cannot be reached, or failed",
        [RESOLVE_FAILS] = "the name server failed",
        [RESOLVE_SILENT] = "the name server did not answer",
        [RESOLVE_NO_MEMORY] = "out of memory",
    };
    struct err e;
    resolve_cb *cb = q->cb;
    void *arg = q->arg;
    err_set(&e, ERR_DNS, "cannot resolve %.253s: %s", q->host, texts[q->status]);
    if (q->status > RESOLVE_BAD_NAME) { /* the resolver's doing: say which */
        err_set(&e, ERR_DNS, "cannot resolve %.253s: %s (%.200s)", q->host, texts[q->status],
                q->resolver->conf.servers);
    }
    int sys_errno = q->status == RESOLVE_UNREACHABLE ? what_lacks() : 0;
    if (sys_errno)
        err_sys(&e, sys_errno, "cannot resolve %.253s", q->host);
    request_free(q);
    cb(&e, NULL, 0, arg);
}

static void
on_deadline(void *arg)
{
    struct resolve_request *q = arg;
    if (q->addrs_n > 0) {
        end_found(q);
        return;
    }
    q->status = RESOLVE_SILENT;
    end_failed(q);
}

static void
on_next(void *arg)
{
    struct resolve_request *q = arg;
    q->step(q);
}

/* ---- steps of a request ---- */

static void step_candidate(struct resolve_request *q);

static void
on_answer(void *arg, int family, enum resolve_status status, const struct resolve_addr *addrs,
          size_t n)
{
    struct resolve_request *q = arg;
    q->questions[family == AF_INET6] = NULL;
    q->waiting--;
    for (size_t i = 0; i < n && q->addrs_n < RESOLVE_ADDRS_MAX; i++) {
        struct resolve_addr *a = &q->addrs[q->addrs_n++];
        *a = addrs[i];
        if (family == AF_INET6)
            ((struct sockaddr_in6 *)&a->sa)->sin6_port = htons(q->port);
        else
            ((struct sockaddr_in *)&a->sa)->sin_port = htons(q->port);
    }
    if (status ==
        RESOLVE_ASK_ANEW) { /* resolv.conf changed: other servers, perhaps another search list */
        q->candidate = 0;
        q->status = status = RESOLVE_FOUND;
    }
    /* The walk goes on after a resolver's failure, as glibc's does. */
    q->status = status > q->status ? status : q->status;
    if (q->addrs_n > 0)
        go_on(q, end_found, q->waiting > 0 ? SECOND_FAMILY_MS : 0);
    else if (q->waiting == 0)
        go_on(q, step_candidate, 0);
}

static void
step_candidate(struct resolve_request *q)
{
    static const int families[2] = {AF_INET, AF_INET6};
    char name[RESOLVE_NAME_MAX];
    bool skip = true;
    while (skip) {
        if (!resolve_conf_candidate(&q->resolver->conf, q->host, q->candidate, name, &skip)) {
            end_failed(q);
            return;
        }
        q->candidate++;
    }
    q->waiting = 2; /* before the first is sent: an answer may come from inside */
    for (size_t i = 0; i < 2; i++)
        if (resolve_channel_ask(q->resolver->channel, name, families[i], on_answer, q,
                                &q->questions[i]) != 0)
            on_answer(q, families[i], RESOLVE_NO_MEMORY, NULL, 0);
}

/* RFC 6761, 6.3: localhost and what ends in .localhost, also where there is no file that says so. */
static bool
is_localhost(const char *name)
{
    size_t len = strlen(name);
    const char *tail = len >= 9 ? name + len - 9 : name;
    return strcasecmp(tail, "localhost") == 0 && (len == 9 || (len > 9 && tail[-1] == '.'));
}

static void
step_first(struct resolve_request *q)
{
    char name[RESOLVE_NAME_MAX];
    size_t len = strlen(q->host);
    if (len > 0 && q->host[len - 1] == '.')
        len--;
    if (len == 0 || len >= sizeof(name)) {
        q->status = RESOLVE_BAD_NAME;
        end_failed(q);
        return;
    }
    snprintf(name, sizeof(name), "%.*s", (int)len, q->host);
    size_t n = resolve_hosts("/etc/hosts", name, q->port, q->addrs, RESOLVE_ADDRS_MAX);
    if (n == 0 && is_localhost(name)) {
        resolve_addr_set(&q->addrs[n++], AF_INET6, &in6addr_loopback, q->port);
        resolve_addr_set(&q->addrs[n++], AF_INET, &(struct in_addr){htonl(INADDR_LOOPBACK)},
                         q->port);
    }
    q->addrs_n = n;
    if (n > 0)
        end_found(q);
    else
        step_candidate(q);
}

static struct resolve_request *
request_new(struct resolver *r, const char *host, struct err *e)
{
    struct resolve_request *q = calloc(1, sizeof(*q) + strlen(host) + 1);
    if (q) {
        q->deadline = loop_timer_new(r->loop, on_deadline, q);
        q->next = loop_timer_new(r->loop, on_next, q);
    }
    if (q && q->deadline && q->next)
        return q;
    if (q)
        request_free(q);
    err_nomem(e);
    return NULL;
}

struct resolve_request *
resolve_start(struct resolver *r, const char *host, uint16_t port, uint64_t deadline_ms,
              resolve_cb *cb, void *arg, struct err *e)
{
    struct resolve_request *q = request_new(r, host, e);
    if (!q)
        return NULL;
    bool literal = resolve_literal(host, port, &q->addrs[0]);
    if (!literal && conf_update(r, e) != 0) {
        request_free(q);
        return NULL;
    }
    q->resolver = r;
    q->cb = cb;
    q->arg = arg;
    q->port = port;
    strcpy(q->host, host);
    q->addrs_n = literal;
    go_on(q, literal ? end_found : step_first, 0);
    loop_timer_start_at(q->deadline, deadline_ms);
    return q;
}
