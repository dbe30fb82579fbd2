/* The file system that holds a path: room for bytes and for files, as df shows it to a user who is not root. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "common/base/size.h"
#include "healthd/probe/probe_kinds.h"
#include "healthd/probe/probe_path.h"

/* ---- the row ---- */

struct limit {
    uint64_t least; /* 0: any will do */
    bool percent;
};

struct own {
    struct limit bytes, inodes;
};

/* "10%" */
static bool
take_percent(const char *value, struct limit *ret)
{
    size_t digits = strspn(value, "0123456789");
    if (digits == 0 || digits > 2 || strcmp(value + digits, "%") != 0)
        return false;
    *ret = (struct limit){strtoul(value, NULL, 10), true};
    return true;
}

static int
key_bytes(struct check_spec *s, const char *value, struct err *e)
{
    struct limit *l = &((struct own *)s->own)->bytes;
    uint64_t bytes = 0;
    if (take_percent(value, l))
        return 0;
    if (strchr(value, '%'))
        return err_set(e, ERR_USAGE, "'%.40s' is not a percentage from 0%% to 99%%", value);
    if (size_parse(value, &bytes, e) < 0)
        return -1;
    *l = (struct limit){bytes, false};
    return 0;
}

static int
key_inodes(struct check_spec *s, const char *value, struct err *e)
{
    struct limit *l = &((struct own *)s->own)->inodes;
    size_t digits = strspn(value, "0123456789");
    if (take_percent(value, l))
        return 0;
    if (digits == 0 || digits > 18 || value[digits] != '\0')
        return err_set(e, ERR_USAGE,
                       "'%.40s' is neither a number nor a percentage from 0%% to 99%%", value);
    *l = (struct limit){strtoull(value, NULL, 10), false};
    return 0;
}

static struct probe *
disk_new(const struct probe_context *x, const struct check_spec *spec, void *target, struct err *e);

const struct check_kind probe_disk_kind = {
    .title = "Disk",
    .text = "the file system that contains disk:/PATH has free space and free inodes",
    .schemes = (const struct check_scheme[]){{"disk", NULL, false}, {NULL, NULL, false}},
    .path = true,
    .each = true,
    .keys =
        (const struct check_key[]){
            {"min-free", "SIZE|N%",
             "free space that must be left to users other than root (10%, as for the kubelet); 0: "
             "not checked",
             key_bytes},
            {"min-inodes", "N|N%",
             "free inodes that must be left (5%, as for the kubelet); 0: not checked", key_inodes},
            {NULL, NULL, NULL, NULL}},
    .own_size = sizeof(struct own),
    .own_default = &(const struct own){{10, true}, {5, true}},
    .judge = probe_path_judge_keys,
    .target = &probe_peer_target,
    .probe_new = disk_new,
};

/* ---- the probe ---- */

static void
look(void *data)
{
    struct probe_path_look *l = data;
    l->sys_errno = statvfs(l->path, &l->seen.disk) == 0 ? 0 : errno;
}

/* Of what a user other than root can have at all. */
static double
share(uint64_t available, uint64_t used)
{
    double all = (double)available + (double)used;
    return all > 0 ? 100.0 * (double)available / all : 0;
}

static bool
lacks(const struct limit *l, uint64_t available, uint64_t used, double unit)
{
    return l->percent ? share(available, used) < (double)l->least
                      : (double)available * unit < (double)l->least;
}

static void
judge(const void *own, const struct probe_path_look *l, struct probe_result *ret)
{
    const struct own *o = own;
    const struct statvfs *d = &l->seen.disk;
    uint64_t used = d->f_blocks - d->f_bfree;
    uint64_t inodes_used = d->f_files - d->f_ffree;
    if (ret->reason == REASON_ABSENT) {
        snprintf(ret->cause, sizeof(ret->cause), "%.180s does not exist", l->path);
    } else if (o->bytes.least > 0 && d->f_blocks == 0) {
        ret->reason = REASON_UNEXPECTED;
        snprintf(ret->cause, sizeof(ret->cause), "%.140s: the file system does not count its space",
                 l->path);
    } else if (lacks(&o->bytes, d->f_bavail, used, (double)d->f_frsize)) {
        ret->reason = REASON_FULL;
        snprintf(ret->cause, sizeof(ret->cause),
                 "%.140s: %.0f MiB (%.1f%%) of the space are free, below min-free", l->path,
                 (double)d->f_bavail * (double)d->f_frsize / 1048576, share(d->f_bavail, used));
    } else if (d->f_files > 0 && lacks(&o->inodes, d->f_favail, inodes_used, 1)) {
        ret->reason = REASON_FULL;
        snprintf(ret->cause, sizeof(ret->cause),
                 "%.140s: %llu (%.1f%%) of the inodes are free, below min-inodes", l->path,
                 (unsigned long long)d->f_favail, share(d->f_favail, inodes_used));
    }
}

static struct probe *
disk_new(const struct probe_context *x, const struct check_spec *spec, void *target, struct err *e)
{
    static const struct probe_path_kind kind = {look, judge};
    return probe_path_new(&kind, x, spec, target, e);
}
