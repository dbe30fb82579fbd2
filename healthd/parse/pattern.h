/*
 * pattern.h: a Perl-compatible regular expression that is searched for in what a server sent. What it may cost is bounded, for the
 * search runs on the loop.
 */
#ifndef RR_HEALTHD_PATTERN_H
#define RR_HEALTHD_PATTERN_H

#include <stddef.h>

#include "common/base/err.h"

#define PATTERN_MAX 512 /* bytes */

struct pattern;

enum pattern_found {
    PATTERN_NO,
    PATTERN_YES,
    PATTERN_UNKNOWN, /* it would take more steps or memory than a search may */
};

/* "." stands for any byte, line ends too; "^" and "$" for the beginning and the end of the text. ERR_USAGE: empty, longer than
 * PATTERN_MAX, or no such expression (the reason is PCRE2's). */
MUST_CHECK int pattern_parse(const char *text, struct pattern **ret, struct err *e);
enum pattern_found pattern_search(const struct pattern *p, const char *text, size_t len);
void pattern_free(struct pattern *p); /* NULL allowed */

#endif
