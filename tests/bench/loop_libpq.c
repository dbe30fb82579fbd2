/*
 * loop_libpq.c: the least that a migrator on libpq does, to measure migrate beside it: a plain loop, blocking, without a
 * lock, a digest or a parser. Files have a statement on each line.
 *
 *     loop_libpq CONNINFO DIR           one round trip a statement
 *     loop_libpq CONNINFO DIR BYTES     lines travel together, up to so many bytes
 *     loop_libpq CONNINFO copy FILE     COPY items FROM STDIN with the data of FILE
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

static PGconn *conn;

static void
fail(const char *what)
{
    fprintf(stderr, "loop_libpq: %s: %s", what, PQerrorMessage(conn));
    exit(1);
}

static void
run(const char *sql)
{
    PGresult *result = PQexec(conn, sql);
    if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK)
        fail(sql);
    PQclear(result);
}

static int
is_sql(const struct dirent *entry)
{
    return strstr(entry->d_name, ".sql") != NULL;
}

static int
is_known(const char *version)
{
    const char *values[] = {version};
    PGresult *result = PQexecParams(conn, "SELECT 1 FROM loop_history WHERE version = $1", 1, NULL,
                                    values, NULL, NULL, 0);
    int known = PQntuples(result) > 0;
    PQclear(result);
    return known;
}

/* Lines, one by one or as many as fit into `most`. */
static void
run_lines(FILE *file, size_t most)
{
    static char batch[1 << 20];
    char *line = NULL;
    size_t size = 0;
    size_t filled = 0;
    ssize_t n;

    while ((n = getline(&line, &size, file)) > 0) {
        if (most == 0) {
            run(line);
            continue;
        }
        if (filled + (size_t)n >= most) {
            run(batch);
            filled = 0;
        }
        memcpy(batch + filled, line, (size_t)n + 1);
        filled += (size_t)n;
    }
    if (filled)
        run(batch);
    free(line);
}

static void
apply(const char *dir, const char *name, size_t most)
{
    char text[512];
    snprintf(text, sizeof(text), "%s/%s", dir, name);
    FILE *file = fopen(text, "r");
    if (!file)
        fail(text);
    run("BEGIN");
    run_lines(file, most);
    fclose(file);
    snprintf(text, sizeof(text), "INSERT INTO loop_history VALUES ('%s')", name);
    run(text);
    run("COMMIT");
}

static void
copy(const char *name)
{
    static char block[1 << 16];
    size_t n;
    FILE *file = fopen(name, "r");
    PGresult *result = PQexec(conn, "COPY items FROM STDIN");
    if (!file || PQresultStatus(result) != PGRES_COPY_IN)
        fail(name);
    PQclear(result);
    while ((n = fread(block, 1, sizeof(block), file)) > 0)
        if (PQputCopyData(conn, block, (int)n) != 1)
            fail(name);
    if (PQputCopyEnd(conn, NULL) != 1)
        fail(name);
    while ((result = PQgetResult(conn)))
        PQclear(result);
    fclose(file);
}

int
main(int argc, char **argv)
{
    struct dirent **entries;
    conn = PQconnectdb(argv[1]);
    if (PQstatus(conn) != CONNECTION_OK)
        fail("connect");
    if (argc == 4 && strcmp(argv[2], "copy") == 0) {
        copy(argv[3]);
        return 0;
    }
    run("SET client_min_messages TO warning");
    run("CREATE TABLE IF NOT EXISTS loop_history (version text PRIMARY KEY)");
    int n = scandir(argv[2], &entries, is_sql, alphasort);
    PGresult *all = PQexec(conn, "SELECT version FROM loop_history");
    int done = PQntuples(all);
    PQclear(all);
    for (int i = 0; i < n; i++)
        if (done == 0 || (done != n && !is_known(entries[i]->d_name)))
            apply(argv[2], entries[i]->d_name, argc > 3 ? strtoul(argv[3], NULL, 10) : 0);
    PQfinish(conn);
    return 0;
}
