/* target_pg_source.c: where PostgreSQL's settings come from, and in which order. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/words.h"
#include "common/net/reopen.h"
#include "common/target/target_pg.h"

/* ---- service files: PostgreSQL's manual, "The Connection Service File" ---- */

#define SERVICE_LINE_MAX 4096

static char *
trim(char *s)
{
    s += strspn(s, " \t\r\n");
    size_t len = strlen(s);
    while (len > 0 && strchr(" \t\r\n", s[len - 1]))
        s[--len] = '\0';
    return s;
}

static int
service_pair(char *line, struct pg_set *set, struct err *e)
{
    char *equals = strchr(line, '=');
    if (strncmp(line, "ldap", 4) == 0)
        return err_set(e, ERR_USAGE, "LDAP lookups are not supported");
    if (!equals)
        return err_set(e, ERR_USAGE, "expected keyword=value");
    *equals = '\0';
    struct pg_place place = {.at = 1, .nameable = target_param_nameable(line, line, line)};
    return pg_set_param(set, line, strdup(equals + 1), &place, e);
}

/* *ret_found: the file has that section. A file that cannot be opened has not. */
static int
service_file(const char *path, const char *service, struct pg_set *set, bool *ret_found,
             struct err *e)
{
    reopen_note(path); /* with each login, as libpq does */
    cleanup_file FILE *f = fopen(path, "re");
    char buf[SERVICE_LINE_MAX];
    bool inside = false;
    int result = 0;
    for (int number = 1; f && result == 0 && fgets(buf, sizeof(buf), f); number++) {
        char *line = trim(buf);
        size_t len = strlen(line);
        if (len == 0 || *line == '#')
            continue;
        if (*line == '[') {
            if (inside)
                break;
            inside = line[len - 1] == ']' && len - 2 == strlen(service) &&
                     memcmp(line + 1, service, len - 2) == 0;
            *ret_found = inside;
        } else if (inside && service_pair(line, set, e) != 0) {
            result = err_wrap(e, "%s line %d", target_path_shown(path), number);
        }
    }
    explicit_bzero(buf, sizeof(buf));
    return result;
}

static char *
path_join(const char *dir, const char *name)
{
    struct strbuf b = STRBUF_INIT;
    strbuf_addf(&b, "%s/%s", dir, name);
    return strbuf_steal(&b);
}

int
pg_service_read(const char *service, const struct target_env *env, struct pg_set *ret,
                struct err *e)
{
    const char *named = target_env_plain(env, "PGSERVICEFILE");
    const char *sysconf = target_env_plain(env, "PGSYSCONFDIR");
    cleanup_free char *home = target_home(env);
    cleanup_free char *own =
        named ? strdup(named) : path_join(home ? home : "/nonexistent", ".pg_service.conf");
    cleanup_free char *shared =
        path_join(sysconf ? sysconf : "/etc/postgresql-common", "pg_service.conf");
    if (!own || !shared)
        return err_nomem(e);
    bool found = false;
    int result = service_file(own, service, ret, &found, e);
    if (result == 0 && !found)
        result = service_file(shared, service, ret, &found, e);
    if (result == 0 && !found) {
        result = err_set(e, ERR_USAGE, "service %s was found neither in %s nor in %s", service,
                         target_path_shown(own), target_path_shown(shared));
    }
    if (result == 0)
        result = pg_set_check(ret, e);
    if (result != 0) {
        pg_set_done(ret);
        return err_wrap(e, "service %s", service);
    }
    return 0;
}

/* Replaces the service that `set` names by what it stands for. In a URL or DSN the service fills what they leave open;
 * among variables it is the other way round, as in libpq. */
static int
expand_service(struct pg_set *set, bool service_first, const struct target_env *env, struct err *e)
{
    if (!set->value[PG_SERVICE])
        return 0;
    struct pg_set service = {0};
    if (pg_service_read(set->value[PG_SERVICE], env, &service, e) != 0)
        return -1;
    pg_set_take(set, PG_SERVICE, NULL);
    if (service_first) {
        pg_set_fill(&service, set);
        *set = service;
    } else {
        pg_set_fill(set, &service);
    }
    return 0;
}

/* ---- the sources ---- */

struct merge {
    struct pg_set set; /* the earlier sources */
    const struct target_env *env;
};

/* name NULL: the caller knows where the text stands. */
static int
in_source(const char *name, struct err *e)
{
    return name ? err_wrap(e, "%s", name) : -1;
}

/* One source's settings, which are done afterwards. */
static int
merge_set(struct merge *m, struct pg_set *set, const char *name, bool service_first, struct err *e)
{
    if (expand_service(set, service_first, m->env, e) != 0) {
        pg_set_done(set);
        return in_source(name, e);
    }
    pg_set_fill(&m->set, set);
    return 0;
}

static int
merge_text(struct merge *m, const char *text, const char *name, struct err *e)
{
    struct pg_set set = {0};
    bool foreign = false;
    if (pg_text_parse(text, &set, &foreign, e) != 0) {
        /* Where the server is has been said: another database's URL beside it is no matter of ours. */
        return foreign && pg_set_names_server(&m->set) ? 0 : in_source(name, e);
    }
    return merge_set(m, &set, name, false, e);
}

static int
merge_text_variable(struct merge *m, const char *name, struct err *e)
{
    char *text;
    if (target_env_value(m->env, name, &text, e) != 0)
        return -1;
    int result = text ? merge_text(m, text, name, e) : 0;
    target_wipe(text);
    return result;
}

/* An earlier source has said it: what a later one says is not looked at. */
static bool
is_given(const struct merge *m, enum pg_key key)
{
    bool place = key == PG_HOST || key == PG_HOSTADDR;
    return m->set.value[key] || (place && pg_set_names_server(&m->set));
}

static int
take_variable(struct merge *m, struct pg_set *set, enum pg_key key, const char *name, struct err *e)
{
    char *value;
    if (target_env_value(m->env, name, &value, e) != 0)
        return -1;
    if (!value || is_given(m, key)) {
        target_wipe(value);
        return 0;
    }
    struct pg_set one = {0};
    one.value[key] = value;
    if (pg_set_check(&one, e) != 0) {
        pg_set_done(&one);
        return err_wrap(e, "%s", name);
    }
    pg_set_take(set, key, value);
    return 0;
}

static int
merge_parts(struct merge *m, struct err *e)
{
    static const struct {
        enum pg_key key;
        const char *name;
    } parts[] = {
        {PG_HOST, "DATABASE_HOST"},         {PG_PORT, "DATABASE_PORT"},
        {PG_DBNAME, "DATABASE_NAME"},       {PG_USER, "DATABASE_USER"},
        {PG_PASSWORD, "DATABASE_PASSWORD"},
    };
    struct pg_set set = {0};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (take_variable(m, &set, parts[i].key, parts[i].name, e) != 0) {
            pg_set_done(&set);
            return -1;
        }
    }
    return merge_set(m, &set, "DATABASE_HOST", false, e);
}

/* libpq sends these to the server by itself, which repeats what it does not understand. */
static int
check_unread(const struct target_env *env, struct err *e)
{
    static const char *const names[] = {"PGDATESTYLE", "PGTZ", "PGGEQO"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *value = target_env_plain(env, names[i]);
        if (value && words_hold_password(value))
            return err_set(e, ERR_USAGE, "%s is a connection string, or part of one", names[i]);
    }
    return 0;
}

static int
merge_pg(struct merge *m, struct err *e)
{
    struct pg_set set = {0};
    if (check_unread(m->env, e) != 0)
        return -1;
    for (int i = 0; i < PG_KEYS; i++) {
        const char *name = pg_key_variable((enum pg_key)i);
        if (name && take_variable(m, &set, (enum pg_key)i, name, e) != 0) {
            pg_set_done(&set);
            return -1;
        }
    }
    return merge_set(m, &set, "PGSERVICE", true, e);
}

int
pg_sources_read(const char *database, bool alone, const struct target_env *env, struct pg_set *ret,
                bool *ret_named, struct err *e)
{
    struct merge m = {.env = env};
    int result = 0;
    if (database)
        result = merge_text(&m, database, alone ? NULL : "--database", e);
    if (!alone) {
        if (result == 0)
            result = merge_text_variable(&m, "DATABASE_URL", e);
        if (result == 0)
            result = merge_text_variable(&m, "DATABASE_DSN", e);
        if (result == 0)
            result = merge_parts(&m, e);
    }
    if (result == 0)
        result = merge_pg(&m, e);
    if (result != 0) {
        pg_set_done(&m.set);
        return -1;
    }
    *ret_named = database || pg_set_names_server(&m.set) || m.set.value[PG_DBNAME];
    *ret = m.set;
    return 0;
}
