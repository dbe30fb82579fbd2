/*
 * checkline_keys.h: the inside of the check line's grammar: words, keys and their values. For
 * checkline*.c alone. Pure.
 */
#ifndef RR_HEALTHD_CHECKLINE_KEYS_H
#define RR_HEALTHD_CHECKLINE_KEYS_H

#include "common/base/strbuf.h"
#include "healthd/check/checkline.h"

#define CHECKLINE_COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* The next word of *at into *ret (owned, NULL at the end of the line). ERR_USAGE: a quote is
 * open. */
MUST_CHECK int checkline_word(const char **at, char **ret, struct err *e);

/* Fills e: "unknown WHAT 'word', did you mean 'x'?", or all known ones. Returns -1. */
MUST_CHECK int checkline_unknown(struct err *e, const char *what, const char *word,
                                 const char *const *known, size_t n);

/* [a-z][a-z0-9_-]{0,31}: names of checks and groups. */
bool checkline_is_name(const char *s);

/* Parses "key value key value ..." up to the end of the line into *s, whose kind is set already. kinds: all, for the message
 * that a key is another's. */
MUST_CHECK int checkline_keys(const char *at, const struct check_kind *const *kinds,
                              struct check_spec *s, struct err *e);

/* "postgres://, redis:// and tcp://": the schemes of those kinds that have the key, NULL: of all. */
void
checkline_add_kinds(struct strbuf *out, const struct check_kind *const *kinds, const char *key);

/* One more group, of len bytes at name. ERR_USAGE: not a name, or there already. */
MUST_CHECK int
checkline_add_group(struct check_spec *s, const char *name, size_t len, struct err *e);
void checkline_clear_groups(struct check_spec *s);

#endif
