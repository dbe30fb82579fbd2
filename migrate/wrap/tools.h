/*
 * tools.h: what is known about other migrators: how they are called, where their history is, and in which words they say that they
 * do not know a revision of it. Pure.
 *
 * A row describes; code asks rows, and never for a tool's name.
 */
#ifndef RR_MIGRATE_TOOLS_H
#define RR_MIGRATE_TOOLS_H

#include <stdbool.h>
#include <stddef.h>

/* What the words name, and what of the history proves that it is a revision of the database's, newer than the files. */
enum tool_proof {
    TOOL_ONE,   /* a revision, or its beginning */
    TOOL_PAIR,  /* a name, then its application; the history has "application.name" */
    TOOL_LIST,  /* "a, b": each, and no other is newer than they */
    TOOL_WARNS, /* nothing: it warns of them, and goes on */
};

#define TOOL_PIECES 4

struct tool {
    const char *name;
    const char *const *programs; /* last parts of paths, NULL-ended */
    const char *const
        *verbs; /* one of the words behind it begins so; NULL-ended, NULL: any word will do */
    const char *table; /* of its history, as it is called unless told otherwise */
    const char *
        columns; /* of that table, by name and with commas: so it is found under another name, too; NULL: it is not */
    const char *
        revisions; /* a SELECT of one column, oldest first; behind it comes the table, and then … */
    const char *order; /* … this */
    enum tool_proof proof;
    /* Between them stands what is named; a blank is any white space, for some wrap their lines. NULL-ended; none: it never
     * minds. */
    const char *words[TOOL_PIECES];
};

/* NULL: no such tool. */
const struct tool *tool_find(const char *name);
/* The tool that a command line calls, also in a shell's -c or behind another program's name; NULL: none that is known. */
const struct tool *tool_of_command(char *const *argv);
/* For an option's choices: "auto", "none", then their names; NULL-ended. */
extern const char *const tool_choices[];

/*
 * What the tool said about a revision that its files lack, as it stands in `text`: a copy of it in buf, "" where the tool names
 * none. False: it said nothing of the kind, or what it named is not in the history (n revisions, oldest first).
 */
bool tool_lacks(const struct tool *t, const char *text, char *const *history, size_t n, char *buf,
                size_t size);

#endif
