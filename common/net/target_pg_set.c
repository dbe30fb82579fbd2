/* target_pg_set.c: sets of keywords: ownership, merging, checks. */
#include <stdlib.h>
#include <string.h>

#include "common/net/target_pg.h"

void
pg_set_done(struct pg_set *set)
{
    for (size_t i = 0; i < PG_KEYS; i++) {
        target_wipe(set->value[i]);
    }
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
        if (into->value[i] || (have_server && names_place((enum pg_key)i))) {
            continue;
        }
        into->value[i] = from->value[i];
        from->value[i] = NULL;
    }
    pg_set_done(from);
}

/* ---- checks ---- */

static int
check_word(const struct pg_set *set, enum pg_key key, const char *const *words, struct err *e)
{
    const char *value = set->value[key];
    if (!value) {
        return 0;
    }
    char list[160] = "";
    for (size_t i = 0; words[i]; i++) {
        if (strcmp(value, words[i]) == 0) {
            return 0;
        }
        strncat(list, i ? ", " : "", sizeof list - strlen(list) - 1);
        strncat(list, words[i], sizeof list - strlen(list) - 1);
    }
    return err_set(e, ERR_USAGE, "%s is none of %s", pg_key_name(key), list);
}

static int
check_ports(const char *list, struct err *e)
{
    for (const char *p = list; p;) {
        size_t len = strcspn(p, ",");
        char port[8] = "";
        uint16_t ignored;
        if (len >= sizeof port || (len > 0 && !target_port(memcpy(port, p, len), &ignored))) {
            return err_set(e, ERR_USAGE, "port is not a number from 1 to 65535");
        }
        p = p[len] ? p + len + 1 : NULL;
    }
    return 0;
}

int
pg_set_check(const struct pg_set *set, struct err *e)
{
    static const char *const sslmodes[] = {"disable",   "allow",       "prefer", "require",
                                           "verify-ca", "verify-full", NULL};
    static const char *const attrs[] = {"any",     "read-write",     "read-only", "primary",
                                        "standby", "prefer-standby", NULL};
    static const char *const balance[] = {"disable", "random", NULL};
    static const char *const binding[] = {"disable", "prefer", "require", NULL};
    if (check_word(set, PG_SSLMODE, sslmodes, e) != 0 ||
        check_word(set, PG_TARGET_SESSION_ATTRS, attrs, e) != 0 ||
        check_word(set, PG_LOAD_BALANCE_HOSTS, balance, e) != 0 ||
        check_word(set, PG_CHANNEL_BINDING, binding, e) != 0) {
        return -1;
    }
    return set->value[PG_PORT] ? check_ports(set->value[PG_PORT], e) : 0;
}
