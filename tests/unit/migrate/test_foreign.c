/* test_foreign.c: tools that are not handled: whose a table, a file of a folder, a text is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "migrate/layout/foreign.h"
#include "migrate/layout/names.h"

static void
is_tool(const struct foreign *f, const char *tool, const char *what)
{
    if ((f == NULL) != (tool == NULL) || (f && strcmp(f->tool, tool) != 0))
        fail_msg("%s: %s, not %s", what, f ? f->tool : "nobody's", tool ? tool : "nobody's");
}

static void
test_tables(void **state)
{
    (void)state;
    static const struct {
        const char *table, *columns, *tool;
    } rows[] = {
        {"schema_version", "version", "tern"},
        {"schema_version", "version,x", NULL},
        {"pgmigrations", "id,name,run_on", "node-pg-migrate"},
        {"gorp_migrations", "id,applied_at", "sql-migrate"},
        {"refinery_schema_history", "version,name,applied_on,checksum", "refinery"},
        {"atlas_schema_revisions", "version,description", "Atlas"},
        {"alembic_version", "version_num", "alembic"},
        {"alembic_version", "a", NULL},
        {"django_migrations", "id,app,name,applied", "Django"},
        {"_yoyo_migration", "migration_hash", "yoyo"},
        {"aerich", "id,version,app,content", "Aerich"},
        {"ar_internal_metadata", "key,value,created_at,updated_at", "Rails"},
        {"schema_info", "version", "Sequel"},
        {"schema_migrations", "filename", "Sequel"},
        {"_prisma_migrations", "id,checksum", "Prisma"},
        {"migrations", "id,timestamp,name", "TypeORM"},
        {"mikro_orm_migrations", "id,name,executed_at", "MikroORM"},
        {"kysely_migration", "name,timestamp", "Kysely"},
        {"SequelizeMeta", "name", "Sequelize"},
        {"migrations", "id,name,run_on", "db-migrate"},
        {"knex_migrations", "id,name,batch,migration_time", "knex"},
        {"__drizzle_migrations", "id,hash,created_at", "Drizzle"},
        {"databasechangelog", "id,author", "Liquibase"},
        {"doctrine_migration_versions", "version,executed_at,execution_time", "Doctrine"},
        {"migration_versions", "version,executed_at", "Doctrine"},
        {"migrations", "id,migration,batch", "Laravel"},
        {"migration", "version,apply_time", "Yii"},
        {"phinxlog", "version,migration_name,start_time,end_time,breakpoint", "Phinx"},
        {"schema_migrations", "version,inserted_at", "Ecto"},
        {"schema_migrations", "inserted_at,version", "Ecto"},
        {"seaql_migrations", "version,applied_at", "SeaORM"},
        {"__diesel_schema_migrations", "version,run_on", "diesel"},
        {"hdb_version", "hasura_uuid", "Hasura"},
        {"__EFMigrationsHistory", "MigrationId,ProductVersion", "Entity Framework"},
        {"VersionInfo", "Version,AppliedOn,Description", "FluentMigrator"},
        {"schemaversions", "schemaversionsid,scriptname,applied", "DbUp"},
        {"bun_migrations", "id,name,group_id,migrated_at", "Bun"},
        {"migrations", "hash,previous_hash,filename,date", "graphile-migrate"},
        {"migrations", "id,name,hash,executed_at", "postgres-migrations"},
        {"schemaversion", "version,name,md5,run_at", "postgrator"},
        {"schema_migrations", "version,statements,name", "Supabase"},
        {"play_evolutions", "id", "Play"},
        {"changelog", "id,applied_at,description", "MyBatis"},
        {"schema_migrations", "id,applied,description", "migratus"},
        {"migrations", "id,what", NULL},
        {"schema_migrations", "version,dirty", NULL},
        {"users", "id,name,run_on", NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        is_tool(foreign_of_table(rows[i].table, rows[i].columns), rows[i].tool, rows[i].columns);
    assert_non_null(foreign_table_at(0));
    assert_null(foreign_table_at(1000));
}

/* A table of another name is told by its columns; its name decides where they are not enough. */
static void
test_renamed_tables(void **state)
{
    (void)state;
    is_tool(foreign_of_columns("\"s\".\"mine\"", "version_num"), "alembic", "renamed");
    is_tool(foreign_of_columns("\"s\".\"mine\"", "id,name,run_on"), "node-pg-migrate", "renamed");
    is_tool(foreign_of_columns("\"s\".\"migrations\"", "id,name,run_on"), "db-migrate", "its name");
    is_tool(foreign_of_columns("\"s\".\"phinxlog\"", "version"), "Phinx", "any columns");
    is_tool(foreign_of_columns("\"s\".\"xphinxlog\"", "a,b"), NULL, "another name");
    is_tool(foreign_of_columns("\"s\".\"mine\"", "a,b"), NULL, "neither");
}

static void
test_names(void **state)
{
    (void)state;
    static const struct {
        const char *folder, *file, *tool;
    } rows[] = {
        {NULL, "alembic.ini", "alembic"},
        {NULL, "script.py.mako", "alembic"},
        {NULL, "atlas.sum", "Atlas"},
        {NULL, "tern.conf", "tern"},
        {NULL, "V2__more.java", "Flyway"},
        {NULL, "V2__more.rs", "refinery"},
        {NULL, "migration_lock.toml", "Prisma"},
        {NULL, "sqitch.plan", "sqitch"},
        {NULL, "diesel.toml", "diesel"},
        {NULL, "knexfile.ts", "knex"},
        {NULL, "phinx.yml", "Phinx"},
        {NULL, "manage.py", "Django"},
        {NULL, "liquibase.properties", "Liquibase"},
        {"20240101000000_init", "migration.sql", "Prisma"},
        {"2024-01-01-000000_init", "up.sql", "diesel"},
        {"00000000000000_diesel_initial_setup", "up.sql", "diesel"},
        {"1700000000000_init", "up.sql", "Hasura"},
        {"meta", "_journal.json", "Drizzle"},
        {"committed", "000001-x.sql", "graphile-migrate"},
        {"init", "up.sql", NULL},
        {"more", "alembic.ini", NULL},
        {NULL, "0001_a.sql", NULL},
        {NULL, "atlas.sum.bak", NULL},
        {NULL, "", NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        is_tool(foreign_of_name(rows[i].folder, rows[i].file), rows[i].tool, rows[i].file);
    char folder[510];
    memset(folder, '1', sizeof(folder) - 1); /* digits alone, as Hasura's folders may begin */
    strcpy(folder + sizeof(folder) - 3, "_a");
    is_tool(foreign_of_name(folder, "up.sql"), NULL, "a path longer than any name can be");
    is_tool(foreign_of_name(folder + 6, "up.sql"), "Hasura", "the longest path");
}

static void
test_texts(void **state)
{
    (void)state;
    static const struct {
        const char *file, *text, *tool;
    } rows[] = {
        {"ab12_x.py", "from alembic import op\n", "alembic"},
        {"0001_initial.py", "from django.db import migrations\n", "Django"},
        {"0001_x.py", "from yoyo import step\n", "yoyo"},
        {"20240101_x.rb", "class X < ActiveRecord::Migration[7.1]\n", "Rails"},
        {"001_x.rb", "Sequel.migration do\n", "Sequel"},
        {"20240101_x.exs", "use Ecto.Migration\n", "Ecto"},
        {"20240101_x.php", "use Phinx\\Migration\\AbstractMigration;\n", "Phinx"},
        {"Version2024.php",
         "use Doctrine\\Migrations\\AbstractMigration;\nclass V extends AbstractMigration",
         "Doctrine"},
        {"2024_x.php", "use Illuminate\\Database\\Migrations\\Migration;\n", "Laravel"},
        {"1_x.js", "exports.up = (pgm) => { pgm.createTable('a') }", "node-pg-migrate"},
        {"1_x.ts", "import { Knex } from 'knex';", "knex"},
        {"1-X.ts", "import { MigrationInterface } from \"typeorm\";", "TypeORM"},
        {"1-x.js", "up: (queryInterface, Sequelize) => {}", "Sequelize"},
        {"changelog.xml", "<databaseChangeLog>", "Liquibase"},
        {"m1.rs", "use sea_orm_migration::prelude::*;", "SeaORM"},
        {"1_x.go", "import \"github.com/pressly/goose/v3\"", "goose"},
        {"1_x.cs", "using Microsoft.EntityFrameworkCore.Migrations;", "Entity Framework"},
        {"1_x.js", "console.log(1)", NULL},
        {"1_x.txt", "from alembic import op", NULL},
        {"x", "from alembic import op", NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        is_tool(foreign_of_text(rows[i].file, rows[i].text, strlen(rows[i].text)), rows[i].tool,
                rows[i].file);
    assert_true(foreign_wants_text("a.py"));
    assert_false(foreign_wants_text("a.sql"));
    assert_false(foreign_wants_text(".py"));
    assert_false(foreign_wants_text("py"));
}

static void
test_patterns(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *name;
        bool fits;
    } rows[] = {
        {"a", "a", true},
        {"a", "ab", false},
        {"V#__*.rs", "V1__x.rs", true},
        {"V#__*.rs", "V__x.rs", false},
        {"V#__*.rs", "V1__.rs", false},
        {"#1", "11", true},
        {"*b*c", "abbcc", true},
        {"*/x", "a/b/x", false},
        {"*", "", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        assert_int_equal(names_match(rows[i].pattern, rows[i].name), rows[i].fits);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables),   cmocka_unit_test(test_renamed_tables),
        cmocka_unit_test(test_names),    cmocka_unit_test(test_texts),
        cmocka_unit_test(test_patterns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
