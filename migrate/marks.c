#include "migrate/marks.h"

#include <string.h>
#include <strings.h>

#include "migrate/token.h"

#define SPLIT_IT                                                                                   \
    ", which is not handled yet: split the file into VERSION_name.up.sql and VERSION_name.down.sql"

static const struct {
    const char *begins; /* behind dashes and blanks, in any case */
    const char *what;
} foreign[] = {
    {"+goose", "an annotation of goose's layout, which is not handled yet: remove the -- +goose "
               "lines and what is for Down"},
    {"+migrate ", "an annotation of sql-migrate's layout" SPLIT_IT},
    {"migrate:up", "an annotation of dbmate's layout" SPLIT_IT},
    {"migrate:down", "an annotation of dbmate's layout" SPLIT_IT},
    {"tern:", "an annotation of tern's layout" SPLIT_IT},
    {"down migration", "an annotation of node-pg-migrate's layout" SPLIT_IT},
};

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\f' || c == '\v';
}

static bool
begins(const char *text, size_t len, const char *word)
{
    size_t n = strlen(word);
    return len >= n && strncasecmp(text, word, n) == 0;
}

const char *
marks_foreign(const char *text, size_t len)
{
    while (len && (is_blank(*text) || *text == '-'))
        text++, len--;
    for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
        if (begins(text, len, foreign[i].begins))
            return foreign[i].what;
    }
    return NULL;
}

const char *
marks_late(const char *text, size_t len)
{
    static const char ours[] = "migrate:";
    static const char *const keys[] = {
        "transaction=", "phase=", "lock_timeout=", "statement_timeout="};

    while (len && is_blank(*text))
        text++, len--;
    if (!begins(text, len, ours))
        return marks_foreign(text, len);
    const char *what = marks_foreign(text, len);
    text += sizeof(ours) - 1;
    len -= sizeof(ours) - 1;
    while (len && is_blank(*text))
        text++, len--;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (begins(text, len, keys[i]))
            return "a -- migrate: line must stand before the first statement: here it would be overlooked";
    }
    return what;
}

const char *
marks_between(const char *text, size_t from, size_t to, size_t *ret_at)
{
    bool open = false;
    size_t pos = from;

    while (pos + 1 < to && !open) {
        if (text[pos] == '/' && text[pos + 1] == '*') {
            pos = token_skip_comment(text, to, pos + 2, &open);
        } else if (text[pos] == '-' && text[pos + 1] == '-') {
            size_t end = pos + 2;
            while (end < to && text[end] != '\n' && text[end] != '\r')
                end++;
            const char *what = marks_late(text + pos + 2, end - pos - 2);
            *ret_at = pos;
            if (what)
                return what;
            pos = end;
        } else {
            pos++;
        }
    }
    return NULL;
}
