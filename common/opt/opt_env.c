/* Options from variables, and variables that nobody knows. */
#include "common/opt/opt_rows.h"
#include "common/base/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"

char *
opt_env_lookup(char **envp, const char *name)
{
    size_t len = strlen(name);
    for (char **v = envp; *v; v++) {
        if (strncmp(*v, name, len) != 0 || (*v)[len] != '=')
            continue;
        char *value = *v + len + 1;
        return *value && !words_is_service_variable(name, value) ? value : NULL;
    }
    return NULL;
}

/* One value, or one a line; blank lines do not count. */
static int
set_lines(const struct opt_row *row, void *base, const char *value, const char *name, struct err *e)
{
    cleanup_free char *copy = strdup(value);
    if (!copy)
        return err_nomem(e);
    char *save = NULL;
    for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        if (line[strspn(line, " \t\r")] == '\0')
            continue;
        line[strcspn(line, "\r")] = '\0';
        if (opt_value_set(row, base, line, name, e) < 0)
            return -1;
    }
    return 0;
}

/* Either would be ignored without a word. */
static int
refuse_both(const struct opt_row *row, char **envp, const char *name, struct err *e)
{
    char file_name[OPT_ENV_MAX + 8];
    if (!(row->flags & OPT_ENV_FILE))
        return 0;
    snprintf(file_name, sizeof(file_name), "%s_FILE", name);
    return opt_env_lookup(envp, file_name)
               ? err_set(e, ERR_USAGE, "%s and %s are both set", name, file_name)
               : 0;
}

int
opt_env_read(const struct opt_program *p, char **envp, void *options, struct opt_asked *asked,
             struct opt_result *r, struct err *e)
{
    bool only_common = r->command && (r->command->flags & OPT_CMD_NO_ENV);
    for (size_t i = 0; i < opt_row_count(p); i++) {
        const struct opt_row *row = opt_row_at(p, i);
        bool common = opt_row_is_common(p, i);
        if (!opt_row_applies(p, row, r->command) || (only_common && !common) || (r->set >> i & 1u))
            continue;
        char name[OPT_ENV_MAX];
        opt_row_env(p, row, name);
        char *value = *name ? opt_env_lookup(envp, name) : NULL;
        void *base = common ? (void *)asked : options;
        bool lines = row->kind == OPT_LIST || (row->flags & OPT_BY_LINES);
        if (value && !lines && words_one_line(name, value, e) < 0)
            return -1;
        if (!value || !*value)
            continue;
        int rc = refuse_both(row, envp, name, e);
        if (rc == 0)
            rc = lines ? set_lines(row, base, value, name, e)
                       : opt_value_set(row, base, value, name, e);
        if (rc < 0)
            return -1;
        r->set |= UINT64_C(1) << i;
    }
    return 0;
}

/* The names with the program's prefix that mean something. */
struct known {
    size_t
        prefix; /* bytes that all have in common, and that therefore say nothing about likeness */
    size_t n;
    const char **names;        /* owned */
    const char **tails;        /* owned: the same behind the prefix */
    char (*text)[OPT_ENV_MAX]; /* owned: the names of rows */
};

static void
known_done(struct known *k)
{
    free(k->names);
    free(k->tails);
    free(k->text);
}

static void
known_add(struct known *k, const char *name)
{
    k->names[k->n] = name;
    k->tails[k->n++] = name + k->prefix;
}

static int
known_init(struct known *k, const struct opt_program *p, struct err *e)
{
    size_t rows = opt_row_count(p), others = 0;
    while (p->other_env && p->other_env[others])
        others++;
    k->prefix = strlen(p->env_prefix);
    k->names = calloc(rows + others, sizeof(*k->names));
    k->tails = calloc(rows + others, sizeof(*k->tails));
    k->text = calloc(rows, sizeof(*k->text));
    if (!k->names || !k->tails || !k->text)
        return err_nomem(e);
    for (size_t i = 0; i < rows; i++)
        if (strncmp(opt_row_env(p, opt_row_at(p, i), k->text[i]), p->env_prefix, k->prefix) == 0)
            known_add(k, k->text[i]);
    for (size_t i = 0; i < others; i++)
        known_add(k, p->other_env[i]);
    return 0;
}

static bool
is_known(const struct known *k, const char *name)
{
    for (size_t i = 0; i < k->n; i++)
        if (strcmp(name, k->names[i]) == 0)
            return true;
    return false;
}

static int
unknown_name(const struct known *k, const char *name, bool strict, struct strbuf *warnings,
             struct err *e)
{
    unsigned edits = 0;
    const char *near = words_nearest(name, k->names, k->n, &edits);
    if (near && edits <= 2)
        return err_set(e, ERR_USAGE, "unknown variable %.96s; did you mean %s?", name, near);
    near = words_nearest(name + k->prefix, k->tails, k->n, NULL);
    const char *between = near ? "; the nearest is " : "";
    const char *full = near ? near - k->prefix : "";
    if (strict)
        return err_set(e, ERR_USAGE, "unknown variable %.96s%s%s (--strict-env)", name, between,
                       full);
    strbuf_addf(warnings, "unknown variable %.96s%s%s\n", name, between, full);
    return 0;
}

int
opt_env_check(const struct opt_program *p, char **envp, bool strict, struct strbuf *warnings,
              struct err *e)
{
    CLEANUP_WITH(known_done) struct known k = {0};
    if (known_init(&k, p, e) < 0)
        return -1;
    for (char **v = envp; *v; v++) {
        const char *equals = strchr(*v, '=');
        if (strncmp(*v, p->env_prefix, k.prefix) != 0 || !equals)
            continue;
        cleanup_free char *name = strndup(*v, (size_t)(equals - *v));
        if (!name)
            return err_nomem(e);
        if (words_is_service_variable(name, equals + 1) || is_known(&k, name))
            continue;
        if (unknown_name(&k, name, strict, warnings, e) < 0)
            return -1;
    }
    return 0;
}
