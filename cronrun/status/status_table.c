/* status_table.c: all jobs for people. */
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "cronrun/run/instant.h"
#include "cronrun/status/status.h"

#define COLUMNS 8
#define CELL_MAX 512

/* A row's cells. */
struct row {
    char cells[COLUMNS][CELL_MAX];
};

static const char *const titles[COLUMNS] = {"JOB",   "STATE",      "FOR",      "HOLDER",
                                            "FENCE", "LAST START", "LAST END", "LAST OUTCOME"};
static const char nothing[] = "-";

static void
set(struct row *r, size_t column, const char *text)
{
    snprintf(r->cells[column], CELL_MAX, "%s", *text ? text : nothing);
    for (char *p = r->cells[column]; *p; p++)
        if ((unsigned char)*p < ' ' ||
            (unsigned char)*p > '~') /* a table may hold anything, and a terminal obeys */
            *p = '?';
}

/* "2026-11-21T09:00:00.123Z" without its fraction. */
static void
set_instant(struct row *r, size_t column, const char *text)
{
    const char *dot = strchr(text, '.');
    set(r, column, text);
    if (dot)
        snprintf(r->cells[column], CELL_MAX, "%.*sZ", (int)(dot - text), text);
}

static void
set_holder(struct row *r, const struct lease_holder *h)
{
    char cell[CELL_MAX] = "somebody";
    if (h->pids[0])
        snprintf(cell, CELL_MAX, "%s, what run %.8s left: %s", h->host, h->run_id, h->pids);
    else if (h->unseen)
        snprintf(cell, CELL_MAX, "%s, cannot be seen from here", h->host);
    else if (h->pid > 0)
        snprintf(cell, CELL_MAX, "%s, pid %ld", h->host[0] ? h->host : "?", h->pid);
    else if (h->host[0])
        snprintf(cell, CELL_MAX, "%s", h->host);
    set(r, 3, cell);
}

static void
set_for(struct row *r, const char *since, int64_t now_ms)
{
    char text[CLOCK_DURATION_MAX];
    int64_t since_ms;
    if (instant_parse(since, &since_ms, NULL) < 0)
        return;
    uint64_t for_ms = now_ms > since_ms ? (uint64_t)(now_ms - since_ms) : 0;
    set(r, 2, clock_format_duration(text, for_ms < 1000 ? for_ms : for_ms / 1000 * 1000));
}

static void
make_row(struct row *r, const struct status_job *job, int64_t now_ms)
{
    const struct lease_look *look = &job->look;
    char number[24];
    for (size_t i = 0; i < COLUMNS; i++)
        set(r, i, "");
    set(r, 0, job->name ? job->name : job->lock);
    set(r, 1, status_state(job));
    if (!job->known || job->kind == LOCK_NONE)
        return;
    if (look->state == LEASE_HELD) {
        set_holder(r, &look->holder);
        set_for(r, look->holder.since, now_ms);
    }
    snprintf(number, sizeof(number), "%llu", (unsigned long long)look->fence);
    set(r, 4, look->fence ? number : "");
    set_instant(r, 5, look->holder.since);
    set_instant(r, 6, look->last_end);
    bool lost = !status_keeps_outcome(job) && look->state != LEASE_NEVER;
    set(r, 7, lost ? "not kept" : look->last_outcome);
    if (lost)
        set(r, 6, "not kept");
}

/* Once to measure (out NULL), once to print. */
static void
put(struct strbuf *out, const struct row *r, int widths[COLUMNS])
{
    for (size_t i = 0; i < COLUMNS; i++) {
        int width = (int)strlen(r->cells[i]);
        if (!out)
            widths[i] = width > widths[i] ? width : widths[i];
        else if (i + 1 < COLUMNS)
            strbuf_addf(out, "%-*s  ", widths[i], r->cells[i]);
        else
            strbuf_addf(out, "%s\n", r->cells[i]);
    }
}

void
status_table(const struct status *s, int64_t now_ms, struct strbuf *out)
{
    int widths[COLUMNS] = {0};
    struct strbuf *passes[] = {NULL, out};
    for (size_t pass = 0; pass < 2; pass++) {
        struct row r;
        for (size_t i = 0; i < COLUMNS; i++)
            set(&r, i, titles[i]);
        put(passes[pass], &r, widths);
        for (size_t i = 0; i < s->n; i++) {
            make_row(&r, &s->jobs[i], now_ms);
            put(passes[pass], &r, widths);
        }
    }
}
