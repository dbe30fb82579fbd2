/* foreign.c: the tools, a row each. */
#include "migrate/layout/foreign.h"

#include <string.h>

#include "migrate/layout/names.h"

#define TABLES_MAX 3
#define FILES_MAX 8

struct table {
    const char *name;
    const char *columns; /* in any order; NULL: any */
};

struct row {
    struct foreign tool;
    struct table tables[TABLES_MAX];
    const char *files
        [FILES_MAX]; /* names that only its folders have, and "FOLDER/file"; # stands for digits, * for anything */
    const char *ends; /* of its migrations: ".js,.ts" … */
    const char *word; /* … and what stands in each of them */
};

#define WRAP_IT "let that tool apply its files, under migrate's lock and deadline: migrate run -- "
#define AS_SQL                                                                                     \
    "write its files as VERSION_name.up.sql and VERSION_name.down.sql and mark them as applied: "  \
    "migrate baseline V"
#define COPY_IT "copy its files as VERSION_name.sql and mark them as applied: migrate baseline V"
#define JS ".js,.ts,.mjs,.cjs,.mts,.cts"

/* Where two could be meant, the one whose sign is narrower comes first. */
static const struct row rows[] = {
    {.tool = {"tern", AS_SQL}, .tables = {{"schema_version", "version"}}, .files = {"tern.conf"}},
    {.tool = {"node-pg-migrate", WRAP_IT "npx node-pg-migrate up"},
     .tables = {{"pgmigrations", "id,name,run_on"}},
     .ends = JS,
     .word = "pgm."},
    {.tool = {"sql-migrate", AS_SQL}, .tables = {{"gorp_migrations", "id,applied_at"}}},
    {.tool = {"refinery", COPY_IT},
     .tables = {{"refinery_schema_history", NULL}},
     .files = {"V#__*.rs", "U#__*.rs"}},
    {.tool =
         {"Atlas",
          "let that tool apply its files, under migrate's lock and deadline: migrate run -- atlas migrate apply; "
          "or remove atlas.sum, for its versioned files are plain SQL, and mark what is applied: migrate baseline V"},
     .tables = {{"atlas_schema_revisions", NULL}},
     .files = {"atlas.sum", "atlas.hcl"}},
    {.tool = {"alembic", WRAP_IT "alembic upgrade head"},
     .tables = {{"alembic_version", "version_num"}},
     .files = {"alembic.ini", "script.py.mako"},
     .ends = ".py",
     .word = "alembic"},
    {.tool = {"Django", WRAP_IT "python manage.py migrate"},
     .tables = {{"django_migrations", "id,app,name,applied"}},
     .files = {"manage.py"},
     .ends = ".py",
     .word = "django.db"},
    {.tool = {"yoyo", WRAP_IT "yoyo apply --batch"},
     .tables = {{"_yoyo_migration", NULL}},
     .files = {"yoyo.ini"},
     .ends = ".py",
     .word = "yoyo"},
    {.tool = {"Aerich", WRAP_IT "aerich upgrade"},
     .tables = {{"aerich", "id,version,app,content"}},
     .ends = ".py",
     .word = "tortoise"},
    {.tool = {"Rails", WRAP_IT "bin/rails db:migrate"},
     .tables = {{"ar_internal_metadata", NULL}},
     .ends = ".rb",
     .word = "ActiveRecord::Migration"},
    {.tool = {"Sequel", WRAP_IT "sequel -m migrations $DATABASE_URL"},
     .tables = {{"schema_info", "version"}, {"schema_migrations", "filename"}},
     .ends = ".rb",
     .word = "Sequel."},
    {.tool = {"Prisma", WRAP_IT "npx prisma migrate deploy"},
     .tables = {{"_prisma_migrations", NULL}},
     .files = {"migration_lock.toml", "schema.prisma", "*/migration.sql"}},
    {.tool = {"TypeORM", WRAP_IT "npx typeorm migration:run -d data-source.js"},
     .tables = {{"migrations", "id,timestamp,name"}},
     .ends = JS,
     .word = "typeorm"},
    {.tool = {"MikroORM", WRAP_IT "npx mikro-orm migration:up"},
     .tables = {{"mikro_orm_migrations", NULL}},
     .ends = JS,
     .word = "@mikro-orm/migrations"},
    {.tool = {"Kysely", WRAP_IT "npx kysely migrate:latest"},
     .tables = {{"kysely_migration", NULL}},
     .ends = JS,
     .word = "kysely"},
    {.tool = {"Sequelize", WRAP_IT "npx sequelize-cli db:migrate"},
     .tables = {{"SequelizeMeta", NULL}},
     .ends = JS,
     .word = "queryInterface"},
    {.tool = {"db-migrate", WRAP_IT "npx db-migrate up"},
     .tables = {{"migrations", "id,name,run_on"}},
     .ends = JS,
     .word = "dbmigrate"},
    {.tool = {"knex", WRAP_IT "npx knex migrate:latest"},
     .tables = {{"knex_migrations", NULL}},
     .files = {"knexfile.js", "knexfile.ts"},
     .ends = JS,
     .word = "knex"},
    {.tool = {"Drizzle", WRAP_IT "npx drizzle-kit migrate"},
     .tables = {{"__drizzle_migrations", NULL}},
     .files = {"drizzle.config.ts", "drizzle.config.js", "meta/_journal.json"}},
    {.tool = {"Liquibase", WRAP_IT "liquibase update"},
     .tables = {{"databasechangelog", NULL}},
     .files = {"liquibase.properties"},
     .ends = ".xml,.yaml,.yml,.json",
     .word = "databaseChangeLog"},
    {.tool = {"Doctrine", WRAP_IT "bin/console doctrine:migrations:migrate"},
     .tables = {{"doctrine_migration_versions", NULL},
                {"migration_versions", "version"},
                {"migration_versions", "version,executed_at"}},
     .ends = ".php",
     .word = "Doctrine\\Migrations"},
    {.tool = {"Laravel", WRAP_IT "php artisan migrate --force"},
     .tables = {{"migrations", "id,migration,batch"}},
     .files = {"artisan"},
     .ends = ".php",
     .word = "Illuminate\\Database"},
    {.tool = {"Yii", WRAP_IT "php yii migrate --interactive=0"},
     .tables = {{"migration", "version,apply_time"}},
     .ends = ".php",
     .word = "yii\\db\\Migration"},
    {.tool = {"Phinx", WRAP_IT "vendor/bin/phinx migrate"},
     .tables = {{"phinxlog", NULL}},
     .files = {"phinx.php", "phinx.yml", "phinx.json"},
     .ends = ".php",
     .word = "AbstractMigration"},
    {.tool = {"Ecto", WRAP_IT "mix ecto.migrate"},
     .tables = {{"schema_migrations", "version,inserted_at"}},
     .ends = ".exs",
     .word = "Ecto.Migration"},
    {.tool = {"SeaORM", WRAP_IT "sea-orm-cli migrate up"},
     .tables = {{"seaql_migrations", NULL}},
     .ends = ".rs",
     .word = "sea_orm_migration"},
    {.tool = {"diesel", WRAP_IT
              "diesel migration run; or copy its up.sql and down.sql as VERSION_name.up.sql and "
              "VERSION_name.down.sql and mark them as applied: migrate baseline V"},
     .tables = {{"__diesel_schema_migrations", NULL}},
     .files = {"diesel.toml", "#-#-#-#_*/up.sql", "*_diesel_initial_setup/up.sql"}},
    {.tool = {"Hasura", WRAP_IT
              "hasura migrate apply; or copy its up.sql and down.sql as VERSION_name.up.sql and "
              "VERSION_name.down.sql and mark them as applied: migrate baseline V"},
     .tables = {{"hdb_version", NULL}},
     .files = {"#_*/up.sql"}},
    {.tool = {"Entity Framework", WRAP_IT "dotnet ef database update"},
     .tables = {{"__EFMigrationsHistory", NULL}},
     .ends = ".cs",
     .word = "Microsoft.EntityFrameworkCore"},
    {.tool = {"FluentMigrator", WRAP_IT "dotnet fm migrate"},
     .tables = {{"VersionInfo", NULL}},
     .ends = ".cs",
     .word = "FluentMigrator"},
    {.tool = {"DbUp",
              "copy its scripts as VERSION_name.sql and mark them as applied: migrate baseline V"},
     .tables = {{"schemaversions", "schemaversionsid,scriptname,applied"}}},
    {.tool = {"Flyway", WRAP_IT "flyway migrate"},
     .files = {"V#__*.java", "V#*__*.java", "V#__*.kt", "V#*__*.kt", "V#__*.class", "V#*__*.class",
               "R__*.java"}},
    {.tool = {"goose", WRAP_IT "a program of yours that has those migrations in Go"},
     .ends = ".go",
     .word = "pressly/goose"},
    {.tool = {"Bun", WRAP_IT "a program of yours that has those migrations in Go"},
     .tables = {{"bun_migrations", NULL}},
     .ends = ".go",
     .word = "uptrace/bun"},
    {.tool = {"sqitch", WRAP_IT "sqitch deploy"},
     .tables =
         {{"changes",
           "change_id,script_hash,change,project,note,committed_at,committer_name,committer_email,"
           "planned_at,planner_name,planner_email"}},
     .files = {"sqitch.plan", "sqitch.conf"}},
    {.tool = {"graphile-migrate", WRAP_IT "npx graphile-migrate migrate"},
     .tables = {{"migrations", "hash,previous_hash,filename,date"}},
     .files = {"committed/#*.sql"}},
    {.tool = {"postgres-migrations", COPY_IT},
     .tables = {{"migrations", "id,name,hash,executed_at"}}},
    {.tool = {"postgrator", AS_SQL}, .tables = {{"schemaversion", "version,name,md5,run_at"}}},
    {.tool = {"Supabase", COPY_IT},
     .tables = {{"schema_migrations", "version,statements,name"},
                {"schema_migrations", "version,statements,name,created_by,idempotency_key"}}},
    {.tool = {"Play", AS_SQL}, .tables = {{"play_evolutions", NULL}}},
    {.tool = {"MyBatis", WRAP_IT "migrate up, of MyBatis"},
     .tables = {{"changelog", "id,applied_at,description"}}},
    {.tool = {"migratus", WRAP_IT "lein migratus migrate"},
     .tables = {{"schema_migrations", "id,applied,description"}}},
};
#define ROWS (sizeof(rows) / sizeof(*rows))

/* ---- lists "a,b,c" ---- */

static bool
lists(const char *list, const char *name, size_t bytes)
{
    while (*list) {
        size_t n = strcspn(list, ",");
        if (n == bytes && memcmp(list, name, n) == 0)
            return true;
        list += n + (list[n] == ',');
    }
    return false;
}

static size_t
count(const char *list)
{
    size_t n = *list != '\0';
    for (; *list; list++)
        n += *list == ',';
    return n;
}

static bool
same(const char *a, const char *b)
{
    if (count(a) != count(b))
        return false;
    for (const char *p = a; *p;) {
        size_t n = strcspn(p, ",");
        if (!lists(b, p, n))
            return false;
        p += n + (p[n] == ',');
    }
    return true;
}

/* ---- tables ---- */

const char *
foreign_table_at(size_t i)
{
    for (size_t r = 0; r < ROWS; r++)
        for (size_t t = 0; t < TABLES_MAX && rows[r].tables[t].name; t++)
            if (i-- == 0)
                return rows[r].tables[t].name;
    return NULL;
}

const struct foreign *
foreign_of_table(const char *table, const char *columns)
{
    for (size_t r = 0; r < ROWS; r++)
        for (size_t i = 0; i < TABLES_MAX && rows[r].tables[i].name; i++) {
            const struct table *t = &rows[r].tables[i];
            if (strcmp(t->name, table) == 0 && (!t->columns || same(t->columns, columns)))
                return &rows[r].tool;
        }
    return NULL;
}

/* "schema"."name" */
static bool
is_called(const char *quoted, const char *name)
{
    size_t len = strlen(quoted);
    size_t n = strlen(name);
    return len >= n + 2 && quoted[len - n - 2] == '"' && memcmp(quoted + len - n - 1, name, n) == 0;
}

const struct foreign *
foreign_of_columns(const char *quoted, const char *columns)
{
    const struct foreign *found = NULL;
    for (size_t r = 0; r < ROWS; r++)
        for (size_t i = 0; i < TABLES_MAX && rows[r].tables[i].name; i++) {
            const struct table *t = &rows[r].tables[i];
            bool called = is_called(quoted, t->name);
            if (t->columns ? !same(t->columns, columns) : !called)
                continue;
            if (called)
                return &rows[r].tool;
            found = found ? found : &rows[r].tool;
        }
    return found;
}

/* ---- files ---- */

static bool
is_one(const struct row *r, const char *name)
{
    for (size_t i = 0; i < FILES_MAX && r->files[i]; i++)
        if (names_match(r->files[i], name))
            return true;
    return false;
}

static bool
ends_as(const struct row *r, const char *file)
{
    const char *dot = strrchr(file, '.');
    return dot && dot > file && r->ends && lists(r->ends, dot, strlen(dot));
}

const struct foreign *
foreign_of_name(const char *folder, const char *file)
{
    char name[2 * 256];
    size_t n = folder ? strlen(folder) + 1 : 0;
    if (n + strlen(file) >= sizeof(name))
        return NULL;
    if (folder)
        memcpy(name, folder, n - 1), name[n - 1] = '/';
    memcpy(name + n, file, strlen(file) + 1);
    for (size_t r = 0; r < ROWS; r++)
        if (is_one(&rows[r], name))
            return &rows[r].tool;
    return NULL;
}

bool
foreign_wants_text(const char *file)
{
    for (size_t r = 0; r < ROWS; r++)
        if (ends_as(&rows[r], file))
            return true;
    return false;
}

const struct foreign *
foreign_of_text(const char *file, const char *text, size_t len)
{
    for (size_t r = 0; r < ROWS; r++)
        if (ends_as(&rows[r], file) && memmem(text, len, rows[r].word, strlen(rows[r].word)))
            return &rows[r].tool;
    return NULL;
}
