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

/* A value of a setting that is on or off: 1, 0; -1 when it is none. */
static int
bool_value(const char *v)
{
    static const char *const on[] = {"on", "true", "yes", "1", "t", "y", "default"};
    static const char *const off[] = {"off", "false", "no", "0", "f", "n"};

    for (size_t i = 0; i < sizeof(on) / sizeof(on[0]); i++)
        if (strcasecmp(v, on[i]) == 0)
            return 1;
    for (size_t i = 0; i < sizeof(off) / sizeof(off[0]); i++)
        if (strcasecmp(v, off[i]) == 0)
            return 0;
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

    if (!token_next(&c->ts, &t))
        return false;
    if (token_is(&c->ts, &t, "set"))
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

bool
settings_change(const char *sql, size_t len, bool *backslashes)
{
    struct change c = {.ts = token_on(sql, len, *backslashes)};

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
