/* reading.c: the server's settings beside the splitter's. */
#include "migrate/sql/reading.h"

#include <string.h>

/* Encodings that only a client may have: in a character of theirs the second byte may be that of a backslash or a letter. */
static bool
mixes(const char *encoding)
{
    static const char *const names[] = {"SJIS", "SHIFT_JIS_2004", "BIG5", "GBK",
                                        "UHC",  "GB18030",        "JOHAB"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (strcmp(encoding, names[i]) == 0)
            return true;
    return false;
}

static bool
is_ascii(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] >= 0x80)
            return false;
    return true;
}

int
reading_check(const struct reading *r, const char *text, size_t len, bool backslashes,
              struct err *e)
{
    bool off = strcmp(r->strings, "off") == 0;
    if (r->strings[0] && off != backslashes && memchr(text, '\\', len))
        return err_set(
            e, ERR_INPUT,
            "standard_conforming_strings is %s here, by something before that is no SET statement of its own: the server "
            "would read the backslashes from here on in another way than migrate did; set it to %s, by SET, before this "
            "statement",
            off ? "off" : "on", off ? "on" : "off");
    if (mixes(r->encoding) && !is_ascii(text, len))
        return err_set(
            e, ERR_INPUT,
            "client_encoding is %s here, but the file is UTF-8: the server would read other characters; remove that "
            "setting",
            r->encoding);
    return 0;
}
