/*
 * amount.h: sizes, rows, times and names as the picture of a rehearsal shows them (pure).
 */
#ifndef RR_MIGRATE_AMOUNT_H
#define RR_MIGRATE_AMOUNT_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/strbuf.h"

#define AMOUNT_MAX 32

/* Each into a buffer of AMOUNT_MAX, which it returns. -1, not known: "-". */
const char *
amount_bytes(char *buf, int64_t bytes);           /* "812 B", "40 kB", "1.2 GB" (powers of 1024) */
const char *amount_rows(char *buf, int64_t rows); /* "812", "40 k", "4.1 M" */
const char *amount_us(char *buf, uint64_t us);    /* "<1 ms", "2 ms", "3.11 s", "2 min 5 s" */

/* A text for terminals: control characters, which a hostile file or name may hold, as "?". */
void amount_shown(const char *text, size_t bytes, struct strbuf *out);
/* Characters, where each takes one column. */
size_t amount_chars(const char *text, size_t bytes);
/* "orders", "sales.orders", "public.\"Orders\"" without the public; shown as above. */
void amount_relation(const char *schema, const char *name, struct strbuf *out);

#endif
