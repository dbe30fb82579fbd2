/* own_paths.c: --alias and --body. */
#include "healthd/page/own_paths.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/utf8.h"
#include "common/base/words.h"
#include "healthd/page/json_check.h"

#define NOW "{now}"

struct fixed {
    const char *text; /* with {now} in it, borrowed */
    const char *content_type;
    int64_t said_s; /* the second that the answer says */
    struct httpd_answer answer;
};

struct alias {
    char *path;
    const char *target; /* behind it, in the same memory */
    bool done;
};

struct own_paths {
    struct pages *pages;
    struct fixed *fixed;
    struct alias *aliases;
    size_t n_fixed, n_aliases;
};

/* ---- lines ---- */

static bool
is_path(const char *s)
{
    size_t len = strlen(s);
    if (s[0] != '/' || (len > 1 && s[len - 1] == '/'))
        return false;
    for (; *s; s++)
        if (*s <= ' ' || *s >= 0x7f || strchr("?#", *s))
            return false;
    return true;
}

/* Parts "PATH=VALUE": *ret_path is owned by the caller and *ret_value borrowed from its memory. */
static int
part_line(const struct own_paths *o, const char *line, char **ret_path, char **ret_value,
          struct err *e)
{
    char *path = strdup(line);
    if (!path) {
        err_nomem(e);
        return -1;
    }
    char *equals = strchr(path, '=');
    if (equals)
        *equals = '\0';
    if (equals && is_path(path) && !pages_have(o->pages, path)) {
        *ret_path = path;
        *ret_value = equals + 1;
        return 0;
    }
    if (!equals)
        err_set(e, ERR_USAGE, "'=' is missing after the path");
    else if (!is_path(path))
        err_set(e, ERR_USAGE,
                "'%s' is not a path, which begins with '/', does not end with it, and contains "
                "neither a query nor blanks",
                words_showable(path));
    else
        err_set(e, ERR_USAGE, "there is already a page '%s'", path);
    free(path);
    return -1;
}

/* ---- bodies ---- */

/* With the time of this second. */
static void
render(struct fixed *f)
{
    char now[CLOCK_RFC3339_MAX];
    f->said_s = clock_wall_ms() / 1000;
    clock_format_rfc3339(now, f->said_s * 1000000, 0);
    strbuf_clear(&f->answer.body);
    const char *at = f->text;
    for (const char *p; (p = strstr(at, NOW)); at = p + strlen(NOW)) {
        strbuf_add(&f->answer.body, at, (size_t)(p - at));
        strbuf_adds(&f->answer.body, now);
    }
    strbuf_adds(&f->answer.body, at);
    httpd_answer_finish(&f->answer, 200, f->content_type, "");
}

static const struct httpd_answer *
answer_fixed(const struct httpd_request *q, void *arg)
{
    struct fixed *f = arg;
    (void)q;
    bool old = f->said_s != clock_wall_ms() / 1000 && strstr(f->text, NOW);
    if (old || httpd_answer_is_cut(&f->answer))
        render(f);
    return &f->answer;
}

static int
add_body(struct own_paths *o, const char *line, struct err *e)
{
    char *path = NULL, *value = NULL;
    struct fixed *f = &o->fixed[o->n_fixed];
    if (part_line(o, line, &path, &value, e) < 0)
        return -1;
    int rc = utf8_valid(value, strlen(value), NULL)
                 ? pages_add(o->pages, path, answer_fixed, f, e)
                 : err_set(e, ERR_USAGE, "the body is not valid UTF-8");
    if (rc == 0) {
        o->n_fixed++;
        f->text = line + (value - path);
        f->content_type = HTTPD_TEXT;
        render(f);
        if (json_is_valid(strbuf_str(&f->answer.body), f->answer.body.len))
            f->content_type = HTTPD_JSON;
        render(f);
        rc = httpd_answer_is_cut(&f->answer) ? err_nomem(e) : 0;
    }
    free(path);
    return rc;
}

/* ---- aliases ---- */

static const struct alias *
find_alias(const struct own_paths *o, const char *path)
{
    for (size_t i = 0; i < o->n_aliases; i++)
        if (strcmp(o->aliases[i].path, path) == 0)
            return &o->aliases[i];
    return NULL;
}

static int
add_alias(struct own_paths *o, const char *line, struct err *e)
{
    struct alias a = {0};
    char *target = NULL;
    if (part_line(o, line, &a.path, &target, e) < 0)
        return -1;
    a.target = target;
    if (find_alias(o, a.path)) {
        err_set(e, ERR_USAGE, "there is already an alias '%s'", a.path);
        free(a.path);
        return -1;
    }
    o->aliases[o->n_aliases++] = a;
    return 0;
}

/* Makes the page of an alias whose target is a page by now. */
static int
settle(struct own_paths *o, struct alias *a, bool *moved, struct err *e)
{
    if (a->done || !pages_have(o->pages, a->target))
        return 0;
    a->done = *moved = true;
    return pages_add_alias(o->pages, a->path, a->target, e);
}

/* Why an alias leads nowhere: its way goes on to no page, or never ends. */
static int
refuse(const struct own_paths *o, size_t at, struct err *e)
{
    const struct alias *first = &o->aliases[at];
    const struct alias *last = first;
    for (size_t steps = 0; steps < o->n_aliases; steps++) {
        const struct alias *next = find_alias(o, last->target);
        if (!next)
            break;
        last = next;
    }
    const char *near = pages_nearest(o->pages, last->target);
    if (find_alias(o, last->target))
        err_set(e, ERR_USAGE, "'%s' leads back to itself and never to a page", first->path);
    else if (near)
        err_set(e, ERR_USAGE, "there is no page '%s'; did you mean '%s'?",
                words_showable(last->target), near);
    else
        err_set(e, ERR_USAGE, "there is no page '%s'", words_showable(last->target));
    return err_wrap(e, "--alias (HEALTHD_ALIAS) %zu", at + 1);
}

static int
settle_all(struct own_paths *o, struct err *e)
{
    for (bool moved = true; moved;) {
        moved = false;
        for (size_t i = 0; i < o->n_aliases; i++)
            if (settle(o, &o->aliases[i], &moved, e) < 0)
                return -1;
    }
    for (size_t i = 0; i < o->n_aliases; i++)
        if (!o->aliases[i].done)
            return refuse(o, i, e);
    return 0;
}

/* ---- all of it ---- */

static int
add_lines(struct own_paths *o, const struct own_paths_lines *lines, struct err *e)
{
    for (size_t i = 0; lines->bodies && i < lines->bodies->n; i++)
        if (add_body(o, lines->bodies->items[i], e) < 0)
            return err_wrap(e, "--body (HEALTHD_BODY) %zu", i + 1);
    for (size_t i = 0; lines->aliases && i < lines->aliases->n; i++)
        if (add_alias(o, lines->aliases->items[i], e) < 0)
            return err_wrap(e, "--alias (HEALTHD_ALIAS) %zu", i + 1);
    return settle_all(o, e);
}

struct own_paths *
own_paths_new(const struct own_paths_lines *lines, struct pages *pages, struct err *e)
{
    struct own_paths *o = calloc(1, sizeof(*o));
    if (!o) {
        err_nomem(e);
        return NULL;
    }
    o->pages = pages;
    o->fixed = calloc(lines->bodies ? lines->bodies->n + 1 : 1, sizeof(*o->fixed));
    o->aliases = calloc(lines->aliases ? lines->aliases->n + 1 : 1, sizeof(*o->aliases));
    if (!o->fixed || !o->aliases)
        err_nomem(e);
    if (!o->fixed || !o->aliases || add_lines(o, lines, e) < 0) {
        own_paths_free(o);
        return NULL;
    }
    return o;
}

void
own_paths_free(struct own_paths *o)
{
    if (!o)
        return;
    for (size_t i = 0; o->fixed && i < o->n_fixed; i++)
        httpd_answer_done(&o->fixed[i].answer);
    for (size_t i = 0; o->aliases && i < o->n_aliases; i++)
        free(o->aliases[i].path);
    free(o->fixed);
    free(o->aliases);
    free(o);
}
