/*
 * facts.h: what is to be known of a file before it runs.
 */
#ifndef RR_MIGRATE_FACTS_H
#define RR_MIGRATE_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/digest.h"
#include "common/base/err.h"
#include "migrate/files/source.h"
#include "migrate/sql/verdict.h"

struct facts {
    bool known;                  /* facts_read went well */
    struct layout_header header; /* of that file; for facts_read */
    struct verdict_file verdict; /* with the count of its statements */
    /*
     * The digest that ignores comments, white space and how lines end (LF or CRLF, in quotes, bodies
     * and the data of COPY, too): over the tokens of the text, without a byte order mark.
     */
    uint8_t loose_sha256[DIGEST_BYTES];
    uint8_t back_sha256[DIGEST_BYTES]; /* a way back: of all its bytes, when it was read for this */
};

/*
 * Reads the whole text, once. -1: what verdict_file refuses, with the place in ret->verdict; or,
 * with error_line 0, a text that was changed meanwhile, or ERR_NOMEM.
 */
MUST_CHECK int
facts_read(struct source_text *t, const struct layout_header *h, struct facts *ret, struct err *e);

/* That digest alone, of a text that may be anything. ERR_INPUT, with the line in t->error_line: it cannot be split. */
MUST_CHECK int facts_loose(struct source_text *t, uint8_t ret_sum[DIGEST_BYTES], struct err *e);
/* The same of one statement, with its data. */
MUST_CHECK int facts_statement(struct source_text *t, const struct statement *st,
                               uint8_t ret_sum[DIGEST_BYTES], struct err *e);

#endif
