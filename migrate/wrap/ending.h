/*
 * ending.h: what the end of a wrapped command means for the run. Pure.
 */
#ifndef RR_MIGRATE_ENDING_H
#define RR_MIGRATE_ENDING_H

#include <stdbool.h>

#include "common/base/err.h"
#include "migrate/tell/report.h"

struct ending_facts {
    const char *command; /* as it was called */
    int exec_status;     /* 0, or 125 to 127: it was not executed */
    int wait_status;     /* as of waitpid(2) */
    /* What came before it ended: */
    int stop_signo; /* 0: none */
    bool deadline;
    bool lost;             /* the lock */
    const struct err *why; /* of exec_status and lost */
    bool lacks;            /* the tool said that its files lack a revision of the database's */
    bool refuse_ahead;
};

/* An exit status, and e with the words for it unless that is EXIT_DONE. The cause decides. */
enum exit_status ending_of(const struct ending_facts *f, struct err *e);

#endif
