/* redisconn_word.c: how Redis names its errors; a table over text. */
#include <stdio.h>
#include <string.h>

#include "common/redis/redisconn.h"

void
redisconn_word(const char *text, char ret_word[ERR_WORD_MAX])
{
    static const struct {
        const char *begin, *word;
    } sentences[] = {
        {"ERR max number of clients", "MAXCLIENTS"},
        {"ERR DB index is out of range", "DBRANGE"},
        {"ERR invalid password", "WRONGPASS"},
        {"ERR Client sent AUTH", "WRONGPASS"},
        {"ERR AUTH", "WRONGPASS"},
    };
    snprintf(ret_word, ERR_WORD_MAX, "%.*s", (int)strcspn(text, " ,:"), text);
    for (size_t i = 0; i < sizeof(sentences) / sizeof(sentences[0]); i++) {
        size_t len = strlen(sentences[i].begin);
        if (strncmp(text, sentences[i].begin, len) == 0 &&
            (text[len] == '\0' || strchr(" ,:", text[len])))
            snprintf(ret_word, ERR_WORD_MAX, "%s", sentences[i].word);
    }
}
