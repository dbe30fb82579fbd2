/* crontab_env.c: lines that set variables (pure). As cronie reads them: blanks around "=", one pair of quotes, no expansion. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cronrun/tab/crontab_impl.h"

/* Variables of cron's own that do nothing here. */
static const struct {
    const char *name, *why;
} without_effect[] = {
    {"MAILTO", "output is not mailed"},
    {"MAILFROM", "output is not mailed"},
    {"CONTENT_TYPE", "output is not mailed"},
    {"CONTENT_TRANSFER_ENCODING", "output is not mailed"},
    {"RANDOM_DELAY", "use [jitter=DURATION] in front of a command"},
    {"START_HOURS_RANGE", "it is anacron's"},
};

static bool
is_name(unsigned char c, bool first)
{
    return isalpha(c) || c == '_' || (!first && isdigit(c));
}

static const char *
skip_blanks(const char *at)
{
    return at + strspn(at, " \t");
}

/* "TZ=Europe/Berlin 0 2 * * *" of the dialect k8s. */
static bool
is_zone_in_front(const struct crontab_reader *r, const char *at)
{
    size_t skip = strncmp(at, "TZ=", 3) == 0 ? 3 : strncmp(at, "CRON_TZ=", 8) == 0 ? 8 : 0;
    if (r->rules->dialect != CRON_K8S || skip == 0)
        return false;
    at += skip + strcspn(at + skip, " \t");
    return *skip_blanks(at) != '\0';
}

bool
crontab_is_env(const struct crontab_reader *r, const char *at)
{
    if (is_zone_in_front(r, at))
        return false;
    if (*at == '"' || *at == '\'')
        return true;
    size_t len = 0;
    while (is_name((unsigned char)at[len], len == 0))
        len++;
    return len > 0 && *skip_blanks(at + len) == '=';
}

/* What people expect of a value without quotes, and cron does not do. */
static void
check_bare(struct crontab_reader *r, const char *at)
{
    const char *comment = strstr(at, " #");
    if (comment)
        crontab_tell(r, CRONTAB_WARNING, comment + 1,
                     "this is part of the value; a comment needs a line of its own");
    for (const char *blank = strpbrk(at, " \t"); blank; blank = strpbrk(blank + 1, " \t")) {
        size_t len = 1;
        while (is_name((unsigned char)blank[len], len == 1))
            len++;
        if (len > 1 && blank[len] == '=')
            crontab_tell(r, CRONTAB_WARNING, blank + 1,
                         "this is part of the value; a variable needs a line of its own");
    }
}

/* The value of a setting, from behind "=" and blanks. False: told. */
static bool
read_value(struct crontab_reader *r, const char *at, struct strbuf *ret)
{
    if (*at == '"' || *at == '\'') {
        const char *end = strchr(at + 1, *at);
        if (!end) {
            crontab_tell(r, CRONTAB_ERROR, at, "the quote is not closed");
            return false;
        }
        const char *rest = end + 1 + strspn(end + 1, " \t\f\v\r");
        if (*rest) {
            crontab_tell(r, CRONTAB_ERROR, rest,
                         "nothing may follow the closing quote, not even a comment");
            return false;
        }
        strbuf_add(ret, at + 1, (size_t)(end - at - 1));
        return true;
    }
    size_t len = strlen(at);
    while (len > 0 && isspace((unsigned char)at[len - 1]))
        len--;
    strbuf_add(ret, at, len);
    check_bare(r, at);
    return true;
}

static size_t
index_of(const struct crontab_reader *r, const char *name, size_t len)
{
    size_t i = 0;
    while (i < r->n_env && (strncmp(r->env[i], name, len) != 0 || r->env[i][len] != '='))
        i++;
    return i;
}

/* at: where it stands in the line. */
static void
set(struct crontab_reader *r, const char *at, const char *name, const char *value)
{
    size_t len = strlen(name);
    struct strbuf both = STRBUF_INIT;
    size_t i = index_of(r, name, len);
    if (i == CRONTAB_ENV_MAX) {
        crontab_tell(r, CRONTAB_ERROR, at, "more than %d variables", CRONTAB_ENV_MAX);
        return;
    }
    if (i == r->env_size) {
        size_t size = r->env_size ? 2 * r->env_size : 16;
        char **env = realloc(r->env, size * sizeof(*env));
        r->failed |= !env;
        if (!env)
            return;
        r->env = env;
        r->env_size = size;
    }
    strbuf_addf(&both, "%s=%s", name, value);
    char *kept = crontab_keep(r, strbuf_steal(&both));
    if (!kept)
        return;
    r->env[i] = kept;
    r->n_env += i == r->n_env;
    r->env_shared = NULL;
    if (strcmp(name, "CRON_TZ") == 0)
        r->cron_tz = kept + len + 1;
    if (strcmp(name, "TZ") == 0)
        r->tz = kept + len + 1;
}

/* What is to be said about a variable of that name. False: it is refused. */
static bool
check(struct crontab_reader *r, const char *at, const char *name, const char *value_at,
      const char *value)
{
    struct err e;
    bool cron_tz = strcmp(name, "CRON_TZ") == 0, tz = strcmp(name, "TZ") == 0;
    if (strncasecmp(name, "CRONRUN_", 8) == 0) {
        crontab_tell(
            r, CRONTAB_ERROR, at,
            "cronrun's own variables cannot be set here; write options in brackets in front "
            "of the command");
        return false;
    }
    if ((cron_tz || tz) && strpbrk(value, " \t")) {
        crontab_tell(r, CRONTAB_ERROR, value_at,
                     "a time zone alone is expected; in front of a schedule it belongs to the "
                     "dialect k8s");
        return false;
    }
    for (size_t i = 0; i < sizeof(without_effect) / sizeof(without_effect[0]); i++)
        if (strcmp(name, without_effect[i].name) == 0)
            crontab_tell(r, CRONTAB_WARNING, at, "%s has no effect here: %s", name,
                         without_effect[i].why);
    if ((cron_tz || tz) && *value && r->rules->check &&
        r->rules->check(r->rules->arg, "tz", value, &e) < 0) {
        crontab_tell(r, CRONTAB_ERROR, value_at, "%s", crontab_value_error(value, &e));
        return false;
    }
    const char *dollar = strchr(value_at, '$');
    if (dollar && (is_name((unsigned char)dollar[1], true) || dollar[1] == '{'))
        crontab_tell(r, CRONTAB_WARNING, dollar,
                     "cron does not replace variables in values; this stays as it is written");
    if (tz)
        crontab_tell(
            r, CRONTAB_WARNING, at,
            "the schedules below use this time zone; cronie passes it to the commands only "
            "(CRON_TZ= means the same in both)");
    return true;
}

void
crontab_read_env(struct crontab_reader *r, const char *at)
{
    char quote = *at == '"' || *at == '\'' ? *at : '\0';
    const char *begin = at + (quote != '\0'), *end = begin;
    while (is_name((unsigned char)*end, end == begin))
        end++;
    const char *equals = skip_blanks(end + (quote && *end == quote));
    if (end == begin || (quote && *end != quote) || *equals != '=') {
        crontab_tell(
            r, CRONTAB_ERROR, at,
            "neither a job nor a variable; a variable is NAME = value, its name of letters, "
            "digits and '_'");
        return;
    }
    struct strbuf value = STRBUF_INIT;
    const char *value_at = skip_blanks(equals + 1);
    char *name = crontab_keep_text(r, begin, (size_t)(end - begin));
    if (name && read_value(r, value_at, &value) && check(r, at, name, value_at, strbuf_str(&value)))
        set(r, at, name, strbuf_str(&value));
    r->failed |= value.failed;
    strbuf_done(&value);
}

char **
crontab_env(struct crontab_reader *r)
{
    if (r->env_shared)
        return r->env_shared;
    r->env_shared = crontab_keep(r, calloc(r->n_env + 1, sizeof(char *)));
    if (r->env_shared && r->n_env > 0)
        memcpy(r->env_shared, r->env, r->n_env * sizeof(char *));
    return r->env_shared;
}
