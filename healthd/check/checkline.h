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
#include "healthd/check/verdict.h"

#define CHECK_NAME_MAX 32
#define CHECK_GROUPS_MAX 16

enum check_kind { CHECK_POSTGRES, CHECK_REDIS, CHECK_TCP, CHECK_HTTP };
enum check_role { CHECK_ROLE_ANY, CHECK_ROLE_PRIMARY, CHECK_ROLE_REPLICA };

struct check_spec {
    char name[CHECK_NAME_MAX + 1];
    enum check_kind kind;
    char *url;   /* NULL: from the environment. May hold a password */
    char *query; /* NULL: SELECT 1 */
    char *groups[CHECK_GROUPS_MAX];
    size_t n_groups;
    char *word_up, *word_down;
    enum check_role role;
    unsigned status_from, status_to; /* of http, both included */
    uint64_t every_ms, timeout_ms, after_ms;
    struct verdict_rules rules;
    bool each; /* connection each */
};

/*
 * Parses one line into *ret, which the caller frees with check_spec_done. ERR_USAGE: what is wrong
 * and the nearest known word; the URL is never repeated.
 */
int checkline_parse(const char *line, struct check_spec *ret, struct err *e);

/* A check as found in the environment: all keys at their defaults. ERR_NOMEM. */
int
check_spec_default(const char *name, enum check_kind kind, struct check_spec *ret, struct err *e);
void check_spec_done(struct check_spec *s);

bool check_spec_in_group(const struct check_spec *s, const char *group);

/* The schemes of URLs, in any case; NULL-ended. */
struct checkline_scheme {
    const char *scheme;
    enum check_kind kind;
    const char *remark; /* for the manual, with the blank before it */
};
extern const struct checkline_scheme checkline_schemes[];

/* The keys and what they mean, for the manual. NULL-ended by key. */
struct checkline_key_doc {
    const char *key;
    const char *text;
};
extern const struct checkline_key_doc checkline_key_docs[];

#endif
