/*
 * checkdocs.h: what help, manual and docs/formats.md say about check lines, printed from the rows of the kinds.
 */
#ifndef RR_HEALTHD_CHECKDOCS_H
#define RR_HEALTHD_CHECKDOCS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/strbuf.h"

/* Number i of the kinds: its schemes, and what is healthy. False: there are not so many. */
bool checkdocs_kind(size_t i, struct strbuf *key, struct strbuf *text);
/* Number i of the keys: with its value, and what it means. */
bool checkdocs_key(size_t i, struct strbuf *key, struct strbuf *text);

#endif
