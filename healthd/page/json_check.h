/*
 * json_check.h: whether a text is JSON (RFC 8259). Nothing is read out of it. Pure.
 */
#ifndef RR_HEALTHD_JSON_CHECK_H
#define RR_HEALTHD_JSON_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#define JSON_CHECK_DEPTH 64 /* arrays and objects within each other; what is deeper is refused */

/* True for one value with nothing but blanks around it, in valid UTF-8. text may hold any bytes. */
bool json_is_valid(const char *text, size_t len);

#endif
