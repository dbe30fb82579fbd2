/* status_words.c: what a clock and a picture say, in words. */
#include "healthd/page/status_words.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "common/base/clock.h"

#define RUNS_MAX 8 /* stretches that are told of */

void
status_put_took(struct strbuf *out, uint64_t us)
{
    if (us < 10000)
        strbuf_addf(out, "%.1f ms", (double)us / 1e3);
    else if (us < 1000000)
        strbuf_addf(out, "%" PRIu64 " ms", us / 1000);
    else
        strbuf_addf(out, "%.1f s", (double)us / 1e6);
}

static struct tm
split(int64_t wall_ms)
{
    time_t t = (time_t)(wall_ms / 1000);
    struct tm tm;
    gmtime_r(&t, &tm);
    return tm;
}

void
status_put_time(struct strbuf *out, int64_t at_ms, int64_t now_ms)
{
    char iso[CLOCK_RFC3339_MAX];
    bool today = at_ms / 86400000 == now_ms / 86400000;
    strbuf_addf(out, "<time datetime=\"%s\">", clock_format_rfc3339(iso, at_ms * 1000, 0));
    struct tm tm = split(at_ms);
    if (!today)
        strbuf_addf(out, "%d %.3s ", tm.tm_mday,
                    &"JanFebMarAprMayJunJulAugSepOctNovDec"[(size_t)tm.tm_mon * 3]);
    strbuf_addf(out, "%02d:%02d:%02d</time>", tm.tm_hour, tm.tm_min, tm.tm_sec);
}

void
status_put_minute(struct strbuf *out, int64_t wall_ms)
{
    struct tm tm = split(wall_ms);
    strbuf_addf(out, "%02d:%02d", tm.tm_hour, tm.tm_min);
}

/* ---- the last hour ---- */

/* A stretch of slots in one state: [from, to). */
struct run {
    enum hour_state state;
    size_t from, to;
};

static struct run
run_at(const struct hour *h, uint64_t mono_ms, size_t from)
{
    struct run r = {hour_at(h, mono_ms, from).worst, from, from + 1};
    while (r.to < HOUR_SLOTS && hour_at(h, mono_ms, r.to).worst == r.state)
        r.to++;
    return r;
}

static void
put_run(struct strbuf *out, const struct run *r, bool first, int64_t slot_0_ms)
{
    static const char *const words[HOUR_STATES][2] = {
        [HOUR_NONE] = {"No result", "no result"},
        [HOUR_UP] = {"Up", "up"},
        [HOUR_DEGRADED] = {"Degraded", "degraded"},
        [HOUR_UNKNOWN] = {"Unknown", "unknown"},
        [HOUR_DOWN] = {"Down", "down"},
    };
    strbuf_addf(out, "%s%s from ", first ? "" : ", ", words[r->state][first ? 0 : 1]);
    status_put_minute(out, slot_0_ms + (int64_t)r->from * HOUR_SLOT_MS);
    strbuf_adds(out, " to ");
    if (r->to == HOUR_SLOTS)
        strbuf_adds(out, "now");
    else
        status_put_minute(out, slot_0_ms + (int64_t)r->to * HOUR_SLOT_MS);
}

void
status_put_hour(struct strbuf *out, const struct hour *h, uint64_t mono_ms, int64_t wall_ms)
{
    struct run last[RUNS_MAX];
    size_t n = 0;
    bool up = false;
    for (struct run r = {.to = 0}; r.to < HOUR_SLOTS;) {
        r = run_at(h, mono_ms, r.to);
        up = up || r.state == HOUR_UP;
        if (r.state != HOUR_UP)
            last[n++ % RUNS_MAX] = r;
    }
    if (n == 0) {
        strbuf_adds(out, "Up during the whole hour.");
        return;
    }
    int64_t slot_0_ms =
        wall_ms - (int64_t)(mono_ms % HOUR_SLOT_MS) - (int64_t)(HOUR_SLOTS - 1) * HOUR_SLOT_MS;
    size_t first = n > RUNS_MAX ? n - RUNS_MAX : 0;
    if (first > 0)
        strbuf_addf(out, "%zu earlier stretches, then: ", first);
    for (size_t i = first; i < n; i++)
        put_run(out, &last[i % RUNS_MAX], i == 0, slot_0_ms);
    strbuf_adds(out, up ? ", otherwise up." : ".");
}
