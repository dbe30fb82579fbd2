/* words.h: what the words that users write may hold, and which known one was meant. */
#ifndef RR_BASE_WORDS_H
#define RR_BASE_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"

/*
 * True for the variables that Kubernetes and Docker set for Services and links: *_SERVICE_HOST, *_SERVICE_PORT*,
 * *_PORT_<n>_*, and any *_PORT whose value is an address (tcp://…, udp://…, sctp://…). They are never configuration:
 * a Service named `redis` sets REDIS_PORT=tcp://10.0.0.7:6379.
 */
bool words_is_service_variable(const char *name, const char *value);

/*
 * The known word nearest to `word` (edits, a swap of neighbours counts one), or NULL when none resembles it; ties go to
 * the first. known: n words. *ret_edits (may be NULL) is set when one is returned.
 */
const char *
words_nearest(const char *word, const char *const *known, size_t n, unsigned *ret_edits);

/* What an error may repeat of a word that was given: the word, or "…" when it could be a connection string, or a piece of
 * one, in the wrong place. Borrows. */
const char *words_showable(const char *word);

/* True for a text with a password in it: a URL with a user part (scheme://…@), what is left of one (app:pw@host), a connection
 * string (password=…). An option or variable that takes no such text refuses it by name, before it is shown anywhere. */
bool words_hold_password(const char *text);

/* A variable's or a file's value as one line: one line end at its end is cut off in place. ERR_USAGE, beginning with `subject`, when
 * a control character is left, or a byte order mark stands first. */
MUST_CHECK int words_one_line(const char *subject, char *text, struct err *e);

#endif
