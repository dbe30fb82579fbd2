/*
 * quote.h: names and values in statements of our own (pure). Each appends to out.
 */
#ifndef RR_MIGRATE_QUOTE_H
#define RR_MIGRATE_QUOTE_H

#include "common/base/strbuf.h"

/* 'it''s'; with a backslash E'…', which reads the same whatever standard_conforming_strings is. */
void quote_literal(struct strbuf *out, const char *text);
/* "na""me" */
void quote_ident(struct strbuf *out, const char *name);

#endif
