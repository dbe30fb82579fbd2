/*
 * File names and annotations, of each layout. Whatever the bytes are: what a parser names lies inside the name or the text, an
 * error has its place, a file's two sections do not overlap, and what is asked twice is answered alike. The first byte says
 * which marks are fine; the file's name stands up to the first line feed, its text behind.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/utf8.h"
#include "migrate/layout/layouts.h"
#include "migrate/sql/lexer.h"
#include "migrate/sql/marks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool condition)
{
    if (!condition)
        abort();
}

/* What PostgreSQL keeps a time-out in. */
#define TIMEOUT_MAX_MS 2147483647u

static bool
inside(size_t offset, size_t bytes, size_t len)
{
    return offset <= len && bytes <= len - offset;
}

/* ---- names ---- */

/* As the directory's reader stores it, a version of a layout of numbers is one. */
static void
check_version(const struct layout *l, const char *file, const struct layout_name *n)
{
    cleanup_free char *version = strndup(file + n->version_offset, n->version_bytes);
    must(version && *version);
    if (n->repeatable)
        return;
    for (char *p = version; l->dots && *p; p++)
        *p = *p == '_' ? '.' : *p;
    if (l->even_numbers || l->dots)
        must(migration_is_number(version));
    const char *stored = migration_stored(version, l->even_numbers);
    must(*stored && migration_compare(stored, version) == 0);
}

static void
fuzz_name(const struct layout *l, const char *file)
{
    struct layout_name n = {0};
    struct layout_name again = {0};
    struct err e = {0};
    size_t len = strlen(file);
    int rc = l->name_parse(file, &n, &e);
    must(l->name_parse(file, &again, NULL) == rc);
    if (rc < 0) {
        must(e.code == ERR_INPUT && *e.msg && !strchr(e.msg, '\n'));
        return;
    }
    must(n.version_offset == again.version_offset && n.version_bytes == again.version_bytes);
    must(n.name_offset == again.name_offset && n.name_bytes == again.name_bytes);
    must(n.direction == again.direction && n.repeatable == again.repeatable);
    must(inside(n.version_offset, n.version_bytes, len) &&
         inside(n.name_offset, n.name_bytes, len));
    must(utf8_valid(file + n.name_offset, n.name_bytes, NULL));
    check_version(l, file, &n);
}

/* ---- texts ---- */

static void
check_place(const struct layout_text *t, const struct layout_header *h)
{
    must(h->error_offset <= t->len);
    must(h->error_line == lexer_count_lines(t->data, h->error_offset) + 1);
}

static bool
is_timeout(uint64_t ms)
{
    return ms == LAYOUT_UNSET || ms <= TIMEOUT_MAX_MS;
}

static void
check_header(const struct layout_text *t, const struct layout_header *h)
{
    must(h->from <= h->to && h->to <= t->len);
    must(h->allow_bytes ? inside(h->allow_offset, h->allow_bytes, t->len) : h->allow_offset == 0);
    must(is_timeout(h->lock_timeout_ms) && is_timeout(h->statement_timeout_ms));
    must((h->marks_fine & t->marks_fine) == t->marks_fine);
    if (h->unusable)
        check_place(t, h);
    else
        must(h->error_line == 0 && h->error_offset == 0);
}

/* A copy without a byte behind it, so that a read beyond the end is seen. */
static char *
copy_of(const struct layout_text *t)
{
    char *copy = malloc(t->len ? t->len : 1);
    must(copy);
    memcpy(copy, t->data, t->len);
    return copy;
}

static int
parse(const struct layout *l, const struct layout_text *t, struct layout_header *ret)
{
    struct layout_header again = {0};
    struct err e = {0};
    cleanup_free char *copy = copy_of(t);
    struct layout_text other = *t;
    other.data = copy;
    *ret = (struct layout_header){0};
    int rc = l->header_parse(t, ret, &e);
    must(l->header_parse(&other, &again, NULL) == rc);
    must(ret->from == again.from && ret->to == again.to && ret->back == again.back);
    must(ret->transaction == again.transaction && ret->phase == again.phase);
    must(ret->error_line == again.error_line && ret->error_offset == again.error_offset);
    must(ret->allow_offset == again.allow_offset && ret->unusable == again.unusable);
    if (rc == 0) {
        check_header(t, ret);
        return 0;
    }
    must(e.code == ERR_INPUT && *e.msg && !strchr(e.msg, '\n'));
    check_place(t, ret);
    return -1;
}

/* What goes back is there when the way up says so, and neither holds a part of the other. */
static void
fuzz_text(const struct layout *l, const struct layout_text *text)
{
    struct layout_text t = *text;
    struct layout_header up;
    struct layout_header down;
    t.direction = MIGRATION_UP;
    bool is_up = parse(l, &t, &up) == 0;
    t.direction = MIGRATION_DOWN;
    bool is_down = parse(l, &t, &down) == 0;
    if (is_up && up.back)
        must(is_down && (up.to <= down.from || down.to <= up.from));
}

static void
fuzz_sum(const struct layout *l, const struct layout_text *t)
{
    uint8_t sum[LAYOUT_SUM_MAX] = {0};
    uint8_t again[LAYOUT_SUM_MAX] = {0};
    cleanup_free char *copy = copy_of(t);
    if (!l->sum)
        return;
    must(l->sum_bytes <= sizeof(sum) && l->sum(t->data, t->len, sum, NULL) == 0);
    must(l->sum(copy, t->len, again, NULL) == 0 && memcmp(sum, again, sizeof(sum)) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > 1 << 16)
        return 0;
    const char *from = (const char *)data + 1;
    const char *nl = memchr(from, '\n', size - 1);
    size_t name_bytes = nl ? (size_t)(nl - from) : size - 1;
    cleanup_free char *file = strndup(from, name_bytes);
    const struct layout_text rest = {.data = nl ? nl + 1 : from,
                                     .len = nl ? size - 2 - name_bytes : 0};
    cleanup_free char *copy = copy_of(&rest);
    must(file);
    const struct layout_text t = {.data = copy,
                                  .len = rest.len,
                                  .marks_fine =
                                      marks_fine_for(file) | (data[0] & 1 ? MARKS_ALL : 0)};
    for (size_t i = 0; layouts_at(i); i++) {
        fuzz_name(layouts_at(i), file);
        fuzz_text(layouts_at(i), &t);
        fuzz_sum(layouts_at(i), &t);
    }
    const struct layout *sign = layouts_of_text(t.data, t.len);
    must(!sign || sign->sign);
    return 0;
}
