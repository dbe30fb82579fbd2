/* test_relations.c: what a statement locked and rewrote, from looks at the locks of the transaction. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "migrate/rehearse/relations.h"

/* A table with index, TOAST table and its index; a partitioned table with two partitions, one of them parted again. */
enum {
    ORDERS = 1000,
    ORDERS_KEY,
    ORDERS_TOAST,
    ORDERS_TOAST_KEY,
    LOGS,
    LOGS_1,
    LOGS_2,
    LOGS_2A,
    VIEW
};

static const struct relation world[] = {
    {.oid = VIEW, .kind = 'v', .schema = "public", .name = "v", .bytes = -1, .rows = -1},
    {.oid = ORDERS,
     .kind = 'r',
     .filenode = 1,
     .schema = "public",
     .name = "orders",
     .bytes = 8192,
     .rows = 7},
    {.oid = ORDERS_KEY,
     .owner = ORDERS,
     .kind = 'i',
     .filenode = 2,
     .schema = "public",
     .name = "orders_pkey"},
    {.oid = ORDERS_TOAST,
     .owner = ORDERS,
     .kind = 't',
     .filenode = 3,
     .schema = "pg_toast",
     .name = "pg_toast_1000"},
    {.oid = ORDERS_TOAST_KEY,
     .owner = ORDERS_TOAST,
     .kind = 'i',
     .filenode = 4,
     .schema = "pg_toast",
     .name = "pg_toast_1000_index"},
    {.oid = LOGS, .kind = 'p', .schema = "public", .name = "logs", .bytes = -1, .rows = -1},
    {.oid = LOGS_1,
     .parent = LOGS,
     .kind = 'r',
     .filenode = 5,
     .schema = "public",
     .name = "logs_1",
     .bytes = 100,
     .rows = 10},
    {.oid = LOGS_2,
     .parent = LOGS,
     .kind = 'p',
     .schema = "public",
     .name = "logs_2",
     .bytes = -1,
     .rows = -1},
    {.oid = LOGS_2A,
     .parent = LOGS_2,
     .kind = 'r',
     .filenode = 6,
     .schema = "public",
     .name = "logs_2a",
     .bytes = 50,
     .rows = 5},
};

struct look {
    struct relations r;
    struct taking *takings;
    size_t n;
};

static int
setup(void **state)
{
    struct err e = {0};
    struct look *l = calloc(1, sizeof(*l));
    for (size_t i = 0; i < sizeof(world) / sizeof(*world); i++)
        assert_int_equal(relations_add(&l->r, &world[i], &e), 0);
    assert_int_equal(relations_ready(&l->r, &e), 0);
    *state = l;
    return 0;
}

static int
teardown(void **state)
{
    struct look *l = *state;
    free(l->takings);
    relations_done(&l->r);
    free(l);
    return 0;
}

/* A statement later: the locks that are held now, up to one with oid 0. named: what it names, NULL for nothing. */
static bool
is_orders(const struct relation *rel, enum lockmode *ret_most, void *arg)
{
    *ret_most = *(enum lockmode *)arg;
    return strcmp(rel->name, "orders") == 0;
}

static void
after(struct look *l, const struct relations_lock *locks, enum lockmode most)
{
    struct err e = {0};
    free(l->takings);
    relations_look(&l->r);
    for (; locks->oid; locks++)
        relations_see(&l->r, locks);
    assert_int_equal(
        relations_takings(&l->r, most ? is_orders : NULL, &most, &l->takings, &l->n, &e), 0);
}
#define AFTER(l, most, ...) after(l, (const struct relations_lock[]){__VA_ARGS__, {0}}, most)
#define HOLDS(oid_, mode_, file)                                                                   \
    ((struct relations_lock){.oid = (oid_), .mode = (mode_), .filenode = (file)})

static void
is_taking(const struct look *l, size_t i, uint32_t table, enum lockmode mode)
{
    assert_true(i < l->n);
    assert_int_equal(l->takings[i].table->oid, table);
    assert_int_equal(l->takings[i].mode, mode);
}

static void
test_what_is_new(void **state)
{
    struct look *l = *state;
    AFTER(l, LOCKMODE_NONE, HOLDS(ORDERS, LOCKMODE_ACCESS_SHARE, 1),
          HOLDS(ORDERS, LOCKMODE_ROW_EXCLUSIVE, 1), HOLDS(9999, LOCKMODE_ACCESS_EXCLUSIVE, 9));
    assert_int_equal(l->n, 1); /* 9999 was made meanwhile */
    is_taking(l, 0, ORDERS, LOCKMODE_ROW_EXCLUSIVE);
    assert_false(l->takings[0].again || l->takings[0].rewritten || l->takings[0].reindexed);
    AFTER(l, LOCKMODE_NONE, HOLDS(ORDERS, LOCKMODE_ACCESS_SHARE, 1),
          HOLDS(ORDERS, LOCKMODE_ROW_EXCLUSIVE, 1));
    assert_int_equal(l->n, 0);
    assert_false(l->r.released);
}

/* Of equal locks the older relation comes first, in whatever order the server shows them. */
static void
test_equal_locks(void **state)
{
    struct look *l = *state;
    AFTER(l, LOCKMODE_NONE, HOLDS(VIEW, LOCKMODE_SHARE, 0), HOLDS(ORDERS, LOCKMODE_SHARE, 1),
          HOLDS(LOGS, LOCKMODE_SHARE, 0));
    assert_int_equal(l->n, 3);
    is_taking(l, 0, ORDERS, LOCKMODE_SHARE);
    is_taking(l, 1, LOGS, LOCKMODE_SHARE);
    is_taking(l, 2, VIEW, LOCKMODE_SHARE);
}

static void
test_what_is_taken_again(void **state)
{
    struct look *l = *state;
    AFTER(l, LOCKMODE_NONE, HOLDS(ORDERS, LOCKMODE_ROW_EXCLUSIVE, 1),
          HOLDS(ORDERS, LOCKMODE_ACCESS_EXCLUSIVE, 1));
    AFTER(l, LOCKMODE_ACCESS_EXCLUSIVE, HOLDS(ORDERS, LOCKMODE_ROW_EXCLUSIVE, 1),
          HOLDS(ORDERS, LOCKMODE_ACCESS_EXCLUSIVE, 1));
    is_taking(l, 0, ORDERS, LOCKMODE_ACCESS_EXCLUSIVE);
    assert_true(l->takings[0].again);
    /* an UPDATE takes no more than it can */
    AFTER(l, LOCKMODE_ROW_EXCLUSIVE, HOLDS(ORDERS, LOCKMODE_ROW_EXCLUSIVE, 1),
          HOLDS(ORDERS, LOCKMODE_ACCESS_EXCLUSIVE, 1));
    is_taking(l, 0, ORDERS, LOCKMODE_ROW_EXCLUSIVE);
    /* a lock that is new says it exactly */
    AFTER(l, LOCKMODE_ACCESS_EXCLUSIVE, HOLDS(ORDERS, LOCKMODE_ROW_EXCLUSIVE, 1),
          HOLDS(ORDERS, LOCKMODE_ACCESS_EXCLUSIVE, 1), HOLDS(ORDERS, LOCKMODE_SHARE, 1));
    is_taking(l, 0, ORDERS, LOCKMODE_SHARE);
    assert_false(l->takings[0].again);
}

static void
test_rewrites(void **state)
{
    struct look *l = *state;
    AFTER(l, LOCKMODE_NONE, HOLDS(ORDERS, LOCKMODE_ACCESS_EXCLUSIVE, 11),
          HOLDS(ORDERS_KEY, LOCKMODE_ACCESS_EXCLUSIVE, 12));
    assert_int_equal(l->n, 1);
    assert_true(l->takings[0].rewritten && l->takings[0].reindexed);
    AFTER(
        l, LOCKMODE_NONE, HOLDS(ORDERS, LOCKMODE_ACCESS_EXCLUSIVE, 11),
        HOLDS(ORDERS_KEY, LOCKMODE_ACCESS_EXCLUSIVE, 22)); /* held before, and anew all the same */
    is_taking(l, 0, ORDERS, LOCKMODE_ACCESS_EXCLUSIVE);
    assert_true(l->takings[0].again && l->takings[0].reindexed && !l->takings[0].rewritten);
    AFTER(l, LOCKMODE_NONE, HOLDS(ORDERS, LOCKMODE_ACCESS_EXCLUSIVE, 0)); /* dropped */
    assert_int_equal(l->n, 0);
}

static void
test_indexes_and_toast_count_as_their_table(void **state)
{
    struct look *l = *state;
    AFTER(l, LOCKMODE_NONE, HOLDS(ORDERS, LOCKMODE_SHARE, 1),
          HOLDS(ORDERS_KEY, LOCKMODE_ACCESS_EXCLUSIVE, 2),
          HOLDS(ORDERS_TOAST, LOCKMODE_ROW_EXCLUSIVE, 33),
          HOLDS(ORDERS_TOAST_KEY, LOCKMODE_ROW_EXCLUSIVE, 44));
    assert_int_equal(l->n, 1);
    is_taking(l, 0, ORDERS, LOCKMODE_ACCESS_EXCLUSIVE);
    assert_int_equal(l->takings[0].held->oid, ORDERS_KEY);
    assert_false(l->takings[0].rewritten || l->takings[0].reindexed); /* of the TOAST table alone */
}

static void
test_partitions(void **state)
{
    struct look *l = *state;
    AFTER(l, LOCKMODE_NONE, HOLDS(LOGS, LOCKMODE_SHARE, 0), HOLDS(LOGS_1, LOCKMODE_SHARE, 5),
          HOLDS(LOGS_2, LOCKMODE_SHARE, 0), HOLDS(LOGS_2A, LOCKMODE_SHARE, 66));
    assert_int_equal(l->n, 1);
    is_taking(l, 0, LOGS, LOCKMODE_SHARE);
    assert_int_equal(l->takings[0].partitions, 3);
    assert_true(l->takings[0].rewritten);
    assert_int_equal(l->takings[0].table->bytes, 150);
    assert_int_equal(l->takings[0].table->rows, 15);
}

static void
test_a_partition_with_a_stronger_lock_stands_alone(void **state)
{
    struct look *l = *state;
    AFTER(l, LOCKMODE_NONE, HOLDS(LOGS, LOCKMODE_SHARE_UPDATE_EXCLUSIVE, 0),
          HOLDS(LOGS_1, LOCKMODE_ACCESS_EXCLUSIVE, 5));
    assert_int_equal(l->n, 2);
    is_taking(l, 0, LOGS_1, LOCKMODE_ACCESS_EXCLUSIVE); /* strongest first */
    is_taking(l, 1, LOGS, LOCKMODE_SHARE_UPDATE_EXCLUSIVE);
    AFTER(l, LOCKMODE_NONE, HOLDS(LOGS_2A, LOCKMODE_SHARE, 6));
    is_taking(l, 0, LOGS_2A, LOCKMODE_SHARE); /* the others were let go, and nothing is above it */
    assert_true(l->r.released);
}

static void
test_sizes_that_are_not_known(void **state)
{
    (void)state;
    struct relations r = {0};
    struct err e = {0};
    static const struct relation all[] = {
        {.oid = 1, .kind = 'p', .schema = "s", .name = "p", .bytes = -1, .rows = -1},
        {.oid = 2, .parent = 1, .kind = 'r', .schema = "s", .name = "a", .bytes = -1, .rows = 3},
        {.oid = 3, .parent = 1, .kind = 'r', .schema = "s", .name = "b", .bytes = 5, .rows = 4},
        {.oid = 4, .parent = 9, .kind = 'r', .schema = "s", .name = "c", .bytes = 5, .rows = 4},
        {.oid = 5, .owner = 9, .kind = 'i', .schema = "s", .name = "d"},
    };
    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
        assert_int_equal(relations_add(&r, &all[i], &e), 0);
    assert_int_equal(relations_ready(&r, &e), 0);
    assert_int_equal(relations_find(&r, 1)->bytes, -1);
    assert_int_equal(relations_find(&r, 1)->rows, 7);
    assert_ptr_equal(relations_table(&r, relations_find(&r, 5)), relations_find(&r, 5));
    relations_done(&r);
    assert_null(relations_find(&r, 1));
}

static void
test_renames(void **state)
{
    struct look *l = *state;
    struct err e = {0};
    struct relations_lock lock = {.oid = ORDERS, .schema = "public", .name = "orders"};
    const char *before = relations_find(&l->r, ORDERS)->name;
    assert_int_equal(relations_rename(&l->r, &lock, &e), 0);
    assert_ptr_equal(relations_find(&l->r, ORDERS)->name, before);
    lock.name = "sales";
    assert_int_equal(relations_rename(&l->r, &lock, &e), 0);
    assert_string_equal(relations_find(&l->r, ORDERS)->name, "sales");
    lock.name = NULL; /* not told */
    assert_int_equal(relations_rename(&l->r, &lock, &e), 0);
    lock = (struct relations_lock){.oid = 9999, .schema = "public", .name = "made"};
    assert_int_equal(relations_rename(&l->r, &lock, &e), 0);
    assert_string_equal(relations_find(&l->r, ORDERS)->name, "sales");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_is_new, setup, teardown),
        cmocka_unit_test_setup_teardown(test_equal_locks, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_taken_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rewrites, setup, teardown),
        cmocka_unit_test_setup_teardown(test_indexes_and_toast_count_as_their_table, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_partitions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_partition_with_a_stronger_lock_stands_alone, setup,
                                        teardown),
        cmocka_unit_test(test_sizes_that_are_not_known),
        cmocka_unit_test_setup_teardown(test_renames, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
