/*
 * blank.h: white space and comments of SQL, for judges of the splitter: shares nothing with it.
 */
#ifndef RR_TESTS_ORACLE_BLANK_H
#define RR_TESTS_ORACLE_BLANK_H

#include <stddef.h>
#include <string.h>

/* Over white space and comments, as the judge's statements begin with them; the text ends with a zero byte. */
static inline size_t
skip_blank(const char *text, size_t pos, size_t end)
{
    while (pos < end) {
        if (strchr(" \t\n\r\f\v", text[pos])) {
            pos++;
        } else if (strncmp(text + pos, "--", 2) == 0) {
            pos += strcspn(text + pos, "\n\r");
        } else if (strncmp(text + pos, "/*", 2) == 0) {
            int depth = 0;
            do {
                if (strncmp(text + pos, "/*", 2) == 0) {
                    depth++;
                    pos += 2;
                } else if (strncmp(text + pos, "*/", 2) == 0) {
                    depth--;
                    pos += 2;
                } else {
                    pos++;
                }
            } while (depth && pos < end);
        } else {
            break;
        }
    }
    return pos < end ? pos : end;
}

#endif
