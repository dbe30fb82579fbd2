/* Lines from options and files, then what the environment names. */
#include "healthd/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/net/reopen.h"
#include "healthd/probe/probe_kinds.h"

#define CHECKS_MAX 256

/* Takes spec, also when it fails. */
static int
add_spec(struct config *c, struct check_spec *spec, struct err *e)
{
    for (size_t i = 0; i < c->n; i++) {
        if (strcmp(c->specs[i]->name, spec->name) == 0) {
            err_set(e, ERR_USAGE, "there is already a check named '%s'", spec->name);
            check_spec_done(spec);
            return -1;
        }
    }
    if (c->n == CHECKS_MAX) {
        check_spec_done(spec);
        return err_set(e, ERR_USAGE, "more than %d checks", CHECKS_MAX);
    }
    struct check_spec **specs = reallocarray(c->specs, c->n + 1, sizeof(struct check_spec *));
    struct check_spec *own = malloc(sizeof(*own));
    c->specs = specs ? specs : c->specs;
    if (!specs || !own) {
        free(own);
        check_spec_done(spec);
        return err_nomem(e);
    }
    *own = *spec;
    c->specs[c->n++] = own;
    return 0;
}

/* A bad URL is told where its line stands. */
static int
check_url(const struct check_spec *s, struct err *e)
{
    void *target = NULL;
    if (!s->url)
        return 0;
    if (s->kind->target->parse(s->url, NULL, &target, e) < 0)
        return err_wrap(e, "check '%s'", s->name);
    s->kind->target->free(target);
    return 0;
}

static int
add_line(struct config *c, const char *line, struct err *e)
{
    struct check_spec spec;
    const char *at = line + strspn(line, " \t");
    if (*at == '\0' || *at == '#')
        return 0;
    if (strncmp(line, "\xEF\xBB\xBF", 3) == 0)
        return err_set(e, ERR_USAGE, "the file begins with a byte order mark (U+FEFF); remove it");
    if (checkline_parse(at, probe_kinds, &spec, e) < 0)
        return -1;
    if (check_url(&spec, e) < 0) {
        check_spec_done(&spec);
        return -1;
    }
    return add_spec(c, &spec, e);
}

static int
read_file(struct config *c, const char *path, struct err *e)
{
    reopen_note(path);
    cleanup_file FILE *f = fopen(path, "re");
    cleanup_free char *line = NULL;
    size_t size = 0;
    if (!f) {
        err_sys(e, errno, "--config: cannot read %s", path);
        return -1;
    }
    for (unsigned n = 1;; n++) {
        ssize_t len = getline(&line, &size, f);
        if (len < 0)
            break;
        while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
            line[--len] = '\0';
        if (strlen(line) != (size_t)len)
            return err_set(e, ERR_USAGE, "%s:%u: a NUL byte", path, n);
        if (add_line(c, line, e) < 0)
            return err_wrap(e, "%s:%u", path, n);
    }
    return ferror(f) ? err_set(e, ERR_USAGE, "--config: cannot read %s", path) : 0;
}

/* ---- what the environment names ---- */

/* A line that says that it is the environment's server, or has the name of its check: the environment is not even read. */
static bool
takes_place(const struct config *c, const struct check_kind *kind)
{
    for (size_t i = 0; i < c->n; i++) {
        const struct check_spec *s = c->specs[i];
        if (strcmp(s->name, kind->found_name) == 0 || (s->kind == kind && !s->url))
            return true;
    }
    return false;
}

/* A line with the URL of what the environment names. */
static bool
names_same(const struct check_spec *s, const struct check_kind *kind, const void *found)
{
    void *target = NULL;
    if (s->kind != kind || kind->target->parse(s->url, NULL, &target, NULL) < 0)
        return false;
    bool same = kind->target->is_same(target, found);
    kind->target->free(target);
    return same;
}

static int
add_found(struct config *c, const struct check_kind *kind, const void *found, struct err *e)
{
    struct check_spec spec;
    for (size_t i = 0; i < c->n; i++)
        if (names_same(c->specs[i], kind, found))
            return 0;
    return check_spec_default(kind->found_name, kind, &spec, e) < 0 ? -1 : add_spec(c, &spec, e);
}

static int
find_environment(struct config *c, const struct check_given *given, struct err *e)
{
    int rc = 0;
    for (const struct check_kind *const *k = probe_kinds; rc == 0 && *k; k++) {
        void *found = NULL;
        if (!(*k)->found_name || takes_place(c, *k))
            continue;
        rc = (*k)->target->parse(NULL, given, &found, e);
        if (rc == 0 && found)
            rc = add_found(c, *k, found, e);
        (*k)->target->free(found);
    }
    return rc;
}

/* ---- liveness is for what is in the pod ---- */

static int
is_local(const struct check_spec *s, const struct check_given *given, bool *ret, struct err *e)
{
    void *target = NULL;
    if (s->kind->target->parse(s->url, given, &target, e) < 0)
        return -1;
    *ret = !target || s->kind->target->is_local(target);
    s->kind->target->free(target);
    return 0;
}

static int
refuse_remote_liveness(const struct config *c, const struct check_given *given, struct err *e)
{
    for (size_t i = 0; i < c->n; i++) {
        const struct check_spec *s = c->specs[i];
        bool local = true;
        if (!check_spec_in_group(s, "live"))
            continue;
        if (is_local(s, given, &local, e) < 0)
            return err_wrap(e, "check '%s'", s->name);
        if (!local)
            return err_set(
                e, ERR_USAGE,
                "check '%s': the group live cannot contain a target outside the pod, because its outage "
                "would restart every replica",
                s->name);
    }
    return 0;
}

int
config_load(const struct options *o, struct config *ret, struct err *e)
{
    const struct check_given given = {.database = o->database, .redis = o->redis};
    struct config c = {0};
    int rc = o->config ? read_file(&c, o->config, e) : 0;
    for (size_t i = 0; rc == 0 && i < o->checks.n; i++)
        if (add_line(&c, o->checks.items[i], e) < 0)
            rc = err_wrap(e, "--check (HEALTHD_CHECKS) %zu", i + 1);
    if (rc == 0)
        rc = find_environment(&c, &given, e);
    if (rc == 0)
        rc = refuse_remote_liveness(&c, &given, e);
    if (rc < 0)
        config_done(&c);
    else
        *ret = c;
    return rc;
}

void
config_done(struct config *c)
{
    for (size_t i = 0; i < c->n; i++) {
        check_spec_done(c->specs[i]);
        free(c->specs[i]);
    }
    free(c->specs);
    *c = (struct config){0};
}

size_t
config_keep(struct config *fresh, struct config *old)
{
    size_t kept = 0;
    for (size_t i = 0; i < fresh->n; i++) {
        size_t k = 0;
        while (k < old->n && !check_spec_same(fresh->specs[i], old->specs[k]))
            k++;
        if (k == old->n)
            continue;
        struct check_spec *spec = fresh->specs[i];
        fresh->specs[i] = old->specs[k];
        old->specs[k] = spec;
        kept++;
    }
    return kept;
}
