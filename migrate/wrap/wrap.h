/*
 * wrap.h: another migrator under our lock: wait for the database, take the lock, run the command, prove the lock while it
 * runs, read what it did, report.
 *
 * Straight-line code that turns the loop; what happens to the command (signals, deadline, its end, the loss of the lock)
 * comes as callbacks, which note facts and tell command.h.
 */
#ifndef RR_MIGRATE_WRAP_H
#define RR_MIGRATE_WRAP_H

#include "common/base/err.h"

struct options;
struct tool;
struct wrap_export;

struct wrap_spec {
    const struct options *o;
    char **argv;             /* the command, NULL-ended */
    const struct tool *tool; /* NULL: none that is known */
    const struct wrap_export *url;
};

/* Returns the exit status; everything is said. All is borrowed. */
int wrap_run(const struct wrap_spec *spec);

#endif
