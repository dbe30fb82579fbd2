/* A table of paths, looked through from its begin: those that are asked for most are added first. */
#include "common/http/pages.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/words.h"

struct page_entry {
    char *path;
    size_t len;
    pages_cb *cb;
    void *arg;
};

struct pages {
    struct page_entry *entries;
    size_t n;
    struct httpd_answer not_found, not_allowed;
};

static const struct page_entry *
find(const struct pages *p, const char *path, size_t len)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->entries[i].len == len && memcmp(p->entries[i].path, path, len) == 0)
            return &p->entries[i];
    return NULL;
}

int
pages_prepare_error(struct httpd_answer *a, int status, const char *body, const char *extra,
                    struct err *e)
{
    strbuf_adds(&a->body, body);
    httpd_answer_finish(a, status, HTTPD_JSON, extra);
    return httpd_answer_is_cut(a) ? err_nomem(e) : 0;
}

struct pages *
pages_new(struct err *e)
{
    struct pages *p = calloc(1, sizeof(*p));
    if (!p) {
        err_nomem(e);
        return NULL;
    }
    if (pages_prepare_error(&p->not_found, 404, "{\"error\":\"not found\"}", "", e) < 0 ||
        pages_prepare_error(&p->not_allowed, 405, "{\"error\":\"method not allowed\"}",
                            "Allow: GET, HEAD\r\n", e) < 0) {
        pages_free(p);
        return NULL;
    }
    return p;
}

void
pages_free(struct pages *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->n; i++)
        free(p->entries[i].path);
    free(p->entries);
    httpd_answer_done(&p->not_found);
    httpd_answer_done(&p->not_allowed);
    free(p);
}

bool
pages_have(const struct pages *p, const char *path)
{
    return find(p, path, strlen(path)) != NULL;
}

int
pages_add(struct pages *p, const char *path, pages_cb *cb, void *arg, struct err *e)
{
    struct page_entry *entries = reallocarray(p->entries, p->n + 1, sizeof(*entries));
    if (!entries)
        return err_nomem(e);
    p->entries = entries;
    const struct page_entry entry = {strdup(path), strlen(path), cb, arg};
    if (!entry.path)
        return err_nomem(e);
    p->entries[p->n++] = entry;
    return 0;
}

int
pages_add_alias(struct pages *p, const char *path, const char *target, struct err *e)
{
    const struct page_entry *of = find(p, target, strlen(target));
    return of ? pages_add(p, path, of->cb, of->arg, e) : err_set(e, ERR_USAGE, "no such page");
}

const char *
pages_nearest(const struct pages *p, const char *path)
{
    cleanup_free const char **paths = calloc(p->n + 1, sizeof(*paths));
    for (size_t i = 0; paths && i < p->n; i++)
        paths[i] = p->entries[i].path;
    return paths ? words_nearest(path, paths, p->n, NULL) : NULL;
}

const struct httpd_answer *
pages_answer(const struct httpd_request *q, void *arg)
{
    const struct pages *p = arg;
    size_t len = q->path.len;
    if (len > 1 && q->path.at[len - 1] == '/')
        len--;
    const struct page_entry *entry = find(p, q->path.at, len);
    if (!entry)
        return &p->not_found;
    return q->method == HTTPD_OTHER ? &p->not_allowed : entry->cb(q, entry->arg);
}
