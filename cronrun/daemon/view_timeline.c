/* view_timeline.c: the last times of a job as a picture. */
#include <inttypes.h>

#include "common/base/clock.h"
#include "common/http/html.h"
#include "cronrun/cron/civil.h"
#include "cronrun/daemon/view.h"

#define COLUMN 16u
#define BAR 10u
#define COLUMNS (PAST_MOST + 2) /* and the present run, and the next time */
#define TOP 8u                  /* of a bar that takes as long as the deadline */
#define FOOT 68u
#define MARKS 74u
#define HEIGHT 92u

/* ---- words ---- */

void
view_took(struct strbuf *out, int64_t ms)
{
    if (ms < 1000)
        strbuf_addf(out, "%" PRId64 " ms", ms < 0 ? 0 : ms);
    else if (ms < 60000)
        strbuf_addf(out, "%.1f s", (double)ms / 1000);
    else if (ms < 3600000)
        strbuf_addf(out, "%" PRId64 " min %" PRId64 " s", ms / 60000, ms % 60000 / 1000);
    else
        html_span(out, ms);
}

/* The day is left out when it is today's, the seconds when there are none, the year when it is near. */
static void
put_plain_time(struct strbuf *out, int64_t at_ms, int64_t now_ms, const struct zone *zone)
{
    static const char *const weekdays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    int64_t at_s = civil_floor_div(at_ms, 1000), now_s = civil_floor_div(now_ms, 1000);
    int64_t local_s = at_s + (zone ? zone_at(zone, at_s).offset_s : 0);
    int64_t today =
        civil_floor_div(now_s + (zone ? zone_at(zone, now_s).offset_s : 0), CIVIL_DAY_S);
    int64_t day = civil_floor_div(local_s, CIVIL_DAY_S), rest = local_s - day * CIVIL_DAY_S;
    struct civil date = civil_of_days(day);
    if (day != today)
        strbuf_addf(out, "%s %d %s ", weekdays[civil_weekday(day)], date.day,
                    months[date.month - 1]);
    if (day - today > 300)
        strbuf_addf(out, "%" PRId64 " ", date.year);
    strbuf_addf(out, "%02d:%02d", (int)(rest / 3600), (int)(rest / 60 % 60));
    if (rest % 60 != 0)
        strbuf_addf(out, ":%02d", (int)(rest % 60));
}

void
view_time(struct strbuf *out, int64_t at_ms, int64_t now_ms, const struct zone *zone)
{
    char iso[CLOCK_RFC3339_MAX];
    strbuf_addf(out, "<time datetime=\"%s\">", clock_format_rfc3339(iso, at_ms * 1000, 0));
    put_plain_time(out, at_ms, now_ms, zone);
    strbuf_adds(out, "</time>");
}

const char *
view_word(enum past_kind kind)
{
    static const char *const words[PAST_KINDS] = {"succeeded", "failed",  "took too long",
                                                  "stopped",   "skipped", "missed"};
    return words[kind];
}

/* ---- signs ---- */

const char view_marks[] =
    "<svg class='marks' aria-hidden='true'>"
    "<symbol id='mark-success' viewBox='0 0 16 16'><circle cx='8' cy='8' r='5'/></symbol>"
    "<symbol id='mark-failure' viewBox='0 0 16 16'><path class='in' d='M3.5 3.5l9 9M12.5 "
    "3.5l-9 9'/></symbol>"
    "<symbol id='mark-deadline' viewBox='0 0 16 16'><path d='M2 2h12L8 8l6 6H2l6-6z'/></symbol>"
    "<symbol id='mark-stopped' viewBox='0 0 16 16'><path d='M3.5 3.5h9v9h-9z'/></symbol>"
    "<symbol id='mark-skipped' viewBox='0 0 16 16'><circle class='in' cx='8' cy='8' r='4.5'/></symbol>"
    "<symbol id='mark-missed' viewBox='0 0 16 16'><path class='in' d='M2.5 8h11'/></symbol>"
    "<symbol id='mark-running' viewBox='0 0 16 16'><path d='M4 2.5l9 5.5-9 5.5z'/></symbol>"
    "<symbol id='mark-none' viewBox='0 0 16 16'><circle class='in' cx='8' cy='8' r='1.5'/></symbol>"
    "</svg>";

/* ---- columns ---- */

/* The time that a bar of full height stands for: the deadline, else the longest run. */
static int64_t
scale_of(const struct job *job, int64_t running_ms)
{
    int64_t longest_ms = running_ms;
    if (job->past.last.deadline_ms > 0)
        return job->past.last.deadline_ms;
    for (size_t i = 0; i < job->past.n; i++)
        if (past_at(&job->past, i)->took_ms > longest_ms)
            longest_ms = past_at(&job->past, i)->took_ms;
    return longest_ms > 0 ? longest_ms : 1;
}

static void
put_bar(struct strbuf *out, size_t column, const char *css_class, int64_t took_ms, int64_t scale_ms)
{
    double share = (double)took_ms / (double)scale_ms;
    double height = (share > 1 ? 1 : share) * (FOOT - TOP);
    size_t x = column * COLUMN + (COLUMN - BAR) / 2;
    strbuf_addf(out, "<rect class=\"bar %s\" x=\"%zu\" y=\"%.1f\" width=\"%u\" height=\"%.1f\"/>",
                css_class, x, FOOT - (height < 2 ? 2 : height), BAR, height < 2 ? 2 : height);
}

static void
put_mark(struct strbuf *out, size_t column, const char *css_class)
{
    strbuf_addf(out,
                "<use class=\"mark %s\" href=\"#mark-%s\" x=\"%zu\" y=\"%u\" width=\"16\" "
                "height=\"16\"/>",
                css_class, css_class, column * COLUMN, MARKS);
}

static void
put_time_column(struct strbuf *out, size_t column, const struct job *job, size_t i,
                int64_t scale_ms, int64_t now_ms)
{
    const struct past_time *t = past_at(&job->past, i);
    const char *css_class = past_name((enum past_kind)t->kind);
    strbuf_adds(out, "<g><title>");
    put_plain_time(out, t->at_s * 1000, now_ms, job->due.rules.zone);
    strbuf_addf(out, " %s", view_word((enum past_kind)t->kind));
    if (t->started_ms >= 0) {
        strbuf_adds(out, ", ");
        view_took(out, t->took_ms);
    }
    strbuf_adds(out, "</title>");
    if (t->started_ms >= 0)
        put_bar(out, column, css_class, t->took_ms, scale_ms);
    put_mark(out, column, css_class);
    strbuf_adds(out, "</g>");
}

static void
put_summary(struct strbuf *out, const struct job *job)
{
    size_t count[PAST_KINDS] = {0}, told = 0;
    for (size_t i = 0; i < job->past.n; i++)
        count[past_at(&job->past, i)->kind]++;
    for (size_t kind = 0; kind < PAST_KINDS; kind++)
        if (count[kind] > 0)
            strbuf_addf(out, "%s%zu %s", told++ > 0 ? ", " : "", count[kind],
                        view_word((enum past_kind)kind));
    if (told == 0)
        strbuf_adds(out, "None yet");
    strbuf_adds(out, job->running_since_ms >= 0 ? ". One is running." : ".");
}

void
view_timeline(struct strbuf *out, const struct job *job, const char *id, int64_t now_ms)
{
    int64_t running_ms = job->running_since_ms < 0 ? -1 : now_ms - job->running_since_ms;
    int64_t scale_ms = scale_of(job, running_ms);
    strbuf_addf(
        out,
        "<svg class=\"timeline\" viewBox=\"0 0 %u %u\" preserveAspectRatio=\"xMaxYMid slice\" role=\"img\" aria-labelledby=\"%s-t "
        "%s-d\"><title id=\"%s-t\">The last times of ",
        COLUMNS * COLUMN, HEIGHT, id, id, id);
    html_text(out, job->name);
    strbuf_addf(out, "</title><desc id=\"%s-d\">", id);
    put_summary(out, job);
    strbuf_adds(out, "</desc>");
    strbuf_addf(out, "<path class=\"foot\" d=\"M0 %uH%u\"/>", FOOT, COLUMNS * COLUMN);
    if (job->past.last.deadline_ms > 0)
        strbuf_addf(out, "<path class=\"limit\" d=\"M0 %uH%u\"/>", TOP, COLUMNS * COLUMN);
    size_t column = COLUMNS - 2 - job->past.n;
    for (size_t i = 0; i < job->past.n; i++)
        put_time_column(out, column++, job, i, scale_ms, now_ms);
    if (running_ms >= 0) {
        put_bar(out, column, "running", running_ms, scale_ms);
        put_mark(out, column, "running");
    }
    if (job->due.next_s != DUE_NEVER)
        put_mark(out, COLUMNS - 1, "none");
    strbuf_adds(out, "</svg>");
}
