/*
 * look.h: the locks of our session and the files of tables, as the server shows them.
 *
 * The statements read catalogs only, name everything as pg_catalog's, and change no setting: a script sees what it sees in `up`.
 */
#ifndef RR_MIGRATE_LOOK_H
#define RR_MIGRATE_LOOK_H

#include "common/base/err.h"
#include "migrate/rehearse/relations.h"

struct ledger_table;
struct pgrows;
struct session;

/*
 * Every relation of the database but PostgreSQL's own, temporary ones and the history (ours), with its size unless somebody holds
 * a lock on it that would have to be waited for; and what the database is called (owned). Once, before any script's statement.
 */
MUST_CHECK int look_before(struct session *s, const struct ledger_table *ours,
                           struct relations *ret, char **ret_database, struct err *e);

/* The locks that our backend holds: relations_takings() may be asked. *ret is for look_renamed(). */
MUST_CHECK int look_now(struct session *s, struct relations *r, struct pgrows **ret, struct err *e);
/* What the relations are called now, for what follows; where the script's client_encoding is not ours they keep their
 * names. */
MUST_CHECK int look_renamed(const struct pgrows *rows, struct relations *r, struct err *e);

#endif
