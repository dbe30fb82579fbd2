/*
 * settings.h: statements that change how the text after them is read (pure).
 *
 * SET [SESSION|LOCAL] x {TO|=} v, SET NAMES, RESET x, RESET ALL, DISCARD ALL and SELECT
 * [pg_catalog.]set_config('x', 'v', …), where x is standard_conforming_strings, client_encoding or
 * backslash_quote. SET LOCAL counts to the end of the file; what is set inside a function, a DO
 * block or a larger query is not seen (reading.h notices). UPDATE pg_settings may set anything, and changes nothing here.
 */
#ifndef RR_MIGRATE_SETTINGS_H
#define RR_MIGRATE_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * True when the statement (from its first token, without its semicolon) sets one of them.
 * *backslashes: whether standard_conforming_strings is off; read, and changed when the statement
 * does.
 */
bool settings_change(const char *sql, size_t len, bool *backslashes);

#endif
