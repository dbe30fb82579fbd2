/* A regular expression over what a server sent. */
#include "healthd/parse/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NESTING_MAX 50
#define COST_MAX 1000000 /* tens of milliseconds */
#define MEMORY_MAX 4096  /* KiB */

struct pattern {
    pcre2_code *code;
    pcre2_match_context *bounds;
};

static pcre2_code *
compile(const char *text, uint32_t more, struct err *e)
{
    int why = 0;
    PCRE2_SIZE at = 0;
    unsigned char words[128] = "";
    pcre2_compile_context *bounds = pcre2_compile_context_create(NULL);
    pcre2_code *code = NULL;
    if (!bounds) {
        err_nomem(e);
        return NULL;
    }
    pcre2_set_parens_nest_limit(bounds, NESTING_MAX);
    code = pcre2_compile((PCRE2_SPTR)text, strlen(text), PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY | more,
                         &why, &at, bounds);
    pcre2_compile_context_free(bounds);
    if (!code) {
        pcre2_get_error_message(why, words, sizeof(words));
        err_set(e, ERR_USAGE, "not a valid regular expression: %s (at character %zu)", words, at);
    }
    return code;
}

/* With ".*?" before it there is one place where it begins, and one search that is counted. */
static pcre2_code *
compile_search(const char *text, struct err *e)
{
    char search[PATTERN_MAX + 16];
    pcre2_code *alone = compile(text, 0, e);
    if (!alone)
        return NULL;
    pcre2_code_free(alone); /* what is not valid by itself could be so within parentheses */
    snprintf(search, sizeof(search), "\\A.*?(?:%s)", text);
    return compile(search, PCRE2_AUTO_CALLOUT, e);
}

int
pattern_parse(const char *text, struct pattern **ret, struct err *e)
{
    *ret = NULL;
    if (text[0] == '\0' || strlen(text) > PATTERN_MAX)
        return err_set(e, ERR_USAGE, "the expression is empty or longer than %d bytes",
                       PATTERN_MAX);
    struct pattern *p = calloc(1, sizeof(*p));
    if (!p)
        return err_nomem(e);
    p->code = compile_search(text, e);
    p->bounds = p->code ? pcre2_match_context_create(NULL) : NULL;
    if (!p->bounds) {
        bool compiled = p->code;
        pattern_free(p);
        return compiled ? err_nomem(e) : -1;
    }
    pcre2_set_heap_limit(p->bounds, MEMORY_MAX);
    *ret = p;
    return 0;
}

struct cost {
    uint64_t spent;
    size_t at;
};

/* Before each item of the expression. PCRE2's own limit counts neither how far an item reaches nor what cannot be taken back
 * ("[0-9]+", "x++"), which from each place of a long text is a scan of all that follows. */
static int
on_item(pcre2_callout_block *item, void *arg)
{
    struct cost *cost = arg;
    size_t from = cost->at;
    cost->at = item->current_position;
    cost->spent += 1 + (cost->at > from ? cost->at - from : 0) / 64;
    return cost->spent > COST_MAX ? PCRE2_ERROR_CALLOUT : 0;
}

enum pattern_found
pattern_search(const struct pattern *p, const char *text, size_t len)
{
    struct cost cost = {0};
    pcre2_match_data *where = pcre2_match_data_create(1, NULL);
    if (!where)
        return PATTERN_UNKNOWN;
    pcre2_set_callout(p->bounds, on_item, &cost);
    int rc = pcre2_match(p->code, (PCRE2_SPTR)text, len, 0, 0, where, p->bounds);
    pcre2_match_data_free(where);
    return rc >= 0 ? PATTERN_YES : rc == PCRE2_ERROR_NOMATCH ? PATTERN_NO : PATTERN_UNKNOWN;
}

void
pattern_free(struct pattern *p)
{
    if (!p)
        return;
    pcre2_match_context_free(p->bounds);
    pcre2_code_free(p->code);
    free(p);
}
