/* confine.c: which files healthd may still need, and how much of the sandbox is in force. */
#include "healthd/confine.h"

#include "common/base/log.h"
#include "common/net/reopen.h"
#include "common/net/tls.h"
#include "common/proc/sandbox.h"
#include "healthd/events.h"

#define RULES_MAX (REOPEN_MAX + 32)

struct rules {
    struct sandbox_rule all[RULES_MAX];
    size_t n;
};

static void
allow(struct rules *r, const char *path, enum sandbox_access access)
{
    if (path && *path && r->n < RULES_MAX)
        r->all[r->n++] = (struct sandbox_rule){path, access};
}

/* What the libraries read: resolver, OpenSSL's settings, time zones, and in the development build further libraries. */
static const char *const libraries_read[] = {
    "/etc",         "/usr/lib",    "/usr/lib64",     "/lib",
    "/lib64",       "/usr/share",  "/usr/local/lib", "/dev/null",
    "/dev/urandom", "/dev/random", "/proc/self",     "/sys/devices/system/cpu",
};

static void
fill(struct rules *r, const struct options *o, const struct httpd *h)
{
    for (size_t i = 0; i < sizeof(libraries_read) / sizeof(libraries_read[0]); i++)
        allow(r, libraries_read[i], SANDBOX_READ);
    reopen_note(tls_system_ca_file());
    for (size_t i = 0; reopen_place(i); i++)
        allow(r, reopen_place(i), SANDBOX_READ);
    allow(r, o->termination_log, SANDBOX_WRITE);
    for (size_t i = 0; httpd_bound(h, i); i++)
        allow(r, httpd_bound_dir(h, i), SANDBOX_UNLINK);
}

int
confine_enter(const struct options *o, const struct httpd *h, struct confine *ret, struct err *e)
{
    struct rules r = {0};
    bool required = o->sandbox == CONFINE_REQUIRE;
    *ret = (struct confine){0};
    if (o->sandbox == CONFINE_OFF)
        return 0;
    fill(&r, o, h);
    if (sandbox_files(r.all, r.n, &ret->files, e) < 0) {
        if (required)
            return -1;
        log_warn(&event_sandbox_missing, LOG_FIELDS(LF_STR("part", "landlock")), "%s", e->msg);
    }
    if (required && ret->files == 0)
        return err_set(e, ERR_SYSTEM, "--sandbox require: this kernel does not offer Landlock");
    ret->calls = sandbox_calls(e) == 0;
    if (!ret->calls) {
        if (required)
            return err_wrap(e, "--sandbox require");
        log_warn(&event_sandbox_missing, LOG_FIELDS(LF_STR("part", "seccomp")), "%s", e->msg);
    }
    log_info(&event_sandboxed,
             LOG_FIELDS(LF_INT("landlock", ret->files), LF_BOOL("seccomp", ret->calls)),
             "confined: Landlock %s, system calls %s", ret->files > 0 ? "on" : "not available",
             ret->calls ? "filtered" : "not filtered");
    return 0;
}
