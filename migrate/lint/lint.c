/* lint.c: rules over statements, and what is learned from them (pure). */
#include "migrate/lint/lint.h"

#include <string.h>
#include <strings.h>

#include "migrate/lint/lint_rules.h"
#include "migrate/sql/verdict.h"

static const struct lint_rule *const rooms[] = {
    lint_rules_index, lint_rules_column,    lint_rules_constraint,
    lint_rules_table, lint_rules_partition, lint_rules_data,
};

const struct lint_rule *
lint_rule(size_t i)
{
    for (size_t r = 0; r < sizeof(rooms) / sizeof(rooms[0]); r++)
        for (const struct lint_rule *rule = rooms[r]; rule->name; rule++)
            if (i-- == 0)
                return rule;
    return NULL;
}

const char *
lint_level_text(enum lint_level level)
{
    return level == LINT_ERROR ? "error" : "warning";
}

void
lint_finding_text(const struct lint_finding *f, struct strbuf *out)
{
    const char *quote = f->about->name[0] ? "\"" : "";

    for (const char *p = f->rule->what; *p; p++) {
        if (*p != '@') {
            strbuf_addc(out, *p);
            continue;
        }
        strbuf_adds(out, quote);
        lint_name_format(f->about, out);
        strbuf_adds(out, quote);
    }
}

bool
lint_is_new(const struct lint *l, enum known_kind kind, const struct lint_name *name)
{
    const struct known *k = known_find(&l->known, kind, name, "");

    if (!k || k->file == 0)
        return false;
    return k->file == l->n_files || (l->since && !k->filled);
}

bool
lint_locks(const struct action *a)
{
    static const uint64_t kinds =
        ON(CREATE_INDEX) | ON(REINDEX) | ON(ADD_COLUMN) | ON(DROP_COLUMN) | ON(COLUMN_TYPE) |
        ON(SET_NOT_NULL) | ON(DROP_NOT_NULL) | ON(SET_EXPRESSION) | ON(ADD_CONSTRAINT) |
        ON(RENAME_COLUMN) | ON(RENAME_TABLE) | ON(SET_LOGGED) | ON(SET_TABLESPACE) |
        ON(SET_ACCESS_METHOD) | ON(DETACH) | ON(SWITCH_TRIGGER) | ON(ALTER) | ON(CREATE_TRIGGER) |
        ON(DROP_TRIGGER) | ON(TRUNCATE) | ON(LOCK) | ON(REFRESH) | ON(CLUSTER);

    return (kinds & (1ull << a->kind)) && a->table.name[0] && !action_has(a, HAS_CONCURRENTLY) &&
           !action_has(a, HAS_WEAK);
}

const struct lint_name *
lint_locked(const struct lint *l)
{
    const struct known *k = known_first(&l->known, KNOWN_LOCK);

    return k ? &k->name : NULL;
}

/* --- what is learned --- */

static void
learn(struct lint *l, enum known_kind kind, const struct lint_name *name, const char *part)
{
    struct known *k = known_add(&l->known, kind, name, part);

    if (k)
        k->file = l->file.old ? 0 : l->n_files;
}

static void
learn_column(struct lint *l, const struct action *a)
{
    struct known *k = known_add(&l->known, KNOWN_COLUMN, &a->table, a->column);

    if (k)
        k->type = a->type;
    if (action_has(a, HAS_NOT_NULL) || action_has(a, HAS_PRIMARY))
        learn(l, KNOWN_NOT_NULL, &a->table, a->column);
}

static void
learn_table(struct lint *l, const struct action *a)
{
    learn(l, KNOWN_TABLE, &a->table, "");
    struct known *k = action_has(a, HAS_QUERY) && a->table.name[0]
                          ? known_add(&l->known, KNOWN_TABLE, &a->table, "")
                          : NULL;
    if (k) {
        k->file = l->file.old ? 0 : l->n_files;
        k->filled = true;
    }
}

static void
learn_constraint(struct lint *l, const struct action *a)
{
    if (!action_has(a, HAS_CHECK))
        return;
    struct known *k = known_add(&l->known, KNOWN_CHECK, &a->table, a->part);
    if (k && action_has(a, HAS_NULLNESS))
        memcpy(k->column, a->column, sizeof(k->column));
    if (action_has(a, HAS_NOT_VALID))
        return;
    learn(l, KNOWN_CHECKED, &a->table, "");
    if (action_has(a, HAS_NULLNESS))
        learn(l, KNOWN_NOT_NULL, &a->table, a->column);
}

static void
learn_validated(struct lint *l, const struct action *a)
{
    const struct known *k = known_find(&l->known, KNOWN_CHECK, &a->table, a->part);
    char column[LINT_NAME_MAX];

    if (!k)
        return;
    memcpy(column, k->column, sizeof(column));
    learn(l, KNOWN_CHECKED, &a->table, "");
    if (column[0])
        learn(l, KNOWN_NOT_NULL, &a->table, column);
}

/* Its type goes with it; what was said of its nulls, too. */
static void
learn_renamed_column(struct lint *l, const struct action *a)
{
    const struct known *k = known_find(&l->known, KNOWN_COLUMN, &a->table, a->column);
    struct lint_type type = k ? k->type : (struct lint_type){.name = ""};
    bool full = known_find(&l->known, KNOWN_NOT_NULL, &a->table, a->column) != NULL;

    known_remove(&l->known, KNOWN_COLUMN, &a->table, a->column);
    known_remove(&l->known, KNOWN_NOT_NULL, &a->table, a->column);
    struct known *new = known_add(&l->known, KNOWN_COLUMN, &a->table, a->part);
    if (new)
        new->type = type;
    if (full)
        learn(l, KNOWN_NOT_NULL, &a->table, a->part);
}

static void
learn_from_column(struct lint *l, const struct action *a)
{
    switch (a->kind) {
    case ACTION_DROP_COLUMN:
        known_remove(&l->known, KNOWN_COLUMN, &a->table, a->column);
        known_remove(&l->known, KNOWN_NOT_NULL, &a->table, a->column);
        break;
    case ACTION_SET_NOT_NULL:
        learn(l, KNOWN_NOT_NULL, &a->table, a->column);
        break;
    case ACTION_DROP_NOT_NULL:
        known_remove(&l->known, KNOWN_NOT_NULL, &a->table, a->column);
        break;
    case ACTION_RENAME_COLUMN:
        learn_renamed_column(l, a);
        break;
    default:
        learn_column(l, a);
    }
}

static void
learn_index(struct lint *l, const struct action *a)
{
    struct known *k = known_add(&l->known, KNOWN_INDEX, &a->other, "");

    if (!k)
        return;
    k->file = l->file.old ? 0 : l->n_files;
    k->filled = !lint_is_new(l, KNOWN_TABLE, &a->table);
}

/* timestamp and timestamptz are stored alike where the session is in UTC. */
static void
learn_setting(struct lint *l, const struct action *a)
{
    if (strcasecmp(a->part, "timezone") == 0)
        l->utc = strcasecmp(a->value, "utc") == 0 || strcasecmp(a->value, "gmt") == 0 ||
                 strcasecmp(a->value, "etc/utc") == 0;
}

static void
learn_action(struct lint *l, const struct action *a)
{
    if (l->file.transaction && lint_locks(a) && !lint_is_new(l, KNOWN_TABLE, &a->table))
        learn(l, KNOWN_LOCK, &a->table, "");
    switch (a->kind) {
    case ACTION_CREATE_TABLE:
        learn_table(l, a);
        break;
    case ACTION_COLUMN:
    case ACTION_ADD_COLUMN:
    case ACTION_COLUMN_TYPE:
    case ACTION_DROP_COLUMN:
    case ACTION_SET_NOT_NULL:
    case ACTION_DROP_NOT_NULL:
    case ACTION_RENAME_COLUMN:
        learn_from_column(l, a);
        break;
    case ACTION_ADD_CONSTRAINT:
        learn_constraint(l, a);
        break;
    case ACTION_VALIDATE:
        learn_validated(l, a);
        break;
    case ACTION_RENAME_TABLE:
        known_rename(&l->known, &a->table, &a->other);
        break;
    case ACTION_DROP_TABLE:
        known_remove(&l->known, KNOWN_TABLE, &a->table, "");
        break;
    case ACTION_TRUNCATE:
        if (l->file.transaction)
            learn(l, KNOWN_EMPTY, &a->table, "");
        break;
    case ACTION_SET:
        learn_setting(l, a);
        break;
    case ACTION_CREATE_INDEX:
        learn_index(l, a);
        break;
    case ACTION_CREATE_TYPE:
        learn(l, KNOWN_TYPE, &a->table, "");
        break;
    case ACTION_CREATE_FUNCTION:
        if (action_has(a, HAS_STABLE))
            learn(l, KNOWN_STABLE, &a->table, "");
        break;
    case ACTION_ADD_VALUE:
        if (!lint_is_new(l, KNOWN_TYPE, &a->table) && a->part[0])
            learn(l, KNOWN_VALUE, &a->table, a->part);
        break;
    default:
        break;
    }
}

/* --- what is found --- */

static const struct lint_name *
about(const struct lint *l, const struct lint_rule *rule, const struct action *a)
{
    if (rule->flags & LINT_ABOUT_OTHER)
        return &a->other;
    if (rule->flags & LINT_ABOUT_LOCKED)
        return lint_locked(l);
    return &a->table;
}

static void
look(struct lint *l, size_t number, const struct lint_rule *rule, const struct action *a)
{
    uint64_t bit = 1ull << number;
    size_t at = rule->place < HASES && action_has(a, (enum action_has)rule->place)
                    ? a->at[rule->place]
                    : a->offset;

    if (!(rule->kinds & (1ull << a->kind)) || (l->told & bit))
        return;
    if ((rule->flags & LINT_UNLESS_CONTRACT) && l->file.contract)
        return;
    if (!(rule->flags & LINT_NEW_TOO) && lint_is_new(l, KNOWN_TABLE, &a->table))
        return;
    if (rule->level == LINT_ERROR && known_find(&l->known, KNOWN_EMPTY, &a->table, ""))
        return;
    if (rule->match && !rule->match(l, a, &at))
        return;
    if (rule->flags & LINT_ONCE)
        l->told |= bit;
    l->found(l->arg, &(struct lint_finding){.rule = rule,
                                            .number = number,
                                            .offset = l->st->offset + at,
                                            .line = l->st->line,
                                            .from = l->st->offset,
                                            .about = about(l, rule, a)});
}

static void
on_action(void *arg, const struct action *a)
{
    struct lint *l = arg;
    size_t i = 0;

    for (size_t r = 0; !l->file.old && r < sizeof(rooms) / sizeof(rooms[0]); r++)
        for (const struct lint_rule *rule = rooms[r]; rule->name; rule++)
            look(l, i++, rule, a);
    learn_action(l, a);
    l->sets = a->kind == ACTION_SET;
    l->n_actions++;
}

void
lint_file(struct lint *l, const struct lint_file *f)
{
    l->file = *f;
    l->n_files++;
    l->seen_alone = l->seen_others = false;
    l->told = 0;
    known_remove_all(&l->known, KNOWN_LOCK);
    known_remove_all(&l->known, KNOWN_EMPTY);
    known_remove_all(&l->known, KNOWN_VALUE);
    l->utc = false;
}

void
lint_statement(struct lint *l, const struct statement *st)
{
    const char *sql = l->file.text + st->offset;
    struct verdict v;

    verdict_statement(sql, st->sql_bytes, st->backslashes, &v);
    l->st = st;
    l->alone = !v.transaction;
    l->n_actions = 0;
    action_read(sql, st->sql_bytes, st->backslashes, on_action, l);
    l->seen_alone |= l->alone;
    l->seen_others |= !l->alone && !v.control && !l->sets;
}

void
lint_done(struct lint *l)
{
    known_done(&l->known);
}
