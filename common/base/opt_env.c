/* Options from variables, and variables that nobody knows. */
#include "common/base/opt_rows.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"

/* The value of a variable, NULL when it is not set, empty, or set by Kubernetes for a Service. */
static const char *
lookup(char **envp, const char *name)
{
    size_t len = strlen(name);
    for (char **v = envp; *v; v++) {
        if (strncmp(*v, name, len) != 0 || (*v)[len] != '=')
            continue;
        const char *value = *v + len + 1;
        return *value && !opt_is_service_variable(name, value) ? value : NULL;
    }
    return NULL;
}

/* One value, or one a line; blank lines do not count. */
static int
set_lines(const struct opt_row *row, void *base, const char *value, const char *name, struct err *e)
{
    cleanup_free char *copy = strdup(value);
    if (!copy)
        return err_set(e, ERR_NOMEM, "out of memory");
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

int
opt_env_read(const struct opt_program *p, char **envp, void *options, struct opt_asked *asked,
             struct opt_result *r, struct err *e)
{
    bool only_common = r->command && (r->command->flags & OPT_CMD_NO_ENV);
    for (size_t i = 0; i < opt_row_count(p); i++) {
        const struct opt_row *row = opt_row_at(p, i);
        bool common = opt_row_is_common(p, i);
        if (!opt_row_applies(row, r->command) || (only_common && !common) || (r->set >> i & 1u))
            continue;
        char name[OPT_ENV_MAX];
        opt_row_env(p, row, name);
        const char *value = *name ? lookup(envp, name) : NULL;
        if (!value)
            continue;
        void *base = common ? (void *)asked : options;
        bool lines = row->kind == OPT_LIST || (row->flags & OPT_BY_LINES);
        int rc =
            lines ? set_lines(row, base, value, name, e) : opt_value_set(row, base, value, name, e);
        if (rc < 0)
            return -1;
        r->set |= UINT64_C(1) << i;
    }
    return 0;
}

/* The known names: variables of rows (written into names) and other_env; list has room for all of them. */
static size_t
known_names(const struct opt_program *p, char (*names)[OPT_ENV_MAX], const char **list)
{
    size_t n = 0;
    size_t prefix = strlen(p->env_prefix);
    for (size_t i = 0; i < opt_row_count(p); i++) {
        if (strncmp(opt_row_env(p, opt_row_at(p, i), names[i]), p->env_prefix, prefix) == 0)
            list[n++] = names[i];
    }
    for (const char *const *o = p->other_env; o && *o; o++)
        list[n++] = *o;
    return n;
}

static bool
is_known(const char *name, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(name, list[i]) == 0)
            return true;
    return false;
}

/* prefix: bytes that all names have in common, and that therefore say nothing about likeness. */
static int
unknown_name(const char *name, size_t prefix, const char **list, size_t n, bool strict,
             struct strbuf *warnings, struct err *e)
{
    unsigned edits = 0;
    const char *near = opt_nearest(name, list, n, &edits);
    if (near && edits <= 2)
        return err_set(e, ERR_USAGE, "unknown variable %.96s; did you mean %s?", name, near);
    cleanup_free const char **tails = calloc(n + 1, sizeof *tails);
    if (!tails)
        return err_set(e, ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < n; i++)
        tails[i] = list[i] + prefix;
    near = opt_nearest(name + prefix, tails, n, NULL);
    const char *between = near ? "; the nearest is " : "";
    const char *full = near ? near - prefix : "";
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
    size_t others = 0;
    while (p->other_env && p->other_env[others])
        others++;
    size_t rows = opt_row_count(p);
    cleanup_free char(*names)[OPT_ENV_MAX] = calloc(rows, sizeof *names);
    cleanup_free const char **list = calloc(rows + others, sizeof *list);
    if (!names || !list)
        return err_set(e, ERR_NOMEM, "out of memory");
    size_t n = known_names(p, names, list);
    size_t prefix = strlen(p->env_prefix);
    for (char **v = envp; *v; v++) {
        const char *equals = strchr(*v, '=');
        if (strncmp(*v, p->env_prefix, prefix) != 0 || !equals)
            continue;
        cleanup_free char *name = strndup(*v, (size_t)(equals - *v));
        if (!name)
            return err_set(e, ERR_NOMEM, "out of memory");
        if (opt_is_service_variable(name, equals + 1) || is_known(name, list, n))
            continue;
        if (unknown_name(name, prefix, list, n, strict, warnings, e) < 0)
            return -1;
    }
    return 0;
}
