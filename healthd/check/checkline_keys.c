/* Words, values and keys of a check line. */
#include "healthd/check/checkline_keys.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/words.h"
#include "common/base/strbuf.h"

/* ---- words ---- */

/* The next word of *at into *ret (owned, NULL at the end of the line). */
int
checkline_word(const char **at, char **ret, struct err *e)
{
    const char *p = *at;
    while (*p == ' ' || *p == '\t')
        p++;
    *ret = NULL;
    if (*p == '\0') {
        *at = p;
        return 0;
    }
    cleanup_strbuf struct strbuf word = STRBUF_INIT;
    strbuf_add(&word, "", 0);
    char quote = *p == '"' || *p == '\'' ? *p++ : '\0';
    while (*p != '\0' && (quote != '\0' || (*p != ' ' && *p != '\t'))) {
        if (quote != '\0' && *p == quote && *++p != quote)
            break;
        strbuf_addc(&word, *p++);
    }
    if (quote != '\0' && (p[-1] != quote || (*p != '\0' && *p != ' ' && *p != '\t')))
        return err_set(e, ERR_USAGE, "a quoted word has no closing quote");
    *at = p;
    *ret = strbuf_steal(&word);
    return *ret ? 0 : err_nomem(e);
}

/* "unknown key 'x'; did you mean 'y'?" or "unknown key 'x'; must be one of: a, b" */
int
checkline_unknown(struct err *e, const char *what, const char *word, const char *const *known,
                  size_t n)
{
    const char *near = words_nearest(word, known, n, NULL);
    if (near)
        return err_set(e, ERR_USAGE, "unknown %s '%.40s'; did you mean '%s'?", what,
                       words_showable(word), near);
    cleanup_strbuf struct strbuf all = STRBUF_INIT;
    for (size_t i = 0; i < n; i++)
        strbuf_addf(&all, "%s%s", i > 0 ? ", " : "", known[i]);
    return err_set(e, ERR_USAGE, "unknown %s '%.40s'; must be one of: %s", what,
                   words_showable(word), strbuf_str(&all));
}

bool
checkline_is_name(const char *s)
{
    size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_-");
    return n > 0 && n <= CHECK_NAME_MAX && s[n] == '\0' && s[0] >= 'a' && s[0] <= 'z';
}

/* ---- values ---- */

static int
parse_duration(const char *value, uint64_t least_ms, uint64_t *ret, struct err *e)
{
    uint64_t ms = 0;
    if (clock_parse_duration(value, &ms, e) < 0)
        return -1;
    if (ms < least_ms || ms > 86400000u)
        return err_set(e, ERR_USAGE, "'%s' is not between %llums and 24h", value,
                       (unsigned long long)least_ms);
    *ret = ms;
    return 0;
}

static int
parse_count(const char *value, unsigned *ret, struct err *e)
{
    char *end = NULL;
    unsigned long n = value[0] >= '0' && value[0] <= '9' ? strtoul(value, &end, 10) : 0;
    if (n < 1 || n > 100 || *end != '\0')
        return err_set(e, ERR_USAGE, "'%.40s' is not a number from 1 to 100", value);
    *ret = (unsigned)n;
    return 0;
}

int
checkline_choice(const char *what, const char *value, const char *const *known, size_t n,
                 size_t *ret, struct err *e)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(value, known[i]) == 0) {
            *ret = i;
            return 0;
        }
    }
    return checkline_unknown(e, what, value, known, n);
}

int
checkline_on_full(struct check_spec *s, const char *value, struct err *e)
{
    static const char *const known[] = {"degraded", "down"};
    size_t i = 0;
    if (checkline_choice("value of on-full", value, known, CHECKLINE_COUNT(known), &i, e) < 0)
        return -1;
    s->rules.on_full_down = i == 1;
    return 0;
}

static int
key_every(struct check_spec *s, const char *value, struct err *e)
{
    if (strcmp(value, "0") == 0) {
        s->every_ms = 0;
        return 0;
    }
    return parse_duration(value, 100, &s->every_ms, e);
}

static int
key_timeout(struct check_spec *s, const char *value, struct err *e)
{
    return parse_duration(value, 10, &s->timeout_ms, e);
}

static int
key_after(struct check_spec *s, const char *value, struct err *e)
{
    return parse_duration(value, 0, &s->after_ms, e);
}

static int
key_stale(struct check_spec *s, const char *value, struct err *e)
{
    return parse_duration(value, 100, &s->rules.stale_ms, e);
}

static int
key_rise(struct check_spec *s, const char *value, struct err *e)
{
    return parse_count(value, &s->rules.rise, e);
}

static int
key_fall(struct check_spec *s, const char *value, struct err *e)
{
    if (parse_count(value, &s->rules.fall, e) < 0)
        return -1;
    s->rules.fall_timeout = s->rules.fall;
    return 0;
}

static int
key_connection(struct check_spec *s, const char *value, struct err *e)
{
    static const char *const known[] = {"keep", "each"};
    size_t i = 0;
    if (checkline_choice("connection", value, known, CHECKLINE_COUNT(known), &i, e) < 0)
        return -1;
    s->each = i == 1;
    return 0;
}

static int
key_shared(struct check_spec *s, const char *value, struct err *e)
{
    if (strncmp(value, "degrade=", 8) != 0)
        return err_set(e, ERR_USAGE, "'%.40s' does not have the form degrade=DURATION", value);
    return parse_duration(value + 8, 1, &s->rules.shared_ms, e);
}

void
checkline_clear_groups(struct check_spec *s)
{
    for (size_t i = 0; i < s->n_groups; i++)
        free(s->groups[i]);
    s->n_groups = 0;
}

int
checkline_add_group(struct check_spec *s, const char *name, size_t len, struct err *e)
{
    cleanup_free char *group = strndup(name, len);
    if (!group)
        return err_nomem(e);
    if (!checkline_is_name(group))
        return err_set(e, ERR_USAGE, "'%.40s' is not a valid group name ([a-z][a-z0-9_-]{0,31})",
                       group);
    if (strcmp(group, "check") == 0)
        return err_set(e, ERR_USAGE, "a group cannot be named 'check'");
    if (check_spec_in_group(s, group))
        return err_set(e, ERR_USAGE, "the group '%s' is given twice", group);
    if (s->n_groups == CHECK_GROUPS_MAX)
        return err_set(e, ERR_USAGE, "more than %d groups", CHECK_GROUPS_MAX);
    s->groups[s->n_groups++] = steal_ptr(&group);
    return 0;
}

static int
key_groups(struct check_spec *s, const char *value, struct err *e)
{
    checkline_clear_groups(s);
    for (const char *at = value;; at++) {
        size_t n = strcspn(at, ",");
        if (checkline_add_group(s, at, n, e) < 0)
            return -1;
        at += n;
        if (*at == '\0')
            return 0;
    }
}

/* What may stand in a public answer without escaping or surprise. */
static bool
is_word(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)s[i] < 0x21 || (unsigned char)s[i] > 0x7e || s[i] == '"' || s[i] == '\\')
            return false;
    return len > 0 && len <= 64;
}

static int
key_words(struct check_spec *s, const char *value, struct err *e)
{
    const char *comma = strchr(value, ',');
    if (!comma || !is_word(value, (size_t)(comma - value)) ||
        !is_word(comma + 1, strlen(comma + 1)) || strchr(comma + 1, ','))
        return err_set(e, ERR_USAGE, "'%.80s' does not have the form UP,DOWN", value);
    free(s->word_up);
    free(s->word_down);
    s->word_up = strndup(value, (size_t)(comma - value));
    s->word_down = strdup(comma + 1);
    return s->word_up && s->word_down ? 0 : err_nomem(e);
}

static int
key_optional(struct check_spec *s, const char *value, struct err *e)
{
    (void)value;
    (void)e;
    s->rules.optional = true;
    return 0;
}

/* ---- keys ---- */

const struct check_key checkline_common_keys[] = {
    {"every", "DURATION",
     "interval from one start to the next (2s); 0: at startup, and while another check is down",
     key_every},
    {"timeout", "DURATION", "limit for one check, from resolving the name to the response (1s)",
     key_timeout},
    {"rise", "N", "successes in a row until the check is up (1)", key_rise},
    {"fall", "N", "failures in a row until the check is down (1; for timeouts 2)", key_fall},
    {"stale", "DURATION",
     "age at which an up result becomes unknown; longer than every (3 x every + timeout)",
     key_stale},
    {"groups", "NAME,...",
     "groups the check belongs to: ready, startup, live or a name of your own (ready)", key_groups},
    {"optional", NULL, "a failure makes the check degraded and never causes a 503", key_optional},
    {"after", "DURATION", "wait before the first check (0)", key_after},
    {"words", "UP,DOWN", "the words that responses use for up and down (connected,disconnected)",
     key_words},
    {"connection", "keep|each",
     "keep one session open and watch it, or log in for each check (keep, unless stated otherwise)",
     key_connection},
    {"shared", "degrade=DURATION",
     "for a dependency that all replicas share: degraded instead of down for this long",
     key_shared},
    {NULL, NULL, NULL, NULL},
};

#define COMMON_KEYS (CHECKLINE_COUNT(checkline_common_keys) - 1)
#define KEYS_MAX 64u

static const struct check_key *
find_own(const struct check_kind *kind, const char *word)
{
    for (const struct check_key *k = kind->keys; k && k->name; k++)
        if (strcmp(word, k->name) == 0)
            return k;
    return NULL;
}

void
checkline_add_kinds(struct strbuf *out, const struct check_kind *const *kinds, const char *key)
{
    cleanup_strbuf struct strbuf last = STRBUF_INIT;
    size_t n = 0;
    for (; *kinds; kinds++)
        for (const struct check_scheme *x = (*kinds)->schemes; x->name; x++) {
            if (x->other || (key && !find_own(*kinds, key)))
                continue;
            if (last.len > 0)
                strbuf_addf(out, "%s%s", n++ > 0 ? ", " : "", strbuf_str(&last));
            strbuf_done(&last);
            strbuf_addf(&last, "%s:%s", x->name, (*kinds)->path ? "" : "//");
        }
    if (last.len > 0)
        strbuf_addf(out, "%s%s", n > 0 ? " and " : "", strbuf_str(&last));
}

static int
unknown_key(const char *word, const struct check_kind *const *kinds, const struct check_kind *kind,
            struct err *e)
{
    const char *known[KEYS_MAX];
    size_t n = 0;
    cleanup_strbuf struct strbuf owners = STRBUF_INIT;
    checkline_add_kinds(&owners, kinds, word);
    if (owners.len > 0)
        return err_set(e, ERR_USAGE, "'%s' is only allowed for %s", word, strbuf_str(&owners));
    for (; n < COMMON_KEYS; n++)
        known[n] = checkline_common_keys[n].name;
    for (const struct check_key *k = kind->keys; k && k->name && n < KEYS_MAX; k++)
        known[n++] = k->name;
    return checkline_unknown(e, "key", word, known, n);
}

static const struct check_key *
find_key(const struct check_kind *kind, const char *word)
{
    for (size_t i = 0; i < COMMON_KEYS; i++)
        if (strcmp(word, checkline_common_keys[i].name) == 0)
            return &checkline_common_keys[i];
    return find_own(kind, word);
}

static bool
may_repeat(const struct check_kind *kind, const char *word)
{
    for (size_t i = 0; kind->again && kind->again[i]; i++)
        if (strcmp(word, kind->again[i]) == 0)
            return true;
    return false;
}

/* True when the key was given before; notes it. */
static bool
is_again(const struct check_key **given, size_t *n, const struct check_key *key)
{
    for (size_t i = 0; i < *n; i++)
        if (given[i] == key)
            return true;
    if (*n < KEYS_MAX)
        given[(*n)++] = key;
    return false;
}

static int
parse_value(const struct check_key *key, const char **at, struct check_spec *s, struct err *e)
{
    cleanup_free char *value = NULL;
    if (key->value && checkline_word(at, &value, e) < 0)
        return -1;
    if (key->value && !value)
        return err_set(e, ERR_USAGE, "'%s' has no value", key->name);
    if (key->parse(s, value, e) == 0)
        return 0;
    if (value && strstr(value, "://") && e->code == ERR_USAGE)
        err_set(e, ERR_USAGE, "a URL is not a valid value");
    return err_wrap(e, "%s", key->name);
}

int
checkline_keys(const char *at, const struct check_kind *const *kinds, struct check_spec *s,
               struct err *e)
{
    const struct check_key *given[KEYS_MAX];
    size_t n = 0;
    for (;;) {
        cleanup_free char *word = NULL;
        if (checkline_word(&at, &word, e) < 0)
            return -1;
        if (!word)
            return 0;
        const struct check_key *key = find_key(s->kind, word);
        if (!key)
            return unknown_key(word, kinds, s->kind, e);
        if (!may_repeat(s->kind, word) && is_again(given, &n, key))
            return err_set(e, ERR_USAGE, "'%s' is given twice", word);
        if (parse_value(key, &at, s, e) < 0)
            return -1;
    }
}
