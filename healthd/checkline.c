#include "healthd/checkline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/opt.h"
#include "common/base/strbuf.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct parse {
    struct check_spec *spec;
    bool stale_given;
    struct err *e;
};

/* ---- words ---- */

/* The next word of *at into *ret (owned, NULL at the end of the line). */
static int
next_word(const char **at, char **ret, struct err *e)
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
    *ret = word.len > 0 ? strbuf_steal(&word) : strdup("");
    return *ret ? 0 : err_set(e, ERR_NOMEM, "out of memory");
}

/* "; did you mean 'x'?" or "; known are: a, b" */
static int
unknown_word(struct err *e, const char *what, const char *word, const char *const *known, size_t n)
{
    const char *near = opt_nearest(word, known, n, NULL);
    if (near)
        return err_set(e, ERR_USAGE, "unknown %s '%.40s', did you mean '%s'?", what,
                       opt_showable(word), near);
    cleanup_strbuf struct strbuf all = STRBUF_INIT;
    for (size_t i = 0; i < n; i++)
        strbuf_addf(&all, "%s%s", i > 0 ? ", " : "", known[i]);
    return err_set(e, ERR_USAGE, "unknown %s '%.40s', known are: %s", what, opt_showable(word),
                   strbuf_str(&all));
}

static bool
is_name(const char *s)
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
    return unknown_word(e, what, value, known, n);
}

static int
key_every(struct parse *p, const char *value)
{
    if (strcmp(value, "0") == 0) {
        p->spec->every_ms = 0;
        return 0;
    }
    return parse_duration(value, 100, &p->spec->every_ms, p->e);
}

static int
key_timeout(struct parse *p, const char *value)
{
    return parse_duration(value, 10, &p->spec->timeout_ms, p->e);
}

static int
key_after(struct parse *p, const char *value)
{
    return parse_duration(value, 0, &p->spec->after_ms, p->e);
}

static int
key_stale(struct parse *p, const char *value)
{
    p->stale_given = true;
    return parse_duration(value, 100, &p->spec->rules.stale_ms, p->e);
}

static int
key_rise(struct parse *p, const char *value)
{
    return parse_count(value, &p->spec->rules.rise, p->e);
}

static int
key_fall(struct parse *p, const char *value)
{
    if (parse_count(value, &p->spec->rules.fall, p->e) < 0)
        return -1;
    p->spec->rules.fall_timeout = p->spec->rules.fall;
    return 0;
}

static int
key_query(struct parse *p, const char *value)
{
    if (value[0] == '\0')
        return err_set(p->e, ERR_USAGE, "the query is empty");
    p->spec->query = strdup(value);
    return p->spec->query ? 0 : err_set(p->e, ERR_NOMEM, "out of memory");
}

static int
key_role(struct parse *p, const char *value)
{
    static const char *const pg[] = {"any", "primary", "standby"};
    static const char *const redis[] = {"any", "master", "replica"};
    size_t i = 0;
    if (parse_choice("role", value, p->spec->kind == CHECK_REDIS ? redis : pg, 3, &i, p->e) < 0)
        return -1;
    p->spec->role = (enum check_role)i;
    return 0;
}

static int
key_connection(struct parse *p, const char *value)
{
    static const char *const known[] = {"keep", "each"};
    size_t i = 0;
    if (parse_choice("connection", value, known, COUNT(known), &i, p->e) < 0)
        return -1;
    p->spec->each = i == 1;
    return 0;
}

static int
key_on_full(struct parse *p, const char *value)
{
    static const char *const known[] = {"degraded", "down"};
    size_t i = 0;
    if (parse_choice("value of on-full", value, known, COUNT(known), &i, p->e) < 0)
        return -1;
    p->spec->rules.on_full_down = i == 1;
    return 0;
}

static int
key_shared(struct parse *p, const char *value)
{
    if (strncmp(value, "degrade=", 8) != 0)
        return err_set(p->e, ERR_USAGE, "'%.40s' is not degrade=DURATION", value);
    return parse_duration(value + 8, 1, &p->spec->rules.shared_ms, p->e);
}

static void
clear_groups(struct check_spec *s)
{
    for (size_t i = 0; i < s->n_groups; i++)
        free(s->groups[i]);
    s->n_groups = 0;
}

static int
add_group(struct check_spec *s, const char *name, size_t len, struct err *e)
{
    cleanup_free char *group = strndup(name, len);
    if (!group)
        return err_set(e, ERR_NOMEM, "out of memory");
    if (!is_name(group))
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
key_groups(struct parse *p, const char *value)
{
    clear_groups(p->spec);
    for (const char *at = value;; at++) {
        size_t n = strcspn(at, ",");
        if (add_group(p->spec, at, n, p->e) < 0)
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
key_words(struct parse *p, const char *value)
{
    const char *comma = strchr(value, ',');
    if (!comma || !is_word(value, (size_t)(comma - value)) ||
        !is_word(comma + 1, strlen(comma + 1)) || strchr(comma + 1, ','))
        return err_set(p->e, ERR_USAGE, "'%.80s' is not UP,DOWN", value);
    free(p->spec->word_up);
    free(p->spec->word_down);
    p->spec->word_up = strndup(value, (size_t)(comma - value));
    p->spec->word_down = strdup(comma + 1);
    return p->spec->word_up && p->spec->word_down ? 0 : err_set(p->e, ERR_NOMEM, "out of memory");
}

/* ---- keys ---- */

const struct checkline_key_doc checkline_key_docs[] = {
    {"every DURATION",
     "from one start to the next (2s); 0: at start, and while another check is down"},
    {"timeout DURATION", "for one check, from resolving the name to the answer (1s)"},
    {"rise N", "good results in a row until it is up (1)"},
    {"fall N", "bad results in a row until it is down (1; for time-outs 2)"},
    {"stale DURATION", "age at which an up becomes unknown (3 x every + timeout)"},
    {"groups NAME,...", "where it counts: ready, startup, live or a name of your own (ready)"},
    {"optional", "its failure is degraded, never a 503"},
    {"after DURATION", "wait before the first check (0)"},
    {"words UP,DOWN", "what the answers call it (connected,disconnected)"},
    {"connection keep|each", "one watched session, or a login for each check (keep)"},
    {"shared degrade=DURATION",
     "a dependency that all replicas share: degraded, not down, for so long"},
    {"role ROLE", "primary or standby, of Redis master or replica (any)"},
    {"query SQL",
     "PostgreSQL: instead of SELECT 1; has to return a row whose first column is neither NULL nor false"},
    {"on-full degraded|down",
     "PostgreSQL: what no free slot (53300) is while the own session answers (degraded)"},
    {NULL, NULL},
};

static const struct key {
    const char *name;
    int (*parse)(struct parse *p, const char *value); /* NULL: a flag without value */
    bool postgres_only;
} keys[] = {
    {"every", key_every, false},   {"timeout", key_timeout, false},
    {"rise", key_rise, false},     {"fall", key_fall, false},
    {"stale", key_stale, false},   {"groups", key_groups, false},
    {"optional", NULL, false},     {"after", key_after, false},
    {"words", key_words, false},   {"connection", key_connection, false},
    {"shared", key_shared, false}, {"role", key_role, false},
    {"query", key_query, true},    {"on-full", key_on_full, true},
};

static int
find_key(const struct parse *p, const char *word, size_t *ret)
{
    const char *known[COUNT(keys)];
    for (size_t i = 0; i < COUNT(keys); i++) {
        known[i] = keys[i].name;
        if (strcmp(word, keys[i].name) == 0) {
            *ret = i;
            if (keys[i].postgres_only && p->spec->kind != CHECK_POSTGRES)
                return err_set(p->e, ERR_USAGE, "'%s' is for postgres:// alone", word);
            return 0;
        }
    }
    return unknown_word(p->e, "key", word, known, COUNT(keys));
}

static int
parse_keys(struct parse *p, const char *at)
{
    bool given[COUNT(keys)] = {false};
    for (;;) {
        cleanup_free char *word = NULL;
        cleanup_free char *value = NULL;
        size_t i = 0;
        if (next_word(&at, &word, p->e) < 0)
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
        if (next_word(&at, &value, p->e) < 0)
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

/* ---- name and URL ---- */

static int
parse_name(const char *name, struct check_spec *s, struct err *e)
{
    static const char *const taken[] = {"status", "service", "version", "timestamp"};
    if (!is_name(name))
        return err_set(e, ERR_USAGE, "'%.40s' is not a name: [a-z][a-z0-9_-]{0,31}",
                       opt_showable(name));
    for (size_t i = 0; i < COUNT(taken); i++)
        if (strcmp(name, taken[i]) == 0)
            return err_set(e, ERR_USAGE,
                           "a check cannot be called '%s', the answers have a key of that name",
                           name);
    snprintf(s->name, sizeof(s->name), "%s", name);
    return 0;
}

static int
parse_scheme(const char *url, enum check_kind *ret, struct err *e)
{
    static const struct {
        const char *scheme;
        enum check_kind kind;
    } known[] = {
        {"postgres", CHECK_POSTGRES}, {"postgresql", CHECK_POSTGRES}, {"redis", CHECK_REDIS},
        {"rediss", CHECK_REDIS},      {"unix", CHECK_REDIS},
    };
    static const char *const later[] = {"http", "https", "tcp", "tls", "fcgi", "file", "disk"};
    const char *names[COUNT(known)];
    size_t n = strcspn(url, ":");
    if (url[n] != ':')
        return err_set(e, ERR_USAGE, "the second word is not a URL (NAME URL [key value]...)");
    cleanup_free char *scheme = strndup(url, n);
    if (!scheme)
        return err_set(e, ERR_NOMEM, "out of memory");
    size_t base = strcspn(scheme, "+"); /* postgresql+asyncpg */
    for (size_t i = 0; i < COUNT(known); i++) {
        names[i] = known[i].scheme;
        bool same = strncmp(scheme, known[i].scheme, base) == 0 && known[i].scheme[base] == '\0';
        if (same && (scheme[base] == '\0' || known[i].kind == CHECK_POSTGRES)) {
            *ret = known[i].kind;
            return 0;
        }
    }
    for (size_t i = 0; i < COUNT(later); i++)
        if (strcmp(scheme, later[i]) == 0)
            return err_set(e, ERR_USAGE,
                           "%s: is not yet handled in this version (postgres:// and redis:// are)",
                           scheme);
    return unknown_word(e, "scheme", scheme, names, COUNT(known));
}

int
check_spec_default(const char *name, enum check_kind kind, struct check_spec *ret, struct err *e)
{
    *ret = (struct check_spec){
        .kind = kind,
        .every_ms = 2000,
        .timeout_ms = 1000,
        .rules = {.rise = 1, .fall = 1, .fall_timeout = 2, .stale_ms = 7000},
        .word_up = strdup("connected"),
        .word_down = strdup("disconnected"),
    };
    snprintf(ret->name, sizeof(ret->name), "%s", name);
    if (!ret->word_up || !ret->word_down || add_group(ret, "ready", 5, e) < 0) {
        check_spec_done(ret);
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    return 0;
}

void
check_spec_done(struct check_spec *s)
{
    clear_groups(s);
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

static int
parse_into(const char *line, struct check_spec *s, struct err *e)
{
    cleanup_free char *name = NULL;
    cleanup_free char *url = NULL;
    struct parse p = {.spec = s, .e = e};
    if (next_word(&line, &name, e) < 0 || next_word(&line, &url, e) < 0)
        return -1;
    if (!name || !url)
        return err_set(e, ERR_USAGE, "a check is NAME URL [key value]...");
    if (parse_name(name, s, e) < 0 || parse_scheme(url, &s->kind, e) < 0 ||
        parse_keys(&p, line) < 0)
        return name ? err_wrap(e, "check '%.40s'", opt_showable(name)) : -1;
    size_t n = strlen(url);
    if (n < 3 || strcmp(url + n - 3, "://") != 0)
        s->url = steal_ptr(&url);
    if (s->every_ms == 0)
        s->each = true; /* a session would keep awake what is to be left to sleep */
    if (!p.stale_given)
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
