/* record.c: a line of JSON, written and read (pure). */
#include "cronrun/record.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/json.h"

void
record_format(struct strbuf *out, const struct record *r)
{
    struct json j = json_on(out);
    json_object(&j);
    json_kstr(&j, "outcome", outcome_name(r->outcome));
    json_kstr(&j, "reason", r->reason);
    json_kstr(&j, "run_id", r->run_id);
    json_kint(&j, "exit", r->exit);
    json_kint(&j, "signal", r->signal);
    json_kint(&j, "started_ms", r->started_ms);
    json_kint(&j, "ended_ms", r->ended_ms);
    json_kuint(&j, "took_ms", r->took_ms);
    json_kuint(&j, "deadline_ms", r->deadline_ms);
    json_kuint(&j, "fence", r->fence);
    json_kuint(&j, "max_rss_bytes", r->max_rss_bytes);
    json_end(&j);
    strbuf_addc(out, '\n');
}

/* ---- reading: exactly what is written above ---- */

struct reader {
    const char *at;
    bool failed;
};

static void
expect(struct reader *r, const char *text)
{
    size_t len = strlen(text);
    if (!r->failed && strncmp(r->at, text, len) == 0)
        r->at += len;
    else
        r->failed = true;
}

/* Our words and ids have nothing to be escaped in them. */
static void
read_word(struct reader *r, const char *key, char *ret, size_t size)
{
    expect(r, key);
    expect(r, "\"");
    if (r->failed)
        return;
    size_t len = strcspn(r->at, "\"\\");
    if (len >= size || r->at[len] != '"') {
        r->failed = true;
        return;
    }
    memcpy(ret, r->at, len);
    ret[len] = '\0';
    r->at += len + 1;
}

static int64_t
read_int(struct reader *r, const char *key)
{
    int64_t value = 0;
    int len = 0;
    expect(r, key);
    r->failed = r->failed || sscanf(r->at, "%" SCNd64 "%n", &value, &len) != 1;
    r->at += len;
    return value;
}

static uint64_t
read_uint(struct reader *r, const char *key)
{
    uint64_t value = 0;
    int len = 0;
    expect(r, key);
    r->failed = r->failed || sscanf(r->at, "%" SCNu64 "%n", &value, &len) != 1;
    r->at += len;
    return value;
}

static void
read_outcome(struct reader *r, enum outcome_kind *ret)
{
    char word[RECORD_WORD_MAX];
    read_word(r, "{\"outcome\":", word, sizeof(word));
    for (enum outcome_kind kind = 0; !r->failed && kind < OUTCOME_KINDS; kind++)
        if (strcmp(word, outcome_name(kind)) == 0) {
            *ret = kind;
            return;
        }
    r->failed = true;
}

int
record_parse(const char *line, size_t len, struct record *ret, struct err *e)
{
    char text[RECORD_BYTES_MAX + 1];
    struct record found = {0};
    if (len > RECORD_BYTES_MAX)
        return err_set(e, ERR_INPUT, "the record of a run is too long");
    memcpy(text, line, len);
    text[len] = '\0';
    struct reader r = {.at = text};
    read_outcome(&r, &found.outcome);
    read_word(&r, ",\"reason\":", found.reason, sizeof(found.reason));
    read_word(&r, ",\"run_id\":", found.run_id, sizeof(found.run_id));
    found.exit = (int)read_int(&r, ",\"exit\":");
    found.signal = (int)read_int(&r, ",\"signal\":");
    found.started_ms = read_int(&r, ",\"started_ms\":");
    found.ended_ms = read_int(&r, ",\"ended_ms\":");
    found.took_ms = read_uint(&r, ",\"took_ms\":");
    found.deadline_ms = read_uint(&r, ",\"deadline_ms\":");
    found.fence = read_uint(&r, ",\"fence\":");
    found.max_rss_bytes = read_uint(&r, ",\"max_rss_bytes\":");
    expect(&r, "}");
    if (r.failed)
        return err_set(e, ERR_INPUT, "the record of a run is not one");
    *ret = found;
    return 0;
}
