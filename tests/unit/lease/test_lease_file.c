/* The file's lock: line, counter, busy, damage, replacement, inheritance; and what all leases
 * share. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/strbuf.h"
#include "common/lease/lease.h"
#include "common/lease/lease_impl.h"
#include "common/net/loop.h"
#include "tests/unit/fakes/lease_file_world.h"

static void
read_file(const struct fixture *f, char *buf, size_t size)
{
    FILE *in = fopen(f->path, "r");
    assert_non_null(in);
    size_t n = fread(buf, 1, size - 1, in);
    buf[n] = '\0';
    fclose(in);
}

static void
write_file(const struct fixture *f, const char *text, size_t len)
{
    FILE *out = fopen(f->path, "w");
    assert_non_null(out);
    assert_int_equal(fwrite(text, 1, len, out), len);
    fclose(out);
}

static void
on_lost(struct lease *l, enum lease_grade grade, const struct err *why, void *arg)
{
    (void)l;
    struct seen *s = arg;
    assert_int_equal(grade, LEASE_GONE);
    assert_false(s->done);
    s->done = true;
    s->e = *why;
}

/* Another run would find another file to lock: told when asked, and within a second by itself; once. */
static void
test_replaced_while_held(void **state)
{
    struct fixture *f = *state;
    struct seen s;
    struct err e;
    char aside[80];
    snprintf(aside, sizeof(aside), "%s.aside", f->path);
    for (int way = 0; way < 4; way++) {
        struct lease *l = acquire(f, &s);
        assert_int_equal(s.e.code, ERR_NONE);
        s.done = false;
        lease_set_lost_cb(l, on_lost, &s);
        lease_check(l);
        assert_false(s.done);
        assert_int_equal(way & 1 ? unlink(f->path) : rename(f->path, aside), 0);
        if (!(way & 1))
            write_file(f, "", 0);
        if (way & 2)
            lease_check(l);
        else
            assert_int_equal(loop_turn_until(f->loop, &s.done, clock_deadline(20000), &e), 0);
        assert_true(s.done);
        assert_int_equal(s.e.code, ERR_LOST);
        assert_non_null(strstr(s.e.msg, f->path));
        lease_check(l);
        release(f, l);
    }
    unlink(aside);
}

static void
test_counts(void **state)
{
    struct fixture *f = *state;
    struct seen s;
    for (uint64_t i = 1; i <= 3; i++) {
        struct lease *l = acquire(f, &s);
        assert_int_equal(s.e.code, ERR_NONE);
        assert_int_equal(s.fence, i);
        release(f, l);
        char text[512];
        read_file(f, text, sizeof(text));
        assert_int_equal(strlen(text), 256);
        assert_int_equal(text[255], '\n');
        struct lease_holder h;
        assert_true(lease_holder_parse(text, 256, &h));
        assert_int_equal(h.fence, i);
        assert_int_equal(h.pid, getpid());
        assert_string_equal(h.host, "here");
        assert_string_equal(h.run_id, "run-1");
    }
}

static void
test_busy_names_holder(void **state)
{
    struct fixture *f = *state;
    struct seen s, second;
    struct lease *l = acquire(f, &s);
    struct lease *other = acquire(f, &second);
    assert_int_equal(second.e.code, ERR_BUSY);
    assert_int_equal(second.holder.pid, getpid());
    assert_string_equal(second.holder.host, "here");
    assert_string_equal(second.holder.run_id, "run-1");
    assert_int_equal(second.holder.fence, 1);
    assert_string_equal(second.holder.pids, ""); /* its runner lives */
    release(f, l);
    /* The same lease may try again. */
    struct err e;
    second.done = false;
    second.e.code = ERR_NONE;
    assert_int_equal(lease_acquire_start(other, clock_deadline(1000), on_acquired, &second, &e), 0);
    assert_int_equal(loop_turn_until(f->loop, &second.done, clock_deadline(10000), &e), 0);
    assert_int_equal(second.e.code, ERR_NONE);
    assert_int_equal(second.fence, 2);
    lease_free(other); /* without release: the descriptor goes, so does the lock */
    other = acquire(f, &second);
    assert_int_equal(second.e.code, ERR_NONE);
    release(f, other);
}

/* A process that inherited the descriptor keeps the lock though its runner closed it; the busy line
 * names it. */
static void
test_inherited(void **state)
{
    struct fixture *f = *state;
    struct seen s;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t runner = fork();
    assert_true(runner >= 0);
    if (runner == 0) {
        struct lease *l = acquire(f, &s);
        pid_t heir = fork();
        if (heir == 0) {
            close(ends[1]);
            for (;;)
                pause();
        }
        ssize_t wrote = write(ends[1], &heir, sizeof(heir));
        _exit(l && wrote == (ssize_t)sizeof(heir) ? 0 : 1);
    }
    pid_t heir;
    assert_int_equal(read(ends[0], &heir, sizeof(heir)), sizeof(heir));
    int status;
    waitpid(runner, &status, 0);
    assert_int_equal(status, 0);
    struct lease *l = acquire(f, &s);
    assert_int_equal(s.e.code, ERR_BUSY);
    assert_int_equal(s.holder.pid, runner);
    char expected[32];
    snprintf(expected, sizeof(expected), "%d (test_lease_file)", (int)heir);
    assert_string_equal(s.holder.pids, expected);
    lease_free(l);
    kill(heir, SIGKILL);
    for (int fd; (fd = open(f->path, O_RDWR)) >= 0; close(fd)) /* until the heir is gone */
        if (flock(fd, LOCK_EX) == 0) {
            close(fd);
            break;
        }
    l = acquire(f, &s);
    assert_int_equal(s.e.code, ERR_NONE);
    assert_int_equal(s.fence, 2);
    release(f, l);
    close(ends[0]);
    close(ends[1]);
}

static void
test_damage_is_refused(void **state)
{
    struct fixture *f = *state;
    struct seen s;
    char line[257];
    struct lease *l = acquire(f, &s);
    release(f, l);
    read_file(f, line, sizeof(line));
    static const size_t cuts[] = {1, 100, 255};
    for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
        write_file(f, line, cuts[i]);
        l = acquire(f, &s);
        assert_int_equal(s.e.code, ERR_INPUT);
        lease_free(l);
    }
    char damaged[257];
    memcpy(damaged, line, sizeof(line));
    damaged[11] = 'x';
    write_file(f, damaged, 256);
    l = acquire(f, &s);
    assert_int_equal(s.e.code, ERR_INPUT);
    lease_free(l);
    write_file(f, "precious\n", 9);
    l = acquire(f, &s);
    assert_int_equal(s.e.code, ERR_INPUT);
    lease_free(l);
    char text[64];
    read_file(f, text, sizeof(text));
    assert_string_equal(text, "precious\n");
    write_file(f, line, 256);
    l = acquire(f, &s);
    assert_int_equal(s.fence, 2);
    release(f, l);
}

static void
test_no_file(void **state)
{
    struct fixture *f = *state;
    struct seen s;
    mkdir(f->path, 0755);
    struct lease *l = acquire(f, &s);
    assert_int_equal(s.e.code, ERR_SYSTEM);
    assert_int_equal(s.e.sys_errno, EISDIR);
    lease_free(l);
    rmdir(f->path);
    mkfifo(f->path, 0644);
    l = acquire(f, &s);
    assert_int_equal(s.e.code, ERR_INPUT);
    lease_free(l);
}

static void
test_link_is_followed(void **state)
{
    struct fixture *f = *state;
    struct seen s;
    char target[80];
    snprintf(target, sizeof(target), "%s.target", f->path);
    assert_int_equal(symlink(target, f->path), 0);
    struct lease *l = acquire(f, &s);
    assert_int_equal(s.e.code, ERR_NONE);
    release(f, l);
    assert_int_equal(access(target, F_OK), 0);
    unlink(target);
}

static void
test_keep_fd(void **state)
{
    struct fixture *f = *state;
    struct seen s;
    struct lease *l = acquire(f, &s);
    int fd = lease_keep_fd(l);
    assert_true(fd > 2);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    release(f, l);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void
test_free_before_answer(void **state)
{
    struct fixture *f = *state;
    struct err e;
    struct seen s = {0};
    struct lease *l = lease_file_new(f->loop, f->path, &owner, &e);
    assert_int_equal(lease_acquire_start(l, clock_deadline(1000), on_acquired, &s, &e), 0);
    lease_free(l);
    bool never = false;
    assert_int_equal(loop_turn_until(f->loop, &never, clock_deadline(20), &e), -1);
    assert_false(s.done);
}

/* ---- freed inside each callback: a file's lock, and none ---- */

static void
free_acquired(struct lease *l, const struct err *e, uint64_t fence,
              const struct lease_holder *holder, void *arg)
{
    (void)fence;
    (void)holder;
    assert_null(e);
    lease_free(l);
    *(bool *)arg = true;
}

static void
free_released(struct lease *l, const struct err *e, void *arg)
{
    on_released(l, e, arg);
    lease_free(l);
}

static void
free_lost(struct lease *l, enum lease_grade grade, const struct err *why, void *arg)
{
    assert_int_equal(grade, LEASE_GONE);
    assert_int_equal(why->code, ERR_LOST);
    lease_free(l);
    *(bool *)arg = true;
}

static struct lease *
make(struct fixture *f, bool file)
{
    struct err e;
    struct lease *l =
        file ? lease_file_new(f->loop, f->path, &owner, &e) : lease_none_new(f->loop, &e);
    assert_non_null(l);
    return l;
}

static void
wait_for(struct fixture *f, const bool *done)
{
    struct err e;
    bool never = false;
    assert_int_equal(loop_turn_until(f->loop, done, clock_deadline(10000), &e), 0);
    assert_int_equal(loop_turn_until(f->loop, &never, clock_deadline(5), &e), -1);
}

static void
test_free_inside(void **state)
{
    struct fixture *f = *state;
    struct err e;
    for (int file = 0; file < 2; file++) {
        bool acquired = false, released = false;
        struct seen s = {0};
        lease_acquire_start(make(f, file), clock_deadline(1000), free_acquired, &acquired, &e);
        wait_for(f, &acquired);
        struct lease *l = make(f, file);
        lease_acquire_start(l, clock_deadline(1000), on_acquired, &s, &e);
        assert_int_equal(loop_turn_until(f->loop, &s.done, clock_deadline(10000), &e), 0);
        assert_int_equal(s.e.code, ERR_NONE); /* the one before let go */
        lease_release_start(l, "success", clock_deadline(1000), free_released, &released, &e);
        wait_for(f, &released);
    }
    bool lost = false;
    struct seen s;
    struct lease *l = acquire(f, &s);
    lease_set_lost_cb(l, free_lost, &lost);
    unlink(f->path);
    lease_check(l);
    wait_for(f, &lost);
}

static void
test_holder_line(void **state)
{
    (void)state;
    struct lease_holder h = {.fence = UINT64_MAX, .pid = 4194304}, back;
    memset(h.host, 'h', sizeof(h.host) - 1);
    memset(h.run_id, 'r', sizeof(h.run_id) - 1);
    memset(h.since, 's', sizeof(h.since) - 1);
    struct strbuf b = STRBUF_INIT;
    lease_holder_format(&b, &h);
    assert_true(b.len < 256); /* the longest fits */
    assert_true(lease_holder_parse(b.data, b.len, &back));
    assert_true(back.fence == UINT64_MAX);
    assert_string_equal(back.host, h.host);
    assert_string_equal(back.since, h.since);
    assert_string_equal(back.run_id, h.run_id);
    /* No proper prefix is one, and nothing may follow but blanks and a newline. */
    for (size_t n = 0; n < b.len; n++)
        assert_false(lease_holder_parse(b.data, n, &back));
    strbuf_adds(&b, "   \n");
    assert_true(lease_holder_parse(b.data, b.len, &back));
    strbuf_adds(&b, "x");
    assert_false(lease_holder_parse(b.data, b.len, &back));
    strbuf_done(&b);
}

static void
test_names_and_keys(void **state)
{
    (void)state;
    assert_int_equal(lease_name_check("a.b-c_d:e/f@g+9", NULL), 0);
    assert_int_equal(lease_name_check("", NULL), -1);
    assert_int_equal(lease_name_check("a b", NULL), -1);
    assert_int_equal(lease_name_check("a\"b", NULL), -1);
    assert_int_equal(lease_name_check("a{b", NULL), -1);
    char name[202];
    memset(name, 'n', 201);
    name[201] = '\0';
    assert_int_equal(lease_name_check(name, NULL), -1);
    name[200] = '\0';
    assert_int_equal(lease_name_check(name, NULL), 0);
    /* printf cronrun:mail | sha256sum: the first 16 digits. */
    int64_t key = 0;
    assert_int_equal(lease_pg_key("mail", &key, NULL), 0);
    assert_int_equal((uint64_t)key, 0x21e3001670b1d7b8u);
    assert_int_equal(lease_pg_key(name, &key, NULL), 0);
}

/* From here on no file is opened with O_CREAT. */
static bool
forbid_creation(void)
{
    struct sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, O_CREAT, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof(rules) / sizeof(rules[0]), .filter = rules};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* In /tmp and its like the kernel refuses O_CREAT, even to root, for a file of another user that is there already
 * (fs.protected_regular, 1 or 2 in most distributions; proc_sys_fs(5)). */
static void
test_creates_only_what_is_missing(void **state)
{
    struct fixture *f = *state;
    struct seen s;
    release(f, acquire(f, &s));
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (!forbid_creation())
            _exit(10);
        release(f, acquire(f, &s));
        _exit(s.e.code == ERR_NONE && s.fence == 2 ? 0 : 11);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_replaced_while_held),
        TEST(test_counts),
        TEST(test_busy_names_holder),
        TEST(test_inherited),
        TEST(test_damage_is_refused),
        TEST(test_no_file),
        TEST(test_link_is_followed),
        TEST(test_keep_fd),
        TEST(test_creates_only_what_is_missing),
        TEST(test_free_before_answer),
        TEST(test_free_inside),
        cmocka_unit_test(test_holder_line),
        cmocka_unit_test(test_names_and_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
