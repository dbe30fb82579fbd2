/*
 * catalog.h: whether the server's catalog shows what a statement is meant to bring about, and who is still working on it.
 *
 * Names are looked up as the session at hand sees them: with its role and search_path.
 */
#ifndef RR_MIGRATE_CATALOG_H
#define RR_MIGRATE_CATALOG_H

#include <stdint.h>

#include "common/base/err.h"
#include "common/base/strbuf.h"
#include "migrate/apply/resume.h"
#include "migrate/sql/task.h"

struct pgrows;
struct session;

/* Oids of the indexes that the statement may touch, as an array; "{}" where it touches none. */
MUST_CHECK int
catalog_indexes(struct session *s, const struct task *t, struct strbuf *out, struct err *e);

/*
 * Fills in what the catalog knows; same and refused are set by the caller. indexes: those of before. *ret_drop: a strbuf
 * for each index that is left over, with its name as in SQL, ret->leftovers of them; owned (catalog_drop_free).
 */
MUST_CHECK int catalog_look(struct session *s, const struct task *t, const char *indexes,
                            struct resume_seen *ret, struct strbuf **ret_drop, struct err *e);
void catalog_drop_free(struct strbuf *drop, size_t n);

/* Who still works at the statement; pid 0: nobody. */
struct catalog_worker {
    int pid;
    char application[64];
    int64_t age_s; /* of its query; -1: hidden from our role */
    bool certain;  /* it is that statement, word for word: it may be ended */
};
/*
 * pid, since_us: of the intent's backend; pid 0: whichever runs the statement. text: the statement, NULL when it was
 * changed since. Whoever builds an index on the table counts, too, for what it leaves now is not left over.
 */
struct catalog_question {
    int pid;
    int64_t since_us;
    const char *text;
    size_t bytes;
    const struct task *task;
};
MUST_CHECK int catalog_find_worker(struct session *s, const struct catalog_question *q,
                                   struct catalog_worker *ret, struct err *e);

#endif
