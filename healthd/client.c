/* client.c: `healthd probe`. */
#include "healthd/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/strbuf.h"
#include "common/net/dial.h"
#include "common/net/loop.h"
#include "common/net/resolve.h"
#include "healthd/client_answer.h"
#include "healthd/commands.h"
#include "healthd/options.h"

static int client_run(void *options, const struct opt_result *given);

static const struct opt_row client_rows[] = {
    {.name = "timeout",
     .kind = OPT_DURATION,
     .offset = offsetof(struct options, probe_timeout_ms),
     .flags = OPT_NO_ENV,
     .def = "1s",
     .min = 1,
     .max = 3600000,
     .help = "probe: how long the whole request may take"},
    {.name = "expect",
     .kind = OPT_INT,
     .arg = "STATUS",
     .offset = offsetof(struct options, probe_expect),
     .flags = OPT_NO_ENV,
     .def = "200",
     .min = 100,
     .max = 599,
     .help = "HTTP status that counts as healthy"},
};

const struct opt_command client_command = {
    .name = "probe",
    .args = "URL",
    .min_args = 1,
    .max_args = 1,
    .flags = OPT_CMD_NO_ENV,
    .summary =
        "request URL once: for HEALTHCHECK and exec probes in images without curl or a shell",
    .more = "URL: http://HOST[:PORT]/path, or http://unix:/path/of/socket:/path. The first "
            "4,096 bytes of the response are written to stdout. Redirects are not followed.",
    .rows = client_rows,
    .n_rows = sizeof(client_rows) / sizeof(client_rows[0]),
    .run = client_run,
};

#define ANSWER_MAX 65536u
#define BODY_SHOWN 4096u

/* ---- URL ---- */

static int
copy_part(char *ret, size_t size, const char *from, size_t len, const char *what, struct err *e)
{
    if (len == 0 || len >= size)
        return err_set(e, ERR_USAGE, "the URL's %s is empty or too long", what);
    memcpy(ret, from, len);
    ret[len] = '\0';
    return 0;
}

static void
set_uri(struct client_url *u, const char *at)
{
    u->uri = *at == '/' ? at : "/";
    u->uri_len = strcspn(u->uri, "#");
}

static int
parse_unix(const char *at, struct client_url *u, struct err *e)
{
    size_t n = strcspn(at, ":");
    if (n > 0 && *at != '/')
        return err_set(e, ERR_USAGE, "the URL's socket is not a path that begins with /");
    if (copy_part(u->path, sizeof(u->path), at, n, "socket", e) < 0)
        return -1;
    set_uri(u, at[n] == ':' ? at + n + 1 : "");
    return 0;
}

static int
parse_host(const char *at, struct client_url *u, struct err *e)
{
    bool bracket = *at == '[';
    size_t n = bracket ? strcspn(at, "]") : strcspn(at, ":/?#");
    if (bracket && at[n] != ']')
        return err_set(e, ERR_USAGE, "the URL's address does not end with ]");
    if (copy_part(u->host, sizeof(u->host), at + bracket, n - bracket, "host", e) < 0)
        return -1;
    if (memchr(at, '@', strcspn(at, "/?#")))
        return err_set(e, ERR_USAGE, "the URL contains a user, which probe does not support");
    at += n + bracket;
    u->port = 80;
    if (*at == ':') {
        char *end = NULL;
        unsigned long port = at[1] >= '0' && at[1] <= '9' ? strtoul(at + 1, &end, 10) : 0;
        if (port < 1 || port > 65535)
            return err_set(e, ERR_USAGE, "the URL's port is not a number from 1 to 65535");
        u->port = (uint16_t)port;
        at = end;
    }
    if (*at != '\0' && *at != '/' && *at != '#')
        return err_set(e, ERR_USAGE, "the URL has no path after its host");
    set_uri(u, at);
    return 0;
}

int
client_url_parse(const char *text, struct client_url *ret, struct err *e)
{
    struct client_url u = {0};
    int rc;
    for (const char *p = text; *p != '\0'; p++)
        if ((unsigned char)*p <= 0x20 || (unsigned char)*p >= 0x7f)
            return err_set(e, ERR_USAGE, "the URL contains a space or a byte that is not ASCII");
    if (strncmp(text, "unix:", 5) == 0)
        rc = parse_unix(text + 5, &u, e);
    else if (strncasecmp(text, "http://unix:", 12) == 0)
        rc = parse_unix(text + 12, &u, e);
    else if (strncasecmp(text, "http://", 7) == 0)
        rc = parse_host(text + 7, &u, e);
    else
        rc = err_set(e, ERR_USAGE, "probe supports http:// and unix: URLs");
    if (rc == 0)
        *ret = u;
    return rc;
}

/* ---- the exchange ---- */

struct exchange {
    struct client_url url;
    struct loop *loop;
    struct resolver *resolver;
    int fd;
    struct loop_watch *watch;
    bool is_ready;
    bool dialled;
    struct err dial_error;
    uint64_t deadline_ms;
    struct strbuf answer;
};

static void
on_ready(int fd, int what, void *arg)
{
    struct exchange *x = arg;
    (void)fd;
    (void)what;
    x->is_ready = true;
    IGNORED(loop_watch_set(x->watch, 0));
}

static int
wait_for(struct exchange *x, int what, struct err *e)
{
    x->is_ready = false;
    if (loop_watch_set(x->watch, what) < 0)
        return err_nomem(e);
    if (loop_turn_until(x->loop, &x->is_ready, x->deadline_ms, e) == 0)
        return 0;
    return e->code == ERR_TIMEOUT ? err_set(e, ERR_TIMEOUT, "no complete response in time") : -1;
}

static void
hang_up(struct exchange *x)
{
    loop_watch_free(x->watch);
    x->watch = NULL;
    if (x->fd >= 0)
        close(x->fd);
    x->fd = -1;
}

static void
on_dialled(const struct err *e, int fd, void *arg)
{
    struct exchange *x = arg;
    x->dialled = true;
    x->fd = fd;
    if (e)
        x->dial_error = *e;
}

static int
connect_to(struct exchange *x, struct err *e)
{
    const struct dial_to to = {x->url.path[0] != '\0' ? x->url.path : x->url.host, x->url.port,
                               x->deadline_ms};
    x->resolver = resolver_new(x->loop, e);
    struct dial *d = x->resolver ? dial_start(x->loop, x->resolver, &to, on_dialled, x, e) : NULL;
    if (!d)
        return -1;
    if (loop_turn_until(x->loop, &x->dialled, CLOCK_NEVER, e) < 0) { /* dial keeps the deadline */
        dial_cancel(d);
        return -1;
    }
    if (x->fd < 0) {
        *e = x->dial_error;
        return -1;
    }
    x->watch = loop_watch_new(x->loop, x->fd, on_ready, x);
    return x->watch ? 0 : err_nomem(e);
}

static int
send_request(struct exchange *x, struct err *e)
{
    struct strbuf out = STRBUF_INIT;
    bool six = strchr(x->url.host, ':') != NULL;
    strbuf_addf(&out, "GET %.*s HTTP/1.1\r\nHost: ", (int)x->url.uri_len, x->url.uri);
    if (x->url.path[0] != '\0')
        strbuf_adds(&out, "localhost");
    else
        strbuf_addf(&out, "%s%s%s:%u", six ? "[" : "", x->url.host, six ? "]" : "", x->url.port);
    strbuf_adds(&out, "\r\nUser-Agent: healthd/" RR_VERSION
                      "\r\nAccept: */*\r\nConnection: close\r\n\r\n");
    int rc = out.failed ? err_nomem(e) : 0;
    for (size_t at = 0; rc == 0 && at < out.len;) {
        ssize_t n = send(x->fd, out.data + at, out.len - at, MSG_NOSIGNAL);
        if (n >= 0)
            at += (size_t)n;
        else if (errno == EAGAIN)
            rc = wait_for(x, LOOP_WRITE, e);
        else if (errno != EINTR)
            rc = err_sys(e, errno, "cannot send");
    }
    strbuf_done(&out);
    return rc;
}

static struct client_answer
answer_so_far(const struct exchange *x, bool ended)
{
    return client_answer_read(strbuf_str(&x->answer), x->answer.len, ended);
}

static bool
is_enough(const struct exchange *x)
{
    struct client_answer a = answer_so_far(x, false);
    return a.whole || a.malformed;
}

/* Until the answer is whole, the peer closes or ANSWER_MAX is reached. */
static int
read_answer(struct exchange *x, struct client_answer *ret, struct err *e)
{
    char buf[4096];
    bool ended = false;
    while (!ended && !is_enough(x) && x->answer.len < ANSWER_MAX) {
        ssize_t n = recv(x->fd, buf, sizeof(buf), 0);
        if (n > 0)
            strbuf_add(&x->answer, buf, (size_t)n);
        else if (n == 0)
            ended = true;
        else if (errno == EAGAIN && wait_for(x, LOOP_READ, e) < 0)
            return -1;
        else if (errno != EAGAIN && errno != EINTR)
            return err_sys(e, errno, "cannot read the response");
    }
    *ret = answer_so_far(x, true);
    bool enough = ret->whole || (ret->body_at > 0 && x->answer.len >= ANSWER_MAX);
    if (x->answer.len > 0 && ret->status == 0)
        return err_set(e, ERR_PROTOCOL, "the response is not HTTP/1.x");
    if (ret->malformed)
        return err_set(e, ERR_PROTOCOL, "the chunks of the response are malformed");
    return enough ? 0 : err_set(e, ERR_CLOSED, "the response was cut short");
}

static void
show_body(const struct strbuf *answer, const struct client_answer *a)
{
    size_t at = a->body_at;
    size_t room = BODY_SHOWN;
    const char *part = NULL;
    char last = '\n';
    size_t n;
    while (room > 0 && (n = client_answer_piece(a, answer->data, answer->len, &at, &part)) > 0) {
        n = n < room ? n : room;
        room -= n;
        fwrite(part, 1, n, stdout);
        last = part[n - 1];
    }
    if (last != '\n')
        putchar('\n');
    /* The exit status is the verdict: a disk that is full where outputs are kept is no reason to restart a container. */
    struct err lost;
    if (opt_output_end(&lost) < 0)
        fprintf(stderr, "healthd: probe: %s\n", lost.msg);
}

static int
exchange(struct exchange *x, int expect, struct err *e)
{
    struct client_answer a = {0};
    x->loop = loop_new(e);
    if (!x->loop || connect_to(x, e) < 0 || send_request(x, e) < 0 || read_answer(x, &a, e) < 0)
        return -1;
    show_body(&x->answer, &a);
    return a.status == expect ? 0
                              : err_set(e, ERR_SERVER, "status %d, expected %d", a.status, expect);
}

static int
client_run(void *options, const struct opt_result *given)
{
    const struct options *o = options;
    struct exchange x = {.fd = -1, .deadline_ms = clock_deadline(o->probe_timeout_ms)};
    struct err e;
    if (client_url_parse(given->argv[0], &x.url, &e) < 0) {
        fprintf(stderr, "healthd: %s\n", e.msg);
        return EXIT_USAGE;
    }
    int rc = exchange(&x, (int)o->probe_expect, &e);
    if (rc < 0)
        fprintf(stderr, "healthd: probe: %s\n", e.msg);
    hang_up(&x);
    strbuf_done(&x.answer);
    if (x.resolver)
        resolver_free(x.resolver);
    loop_free(x.loop);
    return rc == 0 ? EXIT_OK : e.code == ERR_USAGE ? EXIT_USAGE : EXIT_NOT_READY;
}
