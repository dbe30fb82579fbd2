/* source.c: reads the directory and checks every file in it. */
#include "migrate/files/source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "migrate/sql/marks.h"
#include "migrate/files/others.h"
#include "migrate/files/source_text.h"
#include "migrate/layout/layouts.h"

/* A file of the directory. */
struct entry {
    char *file;
    char *version;
    struct layout_name name;
};

struct entries {
    struct entry *e;
    size_t n;
    size_t size;
};

static void
entries_done(struct entries *l)
{
    for (size_t i = 0; i < l->n; i++) {
        free(l->e[i].file);
        free(l->e[i].version);
    }
    free(l->e);
}

static int
fault(struct source *s, const char *file, size_t line)
{
    snprintf(s->fault_file, sizeof(s->fault_file), "%s", file);
    s->fault_line = line;
    return -1;
}

static int
no_memory(const char *dir, struct err *e)
{
    return err_set(e, ERR_NOMEM, "%s: out of memory", dir);
}

static void
exchange(char *text, char from, char to)
{
    for (; *text; text++)
        if (*text == from)
            *text = to;
}

static int
add_entry(struct entries *l, struct source *s, const char *file, struct err *e)
{
    struct entry *x;
    struct layout_name name;

    if (s->layout->name_parse(file, &name, e) < 0)
        return fault(s, file, 0);
    if (l->n == l->size) {
        size_t size = l->size ? 2 * l->size : 64;
        x = reallocarray(l->e, size, sizeof(*x));
        if (!x)
            return no_memory(s->dir, e);
        l->e = x;
        l->size = size;
    }
    x = &l->e[l->n];
    *x = (struct entry){.file = strdup(file),
                        .version = strndup(file + name.version_offset, name.version_bytes),
                        .name = name};
    l->n++;
    if (!x->file || !x->version)
        return no_memory(s->dir, e);
    if (s->layout->dots && !name.repeatable)
        exchange(x->version, '_', '.');
    return 0;
}

/* What its tool would apply among the others, so that a history without it would be wrong. */
static int
refuse_program(struct source *s, const char *file, struct err *e)
{
    err_set(
        e, ERR_INPUT,
        "a migration of %s that is a program, which migrate cannot run: write it in SQL, or let %s apply "
        "all of these files (migrate run -- CMD)",
        s->layout->tool, s->layout->tool);
    return fault(s, file, 0);
}

static int
take_name(struct source *s, struct entries *l, const struct dirent *de, struct err *e)
{
    if (others_is_candidate(de->d_name))
        return add_entry(l, s, de->d_name, e);
    if (s->layout->is_program && s->layout->is_program(de->d_name))
        return refuse_program(s, de->d_name, e);
    return others_note_folder(s, de, e);
}

static int
list_entries(struct source *s, struct entries *l, struct err *e)
{
    cleanup_close int fd = fcntl(s->dir_fd, F_DUPFD_CLOEXEC, 0);
    cleanup_dir DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *de;

    if (!d)
        return err_sys(e, errno, "%s: cannot be listed", s->dir);
    (void)steal_fd(&fd);
    for (errno = 0; (de = readdir(d)) != NULL; errno = 0)
        if (take_name(s, l, de, e) < 0)
            return -1;
    if (errno)
        return err_set(e, ERR_INPUT, "%s: cannot be listed: %s", s->dir, strerror(errno));
    return 0;
}

/*
 * By version, up before down, then by name so that messages do not depend on the directory's
 * order.
 */
static int
compare_entries(const void *a, const void *b)
{
    const struct entry *x = a;
    const struct entry *y = b;
    int order = migration_compare(x->version, y->version);

    if (order == 0)
        order = (int)x->name.direction - (int)y->name.direction;
    return order ? order : strcmp(x->file, y->file);
}

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/*
 * Beside numbered files one without a number is no migration in most cases (a copy, a script for
 * the way back), and would run behind all of them.
 */
static int
check_numbered(struct source *s, const struct entries *l, struct err *e)
{
    const struct entry *other = NULL;
    const struct entry *number = NULL;

    for (size_t i = 0; i < l->n; i++) {
        const struct entry *x = &l->e[i];
        if (x->name.repeatable)
            continue;
        if (is_digit(x->version[0]))
            number = number && strcmp(number->file, x->file) < 0 ? number : x;
        else
            other = other && strcmp(other->file, x->file) < 0 ? other : x;
    }
    if (!other || !number)
        return 0;
    err_set(e, ERR_INPUT,
            "its version, \"%s\", does not begin with a digit, as that of %s does: name it "
            "VERSION_name.sql with a number when it is a migration, else move it elsewhere",
            other->version, number->file);
    return fault(s, other->file, 0);
}

/* Compared as bytes they have the order that they have as numbers. */
static bool
same_shape(const char *a, const char *b)
{
    while (*a && *b && (*a == '.') == (*b == '.'))
        a++, b++;
    return !*a && !*b;
}

/*
 * Numbers of different shape beside other versions: 9 < 10 as numbers, 10 < 1a < 9 as bytes. There
 * is no order.
 */
static int
check_order(struct source *s, const struct entries *l, struct err *e)
{
    const struct entry *other = NULL;
    const struct entry *number = NULL;
    bool uneven = false;

    for (size_t i = 0; i < l->n; i++) {
        const struct entry *x = &l->e[i];
        if (x->name.repeatable)
            continue;
        if (!migration_is_number(x->version)) {
            other = other ? other : x;
        } else {
            uneven |= number && !same_shape(number->version, x->version);
            number = x;
        }
    }
    if (!other || !uneven)
        return 0;
    err_set(e, ERR_INPUT,
            "versions that are not numbers stand beside numbers of different length, which have "
            "no order: give all numbers the same count of digits");
    return fault(s, other->file, 0);
}

static int
check_pairs(struct source *s, const struct entries *l, struct err *e)
{
    for (size_t i = 0; i < l->n; i++) {
        const struct entry *x = &l->e[i];
        const struct entry *before = i ? &l->e[i - 1] : NULL;
        bool same = before && migration_compare(before->version, x->version) == 0;
        if (same && before->name.direction == x->name.direction) {
            err_set(e, ERR_INPUT, "%s and %s are of one version: %s", before->file, x->file,
                    x->version);
            return fault(s, x->file, 0);
        }
        if (!same && x->name.direction == MIGRATION_DOWN) {
            err_set(e, ERR_INPUT, "there is no file that goes up to version %s", x->version);
            return fault(s, x->file, 0);
        }
    }
    return 0;
}

static int
take_sum(const struct source *s, struct source_migration *m, struct source_text *t, struct err *e)
{
    if (!s->layout->sum) {
        memcpy(m->sum, m->sha256, sizeof(m->sha256));
        return 0;
    }
    int result = s->layout->sum(t->data, t->len, m->sum, e);
    source_text_release(t, t->len);
    return result;
}

static int
check_file(struct source *s, struct source_migration *m, struct source_text *t, struct digest *d,
           struct err *e)
{
    if (digest_start(d, e) < 0)
        return -1;
    if (source_text_check(t, d, e) < 0)
        return fault(s, m->file, t->error_line);
    if (digest_end(d, m->sha256, e) < 0)
        return -1;
    m->bytes = t->len;
    if (source_text_header(s, t, m->file, MIGRATION_UP, &m->header, e) < 0)
        return fault(s, m->file, m->header.error_line);
    m->id.phase = m->header.phase;
    if (m->header.back && !m->down_file && !(m->down_file = strdup(m->file)))
        return no_memory(s->dir, e);
    return take_sum(s, m, t, e);
}

static int
read_file(struct source *s, struct source_migration *m, struct digest *d, struct err *e)
{
    struct source_text t = SOURCE_TEXT_INIT;

    if (source_text_at(s->dir_fd, m->file, &t, &m->stamp, e) < 0)
        return fault(s, m->file, 0);
    int rc = check_file(s, m, &t, d, e);
    source_text_done(&t);
    return rc;
}

static int
add_migration(struct source *s, struct entry *x, struct err *e)
{
    struct source_migration *m;

    if (x->name.direction == MIGRATION_DOWN) {
        s->migrations[s->n - 1].down_file = steal_ptr(&x->file);
        return 0;
    }
    m = &s->migrations[s->n++];
    m->id.name = strndup(x->file + x->name.name_offset, x->name.name_bytes);
    m->id.version = steal_ptr(&x->version);
    m->id.repeatable = x->name.repeatable;
    m->file = steal_ptr(&x->file);
    if (!m->id.name)
        return no_memory(s->dir, e);
    if (s->layout->underscores)
        exchange(m->id.name, '_', ' ');
    return 0;
}

static int
read_entries(struct source *s, struct entries *l, bool allow_empty, struct err *e)
{
    CLEANUP_WITH(digest_done) struct digest d = DIGEST_INIT;

    if (list_entries(s, l, e) < 0)
        return -1;
    if (l->n == 0)
        return allow_empty ? 0 : others_none(s, e);
    if (check_numbered(s, l, e) < 0 || check_order(s, l, e) < 0)
        return -1;
    qsort(l->e, l->n, sizeof(l->e[0]), compare_entries);
    if (check_pairs(s, l, e) < 0)
        return -1;
    s->migrations = calloc(l->n, sizeof(s->migrations[0]));
    if (!s->migrations)
        return no_memory(s->dir, e);
    for (size_t i = 0; i < l->n; i++)
        if (add_migration(s, &l->e[i], e) < 0)
            return -1;
    for (size_t i = 0; i < s->n; i++)
        if (read_file(s, &s->migrations[i], &d, e) < 0)
            return -1;
    return 0;
}

/*
 * A ConfigMap's files are links through ..data, which may move at any time: what it names now is
 * read.
 */
static int
open_dir(const char *dir)
{
    cleanup_close int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int data = fd < 0 ? -1 : openat(fd, "..data", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return data >= 0 ? data : steal_fd(&fd);
}

int
source_open(const char *dir, const struct layout *layout, bool allow_empty, struct source *ret,
            struct err *e)
{
    CLEANUP_WITH(entries_done) struct entries l = {.n = 0};
    struct source s = SOURCE_INIT;

    *ret = s;
    s.layout = layout;
    s.dir_fd = open_dir(dir);
    if (s.dir_fd < 0 && errno == ENOENT && allow_empty) {
        ret->missing = true;
        return 0;
    }
    if (s.dir_fd < 0)
        return err_set(e, ERR_INPUT, "%s: this directory cannot be opened: %s", dir,
                       strerror(errno));
    s.dir = strdup(dir);
    if ((s.dir ? read_entries(&s, &l, allow_empty, e) : no_memory(dir, e)) < 0) {
        source_done(&s);
        memcpy(ret->fault_file, s.fault_file, sizeof(ret->fault_file));
        ret->fault_line = s.fault_line;
        return -1;
    }
    *ret = s;
    return 0;
}

/* How much of a file is searched for an annotation. */
#define SIGN_BYTES 65536

/* Annotations go before names: several layouts call their files alike. NULL: it is nobody's. */
static const struct layout *
layout_of_file(int dir_fd, const char *file)
{
    cleanup_close int fd = openat(dir_fd, file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    cleanup_free char *text = malloc(SIGN_BYTES);
    ssize_t n = fd >= 0 && text ? read(fd, text, SIGN_BYTES) : -1;
    const struct layout *l = n > 0 ? layouts_of_text(text, (size_t)n) : NULL;
    struct layout_name name;

    for (size_t i = 0; !l && layouts_at(i); i++)
        if (!layouts_at(i)->sign && layouts_at(i)->name_parse(file, &name, NULL) == 0)
            l = layouts_at(i);
    return l;
}

const struct layout *
source_layout(const char *dir)
{
    int fd = open_dir(dir);
    cleanup_dir DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    const struct layout *l = NULL;
    const struct dirent *de;

    while (d && !l && (de = readdir(d)) != NULL)
        if (others_is_candidate(de->d_name))
            l = layout_of_file(dirfd(d), de->d_name);
    return l;
}

void
source_done(struct source *s)
{
    for (size_t i = 0; i < s->n; i++) {
        free(s->migrations[i].id.version);
        free(s->migrations[i].id.name);
        free(s->migrations[i].file);
        free(s->migrations[i].down_file);
    }
    free(s->migrations);
    free(s->dir);
    free(s->folder);
    if (s->dir_fd >= 0)
        close(s->dir_fd);
    s->migrations = NULL;
    s->dir = NULL;
    s->folder = NULL;
    s->missing = false;
    s->n = 0;
    s->dir_fd = -1;
}

const struct source_migration *
source_find(const struct source *s, const char *version)
{
    size_t low = 0;
    size_t high = s->n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = migration_compare(s->migrations[mid].id.version, version);
        if (order == 0)
            return &s->migrations[mid];
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

const char *
source_file(const struct source_migration *m, enum migration_direction direction)
{
    return direction == MIGRATION_DOWN ? m->down_file : m->file;
}

/* 1: it is what was read before; a small file is proven by its digest, a large one by its stamp. */
static int
is_same(const struct source_migration *m, const struct source_text *t,
        const struct source_stamp *now, struct err *e)
{
    uint8_t sum[DIGEST_BYTES];

    if (t->mapped)
        return source_stamp_same(&m->stamp, now);
    if (digest_sha256(t->data, t->len, sum, e) < 0)
        return -1;
    return memcmp(sum, m->sha256, sizeof(sum)) == 0;
}

void
source_text_narrow(struct source_text *t, const struct layout_header *h)
{
    t->from = h->from;
    t->to = h->to;
    t->from_line = lexer_count_lines(t->data, h->from) + 1;
}

int
source_text_header(const struct source *s, struct source_text *t, const char *file,
                   enum migration_direction direction, struct layout_header *ret, struct err *e)
{
    const struct layout_text text = {
        .data = t->data, .len = t->len, .direction = direction, .marks_fine = marks_fine_for(file)};

    if (s->layout->header_parse(&text, ret, e) < 0)
        return -1;
    source_text_narrow(t, ret);
    return 0;
}

int
source_text_open(const struct source *s, const struct source_migration *m,
                 enum migration_direction direction, struct source_text *ret, struct err *e)
{
    const char *file = source_file(m, direction);
    struct source_stamp now;
    struct source_text t = SOURCE_TEXT_INIT;
    int rc;

    *ret = t;
    if (!file)
        return err_set(e, ERR_INPUT, "has no .down.sql beside it");
    if (source_text_at(s->dir_fd, file, &t, &now, e) < 0)
        return -1;
    if (direction == MIGRATION_DOWN) {
        rc = source_text_check(&t, NULL, e) < 0 ? -1 : 1;
    } else {
        rc = is_same(m, &t, &now, e);
        if (rc == 0)
            err_set(e, ERR_INPUT, "the file was changed while migrate was running");
    }
    if (rc <= 0)
        return source_text_refuse(&t, ret);
    if (direction == MIGRATION_UP)
        source_text_narrow(&t, &m->header);
    *ret = t;
    return 0;
}
