/* settings.c: SET and its kin, as far as they change how the text is read (pure). */
#include "migrate/sql/settings.h"

#include <string.h>
#include <strings.h>

#include "migrate/sql/token.h"

#define SCS "standard_conforming_strings"

struct change {
    char name[64];        /* in lower case */
    bool reset;           /* RESET name, RESET ALL, DISCARD ALL ("all") */
    struct token_scan ts; /* the value follows */
};

static bool
is_setting(const char *name)
{
    return strcmp(name, SCS) == 0 || strcmp(name, "client_encoding") == 0 ||
           strcmp(name, "backslash_quote") == 0;
}

/*
 * A value of a setting that is on or off: 1, 0; -1 when it is none. Words may be cut, as long as they are told apart
 * (PostgreSQL's manual, "Parameter Names and Values").
 */
static int
bool_value(const char *v)
{
    static const struct {
        const char *word;
        size_t least;
        int value;
    } words[] = {{"true", 1, 1},  {"yes", 1, 1}, {"on", 2, 1},  {"1", 1, 1}, {"default", 7, 1},
                 {"false", 1, 0}, {"no", 1, 0},  {"off", 2, 0}, {"0", 1, 0}};
    size_t len = strlen(v);

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (len >= words[i].least && len <= strlen(words[i].word) &&
            strncasecmp(v, words[i].word, len) == 0)
            return words[i].value;
    return -1;
}

/* The value that follows: 1, 0, or -1. */
static int
read_bool(struct token_scan *ts)
{
    struct token t;
    char value[16];

    if (!token_next(ts, &t))
        return -1;
    if (t.kind == TOKEN_NUMBER && t.bytes < sizeof(value)) {
        memcpy(value, ts->text + t.offset, t.bytes);
        value[t.bytes] = '\0';
    } else if (!token_value(ts, &t, value, sizeof(value))) {
        return -1;
    }
    return bool_value(value);
}

static bool
read_name(struct change *c, const struct token *t)
{
    if (!token_value(&c->ts, t, c->name, sizeof(c->name)))
        return false;
    for (char *p = c->name; *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p | 0x20);
    return true;
}

/* SELECT [pg_catalog.]set_config('name', */
static bool
read_set_config(struct change *c)
{
    struct token_scan *ts = &c->ts;
    struct token t;

    if (!token_next(ts, &t))
        return false;
    if (token_is(ts, &t, "pg_catalog") &&
        !(token_next(ts, &t) && token_is_char(ts, &t, '.') && token_next(ts, &t)))
        return false;
    return token_is(ts, &t, "set_config") && token_next(ts, &t) && token_is_char(ts, &t, '(') &&
           token_next(ts, &t) && t.kind == TOKEN_STRING && read_name(c, &t) && token_next(ts, &t) &&
           token_is_char(ts, &t, ',');
}

/* SET [SESSION|LOCAL] name {TO|=}, SET NAMES */
static bool
read_set(struct change *c)
{
    struct token_scan *ts = &c->ts;
    struct token t;

    if (!token_next(ts, &t))
        return false;
    if ((token_is(ts, &t, "session") || token_is(ts, &t, "local")) && !token_next(ts, &t))
        return false;
    if (token_is(ts, &t, "names")) {
        memcpy(c->name, "client_encoding", sizeof("client_encoding"));
        return true;
    }
    return read_name(c, &t) && token_next(ts, &t) &&
           (token_is(ts, &t, "to") || token_is_char(ts, &t, '='));
}

static bool
read_change(struct change *c)
{
    struct token t;

    if (token_next(&c->ts, &t) && token_is(&c->ts, &t, "set"))
        return read_set(c);
    if (token_is(&c->ts, &t, "select"))
        return read_set_config(c);
    c->reset = token_is(&c->ts, &t, "reset");
    if (c->reset)
        return token_next(&c->ts, &t) && read_name(c, &t);
    c->reset =
        token_is(&c->ts, &t, "discard") && token_next(&c->ts, &t) && token_is(&c->ts, &t, "all");
    if (c->reset)
        memcpy(c->name, "all", sizeof("all"));
    return c->reset;
}

/* UPDATE [ONLY] [pg_catalog.]pg_settings sets, too: what, only the server knows. */
static bool
updates_view(struct token_scan ts)
{
    struct token t;

    if (!token_next(&ts, &t) || !token_is(&ts, &t, "update") || !token_next(&ts, &t))
        return false;
    if (token_is(&ts, &t, "only") && !token_next(&ts, &t))
        return false;
    if (token_is(&ts, &t, "pg_catalog") &&
        !(token_next(&ts, &t) && token_is_char(&ts, &t, '.') && token_next(&ts, &t)))
        return false;
    return token_is(&ts, &t, "pg_settings");
}

bool
settings_change(const char *sql, size_t len, bool *backslashes)
{
    struct change c = {.ts = token_on(sql, len, *backslashes)};

    if (len && (*sql == 'u' || *sql == 'U'))
        return updates_view(c.ts);
    if (len == 0 || !strchr("sSrRdD", *sql) || !read_change(&c))
        return false;
    bool all = c.reset && strcmp(c.name, "all") == 0;
    if (!all && !is_setting(c.name))
        return false;
    if (all || strcmp(c.name, SCS) == 0) {
        int on = c.reset ? 1 : read_bool(&c.ts);
        if (on >= 0)
            *backslashes = on == 0;
    }
    return true;
}
