/* recall_read.c: a line of `cronrun status --json` (pure). */
#include <stdio.h>
#include <string.h>

#include "cronrun/recall/recall.h"
#include "cronrun/run/instant.h"

/* The text behind key; false: it is null, or not there. A quote within a text has a backslash before it, so that no text looks like a
 * key; what we ask for has nothing to be escaped. */
static bool
text_of(const char *line, const char *key, char *ret, size_t size)
{
    const char *at = strstr(line, key);
    if (!at)
        return false;
    at += strlen(key);
    size_t len = strcspn(at, "\"\\");
    if (at[len] != '"' || len >= size)
        return false;
    memcpy(ret, at, len);
    ret[len] = '\0';
    return true;
}

int
recall_read(const char *line, char *ret_name, size_t size, int64_t *ret_last_ms)
{
    char state[16], text[64];
    int64_t start_ms = INT64_MIN, end_ms = INT64_MIN;
    ret_name[0] = '\0';
    if (!text_of(line, "{\"job\":\"", ret_name, size) ||
        !text_of(line, "\"state\":\"", state, sizeof(state)) || strcmp(state, "unknown") == 0)
        return -1;
    if (text_of(line, "\"last_start\":\"", text, sizeof(text)) &&
        instant_parse(text, &start_ms, NULL) < 0)
        return -1;
    if (text_of(line, "\"last_end\":\"", text, sizeof(text)) &&
        instant_parse(text, &end_ms, NULL) < 0)
        return -1;
    *ret_last_ms = end_ms > start_ms ? end_ms : start_ms;
    return *ret_last_ms != INT64_MIN;
}
