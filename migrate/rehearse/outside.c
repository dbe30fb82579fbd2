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
      "reads the table twice, and waits for every transaction that is older"}},
    {"DROP INDEX CONCURRENTLY",
     {LOCKMODE_SHARE_UPDATE_EXCLUSIVE, "waits for every transaction that uses the table"}},
    {"REINDEX CONCURRENTLY",
     {LOCKMODE_SHARE_UPDATE_EXCLUSIVE,
      "builds each index anew beside the old one, and waits for every transaction that is older"}},
    {"DETACH PARTITION CONCURRENTLY",
     {LOCKMODE_SHARE_UPDATE_EXCLUSIVE,
      "waits for every transaction that uses the table; then locks the partition for a moment"}},
    {"REINDEX SCHEMA, DATABASE or SYSTEM",
     {LOCKMODE_SHARE,
      "builds the indexes of one table after the other anew; reads that plan to use an index wait, too"}},
    {"CLUSTER without a table",
     {LOCKMODE_ACCESS_EXCLUSIVE,
      "writes every table that was clustered before anew, one after the other"}},
    {"DROP DATABASE", {LOCKMODE_NONE, "needs a database that nobody is connected to"}},
    {"ALTER DATABASE SET TABLESPACE",
     {LOCKMODE_NONE, "copies the database, which nobody may be connected to"}},
};

static const struct outside vacuum = {LOCKMODE_SHARE_UPDATE_EXCLUSIVE,
                                      "reads the table; writes go on"};
static const struct outside vacuum_full = {LOCKMODE_ACCESS_EXCLUSIVE,
                                           "writes the whole table and its indexes anew"};

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
    return (struct outside){LOCKMODE_NONE, "runs by itself, and stays whatever comes behind it"};
}
