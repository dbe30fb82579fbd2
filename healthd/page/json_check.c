/* json_check.c: the grammar of RFC 8259, read from the left without going back (pure). */
#include "healthd/page/json_check.h"

#include <string.h>

#include "common/base/utf8.h"

struct scan {
    const char *at, *end;
    unsigned depth;
};

static bool skip_value(struct scan *s);

static bool
is_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c);
}

static void
skip_blanks(struct scan *s)
{
    while (s->at < s->end && is_one_of(*s->at, " \t\n\r"))
        s->at++;
}

static bool
take(struct scan *s, char c)
{
    if (s->at == s->end || *s->at != c)
        return false;
    s->at++;
    return true;
}

static bool
take_word(struct scan *s, const char *word)
{
    size_t len = strlen(word);
    if ((size_t)(s->end - s->at) < len || memcmp(s->at, word, len) != 0)
        return false;
    s->at += len;
    return true;
}

static bool
skip_digits(struct scan *s)
{
    const char *from = s->at;
    while (s->at < s->end && *s->at >= '0' && *s->at <= '9')
        s->at++;
    return s->at > from;
}

static bool
skip_number(struct scan *s)
{
    take(s, '-');
    if (!take(s, '0') && !skip_digits(s))
        return false;
    if (take(s, '.') && !skip_digits(s))
        return false;
    if (!take(s, 'e') && !take(s, 'E'))
        return true;
    if (!take(s, '+'))
        take(s, '-');
    return skip_digits(s);
}

static bool
skip_escape(struct scan *s)
{
    if (!take(s, 'u')) {
        bool known = s->at < s->end && is_one_of(*s->at, "\"\\/bfnrt");
        s->at += known;
        return known;
    }
    for (int i = 0; i < 4; i++, s->at++)
        if (s->at == s->end || !is_one_of(*s->at, "0123456789abcdefABCDEF"))
            return false;
    return true;
}

static bool
skip_string(struct scan *s)
{
    if (!take(s, '"'))
        return false;
    while (s->at < s->end && (unsigned char)*s->at >= 0x20) {
        if (take(s, '"'))
            return true;
        if (!take(s, '\\'))
            s->at++;
        else if (!skip_escape(s))
            return false;
    }
    return false;
}

static bool
skip_member(struct scan *s)
{
    skip_blanks(s);
    if (!skip_string(s))
        return false;
    skip_blanks(s);
    return take(s, ':') && skip_value(s);
}

/* What stands between the brackets, and the closing one. */
static bool
skip_items(struct scan *s, char close, bool (*skip_item)(struct scan *s))
{
    if (++s->depth > JSON_CHECK_DEPTH)
        return false;
    skip_blanks(s);
    if (!take(s, close)) {
        do {
            if (!skip_item(s))
                return false;
        } while (take(s, ','));
        if (!take(s, close))
            return false;
    }
    s->depth--;
    return true;
}

/* One value and the blanks around it. */
static bool
skip_value(struct scan *s)
{
    bool ok = false;
    skip_blanks(s);
    switch (s->at < s->end ? *s->at : '\0') {
    case '{':
        s->at++;
        ok = skip_items(s, '}', skip_member);
        break;
    case '[':
        s->at++;
        ok = skip_items(s, ']', skip_value);
        break;
    case '"':
        ok = skip_string(s);
        break;
    case 't':
        ok = take_word(s, "true");
        break;
    case 'f':
        ok = take_word(s, "false");
        break;
    case 'n':
        ok = take_word(s, "null");
        break;
    default:
        ok = skip_number(s);
        break;
    }
    skip_blanks(s);
    return ok;
}

bool
json_is_valid(const char *text, size_t len)
{
    struct scan s = {.at = text, .end = text + len};
    return utf8_valid(text, len, NULL) && skip_value(&s) && s.at == s.end;
}
