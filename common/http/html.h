/*
 * html.h: HTML and SVG onto a strbuf: text with everything escaped, and a line of time as a picture. Looks are the
 * document's own: here are only the names of classes.
 */
#ifndef RR_HTTP_HTML_H
#define RR_HTTP_HTML_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/strbuf.h"

/* Text between tags or within double or single quotes. What is not UTF-8, and control characters, become U+FFFD. */
void html_text(struct strbuf *out, const char *s);

/* A span of time: "45 s", "12 min", "3 h 5 min", "2 d 4 h"; less than nothing is nothing. */
void html_span(struct strbuf *out, int64_t ms);

/* The source of a Content-Security-Policy that allows this style: "'sha256-…'", into buf; returns buf. */
#define HTML_CSP_HASH_MAX 56
MUST_CHECK int html_csp_hash(const char *style, char buf[HTML_CSP_HASH_MAX], struct err *e);

#define HTML_LEVEL_MAX 100

struct html_slot {
    uint8_t band;  /* index into bands */
    uint8_t level; /* height of the line, 1 to HTML_LEVEL_MAX; 0: none */
};

/* Marks a stretch of time: in the class, from the bottom up to `height` hundredths of the picture, 0: nothing. */
struct html_band {
    const char *css_class;
    uint8_t height;
};

struct html_timeline {
    const char *title;       /* what it shows, for those who do not see it */
    const char *description; /* what is to be seen there */
    const char *id;          /* of a part of the document, a word */
    const struct html_band *bands;
    size_t n_bands;
    const struct html_slot *slots; /* the oldest first */
    size_t n;                      /* at most 1000 */
};

/*
 * An <svg class="timeline"> as wide as what holds it: a path of each band that occurs (class "band" and its own), a path
 * of the line (class "line") and the area under it (class "area"). A lane at the foot repeats the bands (class "lane").
 * Neighbours of the same band or level are one stretch, so that a quiet time is short.
 */
void html_timeline(struct strbuf *out, const struct html_timeline *t);

#endif
