/* utf8.c: UTF-8 by RFC 3629. Pure. */
#include "common/base/utf8.h"

static bool
is_continuation(const char *s, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        if (((unsigned char)s[i] & 0xC0u) != 0x80u)
            return false;
    return true;
}

size_t
utf8_char_len(const char *s, size_t len)
{
    if (len == 0)
        return 0;
    unsigned char a = (unsigned char)s[0];
    unsigned char b = len > 1 ? (unsigned char)s[1] : 0;
    if (a < 0x80)
        return 1;
    if (a >= 0xC2 && a <= 0xDF)
        return len >= 2 && is_continuation(s, 1, 2) ? 2 : 0;
    if (a >= 0xE0 && a <= 0xEF) {
        bool fits = len >= 3 && is_continuation(s, 1, 3);
        return fits && !(a == 0xE0 && b < 0xA0) && !(a == 0xED && b > 0x9F) ? 3 : 0;
    }
    if (a >= 0xF0 && a <= 0xF4) {
        bool fits = len >= 4 && is_continuation(s, 1, 4);
        return fits && !(a == 0xF0 && b < 0x90) && !(a == 0xF4 && b > 0x8F) ? 4 : 0;
    }
    return 0;
}

size_t
utf8_foreign_len(const char *s, size_t len)
{
    size_t at = 0;
    for (size_t n; (n = utf8_char_len(s + at, len - at)) > 1;)
        at += n;
    return at;
}

bool
utf8_valid(const char *s, size_t len, size_t *ret_bad)
{
    for (size_t i = 0; i < len;) {
        size_t n = utf8_char_len(s + i, len - i);
        if (n == 0) {
            if (ret_bad)
                *ret_bad = i;
            return false;
        }
        i += n;
    }
    return true;
}

size_t
utf8_cut(const char *s, size_t len, size_t max_bytes)
{
    if (len <= max_bytes && (len == 0 || (unsigned char)s[len - 1] < 0x80))
        return len;
    size_t end = len < max_bytes ? len : max_bytes;
    /* Back to the lead byte of the last character, at most three bytes; keep it when it is whole or no UTF-8 at all. */
    size_t lead = end;
    while (lead > 0 && end - lead < 3 && ((unsigned char)s[lead - 1] & 0xC0u) == 0x80u)
        lead--;
    if (lead == 0 || (unsigned char)s[lead - 1] < 0xC0u)
        return end;
    lead--;
    unsigned char a = (unsigned char)s[lead];
    size_t want = a >= 0xF0 ? 4 : a >= 0xE0 ? 3 : 2;
    return end - lead < want ? lead : end;
}
