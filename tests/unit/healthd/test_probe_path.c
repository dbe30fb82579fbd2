/* Looks at files and disks: what each answer of the kernel means, and calls that are late or never back. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "common/net/loop.h"
#include "common/net/offload.h"
#include "healthd/check/checkline.h"
#include "healthd/probe/probe_kinds.h"
#include "healthd/probe/probe_path.h"

/* ---- calls that are back when a test says so ---- */

struct offload {
    struct probe_path_look *look;
    offload_cb *cb;
    void *arg;
};

static struct offload *out; /* the call under way */
static unsigned started;
static bool no_thread;

struct offload *
offload_start(struct loop *l, offload_work *work, void *data, offload_cb *cb, void *arg,
              struct err *e)
{
    (void)l;
    (void)work;
    assert_null(out);
    started++;
    if (no_thread) {
        free(data);
        err_sys(e, EAGAIN, "cannot start a thread");
        return NULL;
    }
    out = calloc(1, sizeof(*out));
    *out = (struct offload){data, cb, arg};
    return out;
}

void
offload_set_release(struct offload *o, offload_work *release)
{
    (void)o;
    (void)release;
    fail();
}

void
offload_cancel(struct offload *o)
{
    if (!o)
        return;
    assert_ptr_equal(o, out);
    free(o->look);
    free(o);
    out = NULL;
}

static void
back(void)
{
    struct offload *o = out;
    out = NULL;
    o->cb(o->look, o->arg);
    free(o->look);
    free(o);
}

/* ---- the world ---- */

static struct {
    struct loop *loop;
    struct check_spec spec;
    struct probe *probe;
    struct probe_result last;
    bool told;
    unsigned done, lost;
} w;

static void
on_done(struct probe *p, enum probe_depth depth, const struct probe_result *r, void *arg)
{
    (void)p;
    (void)arg;
    assert_int_equal(depth, PROBE_SESSION);
    w.done++;
    w.told = true;
    w.last = *r;
}

static void
on_lost(struct probe *p, void *arg)
{
    (void)p;
    (void)arg;
    w.lost++;
}

static void
open_world(const char *line)
{
    struct err e;
    memset(&w, 0, sizeof(w));
    w.loop = loop_new(&e);
    const struct probe_context x = {.loop = w.loop};
    started = 0;
    no_thread = false;
    if (checkline_parse(line, probe_kinds, &w.spec, &e) < 0)
        fail_msg("%s: %s", line, e.msg);
    w.probe = probe_new(&x, &w.spec, &e);
    assert_non_null(w.probe);
    w.probe->done = on_done;
    w.probe->lost = on_lost;
}

static void
close_world(void)
{
    probe_free(w.probe);
    assert_null(out);
    check_spec_done(&w.spec);
    loop_free(w.loop);
}

static void
start_until(uint64_t deadline_ms)
{
    struct err e;
    w.told = false;
    assert_int_equal(w.probe->ops->start(w.probe, PROBE_SESSION, deadline_ms, &e), 0);
    assert_false(w.told);
}

static void
start(void)
{
    start_until(CLOCK_NEVER - 1);
}

/* The call of this look is not back in time. */
static void
look_in_vain(void)
{
    struct err e;
    start_until(clock_deadline(1));
    assert_int_equal(loop_turn_until(w.loop, &w.told, clock_deadline(60000), &e), 0);
}

static void
is(enum reason reason, const char *cause)
{
    assert_string_equal(reason_text(w.last.reason), reason_text(reason));
    if (!strstr(w.last.cause, cause))
        fail_msg("no '%s' in: %s", cause, w.last.cause);
    assert_int_equal(w.last.timed_out, reason == REASON_TIMEOUT);
}

/* What a look at `line` says to this errno. */
static void
says(const char *line, int sys_errno, enum reason reason, const char *cause)
{
    open_world(line);
    start();
    out->look->sys_errno = sys_errno;
    back();
    is(reason, cause);
    close_world();
}

/* ---- files ---- */

static void
test_there_or_not(void **state)
{
    (void)state;
    says("a file:/x", 0, REASON_NONE, "");
    says("a file:/x exists", 0, REASON_NONE, "");
    says("a file:/x", ENOENT, REASON_ABSENT, "/x does not exist");
    says("a file:/x", ENOTDIR, REASON_ABSENT, "/x does not exist");
    says("a file:/x absent", ENOENT, REASON_NONE, "");
    says("a file:/x absent", 0, REASON_PRESENT, "/x exists");
}

/* What cannot be had is neither there nor absent. */
static void
test_faults(void **state)
{
    (void)state;
    static const char *const lines[] = {"a file:/x", "a file:/x absent", "a disk:/x"};
    for (size_t i = 0; i < 3; i++) {
        says(lines[i], EACCES, REASON_PRIVILEGE, "/x: Permission denied");
        says(lines[i], EPERM, REASON_PRIVILEGE, "/x: ");
        says(lines[i], EIO, REASON_STORAGE, "/x: ");
        says(lines[i], ESTALE, REASON_STORAGE, "/x: ");
        says(lines[i], ENOTCONN, REASON_STORAGE, "/x: ");
        says(lines[i], ETIMEDOUT, REASON_TIMEOUT, "/x: ");
        says(lines[i], ELOOP, REASON_UNEXPECTED, "/x: ");
    }
    says("a disk:/x", ENOENT, REASON_ABSENT, "/x does not exist");
}

static void
aged(const char *line, int64_t age_ms, enum reason reason)
{
    open_world(line);
    start();
    int64_t written_ms = clock_wall_ms() - age_ms;
    out->look->seen.file.st_mtim.tv_sec = written_ms / 1000;
    out->look->seen.file.st_mtim.tv_nsec = written_ms % 1000 * 1000000;
    back();
    is(reason, reason == REASON_NONE ? "" : "/x has not been modified for 1h30m");
    close_world();
}

static void
test_age(void **state)
{
    (void)state;
    aged("a file:/x younger 1h30m", 0, REASON_NONE);
    aged("a file:/x younger 1h30m", 5300000, REASON_NONE);
    aged("a file:/x younger 1h30m", 5400000, REASON_EXPIRED);
    aged("a file:/x younger 1h30m", INT64_C(1000000000000), REASON_EXPIRED);
    aged("a file:/x younger 1h30m", -3600000, REASON_NONE); /* another machine's clock */
    aged("a file:/x", INT64_C(1000000000000), REASON_NONE);
    says("a file:/x younger 1h30m", ENOENT, REASON_ABSENT, "does not exist");
}

/* ---- disks ---- */

/* Of 1000 blocks of 4 KiB 50 are root's, of 1000 inodes none is. */
static void
disk(const char *line, unsigned avail, unsigned inodes, enum reason reason, const char *cause)
{
    open_world(line);
    start();
    out->look->seen.disk = (struct statvfs){.f_bsize = 1048576,
                                            .f_frsize = 4096,
                                            .f_blocks = 1000,
                                            .f_bfree = avail + 50,
                                            .f_bavail = avail,
                                            .f_files = 1000,
                                            .f_ffree = inodes,
                                            .f_favail = inodes};
    back();
    is(reason, cause);
    close_world();
}

static void
test_space(void **state)
{
    (void)state;
    disk("a disk:/x", 95, 50, REASON_NONE, "");
    disk("a disk:/x", 94, 1000, REASON_FULL, "/x: 0 MiB (9.9%) of the space are free");
    disk("a disk:/x", 0, 1000, REASON_FULL, "0.0%");
    disk("a disk:/x min-free 4096B", 1, 1000, REASON_NONE, "");
    disk("a disk:/x min-free 4097B", 1, 1000, REASON_FULL, "below min-free");
    disk("a disk:/x min-free 0", 0, 1000, REASON_NONE, "");
    disk("a disk:/x min-free 1TiB", 950, 1000, REASON_FULL, "/x: 4 MiB (100.0%)");
}

static void
test_inodes(void **state)
{
    (void)state;
    disk("a disk:/x", 950, 49, REASON_FULL, "/x: 49 (4.9%) of the inodes are free");
    disk("a disk:/x min-inodes 49", 950, 49, REASON_NONE, "");
    disk("a disk:/x min-inodes 50", 950, 49, REASON_FULL, "below min-inodes");
    disk("a disk:/x min-inodes 0", 950, 0, REASON_NONE, "");
}

/* Btrfs has no number of inodes, proc has no blocks. */
static void
test_what_is_not_counted(void **state)
{
    (void)state;
    open_world("a disk:/x");
    start();
    out->look->seen.disk = (struct statvfs){.f_frsize = 4096,
                                            .f_blocks = UINT64_MAX / 4096,
                                            .f_bfree = UINT64_MAX / 5000,
                                            .f_bavail = UINT64_MAX / 5000};
    back();
    is(REASON_NONE, "");
    start();
    back();
    is(REASON_UNEXPECTED, "/x: the file system does not count its space");
    close_world();
}

/* ---- late calls ---- */

static void
test_a_call_that_hangs(void **state)
{
    (void)state;
    open_world("a file:/x");
    look_in_vain();
    assert_int_equal(w.done, 1);
    is(REASON_TIMEOUT, "/x: the file system did not answer in time");
    look_in_vain();
    assert_int_equal(started, 1); /* no other meanwhile */
    assert_int_equal(w.done, 2);
    assert_int_equal(w.lost, 0);
    back(); /* nobody waits: the moment to look */
    assert_int_equal(w.done, 2);
    assert_int_equal(w.lost, 1);
    start();
    assert_int_equal(started, 2);
    back();
    is(REASON_NONE, "");
    assert_int_equal(w.done, 3);
    close_world();
}

static void
test_back_during_the_next_look(void **state)
{
    (void)state;
    open_world("a file:/x");
    look_in_vain();
    start();
    back();
    assert_int_equal(w.done, 2);
    assert_int_equal(w.lost, 0);
    is(REASON_NONE, "");
    close_world();
}

static void
test_freed_while_it_hangs(void **state)
{
    (void)state;
    open_world("a disk:/x");
    look_in_vain();
    close_world();
    assert_int_equal(w.done, 1);
}

static void
test_no_thread(void **state)
{
    (void)state;
    struct err e;
    open_world("a file:/x");
    no_thread = true;
    assert_int_equal(w.probe->ops->start(w.probe, PROBE_SESSION, CLOCK_NEVER, &e), -1);
    assert_int_equal(e.code, ERR_SYSTEM);
    no_thread = false;
    start();
    back();
    is(REASON_NONE, "");
    close_world();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_or_not),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_age),
        cmocka_unit_test(test_space),
        cmocka_unit_test(test_inodes),
        cmocka_unit_test(test_what_is_not_counted),
        cmocka_unit_test(test_a_call_that_hangs),
        cmocka_unit_test(test_back_during_the_next_look),
        cmocka_unit_test(test_freed_while_it_hangs),
        cmocka_unit_test(test_no_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
