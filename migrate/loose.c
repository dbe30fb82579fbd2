/* loose.c: the second digest, taken only where the first one differs. */
#include "migrate/loose.h"

#include <string.h>

int
loose_differs(const struct source_migration *m, const struct ledger_row *row, void *arg,
              struct err *e)
{
    const struct source *source = arg;
    struct source_text text = SOURCE_TEXT_INIT;
    uint8_t loose[DIGEST_BYTES];
    if (source_text_open(source, m, NATIVE_UP, &text, e) != 0)
        return -1;
    int result = source_loose_digest(&text, loose, e);
    source_text_done(&text);
    if (result != 0)
        err_wrap(e, "%s", m->file);
    return result != 0 ? -1 : memcmp(loose, row->loose_sha256, sizeof loose) != 0;
}
