/*
 * migration.h: what a migration is to files, history and plan alike (pure).
 */
#ifndef RR_MIGRATE_MIGRATION_H
#define RR_MIGRATE_MIGRATION_H

#include <stdbool.h>

enum migration_direction { MIGRATION_UP, MIGRATION_DOWN };
enum migration_phase { MIGRATION_EXPAND, MIGRATION_CONTRACT };

struct migration {
    char *version; /* as it is written: "0001" */
    char *name;
    bool
        repeatable; /* its version is no number, it runs behind all others, and again when it changed */
    enum migration_phase phase;
};

/*
 * Of versions: <0, 0, >0. They compare as numbers when all digits, part by part when they are such
 * numbers parted by dots (1.9 < 1.10), else bytewise. "0001" and "1" are the same version.
 */
int migration_compare(const char *a, const char *b);
/* True when the version is one number, or several parted by dots. */
bool migration_is_number(const char *version);

/* As a history stores it: without the zeros before a number when even is set. Part of version. */
const char *migration_stored(const char *version, bool even);

/* "expand", "contract" */
const char *migration_phase_text(enum migration_phase phase);

#endif
