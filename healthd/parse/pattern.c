/* A regular expression over what a server sent. */
#include "healthd/parse/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NESTING_MAX 50
#define STEPS_MAX 1000000 /* 64 KiB with some steps at each byte; tens of milliseconds */
#define MEMORY_MAX 4096   /* KiB */

struct pattern {
    pcre2_code *code;
    pcre2_match_context *bounds;
};

static pcre2_code *
compile(const char *text, struct err *e)
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
    code = pcre2_compile((PCRE2_SPTR)text, strlen(text), PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY, &why,
                         &at, bounds);
    pcre2_compile_context_free(bounds);
    if (!code) {
        pcre2_get_error_message(why, words, sizeof(words));
        err_set(e, ERR_USAGE, "not a valid regular expression: %s (at character %zu)", words, at);
    }
    return code;
}

/* The limit of steps is one of each place where a search begins. With ".*" before it there is one place. */
static pcre2_code *
compile_search(const char *text, struct err *e)
{
    char search[PATTERN_MAX + 16];
    pcre2_code *alone = compile(text, e);
    if (!alone)
        return NULL;
    pcre2_code_free(alone); /* what is not valid by itself could be so within parentheses */
    snprintf(search, sizeof(search), "\\A.*(?:%s)", text);
    return compile(search, e);
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
    pcre2_set_match_limit(p->bounds, STEPS_MAX);
    pcre2_set_heap_limit(p->bounds, MEMORY_MAX);
    *ret = p;
    return 0;
}

enum pattern_found
pattern_search(const struct pattern *p, const char *text, size_t len)
{
    pcre2_match_data *where = pcre2_match_data_create(1, NULL);
    if (!where)
        return PATTERN_UNKNOWN;
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
