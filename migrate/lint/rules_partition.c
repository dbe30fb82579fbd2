/* rules_partition.c: partitions (pure). */
#include "migrate/lint/lint_rules.h"

static bool
scans_partition(const struct lint *l, const struct action *a, size_t *at)
{
    (void)at;
    return !lint_is_new(l, KNOWN_TABLE, &a->other) &&
           !known_find(&l->known, KNOWN_CHECKED, &a->other, "");
}

static bool
waits_for_all(const struct lint *l, const struct action *a, size_t *at)
{
    (void)l, (void)at;
    return !action_has(a, HAS_CONCURRENTLY);
}

static bool
is_partition_of_old(const struct lint *l, const struct action *a, size_t *at)
{
    (void)at;
    return a->other.name[0] && !lint_is_new(l, KNOWN_TABLE, &a->other);
}

const struct lint_rule lint_rules_partition[] = {
    {
        .name = "partition-attach",
        .level = LINT_ERROR,
        .what =
            "ATTACH PARTITION reads all of @ while nobody else can, to see that its rows belong there",
        .lock =
            "ACCESS EXCLUSIVE on the partition, and on the default partition if there is one, until every row was looked at; on "
            "the partitioned table SHARE UPDATE EXCLUSIVE, which lets others go on",
        .safe =
            "a CHECK that says the same as the bounds, NOT NULL included, added NOT VALID and validated in earlier files: then no row is looked at",
        .bad = "ALTER TABLE events ATTACH PARTITION events_2024\n"
               "    FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');\n",
        .good = "ALTER TABLE events_2024 ADD CONSTRAINT bounds CHECK\n"
                "    (at IS NOT NULL AND at >= '2024-01-01' AND at < '2025-01-01') NOT VALID;\n"
                "-- next file\n"
                "ALTER TABLE events_2024 VALIDATE CONSTRAINT bounds;\n"
                "-- next file\n"
                "ALTER TABLE events ATTACH PARTITION events_2024\n"
                "    FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');\n",
        .flags = LINT_NEW_TOO | LINT_ABOUT_OTHER,
        .kinds = ON(ATTACH),
        .place = HASES,
        .match = scans_partition,
    },
    {
        .name = "partition-detach",
        .level = LINT_WARNING,
        .what = "DETACH PARTITION locks @ and the partition against everybody",
        .lock =
            "ACCESS EXCLUSIVE on both, until the transaction ends: short in itself, but it waits for every query on the partitioned "
            "table, and all others wait behind it",
        .safe = "DETACH PARTITION … CONCURRENTLY, in a file of its own (PostgreSQL 14 and later)",
        .bad = "ALTER TABLE events DETACH PARTITION events_2019;\n",
        .good = "ALTER TABLE events DETACH PARTITION events_2019 CONCURRENTLY;\n",
        .kinds = ON(DETACH),
        .place = HASES,
        .match = waits_for_all,
    },
    {
        .name = "partition-create",
        .level = LINT_WARNING,
        .what = "CREATE TABLE … PARTITION OF locks @ against everybody",
        .lock =
            "ACCESS EXCLUSIVE on the partitioned table, until the transaction ends, and for as long as its default partition is read, "
            "if it has one",
        .safe =
            "CREATE TABLE … (LIKE … INCLUDING ALL), then ALTER TABLE … ATTACH PARTITION, which lets others go on",
        .bad = "CREATE TABLE events_2026 PARTITION OF events\n"
               "    FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');\n",
        .good = "CREATE TABLE events_2026 (LIKE events INCLUDING ALL);\n"
                "ALTER TABLE events ATTACH PARTITION events_2026\n"
                "    FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');\n",
        .flags = LINT_NEW_TOO | LINT_ABOUT_OTHER,
        .kinds = ON(CREATE_TABLE),
        .place = HASES,
        .match = is_partition_of_old,
    },
    {.name = NULL},
};
