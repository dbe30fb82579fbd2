#include "healthd/check/checkline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/words.h"
#include "healthd/check/checkline_keys.h"

/* ---- name and URL ---- */

static int
parse_name(const char *name, struct check_spec *s, struct err *e)
{
    static const char *const taken[] = {"status", "service", "version", "timestamp"};
    if (!checkline_is_name(name))
        return err_set(e, ERR_USAGE, "'%.40s' is not a name: [a-z][a-z0-9_-]{0,31}",
                       words_showable(name));
    for (size_t i = 0; i < CHECKLINE_COUNT(taken); i++)
        if (strcmp(name, taken[i]) == 0)
            return err_set(e, ERR_USAGE,
                           "a check cannot be called '%s', the answers have a key of that name",
                           name);
    snprintf(s->name, sizeof(s->name), "%s", name);
    return 0;
}

const struct checkline_scheme checkline_schemes[] = {
    {"postgres", CHECK_POSTGRES, ""},  {"postgresql", CHECK_POSTGRES, ""},
    {"redis", CHECK_REDIS, ""},        {"rediss", CHECK_REDIS, " (over TLS)"},
    {"unix", CHECK_REDIS, " (Redis)"}, {"tcp", CHECK_TCP, ""},
    {"http", CHECK_HTTP, ""},          {"https", CHECK_HTTP, ""},
    {NULL, CHECK_POSTGRES, NULL},
};

static int
parse_scheme(const char *url, enum check_kind *ret, struct err *e)
{
    static const char *const later[] = {"tls", "fcgi", "file", "disk"};
    const struct checkline_scheme *known = checkline_schemes;
    const char *names[CHECKLINE_COUNT(checkline_schemes)];
    size_t n = strcspn(url, ":");
    if (url[n] != ':')
        return err_set(e, ERR_USAGE, "the second word is not a URL (NAME URL [key value]...)");
    cleanup_free char *scheme = strndup(url, n);
    if (!scheme)
        return err_nomem(e);
    size_t base = strcspn(scheme, "+"); /* postgresql+asyncpg */
    size_t n_known = 0;
    for (size_t i = 0; known[i].scheme; i++) {
        names[n_known++] = known[i].scheme;
        bool same =
            strncasecmp(scheme, known[i].scheme, base) == 0 && known[i].scheme[base] == '\0';
        if (same && (scheme[base] == '\0' || known[i].kind == CHECK_POSTGRES)) {
            *ret = known[i].kind;
            return 0;
        }
    }
    for (size_t i = 0; i < CHECKLINE_COUNT(later); i++)
        if (strcasecmp(scheme, later[i]) == 0)
            return err_set(
                e, ERR_USAGE,
                "%s: is not yet handled in this version (postgres://, redis://, tcp:// and http:// are)",
                scheme);
    return checkline_unknown(e, "scheme", scheme, names, n_known);
}

int
check_spec_default(const char *name, enum check_kind kind, struct check_spec *ret, struct err *e)
{
    *ret = (struct check_spec){
        .kind = kind,
        .status_from = 200,
        .status_to = 399,
        .every_ms = 2000,
        .timeout_ms = 1000,
        .rules = {.rise = 1, .fall = 1, .fall_timeout = 2, .stale_ms = 7000},
        .word_up = strdup("connected"),
        .word_down = strdup("disconnected"),
    };
    snprintf(ret->name, sizeof(ret->name), "%s", name);
    if (!ret->word_up || !ret->word_down || checkline_add_group(ret, "ready", 5, e) < 0) {
        check_spec_done(ret);
        return err_nomem(e);
    }
    return 0;
}

void
check_spec_done(struct check_spec *s)
{
    checkline_clear_groups(s);
    free(s->url);
    free(s->query);
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
        return err_set(e, ERR_USAGE, "stale %s: with every 0 nothing renews an up, it cannot age",
                       stale);
    return err_set(e, ERR_USAGE,
                   "stale %s is not longer than every %s: an up would be unknown before the next "
                   "look",
                   stale, clock_format_duration(every, s->every_ms));
}

static int
parse_into(const char *line, struct check_spec *s, struct err *e)
{
    cleanup_free char *name = NULL;
    cleanup_free char *url = NULL;
    struct checkline_parse p = {.spec = s, .e = e};
    if (checkline_word(&line, &name, e) < 0 || checkline_word(&line, &url, e) < 0)
        return -1;
    if (!name || !url)
        return err_set(e, ERR_USAGE, "a check is NAME URL [key value]...");
    if (parse_name(name, s, e) < 0 || parse_scheme(url, &s->kind, e) < 0 ||
        checkline_keys(&p, line) < 0)
        return name ? err_wrap(e, "check '%.40s'", words_showable(name)) : -1;
    size_t n = strlen(url);
    bool from_environment = s->kind == CHECK_POSTGRES || s->kind == CHECK_REDIS;
    if (!from_environment || n < 3 || strcmp(url + n - 3, "://") != 0)
        s->url = steal_ptr(&url);
    /* An application may spend one worker on each connection: it is not held without being asked. */
    if (s->kind == CHECK_TCP && !p.connection_given)
        s->each = true;
    if (s->every_ms == 0)
        s->each = true; /* a session would keep awake what is to be left to sleep */
    if (p.stale_given)
        return judge_stale(s, e) == 0 ? 0 : err_wrap(e, "check '%s'", s->name);
    s->rules.stale_ms = s->every_ms == 0 ? CLOCK_NEVER : 3 * s->every_ms + s->timeout_ms;
    return 0;
}

int
checkline_parse(const char *line, struct check_spec *ret, struct err *e)
{
    struct check_spec s;
    if (check_spec_default("", CHECK_POSTGRES, &s, e) < 0)
        return -1;
    if (parse_into(line, &s, e) < 0) {
        check_spec_done(&s);
        return -1;
    }
    *ret = s;
    return 0;
}
