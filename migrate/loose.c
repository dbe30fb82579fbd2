/* loose.c: the second digest, taken only where the first one differs. */
#include "migrate/loose.h"

#include <string.h>

#include "migrate/files/facts.h"

int
loose_differs(const struct source_migration *m, const struct ledger_row *row, void *arg,
              struct err *e)
{
    struct loose *l = arg;
    struct source_text text = SOURCE_TEXT_INIT;
    uint8_t loose[DIGEST_BYTES];
    int result = source_text_open(l->source, m, MIGRATION_UP, &text, e);
    if (result == 0)
        result = facts_loose(&text, loose, e);
    if (result != 0) {
        l->file = m->file;
        l->line = text.error_line;
    }
    source_text_done(&text);
    return result != 0 ? -1 : memcmp(loose, row->loose_sha256, sizeof(loose)) != 0;
}
