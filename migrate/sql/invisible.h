/*
 * invisible.h: characters that look like a space or like nothing (pure).
 *
 * Editors, chats and web pages leave them in texts. PostgreSQL takes every byte above 127 for a
 * letter, so that outside quotes they become part of a name: an error that nobody can see, or a
 * table whose name nobody can type. Those that join letters in some scripts (U+200C, U+200D) are
 * not among them.
 */
#ifndef RR_MIGRATE_INVISIBLE_H
#define RR_MIGRATE_INVISIBLE_H

#include <stddef.h>

#define INVISIBLE_TEXT_MAX 48

/* The first one in text[from, to), which is UTF-8: its offset, or `to`. */
size_t invisible_find(const char *text, size_t from, size_t to);

/* The one at p: "U+00A0 (no-break space)" into buf of INVISIBLE_TEXT_MAX; returns buf. */
const char *invisible_describe(const char *p, char *buf);

#endif
