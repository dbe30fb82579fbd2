/*
 * utf8.h: where the characters of a text begin and end. RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. Text may
 * hold any bytes, NUL as well; nothing here needs memory or fails.
 */
#ifndef RR_BASE_UTF8_H
#define RR_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Length (1 to 4) of the valid character at s, 0 when there is none. */
size_t utf8_char_len(const char *s, size_t len);
/* Bytes of the valid characters at the beginning of s that are no ASCII. */
size_t utf8_foreign_len(const char *s, size_t len);
/* True when all of it is valid; else *ret_bad (may be NULL) is the offset of the first wrong byte. */
bool utf8_valid(const char *s, size_t len, size_t *ret_bad);
/* The longest prefix of s that is at most max_bytes long and ends between characters; returns its length. */
size_t utf8_cut(const char *s, size_t len, size_t max_bytes);

#endif
