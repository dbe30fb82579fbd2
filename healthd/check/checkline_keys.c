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
        return err_set(e, ERR_USAGE, "a quoted word does not end with its quote");
    *at = p;
    *ret = strbuf_steal(&word);
    return *ret ? 0 : err_nomem(e);
}

/* "; did you mean 'x'?" or "; known are: a, b" */
int
checkline_unknown(struct err *e, const char *what, const char *word, const char *const *known,
                  size_t n)
{
    const char *near = words_nearest(word, known, n, NULL);
    if (near)
        return err_set(e, ERR_USAGE, "unknown %s '%.40s', did you mean '%s'?", what,
                       words_showable(word), near);
    cleanup_strbuf struct strbuf all = STRBUF_INIT;
    for (size_t i = 0; i < n; i++)
        strbuf_addf(&all, "%s%s", i > 0 ? ", " : "", known[i]);
    return err_set(e, ERR_USAGE, "unknown %s '%.40s', known are: %s", what, words_showable(word),
                   strbuf_str(&all));
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

static int
parse_choice(const char *what, const char *value, const char *const *known, size_t n, size_t *ret,
             struct err *e)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(value, known[i]) == 0) {
            *ret = i;
            return 0;
        }
    }
    return checkline_unknown(e, what, value, known, n);
}

static int
key_every(struct checkline_parse *p, const char *value)
{
    if (strcmp(value, "0") == 0) {
        p->spec->every_ms = 0;
        return 0;
    }
    return parse_duration(value, 100, &p->spec->every_ms, p->e);
}

static int
key_timeout(struct checkline_parse *p, const char *value)
{
    return parse_duration(value, 10, &p->spec->timeout_ms, p->e);
}

static int
key_after(struct checkline_parse *p, const char *value)
{
    return parse_duration(value, 0, &p->spec->after_ms, p->e);
}

static int
key_stale(struct checkline_parse *p, const char *value)
{
    p->stale_given = true;
    return parse_duration(value, 100, &p->spec->rules.stale_ms, p->e);
}

static int
key_rise(struct checkline_parse *p, const char *value)
{
    return parse_count(value, &p->spec->rules.rise, p->e);
}

static int
key_fall(struct checkline_parse *p, const char *value)
{
    if (parse_count(value, &p->spec->rules.fall, p->e) < 0)
        return -1;
    p->spec->rules.fall_timeout = p->spec->rules.fall;
    return 0;
}

static int
key_query(struct checkline_parse *p, const char *value)
{
    if (value[0] == '\0')
        return err_set(p->e, ERR_USAGE, "the query is empty");
    p->spec->query = strdup(value);
    return p->spec->query ? 0 : err_nomem(p->e);
}

static int
key_role(struct checkline_parse *p, const char *value)
{
    static const char *const pg[] = {"any", "primary", "standby"};
    static const char *const redis[] = {"any", "master", "replica"};
    size_t i = 0;
    if (parse_choice("role", value, p->spec->kind == CHECK_REDIS ? redis : pg, 3, &i, p->e) < 0)
        return -1;
    p->spec->role = (enum check_role)i;
    return 0;
}

/* Three digits. */
static bool
take_status(const char **at, unsigned *ret)
{
    const char *p = *at;
    for (int i = 0; i < 3; i++)
        if (p[i] < '0' || p[i] > '9')
            return false;
    *ret = (unsigned)(100 * (p[0] - '0') + 10 * (p[1] - '0') + (p[2] - '0'));
    *at = p + 3;
    return *ret >= 100 && *ret <= 599;
}

static int
key_status(struct checkline_parse *p, const char *value)
{
    const char *at = value;
    unsigned from = 0;
    bool good = take_status(&at, &from);
    unsigned to = from;
    if (good && *at == '-') {
        at++;
        good = take_status(&at, &to);
    }
    if (!good || *at != '\0' || to < from)
        return err_set(p->e, ERR_USAGE, "'%.40s' is neither a status (204) nor a range (200-399)",
                       words_showable(value));
    p->spec->status_from = from;
    p->spec->status_to = to;
    return 0;
}

static int
key_connection(struct checkline_parse *p, const char *value)
{
    static const char *const known[] = {"keep", "each"};
    size_t i = 0;
    if (parse_choice("connection", value, known, CHECKLINE_COUNT(known), &i, p->e) < 0)
        return -1;
    p->spec->each = i == 1;
    p->connection_given = true;
    return 0;
}

static int
key_on_full(struct checkline_parse *p, const char *value)
{
    static const char *const known[] = {"degraded", "down"};
    size_t i = 0;
    if (parse_choice("value of on-full", value, known, CHECKLINE_COUNT(known), &i, p->e) < 0)
        return -1;
    p->spec->rules.on_full_down = i == 1;
    return 0;
}

static int
key_shared(struct checkline_parse *p, const char *value)
{
    if (strncmp(value, "degrade=", 8) != 0)
        return err_set(p->e, ERR_USAGE, "'%.40s' is not degrade=DURATION", value);
    return parse_duration(value + 8, 1, &p->spec->rules.shared_ms, p->e);
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
        return err_set(e, ERR_USAGE, "'%.40s' is not a group: [a-z][a-z0-9_-]{0,31}", group);
    if (strcmp(group, "check") == 0)
        return err_set(e, ERR_USAGE, "a group cannot be called 'check'");
    if (check_spec_in_group(s, group))
        return err_set(e, ERR_USAGE, "the group '%s' is named twice", group);
    if (s->n_groups == CHECK_GROUPS_MAX)
        return err_set(e, ERR_USAGE, "more than %d groups", CHECK_GROUPS_MAX);
    s->groups[s->n_groups++] = steal_ptr(&group);
    return 0;
}

static int
key_groups(struct checkline_parse *p, const char *value)
{
    checkline_clear_groups(p->spec);
    for (const char *at = value;; at++) {
        size_t n = strcspn(at, ",");
        if (checkline_add_group(p->spec, at, n, p->e) < 0)
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
key_words(struct checkline_parse *p, const char *value)
{
    const char *comma = strchr(value, ',');
    if (!comma || !is_word(value, (size_t)(comma - value)) ||
        !is_word(comma + 1, strlen(comma + 1)) || strchr(comma + 1, ','))
        return err_set(p->e, ERR_USAGE, "'%.80s' is not UP,DOWN", value);
    free(p->spec->word_up);
    free(p->spec->word_down);
    p->spec->word_up = strndup(value, (size_t)(comma - value));
    p->spec->word_down = strdup(comma + 1);
    return p->spec->word_up && p->spec->word_down ? 0 : err_nomem(p->e);
}

/* ---- keys ---- */

const struct checkline_key_doc checkline_key_docs[] = {
    {"every DURATION",
     "from one start to the next (2s); 0: at start, and while another check is down"},
    {"timeout DURATION", "for one check, from resolving the name to the answer (1s)"},
    {"rise N", "good results in a row until it is up (1)"},
    {"fall N", "bad results in a row until it is down (1; for time-outs 2)"},
    {"stale DURATION",
     "age at which an up becomes unknown; longer than every (3 x every + timeout)"},
    {"groups NAME,...", "where it counts: ready, startup, live or a name of your own (ready)"},
    {"optional", "its failure is degraded, never a 503"},
    {"after DURATION", "wait before the first check (0)"},
    {"words UP,DOWN", "what the answers call it (connected,disconnected)"},
    {"connection keep|each", "one watched session, or a login for each check (keep; tcp://: each)"},
    {"shared degrade=DURATION",
     "a dependency that all replicas share: degraded, not down, for so long"},
    {"role ROLE", "primary or standby, of Redis master or replica (any)"},
    {"status FROM-TO",
     "HTTP: what is healthy; redirects are not followed (200-399, as a kubelet's)"},
    {"query SQL",
     "PostgreSQL: instead of SELECT 1; has to return a row whose first column is neither NULL "
     "nor false"},
    {"on-full degraded|down",
     "PostgreSQL: what no free slot (53300) is while the own session answers (degraded)"},
    {NULL, NULL},
};

#define FOR(kind) (1u << (kind))
#define FOR_POSTGRES FOR(CHECK_POSTGRES)
#define FOR_DATABASES (FOR(CHECK_POSTGRES) | FOR(CHECK_REDIS))
#define FOR_HTTP FOR(CHECK_HTTP)
#define FOR_ALL ~0u

static const struct key {
    const char *name;
    int (*parse)(struct checkline_parse *p, const char *value); /* NULL: a flag without value */
    unsigned kinds;
} keys[] = {
    {"every", key_every, FOR_ALL},
    {"timeout", key_timeout, FOR_ALL},
    {"rise", key_rise, FOR_ALL},
    {"fall", key_fall, FOR_ALL},
    {"stale", key_stale, FOR_ALL},
    {"groups", key_groups, FOR_ALL},
    {"optional", NULL, FOR_ALL},
    {"after", key_after, FOR_ALL},
    {"words", key_words, FOR_ALL},
    {"connection", key_connection, FOR_ALL},
    {"shared", key_shared, FOR_ALL},
    {"role", key_role, FOR_DATABASES},
    {"status", key_status, FOR_HTTP},
    {"query", key_query, FOR_POSTGRES},
    {"on-full", key_on_full, FOR_POSTGRES},
};

static const char *
kinds_text(unsigned kinds)
{
    return kinds == FOR_POSTGRES ? "postgres://"
           : kinds == FOR_HTTP   ? "http:// and https://"
                                 : "postgres:// and redis://";
}

static int
find_key(const struct checkline_parse *p, const char *word, size_t *ret)
{
    const char *known[CHECKLINE_COUNT(keys)];
    for (size_t i = 0; i < CHECKLINE_COUNT(keys); i++) {
        known[i] = keys[i].name;
        if (strcmp(word, keys[i].name) == 0) {
            *ret = i;
            if (!(keys[i].kinds & FOR(p->spec->kind)))
                return err_set(p->e, ERR_USAGE, "'%s' is for %s alone", word,
                               kinds_text(keys[i].kinds));
            return 0;
        }
    }
    return checkline_unknown(p->e, "key", word, known, CHECKLINE_COUNT(keys));
}

int
checkline_keys(struct checkline_parse *p, const char *at)
{
    bool given[CHECKLINE_COUNT(keys)] = {false};
    for (;;) {
        cleanup_free char *word = NULL;
        cleanup_free char *value = NULL;
        size_t i = 0;
        if (checkline_word(&at, &word, p->e) < 0)
            return -1;
        if (!word)
            return 0;
        if (find_key(p, word, &i) < 0)
            return -1;
        if (given[i])
            return err_set(p->e, ERR_USAGE, "'%s' is given twice", word);
        given[i] = true;
        if (!keys[i].parse) {
            p->spec->rules.optional = true;
            continue;
        }
        if (checkline_word(&at, &value, p->e) < 0)
            return -1;
        if (!value)
            return err_set(p->e, ERR_USAGE, "'%s' has no value", word);
        if (keys[i].parse(p, value) < 0) {
            if (strstr(value, "://") && p->e->code == ERR_USAGE)
                err_set(p->e, ERR_USAGE, "a URL is none of its values");
            return err_wrap(p->e, "%s", word);
        }
    }
}
