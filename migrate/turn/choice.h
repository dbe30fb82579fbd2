/*
 * choice.h: whose layout files and history have: what --layout says, else what files and database show.
 *
 * Before there is a connection the files decide, as far as they can: names and annotations that only one
 * layout has. When the history is read for the first time and is not where it was expected, the database
 * is searched for the tables of all layouts; they are told by their columns, for several tools give the same
 * name to theirs. Files of one layout beside the history of another are an error.
 */
#ifndef RR_MIGRATE_CHOICE_H
#define RR_MIGRATE_CHOICE_H

#include <stdbool.h>

#include "common/base/err.h"
#include "migrate/db/ledger.h"
#include "migrate/db/lock.h"
#include "migrate/files/source.h"
#include "migrate/options.h"

struct session;

struct choice {
    /* set by the caller, borrowed */
    const struct options *o;
    struct session *s;
    struct source *source;
    struct ledger *ledger;
    struct lock *lock;
    bool settled;
    /* the history of a tool that is not handled, where there is none of ours: "alembic (public.alembic_version)" */
    char foreign[200];
    const char *remedy; /* static */
};

/* What the options say, else the files of the directory, else native. */
const struct layout *choice_of_files(const struct options *o, const char *dir);

/*
 * Reads the history. The first time layout and place are settled before: source and ledger may be exchanged for those
 * of another layout, and the lock is named. ERR_INPUT: files and history do not belong together; source->fault_file may
 * say which file.
 */
MUST_CHECK int choice_read(struct choice *c, struct err *e);

/* ERR_INPUT: it is the first run, and there is a history that would be passed over, or a file of a tool that is not handled. After
 * choice_read. */
MUST_CHECK int choice_no_foreign(const struct choice *c, struct err *e);

#endif
