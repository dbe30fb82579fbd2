/* tabfile.c: a crontab from its file. */
#include "cronrun/tabfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/strbuf.h"
#include "common/base/words.h"
#include "common/lease/lease.h"
#include "common/target/target.h"
#include "cronrun/commands.h"
#include "cronrun/cron/zone.h"
#include "cronrun/options.h"

/* Options of a run that are not a job's to set. */
static const struct {
    const char *name, *why;
} not_here[] = {
    {"scheduled-at", "each start knows its own"},
    {"job-deadline", "it belongs to a Job of Kubernetes'; a job of a crontab has deadline"},
    {"database", "give the lock the URL, or set DATABASE_URL for the daemon"},
    {"redis", "give the lock the URL, or set REDIS_URL for the daemon"},
    {"termination-log", "it belongs to the daemon"},
    {"record-fd", "it belongs to the daemon"},
};

static int
check_zone(const char *name, struct err *e)
{
    struct zone *z = NULL;
    int status = zone_load(name, &z, e);
    zone_free(z);
    return status;
}

/* A lock's URL by itself: what it leaves open comes from the environment of the run. */
static int
check_lock(const struct options *o, struct err *e)
{
    int status = 0;
    if (o->lock_kind == LOCK_POSTGRES && o->lock_where)
        status = target_pg_check(o->lock_where, e);
    else if (o->lock_kind == LOCK_REDIS && o->lock_where)
        status = target_redis_check(o->lock_where, e);
    return status == 0 ? 0 : err_wrap(e, "lock");
}

static int
check(void *arg, const char *name, const char *value, struct err *e)
{
    (void)arg;
    struct options o = {.lock = "none", .child_status = -1};
    if (strcmp(name, "tz") == 0)
        return check_zone(value, e);
    if (strcmp(name, "name") == 0)
        return lease_name_check(value, e);
    for (size_t i = 0; i < sizeof(not_here) / sizeof(not_here[0]); i++)
        if (strcmp(name, not_here[i].name) == 0)
            return err_set(e, ERR_USAGE, "%s is no option of a job: %s", name, not_here[i].why);
    int status = opt_set(&cronrun_program, &cmd_run, name, value, &o, e);
    if (status == 0)
        status = options_complete(&o, "", e);
    if (status == 0)
        status = check_lock(&o, e);
    opt_done(&cronrun_program, &o);
    return status;
}

struct crontab_rules
tabfile_rules(enum cron_dialect dialect, enum cron_dst dst)
{
    return (struct crontab_rules){
        .dialect = dialect, .dst = dst, .options = cmd_run.options, .check = check};
}

const char *
tabfile_shown(const char *path)
{
    return words_hold_password(path) ? "…" : path;
}

/* kept: it is read again and again, and whoever reads it must not be made to wait. */
static int
open_file(const char *path, bool kept, struct err *e)
{
    struct stat st;
    int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | (kept ? O_NONBLOCK : 0);
    cleanup_close int fd = open(strcmp(path, "-") == 0 ? "/dev/stdin" : path, flags);
    if (fd < 0 || fstat(fd, &st) < 0)
        return err_sys(e, errno, "%s", tabfile_shown(path));
    if (S_ISDIR(st.st_mode))
        return err_set(e, ERR_USAGE, "%s: a directory; a file is expected", tabfile_shown(path));
    if (kept && !S_ISREG(st.st_mode))
        return err_set(e, ERR_USAGE,
                       "%s: no regular file; the daemon reads its crontab again when it changes",
                       tabfile_shown(path));
    return steal_fd(&fd);
}

static int
read_all(const char *path, bool kept, struct strbuf *ret, struct err *e)
{
    char part[16384];
    cleanup_close int fd = open_file(path, kept, e);
    if (fd < 0)
        return -1;
    for (;;) {
        ssize_t n = read(fd, part, sizeof(part));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_sys(e, errno, "%s", tabfile_shown(path));
        strbuf_add(ret, part, (size_t)n);
        if (ret->failed)
            return err_nomem(e);
        if (n == 0 || ret->len > CRONTAB_BYTES_MAX)
            return 0;
    }
}

static int
read_tab(const char *path, bool kept, const struct crontab_rules *rules, struct crontab **ret,
         struct crontab_faults *faults, struct err *e)
{
    cleanup_strbuf struct strbuf text = STRBUF_INIT;
    if (read_all(path, kept, &text, e) < 0)
        return -1;
    if (crontab_parse(strbuf_str(&text), text.len, rules, ret, faults, e) < 0)
        return err_wrap(e, "%s", tabfile_shown(path));
    return 0;
}

int
tabfile_read(const char *path, const struct crontab_rules *rules, struct crontab **ret,
             struct crontab_faults *faults, struct err *e)
{
    return read_tab(path, false, rules, ret, faults, e);
}

int
tabfile_read_kept(const char *path, const struct crontab_rules *rules, struct crontab **ret,
                  struct crontab_faults *faults, struct err *e)
{
    if (strcmp(path, "-") == 0)
        return err_set(e, ERR_USAGE,
                       "standard input cannot be read again when it changes; name a file");
    return read_tab(path, true, rules, ret, faults, e);
}
