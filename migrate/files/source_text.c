/* source_text.c: maps one file, takes its digests, and notices when it changes. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/utf8.h"
#include "migrate/files/source_text.h"

/* Larger files are mapped. */
#define READ_MAX ((size_t)1 << 20)
/* How much of a mapped file is looked at between giving pages back. */
#define CHUNK ((size_t)1 << 20)

static struct source_stamp
stamp_of(const struct stat *st)
{
    return (struct source_stamp){.dev = st->st_dev,
                                 .ino = st->st_ino,
                                 .size = (uint64_t)st->st_size,
                                 .mtime_s = st->st_mtim.tv_sec,
                                 .mtime_ns = st->st_mtim.tv_nsec,
                                 .ctime_s = st->st_ctim.tv_sec,
                                 .ctime_ns = st->st_ctim.tv_nsec};
}

bool
source_stamp_same(const struct source_stamp *a, const struct source_stamp *b)
{
    return a->dev == b->dev && a->ino == b->ino && a->size == b->size && a->mtime_s == b->mtime_s &&
           a->mtime_ns == b->mtime_ns && a->ctime_s == b->ctime_s && a->ctime_ns == b->ctime_ns;
}

int
source_text_same(const struct source_text *t, struct err *e)
{
    struct stat st;
    struct source_stamp now;

    if (!t->mapped)
        return 0;
    if (fstat(t->fd, &st) < 0)
        return err_sys(e, errno, "cannot look at the file");
    now = stamp_of(&st);
    if (!source_stamp_same(&t->stamp, &now))
        return err_set(e, ERR_INPUT, "the file was changed while migrate was running");
    return 0;
}

/*
 * Behind the end of a file that was cut short: the page is filled with zeros, and whoever reads it
 * learns from source_text_same what happened. Anything else comes again, and ends the process.
 */
static void
on_sigbus(int sig, siginfo_t *info, void *context)
{
    int saved = errno;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    void *at = (void *)((uintptr_t)info->si_addr & ~(uintptr_t)(page - 1));

    (void)context;
    if (info->si_code != BUS_ADRERR ||
        mmap(at, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
        signal(sig, SIG_DFL);
    errno = saved;
}

/* Takes the descriptor when it succeeds. */
static int
map_text(int *fd, const struct source_stamp *stamp, struct source_text *ret, struct err *e)
{
    struct sigaction cut = {.sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO};
    size_t size = (size_t)stamp->size;

    if (sigaction(SIGBUS, &cut, NULL) < 0)
        return err_sys(e, errno, "cannot catch SIGBUS");
    void *p = mmap(NULL, size, PROT_READ, MAP_PRIVATE, *fd, 0);
    if (p == MAP_FAILED)
        return err_sys(e, errno, "cannot map the file");
    (void)madvise(p, size, MADV_SEQUENTIAL);
    *ret = (struct source_text){
        .data = p, .len = size, .to = size, .mapped = true, .fd = steal_fd(fd), .stamp = *stamp};
    return 0;
}

static int
read_text(int fd, size_t size, struct source_text *ret, struct err *e)
{
    cleanup_free char *buf = malloc(size + 1);
    size_t len = 0;

    if (!buf)
        return err_set(e, ERR_NOMEM, "out of memory");
    /* One byte more is asked for: size bytes are then all there is, and more say that it grew. */
    do {
        ssize_t n = read(fd, buf + len, size + 1 - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_set(e, ERR_INPUT, "cannot be read: %s", strerror(errno));
        if (n == 0)
            break;
        len += (size_t)n;
    } while (len < size);
    if (len != size)
        return err_set(e, ERR_INPUT, "changed while it was read");
    buf[len] = '\0';
    *ret = (struct source_text){.data = steal_ptr(&buf), .len = len, .to = len};
    return 0;
}

int
source_text_at(int dir_fd, const char *file, struct source_text *ret,
               struct source_stamp *ret_stamp, struct err *e)
{
    cleanup_close int fd = openat(dir_fd, file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;

    if (fd < 0)
        return err_set(e, ERR_INPUT, "cannot be read: %s", strerror(errno));
    if (fstat(fd, &st) < 0)
        return err_sys(e, errno, "cannot look at the file");
    if (!S_ISREG(st.st_mode))
        return err_set(e, ERR_INPUT, "is not a regular file");
    struct source_stamp stamp = stamp_of(&st);
    if (ret_stamp)
        *ret_stamp = stamp;
    size_t size = (size_t)st.st_size;
    return size > READ_MAX ? map_text(&fd, &stamp, ret, e) : read_text(fd, size, ret, e);
}

/*
 * The first byte in [from, to) that is no text; a character may end behind `to`. Returns len when
 * all is well.
 */
static size_t
find_bad(const char *text, size_t len, size_t from, size_t to, size_t *ret_next)
{
    const char *nul = memchr(text + from, '\0', to - from);
    size_t pos = from;

    if (nul)
        to = (size_t)(nul - text);
    while (pos < to) {
        uint64_t eight;
        if (pos + 8 <= to) {
            memcpy(&eight, text + pos, 8);
            if (!(eight & 0x8080808080808080u)) {
                pos += 8;
                continue;
            }
        }
        size_t n = utf8_char_len(text + pos, len - pos);
        if (n == 0)
            return pos;
        pos += n;
    }
    *ret_next = pos;
    return nul ? to : len;
}

/* The byte at `bad` is none of a UTF-8 text. */
static int
refuse_byte(const struct source_text *t, size_t bad, struct err *e)
{
    static const struct {
        const char *bytes;
        size_t n;
        const char *what;
    } boms[] = {
        {"\xff\xfe\0\0", 4, "UTF-32"},
        {"\0\0\xfe\xff", 4, "UTF-32"},
        {"\xff\xfe", 2, "UTF-16"},
        {"\xfe\xff", 2, "UTF-16"},
    };
    unsigned char c = (unsigned char)t->data[bad];

    for (size_t i = 0; bad == 0 && i < sizeof(boms) / sizeof(boms[0]); i++) {
        if (t->len >= boms[i].n && memcmp(t->data, boms[i].bytes, boms[i].n) == 0)
            return err_set(e, ERR_INPUT,
                           "the file is %s, as its byte order mark says: save it as UTF-8",
                           boms[i].what);
    }
    if (c == 0)
        return err_set(e, ERR_INPUT, "a NUL byte: this is not an SQL text (UTF-16 perhaps)");
    return err_set(e, ERR_INPUT, "byte 0x%02x is not UTF-8", c);
}

int
source_text_check(struct source_text *t, struct digest *d, struct err *e)
{
    size_t next = 0;

    for (size_t from = 0; from < t->len;) {
        size_t to = t->len - from > CHUNK ? from + CHUNK : t->len;
        size_t bad = find_bad(t->data, t->len, next > from ? next : from, to, &next);
        if (bad < t->len) {
            if (source_text_same(t, e) < 0)
                return -1;
            t->error_line = lexer_count_lines(t->data, bad) + 1;
            return refuse_byte(t, bad, e);
        }
        if (d)
            digest_add(d, t->data + from, to - from);
        source_text_release(t, to);
        from = to;
    }
    t->released = 0;
    return source_text_same(t, e);
}

int
source_text_refuse(struct source_text *t, struct source_text *ret)
{
    size_t line = t->error_line;

    source_text_done(t);
    *ret = (struct source_text){.error_line = line};
    return -1;
}

int
source_text_open_path(const char *path, struct source_text *ret, struct err *e)
{
    struct source_text t = SOURCE_TEXT_INIT;

    if (source_text_at(AT_FDCWD, path, &t, NULL, e) < 0 || source_text_check(&t, NULL, e) < 0)
        return source_text_refuse(&t, ret);
    *ret = t;
    return 0;
}

void
source_text_release(struct source_text *t, size_t upto)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    upto -= upto % page;
    if (!t->mapped || upto < t->released + CHUNK)
        return;
    (void)madvise((void *)(uintptr_t)(t->data + t->released), upto - t->released, MADV_DONTNEED);
    t->released = upto;
}

void
source_text_rewind(struct source_text *t, size_t offset)
{
    offset -= offset % (size_t)sysconf(_SC_PAGESIZE);
    if (offset < t->released)
        t->released = offset;
}

static void
on_passed(void *arg, size_t upto)
{
    source_text_release(arg, upto);
}

void
source_text_look(const struct source_text *t, struct lexer *ret)
{
    lexer_init(ret, t->data, t->to);
    if (t->from == 0)
        return;
    ret->pos = t->from;
    ret->line = t->from_line;
}

void
source_text_lexer(struct source_text *t, struct lexer *ret)
{
    t->released = 0;
    source_text_look(t, ret);
    ret->passed = on_passed;
    ret->passed_arg = t;
}

void
source_text_done(struct source_text *t)
{
    if (t->mapped) {
        munmap((void *)(uintptr_t)t->data, t->len);
        close(t->fd);
    } else {
        free((void *)(uintptr_t)t->data);
    }
    *t = (struct source_text)SOURCE_TEXT_INIT;
}
