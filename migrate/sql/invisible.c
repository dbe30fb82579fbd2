/* invisible.c: finds characters that cannot be seen (pure). */
#include "migrate/sql/invisible.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const struct {
    uint32_t first, last;
    const char *name;
} invisibles[] = {
    {0x0085, 0x0085, "next line"},
    {0x00a0, 0x00a0, "no-break space"},
    {0x00ad, 0x00ad, "soft hyphen"},
    {0x2000, 0x200a, "a space of another width"},
    {0x200b, 0x200b, "zero width space"},
    {0x200e, 0x200f, "direction mark"},
    {0x2028, 0x2029, "line or paragraph separator"},
    {0x202a, 0x202e, "direction mark"},
    {0x202f, 0x202f, "narrow no-break space"},
    {0x205f, 0x205f, "a space of another width"},
    {0x2060, 0x2064, "word joiner, or its like"},
    {0x2066, 0x2069, "direction mark"},
    {0x3000, 0x3000, "ideographic space"},
    {0xfeff, 0xfeff, "byte order mark"},
};
#define N_INVISIBLES (sizeof(invisibles) / sizeof(invisibles[0]))

/* Of two or three bytes, as all of ours are; left: how many there are. 0: another one. */
static uint32_t
decode(const unsigned char *p, size_t left)
{
    if (left >= 2 && p[0] == 0xc2)
        return (uint32_t)(p[0] & 0x1f) << 6 | (p[1] & 0x3f);
    if (left >= 3 && (p[0] & 0xf0) == 0xe0)
        return (uint32_t)(p[0] & 0x0f) << 12 | (uint32_t)(p[1] & 0x3f) << 6 | (p[2] & 0x3f);
    return 0;
}

static size_t
row_of(uint32_t code)
{
    size_t i = 0;

    while (i < N_INVISIBLES && (code < invisibles[i].first || code > invisibles[i].last))
        i++;
    return i;
}

size_t
invisible_find(const char *text, size_t from, size_t to)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t pos = from;

    while (pos < to) {
        uint64_t eight;
        if (pos + 8 <= to) {
            memcpy(&eight, p + pos, 8);
            if (!(eight & 0x8080808080808080u)) {
                pos += 8;
                continue;
            }
        }
        if (p[pos] >= 0xc2 && row_of(decode(p + pos, to - pos)) < N_INVISIBLES)
            return pos;
        pos++;
    }
    return to;
}

const char *
invisible_describe(const char *p, char *buf)
{
    uint32_t code = decode((const unsigned char *)p, 3);
    size_t row = row_of(code);

    snprintf(buf, INVISIBLE_TEXT_MAX, "U+%04X (%s)", (unsigned)code,
             row < N_INVISIBLES ? invisibles[row].name : "?");
    return buf;
}
