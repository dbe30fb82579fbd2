/* A check line: its name, its URL's scheme, and what follows from the keys together. */
#include "healthd/check/checkline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/strbuf.h"
#include "common/base/words.h"
#include "healthd/check/checkline_keys.h"

/* ---- name and URL ---- */

static int
judge_name(const char *name, struct err *e)
{
    static const char *const taken[] = {"status", "service", "version", "timestamp"};
    if (!checkline_is_name(name))
        return err_set(e, ERR_USAGE, "'%.40s' is not a valid name ([a-z][a-z0-9_-]{0,31})",
                       words_showable(name));
    for (size_t i = 0; i < CHECKLINE_COUNT(taken); i++)
        if (strcmp(name, taken[i]) == 0)
            return err_set(
                e, ERR_USAGE,
                "a check cannot be named '%s', because the answers have a key of that name", name);
    return 0;
}

static bool
is_scheme(const struct check_kind *k, const char *known, const char *scheme)
{
    size_t base = k->drivers ? strcspn(scheme, "+") : strlen(scheme); /* postgresql+asyncpg */
    return strncasecmp(scheme, known, base) == 0 && known[base] == '\0';
}

#define SCHEMES_MAX 64

static int
unknown_scheme(const char *scheme, const struct check_kind *const *kinds, struct err *e)
{
    const char *names[SCHEMES_MAX];
    size_t n = 0;
    for (; *kinds; kinds++)
        for (const struct check_scheme *x = (*kinds)->schemes; x->name && n < SCHEMES_MAX; x++)
            names[n++] = x->name;
    return checkline_unknown(e, "scheme", scheme, names, n);
}

/* NULL with *e filled: there is none for this URL. */
static const struct check_kind *
find_kind(const char *url, const struct check_kind *const *kinds, struct err *e)
{
    size_t n = strcspn(url, ":");
    if (url[n] != ':') {
        err_set(e, ERR_USAGE, "the second word is not a URL (expected NAME URL [key value]...)");
        return NULL;
    }
    cleanup_free char *scheme = strndup(url, n);
    if (!scheme) {
        err_nomem(e);
        return NULL;
    }
    for (size_t i = 0; kinds[i]; i++)
        for (const struct check_scheme *x = kinds[i]->schemes; x->name; x++)
            if (is_scheme(kinds[i], x->name, scheme))
                return kinds[i];
    unknown_scheme(scheme, kinds, e);
    return NULL;
}

/* ---- a specification ---- */

static int
add_own(struct check_spec *s)
{
    if (s->kind->own_size == 0)
        return 0;
    s->own = calloc(1, s->kind->own_size);
    if (s->own && s->kind->own_default)
        memcpy(s->own, s->kind->own_default, s->kind->own_size);
    return s->own ? 0 : -1;
}

int
check_spec_default(const char *name, const struct check_kind *kind, struct check_spec *ret,
                   struct err *e)
{
    *ret = (struct check_spec){
        .kind = kind,
        .each = kind->each,
        .every_ms = 2000,
        .timeout_ms = 1000,
        .rules = {.rise = 1, .fall = 1, .fall_timeout = 2, .stale_ms = 7000},
        .word_up = strdup("connected"),
        .word_down = strdup("disconnected"),
    };
    snprintf(ret->name, sizeof(ret->name), "%s", name);
    if (!ret->word_up || !ret->word_down || add_own(ret) < 0 ||
        checkline_add_group(ret, "ready", 5, e) < 0) {
        check_spec_done(ret);
        return err_nomem(e);
    }
    return 0;
}

void
check_spec_done(struct check_spec *s)
{
    checkline_clear_groups(s);
    if (s->own && s->kind->own_done)
        s->kind->own_done(s->own);
    free(s->own);
    free(s->url);
    free(s->line);
    free(s->word_up);
    free(s->word_down);
    *s = (struct check_spec){0};
}

bool
check_spec_in_group(const struct check_spec *s, const char *group)
{
    for (size_t i = 0; i < s->n_groups; i++)
        if (strcmp(s->groups[i], group) == 0)
            return true;
    return false;
}

bool
check_spec_same(const struct check_spec *a, const struct check_spec *b)
{
    if (a->line || b->line)
        return a->line && b->line && strcmp(a->line, b->line) == 0;
    return strcmp(a->name, b->name) == 0;
}

/* An up is renewed by each look, a little after `every` at the latest: a verdict that ages faster would come and go. */
static int
judge_stale(const struct check_spec *s, struct err *e)
{
    char stale[CLOCK_DURATION_MAX];
    char every[CLOCK_DURATION_MAX];
    if (s->every_ms > 0 && s->rules.stale_ms > s->every_ms)
        return 0;
    clock_format_duration(stale, s->rules.stale_ms);
    if (s->every_ms == 0)
        return err_set(
            e, ERR_USAGE,
            "stale %s cannot be combined with every 0, because nothing renews the result", stale);
    return err_set(e, ERR_USAGE,
                   "stale %s is not longer than every %s: a result would be unknown before the "
                   "next check",
                   stale, clock_format_duration(every, s->every_ms));
}

/* What the keys leave open, or follows from them. */
static int
complete(struct check_spec *s, struct err *e)
{
    if (s->every_ms == 0)
        s->each = true; /* a session would keep awake what is to be left to sleep */
    if (s->rules.stale_ms > 0) {
        if (judge_stale(s, e) < 0)
            return -1;
    } else {
        s->rules.stale_ms = s->every_ms == 0 ? CLOCK_NEVER : 3 * s->every_ms + s->timeout_ms;
    }
    return s->kind->judge ? s->kind->judge(s, e) : 0;
}

static int
parse_keys(const char *at, const char *url, const struct check_kind *const *kinds,
           struct check_spec *s, struct err *e)
{
    size_t n = strlen(url);
    s->rules.stale_ms = 0;
    if (checkline_keys(at, kinds, s, e) < 0)
        return -1;
    if (!s->kind->found_name || n < 3 || strcmp(url + n - 3, "://") != 0) {
        s->url = strdup(url);
        if (!s->url)
            return err_nomem(e);
    }
    return complete(s, e);
}

static int
parse_named(const char *name, const char *url, const char *at,
            const struct check_kind *const *kinds, struct check_spec *ret, struct err *e)
{
    if (judge_name(name, e) < 0)
        return -1;
    const struct check_kind *kind = find_kind(url, kinds, e);
    if (!kind || check_spec_default(name, kind, ret, e) < 0)
        return -1;
    if (parse_keys(at, url, kinds, ret, e) == 0)
        return 0;
    check_spec_done(ret);
    return -1;
}

int
checkline_parse(const char *line, const struct check_kind *const *kinds, struct check_spec *ret,
                struct err *e)
{
    cleanup_free char *name = NULL;
    cleanup_free char *url = NULL;
    const char *at = line;
    if (checkline_word(&at, &name, e) < 0 || checkline_word(&at, &url, e) < 0)
        return -1;
    if (!name || !url)
        return err_set(e, ERR_USAGE, "expected NAME URL [key value]...");
    if (parse_named(name, url, at, kinds, ret, e) < 0)
        return err_wrap(e, "check '%.40s'", words_showable(name));
    ret->line = strdup(line);
    if (ret->line)
        return 0;
    check_spec_done(ret); /* uncovered: no test takes memory away */
    return err_nomem(e);  /* uncovered: the same */
}
