/* outside.c: what statements do that cannot run in a transaction. Pure. */
#include "migrate/rehearse/outside.h"

#include <string.h>

#include "migrate/sql/cursor.h"

static const struct {
    const char *what;
    struct outside outside;
} rows[] = {
    {"CREATE INDEX CONCURRENTLY",
     {LOCKMODE_SHARE_UPDATE_EXCLUSIVE,
      "reads the table twice, and waits for every older transaction"}},
    {"DROP INDEX CONCURRENTLY",
     {LOCKMODE_SHARE_UPDATE_EXCLUSIVE, "waits for every transaction that uses the table"}},
    {"REINDEX CONCURRENTLY",
     {LOCKMODE_SHARE_UPDATE_EXCLUSIVE,
      "builds each index again beside the old one, and waits for every older transaction"}},
    {"DETACH PARTITION CONCURRENTLY",
     {LOCKMODE_SHARE_UPDATE_EXCLUSIVE,
      "waits for every transaction that uses the table; then locks the partition briefly"}},
    {"REINDEX SCHEMA, DATABASE or SYSTEM",
     {LOCKMODE_SHARE,
      "rebuilds the indexes of one table after another; reads that could use an index wait as well"}},
    {"CLUSTER without a table",
     {LOCKMODE_ACCESS_EXCLUSIVE, "rewrites every previously clustered table, one after another"}},
    {"DROP DATABASE", {LOCKMODE_NONE, "requires that no session is connected to the database"}},
    {"ALTER DATABASE SET TABLESPACE",
     {LOCKMODE_NONE, "copies the database, to which no session may be connected"}},
};

static const struct outside vacuum = {LOCKMODE_SHARE_UPDATE_EXCLUSIVE,
                                      "reads the table; writes continue"};
static const struct outside vacuum_full = {LOCKMODE_ACCESS_EXCLUSIVE,
                                           "rewrites the whole table and its indexes"};

/* VACUUM FULL …, VACUUM (FULL, …) */
static bool
is_full(struct cursor c)
{
    struct cursor_pair p;
    bool full = false;
    cursor_next(&c); /* VACUUM */
    if (!cursor_accept_char(&c, '('))
        return cursor_is(&c, "full");
    while (cursor_next_pair(&c, &p))
        full = full || (strcmp(p.name, "full") == 0 && !p.off);
    return full;
}

struct outside
outside_of(const char *what, const char *sql, size_t len, bool backslashes)
{
    if (what && strcmp(what, "VACUUM") == 0)
        return is_full(cursor_on(sql, len, backslashes)) ? vacuum_full : vacuum;
    for (size_t i = 0; what && i < sizeof(rows) / sizeof(*rows); i++)
        if (strcmp(rows[i].what, what) == 0)
            return rows[i].outside;
    return (struct outside){LOCKMODE_NONE,
                            "runs by itself, and remains in effect whatever happens afterwards"};
}
