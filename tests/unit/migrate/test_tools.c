/* test_tools.c: which migrator a command line calls, and what its words say of the history. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "migrate/wrap/tools.h"

#define ARGV(...) ((char *const[]){__VA_ARGS__, NULL})

static void
assert_tool(const char *wanted, char *const *argv)
{
    const struct tool *t = tool_of_command(argv);
    assert_string_equal(t ? t->name : "none", wanted);
}

static void
command_lines(void **state)
{
    (void)state;
    assert_tool("alembic", ARGV("alembic", "upgrade", "head"));
    assert_tool("alembic", ARGV("/app/.venv/bin/alembic", "-c", "x.ini", "upgrade", "head"));
    assert_tool("alembic", ARGV("python", "-m", "alembic", "upgrade", "head"));
    assert_tool("alembic", ARGV("sh", "-c", "cd /app && poetry run alembic upgrade head;echo ok"));
    assert_tool("alembic", ARGV("alembic"));
    assert_tool("django", ARGV("python", "manage.py", "migrate", "--no-input"));
    assert_tool("django", ARGV("./manage.py", "migrate"));
    assert_tool("django", ARGV("django-admin", "migrate"));
    assert_tool("none", ARGV("python", "manage.py", "collectstatic"));
    assert_tool("rails", ARGV("bundle", "exec", "rails", "db:migrate"));
    assert_tool("rails", ARGV("bin/rails", "db:prepare"));
    assert_tool("rails", ARGV("rake", "db:migrate"));
    assert_tool("none", ARGV("bin/rails", "server"));
    assert_tool("doctrine", ARGV("php", "bin/console", "migrations:migrate", "--no-interaction"));
    assert_tool("doctrine", ARGV("php", "bin/console", "doctrine:migrations:migrate"));
    assert_tool("doctrine", ARGV("vendor/bin/doctrine-migrations", "migrate"));
    assert_tool("prisma", ARGV("npx", "prisma", "migrate", "deploy"));
    assert_tool("knex", ARGV("npx", "knex", "migrate:latest"));
    assert_tool("none", ARGV("npx", "knex", "seed:run"));
    assert_tool("none", ARGV("migrate", "console"));
    assert_tool("none", ARGV("alembic-helper"));
    assert_tool("none", ARGV("sh", "-c", ""));
    assert_tool("none", ARGV("true"));
}

static void
names(void **state)
{
    (void)state;
    for (size_t i = 2; tool_choices[i]; i++)
        assert_string_equal(tool_find(tool_choices[i])->name, tool_choices[i]);
    assert_null(tool_find("auto"));
    assert_null(tool_find("none"));
}

/* The revision that the tool lacks, "-" when it does not. */
static const char *
lacks(const char *tool, const char *text, char *const *history)
{
    static char named[256];
    size_t n = 0;
    while (history[n])
        n++;
    return tool_lacks(tool_find(tool), text, history, n, named, sizeof(named)) ? named : "-";
}

static void
one_revision(void **state)
{
    (void)state;
    char *const *history = ARGV("1975ea83b712", "ae1027a6acf0");
    static const char said[] = "INFO  Will assume transactional DDL.\n"
                               "FAILED: Can't locate revision identified by 'ae1027a6acf0'\n";
    assert_string_equal(lacks("alembic", said, history), "ae1027a6acf0");
    assert_string_equal(lacks("alembic", said, ARGV("1975ea83b712")), "-");
    assert_string_equal(lacks("alembic", said, ARGV(NULL)), "-");
    assert_string_equal(lacks("alembic", "all is well", history), "-");
    assert_string_equal(lacks("alembic", "Can't locate revision identified by 'ae10", history),
                        "-");
    assert_string_equal(lacks("alembic", "Can't locate revision identified by ''", history), "-");
    assert_string_equal(lacks("alembic",
                              "Can't locate revision identified by 'typo'\n"
                              "Can't locate revision identified by '1975'",
                              history),
                        "1975");
    assert_string_equal(lacks("rails", "No migration with version number 20240102.\n",
                              ARGV("20240101", "20240102")),
                        "20240102");
    char longer[1024] = "Can't locate revision identified by '";
    memset(longer + strlen(longer), 'a', 600);
    strcat(longer, "'");
    assert_string_equal(lacks("alembic", longer, history), "-");
}

static void
a_pair(void **state)
{
    (void)state;
    static const char said[] =
        "CommandError: Cannot find a migration matching '0003' from app 'shop'.\n";
    assert_string_equal(lacks("django", said, ARGV("auth.0003_x", "shop.0003_y")), "shop.0003");
    assert_string_equal(lacks("django", said, ARGV("auth.0003_x", "shop.0002_y")), "-");
}

static void
a_list(void **state)
{
    (void)state;
    static const char said[] = "Error: The migration directory is corrupt, the following files are "
                               "missing: 3.js, 4.js\n    at validate";
    assert_string_equal(lacks("knex", said, ARGV("1.js", "2.js", "3.js", "4.js")), "3.js, 4.js");
    /* One that is missing in the middle is lost, and no sign of an older release. */
    assert_string_equal(lacks("knex", said, ARGV("3.js", "4.js", "5.js")), "-");
    assert_string_equal(lacks("knex", said, ARGV("4.js")), "-");
    assert_string_equal(lacks("knex", said, ARGV("1.js", "13.js", "4.js")), "-");
}

static void
a_warning(void **state)
{
    (void)state;
    static const char said[] =
        " [WARNING] You have 1 previously executed migrations in the database\n"
        "           that are not registered migrations.\n";
    assert_string_equal(lacks("doctrine", said, ARGV("DoctrineMigrations\\Version1")), "");
    assert_string_equal(lacks("doctrine", said, ARGV(NULL)), "-");
    assert_string_equal(lacks("prisma", said, ARGV("x")), "-");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(command_lines), cmocka_unit_test(names),  cmocka_unit_test(one_revision),
        cmocka_unit_test(a_pair),        cmocka_unit_test(a_list), cmocka_unit_test(a_warning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
