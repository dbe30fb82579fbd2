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
            "ATTACH PARTITION scans @ while all other access to it is blocked, to verify the partition bounds",
        .lock =
            "ACCESS EXCLUSIVE on the partition, and on the default partition if there is one, until every row has been checked. The partitioned table itself is locked with SHARE UPDATE EXCLUSIVE, which does not block others",
        .safe =
            "A CHECK constraint that matches the bounds, including NOT NULL, added as NOT VALID and validated in earlier files. The scan is then skipped",
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
        .what = "DETACH PARTITION locks @ and the partition against all access",
        .lock =
            "ACCESS EXCLUSIVE on both until the transaction ends. The operation itself is short, but it waits for every query on the partitioned table, and all later queries wait behind it",
        .safe = "DETACH PARTITION … CONCURRENTLY in a file of its own (PostgreSQL 14 and later)",
        .bad = "ALTER TABLE events DETACH PARTITION events_2019;\n",
        .good = "ALTER TABLE events DETACH PARTITION events_2019 CONCURRENTLY;\n",
        .kinds = ON(DETACH),
        .place = HASES,
        .match = waits_for_all,
    },
    {
        .name = "partition-create",
        .level = LINT_WARNING,
        .what = "CREATE TABLE … PARTITION OF locks @ against all access",
        .lock =
            "ACCESS EXCLUSIVE on the partitioned table until the transaction ends, which includes the scan of the default partition, if there is one",
        .safe =
            "CREATE TABLE … (LIKE … INCLUDING ALL), then ALTER TABLE … ATTACH PARTITION, which does not block others",
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
