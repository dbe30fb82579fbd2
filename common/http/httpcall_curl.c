/* httpcall_curl.c: what curl is told about one request, and what its ends mean. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/strbuf.h"
#include "common/net/dial.h"
#include "common/http/httpcall_impl.h"
#include "common/target/target.h"
#include "common/net/tls.h"

/* ---- what comes ---- */

/* curl gives the session away only while it is in use. */
static void
look_at_certificate(struct httpcall *q)
{
    const struct curl_tlssessioninfo *session = NULL;
    int64_t left_s = 0;
    if (q->client->x.target->scheme == TARGET_PEER_HTTPS &&
        curl_easy_getinfo(q->easy, CURLINFO_TLS_SSL_PTR, &session) == CURLE_OK && session &&
        session->backend == CURLSSLBACKEND_OPENSSL &&
        tls_seconds_left(session->internals, &left_s) == 0)
        q->answer.cert_left_s = left_s;
}

static size_t
on_head(char *data, size_t size, size_t n, void *arg)
{
    struct httpcall *q = arg;
    if (q->head_bytes == 0)
        look_at_certificate(q);
    q->head_bytes += size * n;
    q->head_ended = data[0] == '\r' || data[0] == '\n';
    q->switched =
        size * n > 12 && memcmp(data, "HTTP/1.", 7) == 0 && memcmp(data + 8, " 101", 4) == 0;
    return q->switched || q->head_bytes > HTTPCALL_HEAD_MAX ? 0 : size * n;
}

static size_t
body_max(const struct httpcall *q)
{
    return q->client->x.body ? HTTPCALL_TEXT_MAX : HTTPCALL_BODY_MAX;
}

static size_t
on_body(char *data, size_t size, size_t n, void *arg)
{
    struct httpcall *q = arg;
    size_t room = q->client->x.body ? HTTPCALL_TEXT_MAX - q->body.len : 0;
    strbuf_add(&q->body, data, size * n < room ? size * n : room);
    q->body_bytes += size * n;
    return q->body.failed || q->body_bytes > body_max(q) ? 0 : size * n;
}

/* curl is about to ask its own resolver: never for a name. An address takes this way too, and is only parsed there. */
static int
on_resolver(void *state, void *reserved, void *arg)
{
    const struct httpcall *q = arg;
    (void)state;
    (void)reserved;
    return q->client->x.target->is_address ? 0 : 1;
}

static CURLcode
on_tls_context(CURL *easy, void *ssl_ctx, void *arg)
{
    (void)easy;
    tls_client_share(arg, ssl_ctx);
    return CURLE_OK;
}

/* ---- what curl is told ---- */

/* "host:port:address,[address]", which holds from then on for every connection that is made. */
static int
set_addresses(struct httpcall *q, const struct resolve_addr *addrs, size_t n)
{
    char text[RESOLVE_TEXT_MAX];
    cleanup_strbuf struct strbuf b = STRBUF_INIT;
    strbuf_addf(&b, "%s:%u:", q->client->host, q->client->x.target->port);
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        resolve_addr_text(&addrs[i], text);
        bool v6 = addrs[i].sa.ss_family == AF_INET6;
        if (strchr(text, '%'))
            continue; /* curl reads no scopes here */
        strbuf_addf(&b, "%s%s%s%s", any ? "," : "", v6 ? "[" : "", text, v6 ? "]" : "");
        any = true;
    }
    if (!any)
        return 0;
    q->addresses = b.failed ? NULL : curl_slist_append(NULL, strbuf_str(&b));
    return q->addresses && curl_easy_setopt(q->easy, CURLOPT_RESOLVE, q->addresses) == CURLE_OK
               ? 0
               : -1;
}

static int
set_tls(struct httpcall *q, struct err *e)
{
    struct tls_client **tls = q->client->x.tls;
    if (!*tls)
        *tls = tls_client_new(q->client->x.loop, q->client->x.ca_file, !q->client->x.unverified, e);
    if (!*tls)
        return -1;
    /* The one store that all share, and no other: curl would read the bundle for each connection. */
    curl_easy_setopt(q->easy, CURLOPT_CAINFO, NULL);
    curl_easy_setopt(q->easy, CURLOPT_CAPATH, NULL);
    curl_easy_setopt(q->easy, CURLOPT_CA_CACHE_TIMEOUT, 0L);
    curl_easy_setopt(q->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(q->easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
    if (q->client->x.unverified) {
        curl_easy_setopt(q->easy, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(q->easy, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    curl_easy_setopt(q->easy, CURLOPT_SSL_CTX_DATA, *tls);
    if (curl_easy_setopt(q->easy, CURLOPT_SSL_CTX_FUNCTION, on_tls_context) != CURLE_OK)
        return err_set(e, ERR_TLS, "this libcurl is not built with OpenSSL");
    return 0;
}

static void
set_bounds(struct httpcall *q)
{
    uint64_t left_ms = clock_left_ms(q->deadline_ms);
    long connect_ms = left_ms < 86400000 ? (long)left_ms + 1 : 86400000;
    curl_easy_setopt(q->easy, CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
    curl_easy_setopt(q->easy, CURLOPT_MAXAGE_CONN, 2 * 86400L); /* its end is watched */
    curl_easy_setopt(q->easy, CURLOPT_HEADERFUNCTION, on_head);
    curl_easy_setopt(q->easy, CURLOPT_HEADERDATA, q);
    curl_easy_setopt(q->easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(q->easy, CURLOPT_WRITEDATA, q);
    curl_easy_setopt(q->easy, CURLOPT_RESOLVER_START_FUNCTION, on_resolver);
    curl_easy_setopt(q->easy, CURLOPT_RESOLVER_START_DATA, q);
}

static CURLcode
add_header(struct httpcall *q, const char *line)
{
    struct curl_slist *more = curl_slist_append(q->headers, line);
    if (!more)
        return CURLE_OUT_OF_MEMORY;
    q->headers = more;
    return CURLE_OK;
}

static CURLcode
set_headers(struct httpcall *q)
{
    const char *const *line = q->client->x.headers;
    CURLcode code = q->way == HTTPCALL_EACH ? add_header(q, "Connection: close") : CURLE_OK;
    for (; code == CURLE_OK && line && *line; line++)
        code = add_header(q, *line);
    return code == CURLE_OK && q->headers
               ? curl_easy_setopt(q->easy, CURLOPT_HTTPHEADER, q->headers)
               : code;
}

static CURLcode
set_request(struct httpcall *q)
{
    const struct target_peer *t = q->client->x.target;
    CURLcode code = curl_easy_setopt(q->easy, CURLOPT_URL, q->client->url);
    if (code == CURLE_OK)
        code = curl_easy_setopt(q->easy, CURLOPT_REQUEST_TARGET, t->path);
    if (code == CURLE_OK)
        code = curl_easy_setopt(q->easy, CURLOPT_USERAGENT, q->client->x.user_agent);
    if (code == CURLE_OK && t->username) {
        code = curl_easy_setopt(q->easy, CURLOPT_USERNAME, t->username);
        if (code == CURLE_OK)
            code = curl_easy_setopt(q->easy, CURLOPT_PASSWORD, t->password ? t->password : "");
    }
    if (code == CURLE_OK && q->client->x.post) {
        code = curl_easy_setopt(q->easy, CURLOPT_POST, 1L);
        if (code == CURLE_OK)
            code = curl_easy_setopt(q->easy, CURLOPT_POSTFIELDSIZE_LARGE,
                                    (curl_off_t)q->client->x.post_bytes);
        if (code == CURLE_OK)
            code = curl_easy_setopt(q->easy, CURLOPT_POSTFIELDS, q->client->x.post);
    }
    return code == CURLE_OK ? set_headers(q) : code;
}

static CURLcode
set_manners(struct httpcall *q)
{
    CURL *h = q->easy;
    curl_easy_setopt(h, CURLOPT_PRIVATE, q);
    curl_easy_setopt(h, CURLOPT_ERRORBUFFER, q->error);
    curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(h, CURLOPT_NOPROGRESS, 1L);
    curl_easy_setopt(h, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(h, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(h, CURLOPT_HTTP09_ALLOWED, 0L);
    curl_easy_setopt(h, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
    curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(h, CURLOPT_BUFFERSIZE, 4096L);
    curl_easy_setopt(h, CURLOPT_FRESH_CONNECT, q->reuse ? 0L : 1L);
    curl_easy_setopt(h, CURLOPT_FORBID_REUSE, q->way == HTTPCALL_EACH ? 1L : 0L);
    /* http_proxy is none of ours; a curl that is built without proxies knows no such option. */
    CURLcode code = curl_easy_setopt(h, CURLOPT_PROXY, "");
    return code == CURLE_OK || code == CURLE_UNKNOWN_OPTION || code == CURLE_NOT_BUILT_IN
               ? curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https")
               : code;
}

int
httpcall_prepare(struct httpcall *q, const struct resolve_addr *addrs, size_t n, struct err *e)
{
    q->easy = curl_easy_init();
    if (!q->easy || set_manners(q) != CURLE_OK || set_request(q) != CURLE_OK)
        return err_nomem(e);
    set_bounds(q);
    httpcall_multi_sockets(q);
    if (n > 0 && set_addresses(q, addrs, n) < 0)
        return err_nomem(e);
    return q->client->x.target->scheme == TARGET_PEER_HTTPS ? set_tls(q, e) : 0;
}

/* ---- what its ends mean ---- */

static enum err_code
code_of(CURLcode code)
{
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_ABORTED_BY_CALLBACK: /* on_resolver() */
        return ERR_DNS;
    case CURLE_COULDNT_CONNECT:
        return ERR_REFUSED;
    case CURLE_OPERATION_TIMEDOUT:
        return ERR_TIMEOUT;
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
        return ERR_CLOSED;
    case CURLE_OUT_OF_MEMORY:
        return ERR_NOMEM;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ENGINE_INITFAILED:
        return ERR_TLS;
    case CURLE_UNSUPPORTED_PROTOCOL: /* HTTP/0.9 */
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_WRITE_ERROR:
#if LIBCURL_VERSION_NUM >= 0x080600
    case CURLE_TOO_LARGE:
#endif
        return ERR_PROTOCOL;
    default:
        return ERR_SYSTEM;
    }
}

/* Before 8.6 curl calls a line that is too long out of memory: one that is, is so before anything comes. */
static bool
answer_began(const struct httpcall *q)
{
    curl_off_t us = 0;
    return curl_easy_getinfo(q->easy, CURLINFO_STARTTRANSFER_TIME_T, &us) == CURLE_OK && us > 0;
}

/* With TLS 1.3 a server says behind the handshake that it demands a client's certificate (RFC 8446, 4.4.2.4). */
static bool
is_alert(const struct httpcall *q, CURLcode code)
{
    return code == CURLE_RECV_ERROR && strstr(q->error, " alert ");
}

/* The peer went without a word, as one that is killed does. */
static bool
is_end_of_handshake(const struct httpcall *q, CURLcode code)
{
    static const char *const words[] = {"SSL_ERROR_SYSCALL", "Connection reset by peer",
                                        "unexpected eof while reading"};
    bool found = false;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        found = found || strstr(q->error, words[i]);
    return found && code == CURLE_SSL_CONNECT_ERROR;
}

static int
refuse(struct httpcall *q, CURLcode code, struct err *e)
{
    const char *who = target_peer_describe(q->client->x.target);
    enum err_code kind = is_alert(q, code)              ? ERR_TLS
                         : is_end_of_handshake(q, code) ? ERR_CLOSED
                                                        : code_of(code);
    long sys_errno = 0;
    long verdict = 0;
    q->answer.expired =
        kind == ERR_TLS &&
        curl_easy_getinfo(q->easy, CURLINFO_SSL_VERIFYRESULT, &verdict) == CURLE_OK &&
        tls_verdict_expired(verdict);
    if (q->body.failed)
        return err_nomem(e);
    if (q->head_bytes > HTTPCALL_HEAD_MAX || (kind == ERR_NOMEM && answer_began(q)))
        return err_set(e, ERR_PROTOCOL, "%s sent more than %u bytes of headers", who,
                       HTTPCALL_HEAD_MAX);
    if (q->switched)
        return err_set(e, ERR_PROTOCOL,
                       "%s answered with status 101 (Switching Protocols), which was not requested",
                       who);
    if (kind == ERR_CLOSED && code == CURLE_SSL_CONNECT_ERROR)
        return err_set(e, kind, "%s closed the connection during the TLS handshake", who);
    if (kind == ERR_TLS && q->error[0] != '\0')
        return err_set(e, kind, "%s: TLS: %s", who, q->error);
    if (kind == ERR_REFUSED &&
        curl_easy_getinfo(q->easy, CURLINFO_OS_ERRNO, &sys_errno) == CURLE_OK && sys_errno != 0) {
        err_set(e, dial_code((int)sys_errno), "cannot connect to %s: %s", who,
                strerror((int)sys_errno));
        if (e)
            e->sys_errno = (int)sys_errno;
        return -1;
    }
    return err_set(e, kind, "%s: %s", who, curl_easy_strerror(code));
}

int
httpcall_judge(struct httpcall *q, CURLcode code, struct err *e)
{
    const char *who = target_peer_describe(q->client->x.target);
    long status = 0;
    bool enough = code == CURLE_WRITE_ERROR && q->body_bytes > body_max(q) && !q->body.failed;
    if (code != CURLE_OK && !enough)
        return refuse(q, code, e);
    curl_easy_getinfo(q->easy, CURLINFO_RESPONSE_CODE, &status);
    if (!q->head_ended || status < 200)
        return err_set(e, ERR_CLOSED, "%s closed the connection in the middle of its response",
                       who);
    q->answer.status = (unsigned)status;
    return 0;
}
