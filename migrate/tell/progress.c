/* progress.c: the line at the bottom of a terminal. */
#include "migrate/tell/progress.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/utf8.h"
#include "common/net/loop.h"

#define DRAW_EVERY_MS 100u
#define BAR_COLUMNS 20u
#define BAR_COLUMNS_NARROW 10u
#define NARROW_COLUMNS 60u

struct progress {
    struct loop_timer *timer;
    int fd;
    bool terminal;
    bool drawn;
    uint64_t start_ms;
    struct progress_view view;
    char file[128];
    char server[160];
};

static void
hide(void *arg)
{
    struct progress *p = arg;
    if (p->drawn)
        p->drawn = write(p->fd, "\r\033[K", 4) != 4;
}

static void
draw(struct progress *p)
{
    if (log_pending_fd() >= 0) /* records that the terminal has not taken yet would tear it */
        return;
    struct winsize size = {.ws_col = 80};
    if (ioctl(p->fd, TIOCGWINSZ, &size) != 0 || size.ws_col < 20)
        size.ws_col = 80;
    p->view.elapsed_ms = clock_mono_ms() - p->start_ms;
    cleanup_strbuf struct strbuf line = STRBUF_INIT;
    strbuf_adds(&line, "\r\033[K");
    progress_format(&p->view, size.ws_col - 1u, &line);
    if (write(p->fd, strbuf_str(&line), line.len) > 0)
        p->drawn = true;
}

static void
on_timer(void *arg)
{
    struct progress *p = arg;
    draw(p);
    loop_timer_start(p->timer, DRAW_EVERY_MS);
}

/* What the locale's variables say; no locale is loaded. */
static bool
locale_is_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *value = getenv(names[i]);
        if (value && *value)
            return strcasestr(value, "UTF-8") || strcasestr(value, "UTF8");
    }
    return false;
}

struct progress *
progress_new(struct loop *l, int fd, struct err *e)
{
    struct progress *p = calloc(1, sizeof(*p));
    if (p)
        p->timer = loop_timer_new(l, on_timer, p);
    if (!p || !p->timer) {
        free(p);
        err_nomem(e);
        return NULL;
    }
    const char *term = getenv("TERM");
    p->fd = fd;
    p->terminal = isatty(fd) && term && strcmp(term, "dumb") != 0;
    const char *no_color = getenv("NO_COLOR"); /* no-color.org: set and not empty */
    p->view.utf8 = locale_is_utf8();
    p->view.colour = !no_color || !*no_color;
    p->view.file = p->file;
    p->view.server = p->server;
    log_set_before_cb(hide, p);
    return p;
}

void
progress_free(struct progress *p)
{
    if (!p)
        return;
    progress_end(p);
    log_set_before_cb(NULL, NULL);
    loop_timer_free(p->timer);
    free(p);
}

void
progress_begin(struct progress *p, size_t files)
{
    p->view.files = files;
    p->view.number = 0;
    p->start_ms = clock_mono_ms();
    if (p->terminal)
        loop_timer_start(p->timer, DRAW_EVERY_MS);
}

void
progress_file(struct progress *p, size_t number, const char *file, size_t statements)
{
    p->view.number = number;
    p->view.statements = statements;
    p->view.statement = 0;
    snprintf(p->file, sizeof(p->file), "%s", file);
}

void
progress_statement(struct progress *p, size_t number)
{
    p->view.statement = number;
}

void
progress_server(struct progress *p, const char *text)
{
    snprintf(p->server, sizeof(p->server), "%s", text);
}

void
progress_end(struct progress *p)
{
    loop_timer_cancel(p->timer);
    hide(p);
}

/* How much of the bar is full, in eighths of a column: files, and the statements of the present one. */
static size_t
eighths_done(const struct progress_view *v, size_t columns)
{
    if (v->files == 0 || v->number == 0)
        return 0;
    double within = v->statements > 0 && v->statement > 0
                        ? (double)(v->statement - 1) / (double)v->statements
                        : 0;
    return (size_t)(((double)(v->number - 1) + within) / (double)v->files * (double)columns * 8);
}

static void
add_blocks(size_t eighths, size_t columns, struct strbuf *out)
{
    static const char *const parts[] = {" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"};
    strbuf_adds(out, "▕");
    for (size_t i = 0; i < columns; i++) {
        size_t part = eighths < 8 ? eighths : 8;
        strbuf_adds(out, parts[part]);
        eighths -= part;
    }
    strbuf_adds(out, "▏");
}

static void
add_signs(size_t filled, size_t columns, struct strbuf *out)
{
    strbuf_addc(out, '[');
    for (size_t i = 0; i < columns; i++)
        strbuf_addc(out, i < filled ? '=' : i == filled ? '>' : ' ');
    strbuf_addc(out, ']');
}

void
progress_format(const struct progress_view *v, size_t width, struct strbuf *out)
{
    size_t columns = width < NARROW_COLUMNS ? BAR_COLUMNS_NARROW : BAR_COLUMNS;
    size_t eighths = eighths_done(v, columns);
    if (v->colour)
        strbuf_adds(out, *v->server ? "\033[33m" : "\033[32m");
    if (v->utf8)
        add_blocks(eighths, columns, out);
    else
        add_signs(eighths / 8, columns, out);
    if (v->colour)
        strbuf_adds(out, "\033[0m");
    cleanup_strbuf struct strbuf line = STRBUF_INIT;
    strbuf_addf(&line, " %zu/%zu  %llu.%llus  %s", v->number, v->files,
                (unsigned long long)(v->elapsed_ms / 1000),
                (unsigned long long)(v->elapsed_ms % 1000 / 100), v->file);
    if (v->statements > 1)
        strbuf_addf(&line, "  %zu/%zu statements", v->statement, v->statements);
    if (*v->server)
        strbuf_addf(&line, "  %s", v->server);
    size_t left = width > columns + 2 ? width - columns - 2 : 0; /* bytes: never too wide */
    strbuf_add(out, strbuf_str(&line), utf8_cut(strbuf_str(&line), line.len, left));
}
