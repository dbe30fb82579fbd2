/*
 * target_redis.h: Redis' settings as a set of texts. Private to target_redis*.c.
 */
#ifndef RR_TARGET_TARGET_REDIS_H
#define RR_TARGET_TARGET_REDIS_H

#include <stdbool.h>

#include "common/base/err.h"
#include "common/target/target_text.h"

enum redis_key {
    REDIS_KEY_HOST,
    REDIS_KEY_PORT,
    REDIS_KEY_PATH,
    REDIS_KEY_USERNAME,
    REDIS_KEY_PASSWORD,
    REDIS_KEY_DB,
    REDIS_KEY_TLS,    /* a truth value */
    REDIS_KEY_VERIFY, /* a truth value */
    REDIS_KEY_CA,
    REDIS_KEY_NAME,
    REDIS_KEYS
};

/* Owned; NULL: open. */
struct redis_set {
    char *value[REDIS_KEYS];
    bool unopened; /* no file is read: password_file= stands for some password */
};

void redis_set_done(struct redis_set *set); /* wipes; set is as new */
/* Takes value; NULL is ERR_NOMEM. */
MUST_CHECK int
redis_set_take(struct redis_set *set, enum redis_key key, char *value, struct err *e);
/* true, 1, yes, on and their opposites; false when it is neither. */
bool redis_truth(const char *word, bool *ret);
/* What no connection can be made with, and what would show a password: ERR_USAGE that says which part. */
MUST_CHECK int redis_set_check(const struct redis_set *set, struct err *e);
/* A URL into an empty set; on error what is in the set is the caller's to release. ERR_USAGE with the position. */
MUST_CHECK int redis_url_parse(const char *text, struct redis_set *set, struct err *e);

#endif
