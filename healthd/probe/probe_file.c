/* A file, of whatever type: that it is there, that it is not, or that it was written lately. */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "common/base/clock.h"
#include "healthd/probe/probe_kinds.h"
#include "healthd/probe/probe_path.h"

/* ---- the row ---- */

struct own {
    bool exists, absent; /* as the line says */
    uint64_t younger_ms; /* 0: of any age */
};

static int
key_exists(struct check_spec *s, const char *value, struct err *e)
{
    (void)value;
    (void)e;
    ((struct own *)s->own)->exists = true;
    return 0;
}

static int
key_absent(struct check_spec *s, const char *value, struct err *e)
{
    (void)value;
    (void)e;
    ((struct own *)s->own)->absent = true;
    return 0;
}

static int
key_younger(struct check_spec *s, const char *value, struct err *e)
{
    uint64_t ms = 0;
    if (clock_parse_duration(value, &ms, e) < 0)
        return -1;
    if (ms == 0 || ms > INT64_MAX)
        return err_set(e, ERR_USAGE, "'%.40s' is not an age that a file can have", value);
    ((struct own *)s->own)->younger_ms = ms;
    return 0;
}

static int
judge_keys(const struct check_spec *s, struct err *e)
{
    const struct own *own = s->own;
    if (own->absent && (own->exists || own->younger_ms > 0))
        return err_set(e, ERR_USAGE, "'absent' cannot be combined with '%s'",
                       own->exists ? "exists" : "younger");
    return probe_path_judge_keys(s, e);
}

static struct probe *
file_new(const struct probe_context *x, const struct check_spec *spec, void *target, struct err *e);

const struct check_kind probe_file_kind = {
    .title = "File",
    .text = "the file file:/PATH, of any type, exists; symbolic links are followed",
    .schemes = (const struct check_scheme[]){{"file", NULL, false}, {NULL, NULL, false}},
    .path = true,
    .each = true,
    .keys =
        (const struct check_key[]){
            {"exists", NULL, "the file must exist (the default)", key_exists},
            {"absent", NULL, "the file must not exist: a switch for maintenance", key_absent},
            {"younger", "DURATION", "the file must have been modified within this time (any age)",
             key_younger},
            {NULL, NULL, NULL, NULL}},
    .own_size = sizeof(struct own),
    .judge = judge_keys,
    .target = &probe_peer_target,
    .probe_new = file_new,
};

/* ---- the probe ---- */

static void
look(void *data)
{
    struct probe_path_look *l = data;
    l->sys_errno = stat(l->path, &l->seen.file) == 0 ? 0 : errno;
}

static int64_t
age_ms(const struct stat *st)
{
    return clock_wall_ms() - ((int64_t)st->st_mtim.tv_sec * 1000 + st->st_mtim.tv_nsec / 1000000);
}

static void
judge(const void *own, const struct probe_path_look *l, struct probe_result *ret)
{
    const struct own *o = own;
    char limit[CLOCK_DURATION_MAX];
    bool there = l->sys_errno == 0;
    ret->reason = REASON_NONE;
    if (there == o->absent) {
        ret->reason = there ? REASON_PRESENT : REASON_ABSENT;
        snprintf(ret->cause, sizeof(ret->cause), "%.180s %s", l->path,
                 there ? "exists" : "does not exist");
    } else if (there && o->younger_ms > 0 && age_ms(&l->seen.file) >= (int64_t)o->younger_ms) {
        ret->reason = REASON_EXPIRED;
        snprintf(ret->cause, sizeof(ret->cause), "%.180s has not been modified for %s", l->path,
                 clock_format_duration(limit, o->younger_ms));
    }
}

static struct probe *
file_new(const struct probe_context *x, const struct check_spec *spec, void *target, struct err *e)
{
    static const struct probe_path_kind kind = {look, judge};
    return probe_path_new(&kind, x, spec, target, e);
}
