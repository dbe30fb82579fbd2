/*
 * speed_lexer.c: how fast are files split? Beside it, on the same bytes: memcpy (what the memory
 * gives) and a loop over memchr for newlines (the least that somebody who counts lines must do).
 * Best of five.
 *
 *     speed_lexer [FILE…]      files beside the made-up texts
 *
 * Exit status 1 when one of the made-up texts is split with less than 400 MB/s.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/strbuf.h"
#include "migrate/sql/lexer.h"
#include "migrate/files/source.h"

#define TEXT_BYTES ((size_t)32 << 20)
#define ROUNDS 5
#define GOAL 400.0

static size_t
split(const char *text, size_t len)
{
    struct lexer lx;
    struct statement st;
    size_t n = 0;

    lexer_init(&lx, text, len);
    while (lexer_next(&lx, &st, NULL) > 0)
        n++;
    return n;
}

static size_t
copy(const char *text, size_t len)
{
    static char *to; /* touched once, so that the kernel's zeroing of pages is not measured */

    to = realloc(to, TEXT_BYTES * 2);
    for (size_t at = 0; to && at < len; at += TEXT_BYTES)
        memcpy(to, text + at, len - at < TEXT_BYTES ? len - at : TEXT_BYTES);
    return to ? (size_t)(unsigned char)to[len / 2 % TEXT_BYTES] : 0;
}

/* Time of the processor: what others do on the machine matters less. */
static double
now_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static double
best(size_t (*fn)(const char *, size_t), const char *text, size_t len, size_t *ret_n)
{
    double top = 0;

    for (int i = 0; i < ROUNDS; i++) {
        double start = now_us();
        *ret_n = fn(text, len);
        double speed = (double)len / (now_us() - start);
        top = speed > top ? speed : top;
    }
    return top;
}

static double
measure(const char *name, const char *text, size_t len)
{
    size_t n;
    size_t unused;
    double lexer = best(split, text, len, &n);
    double floor = best(lexer_count_lines, text, len, &unused);
    double memory = best(copy, text, len, &unused);

    printf("%-28s %7.1f MB %9zu statements  %6.0f MB/s   newlines %6.0f MB/s   memcpy %6.0f MB/s\n",
           name, (double)len / 1e6, n, lexer, floor, memory);
    return lexer;
}

/* The piece again and again, %zu replaced by the round. */
static double
measure_made(const char *name, const char *head, const char *piece)
{
    struct strbuf b = STRBUF_INIT;

    strbuf_adds(&b, head);
    for (size_t i = 0; b.len < TEXT_BYTES && !b.failed; i++) {
        const char *mark = strstr(piece, "%zu");
        strbuf_add(&b, piece, mark ? (size_t)(mark - piece) : strlen(piece));
        if (mark)
            strbuf_addf(&b, "%zu%s", i, mark + 3);
    }
    double speed = measure(name, strbuf_str(&b), b.len);
    strbuf_done(&b);
    return speed;
}

static const struct {
    const char *name, *head, *piece;
} made[] = {
    {"INSERT, a row each", "",
     "INSERT INTO public.orders (id, customer, note, amount, created) VALUES (%zu, 'Ada O''Neil', 'two parcels; fragile', "
     "199.95, '2026-11-21 12:00:00+00');\n"},
    {"DDL with comments", "",
     "-- Orders, and what they hold; see the shop's manual.\nCREATE TABLE shop.order_%zu (\n    id bigint GENERATED ALWAYS AS "
     "IDENTITY PRIMARY KEY,\n    customer_id bigint NOT NULL REFERENCES shop.customer (id) ON DELETE RESTRICT,\n    state text "
     "NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'paid', 'sent')),\n    created timestamptz NOT NULL DEFAULT now()\n);\n"
     "CREATE INDEX ON shop.orders (customer_id) WHERE state <> 'sent';\n/* the end of it */\n\n"},
    {"functions, $$ bodies", "",
     "CREATE OR REPLACE FUNCTION shop.touch_%zu() RETURNS trigger LANGUAGE plpgsql AS $$\nBEGIN\n    NEW.changed := now();\n    "
     "IF NEW.state = 'paid' AND OLD.state <> 'paid' THEN\n        INSERT INTO shop.log (what) VALUES ('it''s paid; good');\n    "
     "END IF;\n    RETURN NEW;\nEND;\n$$;\n"},
    {"functions, BEGIN ATOMIC", "",
     "CREATE FUNCTION shop.total_%zu(o bigint) RETURNS numeric LANGUAGE sql BEGIN ATOMIC\n    SELECT sum(CASE WHEN gift THEN 0 "
     "ELSE price * pieces END) FROM shop.item WHERE order_id = o;\nEND;\n"},
    {"COPY data", "COPY shop.item (id, name, price, note) FROM stdin;\n",
     "%zu\ta thing of some kind\t199.95\t\\N\n"},
};

static bool
measure_file(const char *path)
{
    struct source_text t;
    struct err e;

    if (source_text_open_path(path, &t, &e) < 0) {
        fprintf(stderr, "%s\n", e.msg);
        return false;
    }
    measure(path, t.data, t.len);
    source_text_done(&t);
    return true;
}

int
main(int argc, char **argv)
{
    int status = 0;

    for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++)
        if (measure_made(made[i].name, made[i].head, made[i].piece) < GOAL)
            status = 1;
    for (int i = 1; i < argc; i++)
        if (!measure_file(argv[i]))
            status = 2;
    return status;
}
