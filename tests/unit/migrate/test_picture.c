/* test_picture.c: what a rehearsal found, what that means, and how it is shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include <cmocka.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "migrate/rehearse/picture.h"
#include "migrate/rehearse/rules.h"

static const struct source_migration first = {.file = "0001_a.sql",
                                              .id = {.version = "0001", .name = "a"}};
static const struct source_migration second = {.file = "0002_b.sql",
                                               .id = {.version = "0002", .name = "b"}};

static const struct relation orders = {.oid = 7,
                                       .kind = 'r',
                                       .schema = "public",
                                       .name = "orders",
                                       .bytes = 1288490189,
                                       .rows = 4100000};
static const struct relation items = {
    .oid = 8, .kind = 'r', .schema = "shop", .name = "items", .bytes = -1, .rows = -1};

static int
setup(void **state)
{
    struct picture *p = calloc(1, sizeof(*p));
    struct err e = {0};
    p->max_blocking_ms = 1000;
    p->took_ms = 3200;
    p->server_version = 150018;
    p->database = strdup("shop");
    assert_int_equal(picture_file(p, &first, NULL, &e), 0);
    *state = p;
    return 0;
}

static int
teardown(void **state)
{
    picture_done(*state);
    free(*state);
    return 0;
}

static void
add(struct picture *p, size_t line, uint64_t ms, const struct taking *takings, size_t n)
{
    struct err e = {0};
    static char text[] = "ALTER TABLE orders";
    const struct picture_statement s = {.line = line, .count = 1, .text = text, .us = ms * 1000};
    assert_int_equal(picture_statement(p, &s, takings, n, &e), 0);
}

static void
add_one(struct picture *p, size_t line, uint64_t ms, const struct relation *rel, enum lockmode mode)
{
    const struct taking t = {.table = rel, .held = rel, .mode = mode};
    add(p, line, ms, &t, 1);
}

static void
judge(struct picture *p)
{
    struct err e = {0};
    assert_int_equal(picture_judge(p, &e), 0);
}

/* A quick ALTER before a slow UPDATE blocks for all of it. */
static void
test_held_to_the_end_of_the_file(void **state)
{
    struct picture *p = *state;
    add(p, 1, 50, NULL, 0);
    add_one(p, 3, 2, &orders, LOCKMODE_ACCESS_EXCLUSIVE);
    add_one(p, 5, 3000, &orders, LOCKMODE_ROW_EXCLUSIVE);
    const struct picture_file *f = &p->files[0];
    assert_int_equal(picture_held_us(f, 1, &f->statements[1].locks[0]), 3002000);
    assert_int_equal(picture_held_us(f, 2, &f->statements[2].locks[0]), 3000000);
    judge(p);
    assert_int_equal(p->findings_n, 1);
    assert_int_equal(p->findings[0].line, 3);
    assert_string_equal(p->findings[0].rule, "max-blocking");
    assert_string_equal(
        p->findings[0].message,
        "reads and writes of orders wait for 3.00 s, longer than --max-blocking 1s; most of this is caused by line 5; move that statement to a file of its own");
}

static void
test_what_is_no_finding(void **state)
{
    struct picture *p = *state;
    add_one(p, 1, 1000, &orders, LOCKMODE_ACCESS_EXCLUSIVE); /* not longer */
    judge(p);
    assert_int_equal(p->findings_n, 0);
    add_one(p, 2, 5000, &items, LOCKMODE_EXCLUSIVE); /* reads go on; but now those of orders wait */
    judge(p);
    assert_int_equal(p->findings_n, 1);
    p->max_blocking_ms = CLOCK_NEVER;
    judge(p);
    assert_int_equal(p->findings_n, 0);
}

static void
test_one_finding_a_table(void **state)
{
    struct picture *p = *state;
    add_one(p, 1, 2000, &orders, LOCKMODE_ACCESS_EXCLUSIVE);
    add_one(p, 2, 2000, &orders, LOCKMODE_ACCESS_EXCLUSIVE);
    add_one(p, 3, 2000, &items, LOCKMODE_ACCESS_EXCLUSIVE);
    judge(p);
    assert_int_equal(p->findings_n, 2);
    assert_int_equal(p->findings[1].line, 3);
}

static void
test_a_rewrite_is_a_finding_however_fast(void **state)
{
    struct picture *p = *state;
    const struct taking t = {
        .table = &orders, .held = &orders, .mode = LOCKMODE_ACCESS_EXCLUSIVE, .rewritten = true};
    add(p, 4, 1, &t, 1);
    judge(p);
    assert_int_equal(p->findings_n, 1);
    assert_string_equal(p->findings[0].rule, "rewrite");
    assert_string_equal(
        p->findings[0].message,
        "the statement rewrites all of orders (1.2 GB); reads and writes wait until its file commits");
}

static void
test_what_the_file_allows(void **state)
{
    struct picture *p = *state;
    const struct taking t = {
        .table = &orders, .held = &orders, .mode = LOCKMODE_ACCESS_EXCLUSIVE, .rewritten = true};
    add(p, 1, 2000, &t, 1);
    judge(p);
    assert_int_equal(p->findings_n, 2);
    p->files[0].allowed = RULES_REWRITE;
    judge(p);
    assert_int_equal(p->findings_n, 1);
    assert_string_equal(p->findings[0].rule, "max-blocking");
    p->files[0].allowed |= RULES_MAX_BLOCKING;
    judge(p);
    assert_int_equal(p->findings_n, 0);
}

static void
test_names_of_rules(void **state)
{
    (void)state;
    static const char text[] = "-- migrate: allow=table-lock,rewrite,max-blockin";
    struct layout_header h = {.allow_offset = 18, .allow_bytes = sizeof(text) - 1 - 18};
    assert_int_equal(rules_named("max-blocking", 12), RULES_MAX_BLOCKING);
    assert_int_equal(rules_named("rewrites", 8), 0);
    assert_int_equal(rules_allowed(text, &h), RULES_REWRITE);
    h.allow_bytes = 0;
    assert_int_equal(rules_allowed(text, &h), 0);
}

/* ROLLBACK TO SAVEPOINT lets go of what was locked behind it. */
static void
test_released(void **state)
{
    struct picture *p = *state;
    struct relations r = {0};
    struct err e = {0};
    assert_int_equal(relations_add(&r, &orders, &e), 0);
    assert_int_equal(relations_ready(&r, &e), 0);
    add_one(p, 1, 10, &orders, LOCKMODE_ACCESS_EXCLUSIVE);
    add(p, 2, 20, NULL, 0);
    relations_look(&r); /* nothing is held any more */
    picture_released(p, &r);
    add(p, 3, 5000, NULL, 0);
    const struct picture_file *f = &p->files[0];
    assert_int_equal(picture_held_us(f, 0, &f->statements[0].locks[0]), 30000);
    judge(p);
    assert_int_equal(p->findings_n, 0);
    relations_done(&r);
}

static bool
text_has(const struct picture *p, const char *wanted)
{
    cleanup_strbuf struct strbuf out = STRBUF_INIT;
    picture_text(p, false, &out);
    bool found = strstr(strbuf_str(&out), wanted) != NULL;
    if (!found)
        print_message("%s\n", strbuf_str(&out));
    assert_null(strchr(strbuf_str(&out), '\033'));
    return found;
}

static void
test_text(void **state)
{
    struct picture *p = *state;
    struct err e = {0};
    add_one(p, 3, 1000, &orders, LOCKMODE_ACCESS_EXCLUSIVE);
    add_one(p, 5, 1000, &items, LOCKMODE_SHARE);
    picture_goes_on(p, 4999, 1000000);
    assert_int_equal(
        picture_waited(p, "0001_a.sql", 3, "canceling statement; blocked by pid 7", &e), 0);
    judge(p);
    assert_true(
        text_has(p, "rehearsed 1 file on shop (PostgreSQL 15.18) in 3.20 s, rolled back\n"));
    assert_true(text_has(p, "\n  BLOCKS READS   0001_a.sql     3.00 s  orders\n"));
    assert_true(text_has(p, "0001_a.sql: 5001 statements in one transaction, 3.00 s\n"));
    assert_true(text_has(
        p,
        "     3     1.00 s  ALTER TABLE orders\n"
        "                   BLOCKS READS   orders          AccessExclusiveLock        1.2 GB    4.1 M     3.00 s\n"));
    assert_true(text_has(
        p,
        "     5     2.00 s  5000 x ALTER TABLE orders\n"
        "                   BLOCKS WRITES  shop.items      ShareLock                       -        -     2.00 s\n"));
    assert_true(text_has(
        p,
        "  orders         [##################################################] reads and writes wait 3.00 s, from line 3 on\n"));
    assert_true(text_has(
        p,
        "  shop.items     [................==================================] writes wait 2.00 s, from line 5 on\n"));
    assert_true(text_has(p, "waited: 0001_a.sql:3: canceling statement; blocked by pid 7;"));
    assert_true(text_has(p, "error: 0001_a.sql:3: reads and writes of orders wait for 3.00 s"));
    assert_true(text_has(p, "\n1 finding of level error"));
}

static void
test_text_of_what_is_quiet_or_not_run(void **state)
{
    struct picture *p = *state;
    struct err e = {0};
    static char text[] = "VACUUM orders";
    const struct picture_statement not_run = {.line = 1,
                                              .count = 1,
                                              .text = text,
                                              .state = PICTURE_NOT_RUN,
                                              .would = LOCKMODE_ACCESS_EXCLUSIVE,
                                              .does = "writes the table"};
    const struct picture_statement failed = {
        .line = 2, .count = 1, .text = text, .state = PICTURE_FAILED};
    const struct taking t = {.table = &orders,
                             .held = &orders,
                             .mode = LOCKMODE_ROW_EXCLUSIVE,
                             .again = true,
                             .partitions = 2,
                             .reindexed = true};
    add(p, 1, 1, &t, 1);
    assert_true(text_has(p, "ok             orders"));
    assert_true(text_has(p, "  index rebuilt  with 2 partitions  held before\n"));
    assert_true(text_has(p, "\n  nobody waits\n"));
    assert_true(text_has(p, "\n  ok             0001_a.sql\n"));
    assert_int_equal(picture_file(p, &second, "VACUUM", &e), 0);
    assert_int_equal(picture_statement(p, &not_run, NULL, 0, &e), 0);
    assert_true(
        text_has(p, "0002_b.sql: not rehearsed because it cannot run in a transaction (VACUUM)\n"));
    assert_true(
        text_has(p, "     1    not run  VACUUM orders\n"
                    "                   BLOCKS READS   AccessExclusiveLock; writes the table\n"));
    assert_true(text_has(p, "rehearsed 2 files"));
    assert_true(text_has(p, "\n  BLOCKS READS   0002_b.sql             not rehearsed\n"));
    assert_int_equal(picture_statement(p, &failed, NULL, 0, &e), 0);
    assert_true(text_has(p, "VACUUM orders  FAILED\n"));
    assert_true(text_has(p, "\n  FAILED         0002_b.sql"));
    judge(p);
    assert_int_equal(p->findings_n, 0);
    assert_int_equal(picture_waits(&p->files[1].statements[0]), WAITS_READS);
    picture_drop_file(p);
    assert_int_equal(p->n, 1);
    picture_again(p);
    assert_true(text_has(p, "rehearsed 0 files"));
}

static void
test_a_line_for_each_file(void **state)
{
    struct picture *p = *state;
    struct err e = {0};
    const struct taking two[] = {
        {.table = &orders, .held = &orders, .mode = LOCKMODE_SHARE},
        {.table = &items, .held = &items, .mode = LOCKMODE_SHARE},
    };
    const struct taking anew = {
        .table = &items, .held = &items, .mode = LOCKMODE_ACCESS_EXCLUSIVE, .rewritten = true};
    add(p, 1, 10, two, 2);
    add_one(p, 2, 5, &orders, LOCKMODE_SHARE_ROW_EXCLUSIVE);
    assert_true(text_has(p, "\n  BLOCKS WRITES  0001_a.sql      15 ms  orders and 1 more\n"));
    assert_int_equal(picture_file(p, &second, NULL, &e), 0);
    add(p, 1, 7, &anew, 1);
    assert_true(text_has(p, "\n  BLOCKS READS   0002_b.sql       7 ms  shop.items  REWRITTEN\n"));
}

/* pg_class.relkind, in words. */
static void
test_kinds(void **state)
{
    struct picture *p = *state;
    static const struct {
        char kind;
        const char *text;
    } rows[] = {{'r', "table"},         {'v', "view"},          {'m', "materialized view"},
                {'S', "sequence"},      {'f', "foreign table"}, {'p', "partitioned table"},
                {'c', "composite type"}};
    struct relation rel = orders;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        rel.kind = rows[i].kind;
        add_one(p, 1, 1, &rel, LOCKMODE_SHARE);
        assert_string_equal(p->files[0].statements[i].locks[0].kind, rows[i].text);
    }
}

/* In the picture stand the tables that somebody waits for, and no others. */
static void
test_who_is_in_the_picture(void **state)
{
    struct picture *p = *state;
    cleanup_strbuf struct strbuf out = STRBUF_INIT;
    const struct taking two[] = {
        {.table = &orders, .held = &orders, .mode = LOCKMODE_SHARE},
        {.table = &items, .held = &items, .mode = LOCKMODE_ROW_EXCLUSIVE},
    };
    add(p, 1, 1000, two, 2);
    assert_true(text_has(p, "  orders         [================="));
    picture_text(p, false, &out);
    assert_null(strstr(strbuf_str(&out), "\n  shop.items"));
}

/* A cell of the bar is the first one of a lock that begins on its edge. */
static void
test_the_edge_of_a_bar(void **state)
{
    struct picture *p = *state;
    add(p, 1, 1000, NULL, 0);
    add_one(p, 2, 1000, &orders, LOCKMODE_SHARE);
    assert_true(text_has(
        p,
        "[.........................=========================] writes wait 1.00 s, from line 2 on\n"));
}

static void
test_colours(void **state)
{
    struct picture *p = *state;
    cleanup_strbuf struct strbuf out = STRBUF_INIT;
    add_one(p, 3, 1000, &orders, LOCKMODE_ACCESS_EXCLUSIVE);
    picture_text(p, true, &out);
    assert_non_null(strstr(strbuf_str(&out), "\033[1;31mBLOCKS READS\033[0m   orders"));
    assert_non_null(strstr(strbuf_str(&out), "[\033[1;31m#####"));
}

static void
test_long_names_are_cut(void **state)
{
    struct picture *p = *state;
    struct relation rel = orders;
    rel.name = "ääääääääääääääääääääääääääääääääääääääää";
    add_one(p, 3, 1000, &rel, LOCKMODE_SHARE);
    assert_true(text_has(p, "BLOCKS WRITES  äääääääääääääääääääääääääääää...  ShareLock"));
}

/* SIGPROF ends the test when it has computed for so long, whatever else the machine does; 0: not any more. */
static void
compute_at_most(int seconds)
{
    const struct itimerval limit = {.it_value = {.tv_sec = seconds}};
    assert_int_equal(setitimer(ITIMER_PROF, &limit, NULL), 0);
}

/* Of many statements on many tables the picture is drawn in an instant: nobody could stop it, and CI waits. */
static void
test_ten_thousand_statements(void **state)
{
    struct picture *p = *state;
    cleanup_strbuf struct strbuf out = STRBUF_INIT;
    compute_at_most(60);
    for (size_t i = 0; i < 10000; i++) {
        char name[32];
        snprintf(name, sizeof(name), "t%zu", i % 2000);
        const struct relation rel = {
            .oid = (uint32_t)(i % 2000), .kind = 'r', .schema = "public", .name = name};
        add_one(p, i + 1, 1, &rel, LOCKMODE_ACCESS_EXCLUSIVE);
    }
    judge(p);
    picture_text(p, false, &out);
    picture_json(p, &out);
    compute_at_most(0);
    assert_int_equal(p->findings_n, 2000);
}

static void
test_json(void **state)
{
    struct picture *p = *state;
    struct err e = {0};
    cleanup_strbuf struct strbuf out = STRBUF_INIT;
    add_one(p, 3, 2, &items, LOCKMODE_SHARE);
    assert_int_equal(picture_waited(p, "0001_a.sql", 3, "x", &e), 0);
    judge(p);
    picture_json(p, &out);
    assert_string_equal(
        strbuf_str(&out),
        "{\"database\":\"shop\",\"server_version\":150018,\"duration_ms\":3200,"
        "\"max_blocking_ms\":1000,\"files\":[{\"version\":\"0001\",\"name\":\"a\",\"file\":\"0001_a.sql\","
        "\"phase\":\"expand\",\"rehearsed\":true,\"cannot\":null,\"duration_ms\":2,\"statements\":[{\"line\":3,"
        "\"count\":1,\"statement\":\"ALTER TABLE orders\",\"state\":\"done\",\"duration_ms\":2,"
        "\"verdict\":\"BLOCKS WRITES\",\"locks\":[{\"relation\":\"shop.items\",\"kind\":\"table\","
        "\"lock\":\"ShareLock\",\"verdict\":\"BLOCKS WRITES\",\"held_ms\":2,\"rewritten\":false,"
        "\"index_rebuilt\":false,\"held_before\":false,\"size_bytes\":null,\"rows\":null,\"partitions\":0}]}]}],"
        "\"waited\":[{\"file\":\"0001_a.sql\",\"line\":3,\"message\":\"x\"}],\"findings\":[]}");
}

static bool
json_has(const struct picture *p, const char *wanted)
{
    cleanup_strbuf struct strbuf out = STRBUF_INIT;
    picture_json(p, &out);
    bool found = strstr(strbuf_str(&out), wanted) != NULL;
    if (!found)
        print_message("%s\n", strbuf_str(&out));
    return found;
}

static void
test_json_of_what_did_not_run(void **state)
{
    struct picture *p = *state;
    struct err e = {0};
    static char text[] = "VACUUM orders";
    struct picture_statement s = {.line = 7,
                                  .count = 1,
                                  .text = text,
                                  .us = 1500,
                                  .state = PICTURE_NOT_RUN,
                                  .would = LOCKMODE_SHARE,
                                  .does = "reads the table"};
    p->max_blocking_ms = CLOCK_NEVER;
    assert_int_equal(picture_file(p, &second, "VACUUM", &e), 0);
    assert_int_equal(picture_statement(p, &s, NULL, 0, &e), 0);
    s.would = LOCKMODE_NONE;
    s.does = NULL;
    assert_int_equal(picture_statement(p, &s, NULL, 0, &e), 0);
    s.line = 0; /* what is not in the file: the row of the history */
    s.state = PICTURE_FAILED;
    assert_int_equal(picture_statement(p, &s, NULL, 0, &e), 0);
    assert_true(json_has(p, "\"max_blocking_ms\":null"));
    assert_true(json_has(p, "\"rehearsed\":false,\"cannot\":\"VACUUM\""));
    assert_true(json_has(p, "{\"line\":7,\"count\":1,\"statement\":\"VACUUM orders\","
                            "\"state\":\"not run\",\"verdict\":\"BLOCKS WRITES\","
                            "\"lock\":\"ShareLock\",\"does\":\"reads the table\",\"locks\":[]}"));
    assert_true(json_has(p, "\"verdict\":\"ok\",\"lock\":null,\"does\":null,\"locks\":[]}"));
    assert_true(json_has(p, "{\"line\":null,\"count\":1,\"statement\":\"VACUUM orders\","
                            "\"state\":\"failed\",\"duration_ms\":1.5,\"verdict\":"));
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_held_to_the_end_of_the_file),
        CASE(test_what_is_no_finding),
        CASE(test_one_finding_a_table),
        CASE(test_a_rewrite_is_a_finding_however_fast),
        CASE(test_what_the_file_allows),
        cmocka_unit_test(test_names_of_rules),
        CASE(test_released),
        CASE(test_text),
        CASE(test_text_of_what_is_quiet_or_not_run),
        CASE(test_a_line_for_each_file),
        CASE(test_kinds),
        CASE(test_who_is_in_the_picture),
        CASE(test_the_edge_of_a_bar),
        CASE(test_colours),
        CASE(test_long_names_are_cut),
        CASE(test_ten_thousand_statements),
        CASE(test_json),
        CASE(test_json_of_what_did_not_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
