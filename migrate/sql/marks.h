/*
 * marks.h: what comments say to a migrator: our header keys in the wrong place, the annotations of
 * other tools, and lines that do nothing but head a part that goes up or back. Pure.
 *
 * Most tools keep the way back in the same file, behind a comment: a file that is not known to be
 * theirs would be made and unmade in one go, and counted as applied. Tools are many and their
 * dresses, too (-- //@UNDO, -- !Downs, -- +micrate Down, -- rambler down, -- === DOWN ===), so a
 * comment is taken for such a heading when it stands on a line of its own and nothing is left of
 * it but up, down, undo, rollback or revert and at most a word that says of what. A comment that
 * ends in a semicolon is a statement that was commented out, not a heading. A heading with no statement behind it
 * heads nothing that would run: there the caller says that both are fine.
 */
#ifndef RR_MIGRATE_MARKS_H
#define RR_MIGRATE_MARKS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"

/* What a file may hold all the same. */
enum {
    MARKS_ALL = 1u << 0,  /* its header says marks=ignore */
    MARKS_UP = 1u << 1,   /* headings of a part that goes up: it is called .up.sql */
    MARKS_BACK = 1u << 2, /* … that goes back: .down.sql */
};

struct mark {
    size_t offset; /* where the comment begins */
    size_t bytes;
    const char *what; /* what is wrong with it, static; NULL: nothing */
    unsigned part;    /* MARKS_UP, MARKS_BACK: what it heads; 0: it may say more than that */
    bool heading;     /* it is a heading, not the annotation of a tool that we know */
};

/* What the name of a file allows. */
unsigned marks_fine_for(const char *file);

/* Looks at the comment text[at, end), a -- comment or a whole block comment. True: it is a mark. */
bool marks_look(const char *text, size_t at, size_t end, unsigned fine, struct mark *ret);

/*
 * A mark before the first statement that heads a way back which is itself a comment: on the lines right below it
 * stands a statement that was commented out, as in "-- Rollback:", "--   DROP TABLE a;".
 */
bool marks_is_note(const char *text, size_t len, const struct mark *m);

/*
 * Looks through [from, to) of text, which lies behind the first statement and between statements:
 * white space, semicolons, comments. True: *ret is the first mark, or a header line, which comes
 * too late here, whatever is fine.
 */
bool marks_between(const char *text, size_t from, size_t to, unsigned fine, struct mark *ret);

/* ERR_INPUT: what is wrong with it; returns -1. */
int marks_refuse(const char *text, const struct mark *m, struct err *e);

#endif
