/* html.c: escaping, spans of time, the hash of a style, and the line of time. */
#include "common/http/html.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/base/digest.h"
#include "common/base/utf8.h"

#define REPLACEMENT "\xEF\xBF\xBD"

static const char *
entity_of(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void
html_text(struct strbuf *out, const char *s)
{
    size_t left = strlen(s);
    while (left > 0) {
        size_t n = utf8_char_len(s, left);
        const char *entity = entity_of(*s);
        bool control = n == 1 && ((unsigned char)*s < ' ' || *s == 0x7f) && !strchr("\t\n", *s);
        if (n == 0 || control)
            strbuf_adds(out, REPLACEMENT);
        else if (entity)
            strbuf_adds(out, entity);
        else
            strbuf_add(out, s, n);
        n = n == 0 ? 1 : n;
        s += n;
        left -= n;
    }
}

void
html_span(struct strbuf *out, int64_t ms)
{
    int64_t s = ms > 0 ? ms / 1000 : 0;
    if (s < 60)
        strbuf_addf(out, "%" PRId64 " s", s);
    else if (s < 3600)
        strbuf_addf(out, "%" PRId64 " min", s / 60);
    else if (s < 86400)
        strbuf_addf(out, "%" PRId64 " h %" PRId64 " min", s / 3600, s % 3600 / 60);
    else
        strbuf_addf(out, "%" PRId64 " d %" PRId64 " h", s / 86400, s % 86400 / 3600);
}

int
html_csp_hash(const char *style, char buf[HTML_CSP_HASH_MAX], struct err *e)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint8_t sum[DIGEST_BYTES + 1] = {0}; /* with a byte that fills up the last three */
    char text[45];
    if (digest_sha256(style, strlen(style), sum, e) < 0)
        return -1;
    for (size_t i = 0; i < 43; i++) {
        size_t at = i * 6 / 8, bit = i * 6 % 8;
        unsigned two = (unsigned)sum[at] << 8 | sum[at + 1];
        text[i] = digits[two >> (10 - bit) & 63];
    }
    text[43] = '=';
    text[44] = '\0';
    snprintf(buf, HTML_CSP_HASH_MAX, "'sha256-%s'", text);
    return 0;
}

/* ---- the line of time ---- */

#define PLOT 100u /* height of the picture; the lane is below it */
#define GAP 6u
#define LANE 10u
#define SLOT 10u /* width of a slot */

static void
add_box(struct strbuf *out, size_t from, size_t to, unsigned top, unsigned height)
{
    strbuf_addf(out, "M%zu %uH%zuv%uH%zuz", from * SLOT, top, to * SLOT, height, from * SLOT);
}

/* The stretches of one band as boxes: in the picture when in_lane is false. */
static void
add_boxes(struct strbuf *out, const struct html_timeline *t, size_t band, bool in_lane)
{
    unsigned height = in_lane ? LANE : t->bands[band].height;
    unsigned top = in_lane ? PLOT + GAP : PLOT - height;
    for (size_t i = 0, from = 0; i < t->n; i++) {
        if (t->slots[i].band != band)
            from = i + 1;
        else if (i + 1 == t->n || t->slots[i + 1].band != band)
            add_box(out, from, i + 1, top, height);
    }
}

static bool
occurs(const struct html_timeline *t, size_t band)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->slots[i].band == band)
            return true;
    return false;
}

static void
add_bands(struct strbuf *out, const struct html_timeline *t, bool in_lane)
{
    for (size_t b = 0; b < t->n_bands; b++) {
        if (!occurs(t, b) || (!in_lane && t->bands[b].height == 0))
            continue;
        strbuf_addf(out, "<path class=\"%s %s\" d=\"", in_lane ? "lane" : "band",
                    t->bands[b].css_class);
        add_boxes(out, t, b, in_lane);
        strbuf_adds(out, "\"/>");
    }
}

/* A step for each change of the level. closed: with the way back along the foot, as an area. */
static void
add_line(struct strbuf *out, const struct html_timeline *t, bool closed)
{
    size_t from = 0;
    uint8_t level = 0;
    for (size_t i = 0; i <= t->n; i++) {
        uint8_t next = i < t->n ? t->slots[i].level : 0;
        if (next == level)
            continue;
        if (level == 0) {
            from = i;
            strbuf_addf(out, "M%zu %u", i * SLOT, PLOT - next);
        } else if (next > 0) {
            strbuf_addf(out, "H%zuV%u", i * SLOT, PLOT - next);
        } else {
            strbuf_addf(out, "H%zu", i * SLOT);
            if (closed)
                strbuf_addf(out, "V%uH%zuz", PLOT, from * SLOT);
        }
        level = next;
    }
}

void
html_timeline(struct strbuf *out, const struct html_timeline *t)
{
    strbuf_addf(out,
                "<svg class=\"timeline\" viewBox=\"0 0 %zu %u\" preserveAspectRatio=\"none\" "
                "role=\"img\" aria-labelledby=\"%s-title %s-text\"><title id=\"%s-title\">",
                t->n * SLOT, PLOT + GAP + LANE, t->id, t->id, t->id);
    html_text(out, t->title);
    strbuf_addf(out, "</title><desc id=\"%s-text\">", t->id);
    html_text(out, t->description);
    strbuf_adds(out, "</desc>");
    add_bands(out, t, false);
    strbuf_adds(out, "<path class=\"area\" d=\"");
    add_line(out, t, true);
    strbuf_adds(out, "\"/><path class=\"line\" d=\"");
    add_line(out, t, false);
    strbuf_adds(out, "\"/>");
    add_bands(out, t, true);
    strbuf_adds(out, "</svg>");
}
