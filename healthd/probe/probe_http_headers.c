/* probe_http_headers.c: from the keys of a check to the lines of a request. */
#include "healthd/probe/probe_http_headers.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/cleanup.h"
#include "common/base/strbuf.h"
#include "common/base/words.h"
#include "common/net/reopen.h"
#include "common/target/target_text.h"
#include "healthd/probe/probe_http.h"

/* RFC 9110, 5.6.2: a token's characters. */
#define TOKEN "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

static void
wipe(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

/* What frames the request, and is ours. */
static bool
is_framing(const char *line, size_t len)
{
    static const char *const names[] = {"Content-Length", "Transfer-Encoding",
                                        "Connection",     "Keep-Alive",
                                        "Upgrade",        "TE",
                                        "Trailer",        "Expect"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strlen(names[i]) == len && strncasecmp(line, names[i], len) == 0)
            return true;
    return false;
}

static bool
has_control(const char *text)
{
    for (const char *p = text; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return true;
    return false;
}

/* Parts "Name: value": *ret_len is the length of the name, and what is returned the value, borrowed; NULL with *e filled. The value is
 * never repeated: it may be a password. what: it in the message. */
static const char *
part(const char *value, const char *what, size_t *ret_len, struct err *e)
{
    size_t name = strspn(value, TOKEN);
    const char *text = value + name + strspn(value + name, ": ");
    if (name == 0 || value[name] != ':' || *text == '\0')
        err_set(e, ERR_USAGE, "not of the form \"Name: %s\"", what);
    else if (has_control(text))
        err_set(e, ERR_USAGE, "the %s contains a control character", what);
    else if (is_framing(value, name))
        err_set(e, ERR_USAGE, "this header cannot be set");
    else {
        *ret_len = name;
        return text;
    }
    return NULL;
}

static char *
line_of(const char *name, size_t name_len, const char *value)
{
    struct strbuf b = STRBUF_INIT;
    strbuf_add(&b, name, name_len);
    strbuf_addf(&b, ": %s", value);
    return strbuf_steal(&b);
}

/* Takes line and file. */
static int
add(struct check_spec *s, char *line, char *file, struct err *e)
{
    struct probe_http_own *own = s->own;
    struct probe_http_headers *h = &own->headers;
    if (line && h->n < PROBE_HTTP_HEADERS_MAX) {
        h->given[h->n].line = line;
        h->given[h->n].file = file;
        h->n++;
        return 0;
    }
    int rc =
        line ? err_set(e, ERR_USAGE, "more than %d headers", PROBE_HTTP_HEADERS_MAX) : err_nomem(e);
    wipe(line);
    free(file);
    return rc;
}

int
probe_http_key_header(struct check_spec *s, const char *value, struct err *e)
{
    size_t name = 0;
    return part(value, "value", &name, e) ? add(s, strdup(value), NULL, e) : -1;
}

int
probe_http_key_header_file(struct check_spec *s, const char *value, struct err *e)
{
    size_t name = 0;
    const char *path = part(value, "FILE", &name, e);
    if (!path)
        return -1;
    char *file = strdup(path);
    if (!file)
        return err_nomem(e);
    reopen_note(path);
    return add(s, line_of(value, name, ""), file, e);
}

int
probe_http_key_header_env(struct check_spec *s, const char *value, struct err *e)
{
    size_t name = 0;
    const char *variable = part(value, "VARIABLE", &name, e);
    if (!variable)
        return -1;
    /* A secret that stands in place of its name is not repeated. */
    bool is_name = !variable[strspn(variable, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")];
    const char *shown = is_name ? variable : "that is named";
    const char *text = getenv(variable);
    if (!text || *text == '\0')
        return err_set(e, ERR_USAGE, "the variable %.100s is not set", shown);
    if (has_control(text))
        return err_set(e, ERR_USAGE, "the variable %.100s contains a control character", shown);
    return add(s, line_of(value, name, text), NULL, e);
}

void
probe_http_headers_done(struct probe_http_headers *h)
{
    for (unsigned i = 0; i < h->n; i++) {
        wipe(h->given[i].line);
        free(h->given[i].file);
    }
}

/* ---- of one request ---- */

/* Owned; NULL with *e filled. */
static char *
read_line(const char *name, const char *file, struct err *e)
{
    char *secret = NULL;
    if (target_read_secret(file, &secret, e) < 0) {
        if (e && e->code == ERR_USAGE)
            e->code = ERR_AUTH;
        return NULL;
    }
    char *line = NULL;
    if (has_control(secret))
        err_set(e, ERR_AUTH, "%s contains a control character", target_path_shown(file));
    else if (!(line = line_of(name, strlen(name) - 2, secret)))
        err_nomem(e);
    wipe(secret);
    return line;
}

int
probe_http_lines_read(const struct probe_http_headers *h, struct probe_http_lines *ret,
                      struct err *e)
{
    struct probe_http_lines fresh = {0};
    for (unsigned i = 0; i < h->n; i++) {
        fresh.all[i] = h->given[i].line;
        if (!h->given[i].file)
            continue;
        fresh.read[i] = read_line(h->given[i].line, h->given[i].file, e);
        fresh.all[i] = fresh.read[i];
        if (!fresh.read[i]) {
            probe_http_lines_done(&fresh);
            return -1;
        }
    }
    probe_http_lines_done(ret);
    *ret = fresh;
    return 0;
}

void
probe_http_lines_done(struct probe_http_lines *l)
{
    for (size_t i = 0; i < PROBE_HTTP_HEADERS_MAX; i++)
        wipe(l->read[i]);
    *l = (struct probe_http_lines){0};
}
