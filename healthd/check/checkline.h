/*
 * checkline.h: the grammar of a check: `NAME URL [key value]…`. Pure: text in, a specification or
 * an error out.
 *
 *     database postgres://app@db/app every 2s timeout 1s groups ready,startup
 *     cache    redis://cache:6379/0  optional
 *     app      http://127.0.0.1:8080/healthz status 200-299
 *     port     tcp://127.0.0.1:8080
 *     replica  postgres://app@ro/app role standby query "SELECT count(*) > 0 FROM shop.item"
 *
 * Words are parted by blanks; one that holds blanks goes in double or single quotes, in which the
 * quote is doubled. `postgres://` and `redis://` with nothing behind stand for what DATABASE_*,
 * REDIS_* and PG* name, so that neither argument lists nor configuration hold a password.
 */
#ifndef RR_HEALTHD_CHECKLINE_H
#define RR_HEALTHD_CHECKLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "healthd/check/check_kind.h"
#include "healthd/check/verdict.h"

#define CHECK_NAME_MAX 32
#define CHECK_GROUPS_MAX 16

struct check_spec {
    char name[CHECK_NAME_MAX + 1];
    const struct check_kind *kind;
    void *own;  /* what the kind's own keys say; the kind knows its type */
    char *url;  /* NULL: from the environment. May hold a password */
    char *line; /* as it was written; NULL: the environment's check */
    char *groups[CHECK_GROUPS_MAX];
    size_t n_groups;
    char *word_up, *word_down;
    uint64_t every_ms, timeout_ms, after_ms;
    struct verdict_rules rules;
    bool each; /* connection each */
};

/*
 * Parses one line into *ret, which the caller frees with check_spec_done. kinds: NULL-ended. ERR_USAGE: what is wrong
 * and the nearest known word; the URL is never repeated.
 */
MUST_CHECK int checkline_parse(const char *line, const struct check_kind *const *kinds,
                               struct check_spec *ret, struct err *e);

/* A check as found in the environment: all keys at their defaults. ERR_NOMEM. */
MUST_CHECK int check_spec_default(const char *name, const struct check_kind *kind,
                                  struct check_spec *ret, struct err *e);
void check_spec_done(struct check_spec *s);

bool check_spec_in_group(const struct check_spec *s, const char *group);
/* Written alike: one goes on where the other was. */
bool check_spec_same(const struct check_spec *a, const struct check_spec *b);

/* The keys that every kind has, NULL-ended by name. */
extern const struct check_key checkline_common_keys[];

/* For the keys' parse: the place of value in known into *ret, or ERR_USAGE: "unknown WHAT 'value', did you mean …". */
MUST_CHECK int checkline_choice(const char *what, const char *value, const char *const *known,
                                size_t n, size_t *ret, struct err *e);
/* The parse of the key on-full, for the kinds that can tell a full server from a dead one. */
MUST_CHECK int checkline_on_full(struct check_spec *s, const char *value, struct err *e);

#endif
