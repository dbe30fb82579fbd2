/* target_pg_set.c: sets of keywords: ownership, merging, checks. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/words.h"
#include "common/target/target_pg.h"

void
pg_set_done(struct pg_set *set)
{
    for (size_t i = 0; i < PG_KEYS; i++)
        target_wipe(set->value[i]);
    *set = (struct pg_set){0};
}

void
pg_set_take(struct pg_set *set, enum pg_key key, char *value)
{
    target_wipe(set->value[key]);
    set->value[key] = value;
}

bool
pg_set_names_server(const struct pg_set *set)
{
    return set->value[PG_HOST] || set->value[PG_HOSTADDR] || set->value[PG_SERVICE];
}

static bool
names_place(enum pg_key key)
{
    return key == PG_HOST || key == PG_HOSTADDR || key == PG_SERVICE;
}

void
pg_set_fill(struct pg_set *into, struct pg_set *from)
{
    bool have_server = pg_set_names_server(into);
    for (size_t i = 0; i < PG_KEYS; i++) {
        if (into->value[i] || (have_server && names_place((enum pg_key)i)))
            continue;
        into->value[i] = from->value[i];
        from->value[i] = NULL;
    }
    pg_set_done(from);
}

/* ---- checks ---- */

struct words {
    enum pg_key key;
    bool any_case;
    const char *const *words;
};

static int
check_word(const struct pg_set *set, const struct words *row, struct err *e)
{
    const char *value = set->value[row->key];
    const char *const *words = row->words;
    if (!value)
        return 0;
    char list[160] = "";
    for (size_t i = 0; words[i]; i++) {
        if ((row->any_case ? strcasecmp : strcmp)(value, words[i]) == 0)
            return 0;
        strncat(list, i ? ", " : "", sizeof(list) - strlen(list) - 1);
        strncat(list, words[i], sizeof(list) - strlen(list) - 1);
    }
    return err_set(e, ERR_USAGE, "%s is not one of %s", pg_key_name(row->key), list);
}

/* Calls check for each item of a list that is not empty. */
static int
each_item(const char *list, int (*check)(const char *item, struct err *e), struct err *e)
{
    for (const char *p = list; p;) {
        size_t len = strcspn(p, ",");
        char *item = strndup(p, len);
        int result = !item ? err_nomem(e) : *item ? check(item, e) : 0;
        target_wipe(item);
        if (result != 0)
            return -1;
        p = p[len] ? p + len + 1 : NULL;
    }
    return 0;
}

static int
check_port(const char *port, struct err *e)
{
    uint16_t ignored;
    return target_port(port, &ignored)
               ? 0
               : err_set(e, ERR_USAGE, "port is not a number from 1 to 65535");
}

static int
check_host(const char *host, struct err *e)
{
    return target_host_check(host, "DATABASE_PORT, PGPORT or port=", e);
}

static int
check_hostaddr(const char *address, struct err *e)
{
    return target_is_address(address) ? 0 : err_set(e, ERR_USAGE, "hostaddr is not an IP address");
}

static int
check_require_auth(const char *method, struct err *e)
{
    static const char *const methods[] = {"password", "md5",           "gss",   "sspi",
                                          "none",     "scram-sha-256", "oauth", NULL};
    for (size_t i = 0; methods[i]; i++)
        if (strcmp(method + (*method == '!'), methods[i]) == 0)
            return 0;
    return err_set(e, ERR_USAGE, "require_auth contains an unknown method");
}

/* A server, a resolver or libpq would repeat it in its complaint. */
static int
check_places(const struct pg_set *set, struct err *e)
{
    for (size_t i = 0; i < PG_KEYS; i++) {
        bool secret = i == PG_PASSWORD || i == PG_SSLPASSWORD;
        if (set->value[i] && !secret && i != PG_HOST && words_hold_password(set->value[i])) {
            return err_set(e, ERR_USAGE, "%s is a connection string, or part of one",
                           pg_key_name((enum pg_key)i));
        }
    }
    return 0;
}

/* libpq cuts a longer one, and tells stderr. */
#define SSLPASSWORD_MAX 1023

static int
check_sslpassword(const struct pg_set *set, struct err *e)
{
    const char *password = set->value[PG_SSLPASSWORD];
    return password && strlen(password) > SSLPASSWORD_MAX
               ? err_set(e, ERR_USAGE, "sslpassword is longer than %d bytes", SSLPASSWORD_MAX)
               : 0;
}

static int
check_words(const struct pg_set *set, struct err *e)
{
    static const char *const sslmodes[] = {"disable",   "allow",       "prefer", "require",
                                           "verify-ca", "verify-full", NULL};
    static const char *const attrs[] = {"any",     "read-write",     "read-only", "primary",
                                        "standby", "prefer-standby", NULL};
    static const char *const balance[] = {"disable", "random", NULL};
    static const char *const three[] = {"disable", "prefer", "require", NULL};
    static const char *const certmodes[] = {"disable", "allow", "require", NULL};
    static const char *const negotiations[] = {"postgres", "direct", NULL};
    static const char *const versions[] = {"TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3", NULL};
    static const char *const bits[] = {"0", "1", NULL};
    static const struct words rows[] = {
        {PG_SSLMODE, false, sslmodes},
        {PG_TARGET_SESSION_ATTRS, false, attrs},
        {PG_LOAD_BALANCE_HOSTS, false, balance},
        {PG_CHANNEL_BINDING, false, three},
        {PG_SSLCERTMODE, false, certmodes},
        {PG_SSLNEGOTIATION, false, negotiations},
        {PG_SSLMIN, true, versions},
        {PG_SSLMAX, true, versions},
        {PG_SSLSNI, false, bits},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (check_word(set, &rows[i], e) != 0)
            return -1;
    return 0;
}

static int
check_numbers(const struct pg_set *set, struct err *e)
{
    for (size_t i = PG_KEEPALIVES; i <= PG_TCP_USER_TIMEOUT; i++) {
        const char *value = set->value[i];
        size_t digits = value ? strspn(value + (*value == '-'), "0123456789") : 0;
        if (value && (digits == 0 || value[(*value == '-') + digits]))
            return err_set(e, ERR_USAGE, "%s is not a whole number", pg_key_name((enum pg_key)i));
    }
    return 0;
}

int
pg_set_check(const struct pg_set *set, struct err *e)
{
    if (check_places(set, e) != 0 || check_words(set, e) != 0 || check_numbers(set, e) != 0 ||
        check_sslpassword(set, e) != 0 || each_item(set->value[PG_HOST], check_host, e) != 0 ||
        each_item(set->value[PG_HOSTADDR], check_hostaddr, e) != 0 ||
        each_item(set->value[PG_REQUIRE_AUTH], check_require_auth, e) != 0)
        return -1;
    return each_item(set->value[PG_PORT], check_port, e);
}
