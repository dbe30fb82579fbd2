/*
 * native.h: names and header lines of the native layout (pure).
 *
 *     0001_name.sql, 0001_name.up.sql, 0001_name.down.sql
 *     -- migrate: transaction=off phase=contract lock_timeout=5s statement_timeout=10min
 *     -- migrate: marks=ignore
 *
 * The version is what stands before the first underscore. Versions compare as numbers when all
 * digits, part by part when they are such numbers parted by dots (1.9 < 1.10), else bytewise.
 * Header lines stand before the first statement, among other comments.
 */
#ifndef RR_MIGRATE_NATIVE_H
#define RR_MIGRATE_NATIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "migrate/sql/verdict.h"

enum native_direction { NATIVE_UP, NATIVE_DOWN };

struct native_name {
    size_t version_bytes; /* of the file name, from its start */
    size_t name_offset;
    size_t name_bytes;
    enum native_direction direction;
};

/*
 * ERR_INPUT: not such a name; the message names the layout it belongs to when it is known
 * (V1__x.sql: Flyway; 001.do.x.sql: postgrator). So is a name that speaks of a direction in another
 * way than ours (rollback_0001.sql, 0001_x.undo.sql).
 */
int native_name_parse(const char *file, struct native_name *ret, struct err *e);

/* <0, 0, >0. "0001" and "1" are the same version. */
int native_version_compare(const char *a, const char *b);
/* True when it is one number, or several parted by dots. */
bool native_version_is_number(const char *version);

enum native_phase { NATIVE_EXPAND, NATIVE_CONTRACT };

#define NATIVE_UNSET UINT64_MAX

struct native_header {
    enum verdict_wish transaction; /* auto unless transaction=on|off */
    enum native_phase phase;       /* expand */
    uint64_t lock_timeout_ms;      /* NATIVE_UNSET unless given; 0: none, as in PostgreSQL */
    uint64_t statement_timeout_ms;
    unsigned marks_fine; /* of marks.h: as the caller says, and what marks=ignore adds */
    size_t error_offset; /* after an error: where it is wrong, … */
    size_t error_line;   /* … and its line; 0 otherwise */
};

/*
 * Reads the comments before the first statement. ERR_INPUT, with the place in *ret: unknown key (the nearest
 * is named), bad value, a key twice, or, without marks=ignore, a mark of another layout (marks.h)
 * among these comments, or tern's separator on any line (of files under 1 MiB).
 */
int native_header_parse(const char *text, size_t len, unsigned marks_fine,
                        struct native_header *ret, struct err *e);

/*
 * Durations of header lines, as those of options (clock.h), up to the longest time-out that
 * PostgreSQL knows; none and a bare 0 are no limit. Milliseconds.
 */
int native_duration_parse(const char *text, size_t len, uint64_t *ret_ms, struct err *e);

/* "expand", "contract" */
const char *native_phase_text(enum native_phase phase);

#endif
