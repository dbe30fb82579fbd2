/* origin.h: where a setting of the session comes from, for messages. */
#ifndef RR_MIGRATE_ORIGIN_H
#define RR_MIGRATE_ORIGIN_H

#include "common/base/err.h"
#include "common/base/strbuf.h"

struct session;

/* Appends "ALTER ROLE app SET", "the server's configuration" …: who set that setting. Asks the
 * server; -1: it did not say. */
MUST_CHECK int origin_of(struct session *s, const char *setting, struct strbuf *out, struct err *e);

/* The words for a source as pg_settings names it (pure); role and database as they are shown. */
void origin_text(const char *source, const char *role, const char *database, struct strbuf *out);

#endif
