/* tools.c: the rows, and how they are read. */
#include "migrate/wrap/tools.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define NAMED_MAX 512

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static const struct tool tools[] = {
    {.name = "alembic",
     .programs = WORDS("alembic"),
     .table = "alembic_version",
     .columns = "version_num",
     .revisions = "SELECT version_num FROM ",
     .order = " ORDER BY version_num",
     .proof = TOOL_ONE,
     .words = {"Can't locate revision identified by '", "'"}},
    {.name = "django",
     .programs = WORDS("manage.py", "django-admin", "django"),
     .verbs = WORDS("migrate"),
     .table = "django_migrations",
     .columns = "app,applied,id,name",
     .revisions = "SELECT pg_catalog.concat(app, '.', name) FROM ",
     .order = " ORDER BY id",
     .proof = TOOL_PAIR,
     .words = {"Cannot find a migration matching '", "' from app '", "'"}},
    {.name = "rails",
     .programs = WORDS("rails", "rake"),
     .verbs = WORDS("db:"),
     .table = "schema_migrations",
     .revisions = "SELECT version FROM ",
     .order = " ORDER BY version",
     .proof = TOOL_ONE,
     .words = {"No migration with version number ", "."}},
    {.name = "doctrine",
     .programs = WORDS("console", "doctrine", "doctrine-migrations", "doctrine-migrations.phar",
                       "doctrine-migrations.php"),
     .verbs = WORDS("migrations:", "doctrine:migrations:", "migrate"),
     .table = "doctrine_migration_versions",
     .columns = "executed_at,execution_time,version",
     .revisions = "SELECT version FROM ",
     .order = " ORDER BY executed_at, version",
     .proof = TOOL_WARNS,
     .words = {"in the database that are not registered migrations"}},
    {.name = "prisma",
     .programs = WORDS("prisma"),
     .verbs = WORDS("migrate"),
     .table = "_prisma_migrations",
     .revisions = "SELECT migration_name FROM ",
     .order = " WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL ORDER BY finished_at"},
    {.name = "knex",
     .programs = WORDS("knex"),
     .verbs = WORDS("migrate:"),
     .table = "knex_migrations",
     .columns = "batch,id,migration_time,name",
     .revisions = "SELECT name FROM ",
     .order = " ORDER BY id",
     .proof = TOOL_LIST,
     .words = {"The migration directory is corrupt, the following files are missing: ", "\n"}},
};
#define TOOLS (sizeof(tools) / sizeof(tools[0]))

const char *const tool_choices[] = {"auto",     "none",   "alembic", "django", "rails",
                                    "doctrine", "prisma", "knex",    NULL};

const struct tool *
tool_find(const char *name)
{
    for (size_t i = 0; i < TOOLS; i++)
        if (strcmp(tools[i].name, name) == 0)
            return &tools[i];
    return NULL;
}

/* ---- the command line ---- */

struct word {
    const char *at;
    size_t len;
};

/* The next word at *text, which is moved behind it; a shell's text has several. */
static bool
next_word(const char **text, struct word *ret)
{
    static const char between[] = " \t\n;&|()'\"";
    *text += strspn(*text, between);
    *ret = (struct word){*text, strcspn(*text, between)};
    *text += ret->len;
    return ret->len > 0;
}

static bool
is_program(const struct tool *t, struct word w)
{
    for (size_t i = w.len; i > 0; i--) {
        if (w.at[i - 1] == '/') {
            w = (struct word){w.at + i, w.len - i};
            break;
        }
    }
    for (const char *const *p = t->programs; *p; p++)
        if (strlen(*p) == w.len && memcmp(*p, w.at, w.len) == 0)
            return true;
    return false;
}

static bool
is_verb(const struct tool *t, struct word w)
{
    for (const char *const *v = t->verbs; v && *v; v++)
        if (strlen(*v) <= w.len && memcmp(*v, w.at, strlen(*v)) == 0)
            return true;
    return !t->verbs;
}

static bool
calls(const struct tool *t, char *const *argv)
{
    bool program = false;
    for (; *argv; argv++) {
        const char *text = *argv;
        struct word w;
        while (next_word(&text, &w)) {
            if (program && is_verb(t, w))
                return true;
            program = program || is_program(t, w);
        }
    }
    return program && !t->verbs;
}

const struct tool *
tool_of_command(char *const *argv)
{
    for (size_t i = 0; i < TOOLS; i++)
        if (calls(&tools[i], argv))
            return &tools[i];
    return NULL;
}

/* ---- what it said ---- */

static bool
begins_one(char *const *history, size_t n, const char *beginning)
{
    for (size_t i = 0; *beginning && i < n; i++)
        if (strncmp(history[i], beginning, strlen(beginning)) == 0)
            return true;
    return false;
}

static bool
has(const char *list, const char *name)
{
    size_t len = strlen(name);
    for (const char *at = strstr(list, name); at; at = strstr(at + 1, name))
        if ((at == list || at[-1] == ' ') && (!at[len] || at[len] == ','))
            return true;
    return false;
}

/* Those in the list are the newest of the history, and all of the list is in it. */
static bool
are_newest(char *const *history, size_t n, const char *list)
{
    size_t named = 1;
    for (const char *p = list; *p; p++)
        named += *p == ',';
    if (!*list || named > n)
        return false;
    for (size_t i = n - named; i < n; i++)
        if (!has(list, history[i]))
            return false;
    return true;
}

static bool
is_proven(const struct tool *t, char *const *history, size_t n, const char *named)
{
    switch (t->proof) {
    case TOOL_ONE:
    case TOOL_PAIR:
        return begins_one(history, n, named);
    case TOOL_LIST:
        return are_newest(history, n, named);
    case TOOL_WARNS:
        return n > 0;
    }
    return false; /* uncovered: the rows have no other */
}

/* Where words end that begin at `text`; NULL: they do not. */
static const char *
match(const char *text, const char *words)
{
    for (; *words; words++) {
        if (*words == ' ' && isspace((unsigned char)*text))
            text += strspn(text, " \t\r\n");
        else if (*words == *text)
            text++;
        else
            return NULL;
    }
    return text;
}

static const char *
find(const char *text, const char *words, const char **ret_end)
{
    for (; *text; text++) {
        *ret_end = match(text, words);
        if (*ret_end)
            return text;
    }
    return NULL;
}

/* What stands between the words, from `text` on, which is behind the first of them; false: they do not follow. */
static bool
read_named(const struct tool *t, const char *text, char *ret)
{
    char piece[TOOL_PIECES][NAMED_MAX / 2 - 1] = {0};
    for (size_t i = 1; i < TOOL_PIECES && t->words[i]; i++) {
        const char *behind;
        const char *end = find(text, t->words[i], &behind);
        if (!end || (size_t)(end - text) >= sizeof(piece[0]))
            return false;
        memcpy(piece[i - 1], text, (size_t)(end - text));
        text = behind;
    }
    if (t->proof == TOOL_PAIR)
        snprintf(ret, NAMED_MAX, "%s.%s", piece[1], piece[0]);
    else
        snprintf(ret, NAMED_MAX, "%s", piece[0]);
    return true;
}

bool
tool_lacks(const struct tool *t, const char *text, char *const *history, size_t n, char *buf,
           size_t size)
{
    char named[NAMED_MAX];
    const char *behind;
    while (t->words[0] && find(text, t->words[0], &behind)) {
        text = behind;
        if (!read_named(t, behind, named) || !is_proven(t, history, n, named))
            continue;
        snprintf(buf, size, "%s", named);
        return true;
    }
    return false;
}
