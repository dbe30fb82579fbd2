/* words.c: which known word was meant, what must not be shown, and which variables are none of ours. */
#include "common/base/words.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#define WORD_MAX ((size_t)64)

static unsigned
least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Optimal string alignment: insert, delete, replace, swap of neighbours, each one edit. Words are cut at WORD_MAX. */
static unsigned
edits(const char *a, const char *b)
{
    unsigned rows[3][WORD_MAX + 1];
    unsigned *before = rows[0], *above = rows[1], *row = rows[2];
    size_t la = strnlen(a, WORD_MAX), lb = strnlen(b, WORD_MAX);
    for (size_t j = 0; j <= lb; j++)
        above[j] = (unsigned)j;
    for (size_t i = 1; i <= la; i++) {
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= lb; j++) {
            unsigned v = above[j - 1] + (a[i - 1] != b[j - 1]);
            v = least(v, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                v = least(v, before[j - 2] + 1);
            row[j] = v;
        }
        unsigned *spare = before;
        before = above;
        above = row;
        row = spare;
    }
    return above[lb];
}

static bool
resembles(const char *word, const char *known, unsigned n)
{
    size_t a = strnlen(word, WORD_MAX), b = strnlen(known, WORD_MAX);
    size_t longer = a > b ? a : b;
    return (size_t)n * 2 <= longer;
}

const char *
words_showable(const char *word)
{
    bool secret = strstr(word, "://") || strchr(word, '@') || strcasestr(word, "password") ||
                  strlen(word) > 40;
    return secret ? "…" : word;
}

/* user:password@host: between the colon and the @ there is something, and no single slash begins it (unix:/run/a@b). */
static bool
is_user_part(const char *colon, const char *at)
{
    return at > colon + 1 && (colon[1] != '/' || colon[2] == '/');
}

bool
words_hold_password(const char *text)
{
    const char *at = strrchr(text, '@');
    for (const char *p = at ? strchr(text, ':') : NULL; p && p < at; p = strchr(p + 1, ':'))
        if (is_user_part(p, at))
            return true;
    return strcasestr(text, "password=") != NULL;
}

int
words_one_line(const char *subject, char *text, struct err *e)
{
    size_t len = strlen(text);
    if (len > 0 && text[len - 1] == '\n')
        text[--len] = '\0';
    if (len > 0 && text[len - 1] == '\r')
        text[--len] = '\0';
    if (strncmp(text, "\xEF\xBB\xBF", 3) == 0)
        return err_set(e, ERR_USAGE, "%s begins with a byte order mark (U+FEFF); remove it",
                       subject);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '\n' || c == '\r')
            return err_set(e, ERR_USAGE, "%s contains more than one line of text", subject);
        if (c < 0x20 || c == 0x7f)
            return err_set(e, ERR_USAGE, "%s holds a control character (U+%04X) at byte %zu",
                           subject, c, i + 1);
    }
    return 0;
}

const char *
words_nearest(const char *word, const char *const *known, size_t n, unsigned *ret_edits)
{
    const char *best = NULL;
    unsigned best_edits = UINT32_MAX;
    for (size_t i = 0; i < n; i++) {
        unsigned d = edits(word, known[i]);
        if (d < best_edits && resembles(word, known[i], d)) {
            best = known[i];
            best_edits = d;
        }
    }
    if (best && ret_edits)
        *ret_edits = best_edits;
    return best;
}

static bool
ends_with(const char *s, const char *end)
{
    size_t a = strlen(s), b = strlen(end);
    return a > b && strcmp(s + a - b, end) == 0;
}

/* "…_PORT_<n>_…" */
static bool
has_numbered_port(const char *name)
{
    for (const char *p = name; (p = strstr(p, "_PORT_")); p++) {
        const char *digit = p + strlen("_PORT_");
        const char *end = digit;
        while (isdigit((unsigned char)*end))
            end++;
        if (p > name && end > digit && *end == '_')
            return true;
    }
    return false;
}

static bool
is_address(const char *value)
{
    return strncmp(value, "tcp://", 6) == 0 || strncmp(value, "udp://", 6) == 0 ||
           strncmp(value, "sctp://", 7) == 0;
}

bool
words_is_service_variable(const char *name, const char *value)
{
    const char *port = strstr(name, "_SERVICE_PORT");
    if (port && port > name && (port[13] == '\0' || port[13] == '_'))
        return true;
    if (ends_with(name, "_SERVICE_HOST") || has_numbered_port(name))
        return true;
    return ends_with(name, "_PORT") && value && is_address(value);
}
