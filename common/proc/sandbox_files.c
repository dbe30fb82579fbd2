/* sandbox_files.c: which files can still be opened: Landlock. */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/proc/sandbox.h"

/* landlock(7); later than Debian 12's headers. */
#define FS_TRUNCATE (1ULL << 14) /* version 3 */
#define NET_BIND_TCP (1ULL << 0) /* version 4 */
#define SCOPE_SIGNAL (1ULL << 1) /* version 6 */

struct ruleset {
    uint64_t fs, net, scoped;
};

static const uint64_t fs_all =
    LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE |
    LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
    LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
    LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
    LANDLOCK_ACCESS_FS_MAKE_SYM;

/* What this version knows of it; the structure is as long as it knows, too. */
static size_t
fill_ruleset(struct ruleset *r, int version)
{
    *r = (struct ruleset){.fs = fs_all};
    if (version >= 2)
        r->fs |= LANDLOCK_ACCESS_FS_REFER;
    if (version >= 3)
        r->fs |= FS_TRUNCATE;
    if (version >= 4)
        r->net = NET_BIND_TCP;
    if (version >= 6)
        r->scoped = SCOPE_SIGNAL;
    return version >= 6   ? sizeof(*r)
           : version >= 4 ? offsetof(struct ruleset, scoped)
                          : offsetof(struct ruleset, net);
}

static uint64_t
allowed(enum sandbox_access access, bool is_dir, uint64_t known)
{
    uint64_t a = LANDLOCK_ACCESS_FS_READ_FILE | (is_dir ? LANDLOCK_ACCESS_FS_READ_DIR : 0);
    if (access == SANDBOX_WRITE)
        a = LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE;
    else if (access == SANDBOX_UNLINK)
        a = LANDLOCK_ACCESS_FS_REMOVE_FILE;
    return a & known;
}

static int
add_rule(int set, const struct sandbox_rule *rule, uint64_t known, struct err *e)
{
    cleanup_close int fd = open(rule->path, O_PATH | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0)
        return 0;
    struct landlock_path_beneath_attr attr = {
        .allowed_access = allowed(rule->access, S_ISDIR(st.st_mode), known), .parent_fd = fd};
    if (syscall(SYS_landlock_add_rule, set, LANDLOCK_RULE_PATH_BENEATH, &attr, 0) < 0)
        return err_sys(e, errno, "Landlock refuses a rule for %s", rule->path);
    return 0;
}

int
sandbox_files(const struct sandbox_rule *rules, size_t n, int *ret_version, struct err *e)
{
    struct ruleset r;
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    *ret_version = 0;
    if (version <= 0)
        return 0;
    size_t size = fill_ruleset(&r, (int)version);
    cleanup_close int set = (int)syscall(SYS_landlock_create_ruleset, &r, size, 0);
    if (set < 0)
        return err_sys(e, errno, "Landlock refuses the set of rules");
    for (size_t i = 0; i < n; i++)
        if (add_rule(set, &rules[i], r.fs, e) < 0)
            return -1;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        syscall(SYS_landlock_restrict_self, set, 0) < 0)
        return err_sys(e, errno, "Landlock refuses to be applied");
    *ret_version = (int)version;
    return 0;
}
