/* exec.c: the search in PATH, and what is wrong with a file that cannot be executed. */
#include "common/proc/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"

#define BLOCK_BYTES 1024
#define DEFAULT_PATH "/bin:/usr/bin" /* as glibc's */
#define SHELL "/bin/sh"

/* ---- what a file is ---- */

/* The first bytes of a file; -1 when it cannot be read. */
static ssize_t
read_block(const char *path, char *block)
{
    cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return -1;
    ssize_t len;
    do
        len = read(fd, block, BLOCK_BYTES);
    while (len < 0 && errno == EINTR);
    return len;
}

static bool
begins(const char *block, size_t len, const char *with)
{
    return len >= strlen(with) && memcmp(block, with, strlen(with)) == 0;
}

/* "#! /bin/sh -e": the first word. */
static void
script_interpreter(const char *block, size_t len, char *ret)
{
    size_t at = 2;
    while (at < len && (block[at] == ' ' || block[at] == '\t'))
        at++;
    size_t end = at;
    while (end < len && block[end] && !strchr(" \t\n", block[end]))
        end++;
    snprintf(ret, EXEC_INTERPRETER_MAX, "%.*s", (int)(end - at), block + at);
}

/* The loader that a program names (PT_INTERP), when its first block says so. */
static void
program_interpreter(const char *block, size_t len, char *ret)
{
    ElfW(Ehdr) head;
    ElfW(Phdr) part;
    if (len < sizeof(head))
        return;
    memcpy(&head, block, sizeof(head));
    if (head.e_phentsize != sizeof(part))
        return; /* of the other word size */
    for (size_t i = 0; i < head.e_phnum; i++) {
        size_t at = head.e_phoff + i * sizeof(part);
        if (at >= len || len - at < sizeof(part))
            return;
        memcpy(&part, block + at, sizeof(part));
        if (part.p_type != PT_INTERP || part.p_offset >= len)
            continue;
        const char *name = block + part.p_offset;
        size_t name_len = strnlen(name, len - part.p_offset);
        snprintf(ret, EXEC_INTERPRETER_MAX, "%.*s", (int)name_len, name);
        return;
    }
}

/* ENOEXEC: true when it is text for the shell. */
static bool
judge_unknown(const char *block, size_t len, struct exec_failure *f)
{
    if (f->interpreter[0])
        f->fault = EXEC_INTERPRETER;
    else if (len == 0)
        f->fault = EXEC_EMPTY;
    else if (begins(block, len, ELFMAG))
        f->fault = EXEC_FOREIGN;
    else if (begins(block, len, "\xEF\xBB\xBF#!"))
        f->fault = EXEC_MARK;
    else if (memchr(block, '\0', len))
        f->fault = EXEC_BINARY;
    else
        return true;
    return false;
}

/* The kernel means the interpreter when the file itself is all right. */
static void
judge_refused(const char *path, bool program, struct exec_failure *f)
{
    if (access(path, X_OK) < 0 || !(program || f->interpreter[0]))
        return;
    size_t len = strlen(f->interpreter);
    bool cr = len > 0 && f->interpreter[len - 1] == '\r';
    f->fault = cr ? EXEC_CRLF : EXEC_INTERPRETER;
}

/* Why; true when the shell is to run it. */
static bool
judge(const char *path, struct exec_failure *f)
{
    if (f->sys_errno != ENOEXEC && f->sys_errno != ENOENT && f->sys_errno != EACCES &&
        f->sys_errno != ENOTDIR)
        return false;
    char block[BLOCK_BYTES];
    ssize_t got = read_block(path, block);
    if (got < 0)
        return false;
    size_t len = (size_t)got;
    bool program = begins(block, len, ELFMAG);
    if (begins(block, len, "#!"))
        script_interpreter(block, len, f->interpreter);
    if (f->sys_errno == ENOEXEC)
        return judge_unknown(block, len, f);
    if (program)
        program_interpreter(block, len, f->interpreter);
    judge_refused(path, program, f);
    return false;
}

/* ---- trying ---- */

static void
run_shell(const char *path, char *const argv[], char *const envp[], struct exec_failure *f)
{
    size_t n = 0;
    while (argv[n])
        n++;
    cleanup_free char **words = calloc(n + 2, sizeof(*words));
    f->fault = EXEC_SHELL;
    f->sys_errno = ENOMEM;
    if (!words)
        return;
    words[0] = (char *)SHELL;
    words[1] = (char *)path;
    for (size_t i = 1; i < n; i++)
        words[i + 1] = argv[i];
    execve(SHELL, words, envp);
    f->sys_errno = errno;
}

static void
try_file(const char *path, char *const argv[], char *const envp[], struct exec_failure *f)
{
    execve(path, argv, envp);
    *f = (struct exec_failure){.sys_errno = errno};
    snprintf(f->path, sizeof(f->path), "%s", path);
    if (judge(path, f))
        run_shell(path, argv, envp, f);
}

/* The search goes on behind a directory that cannot be reached and a file that may not be executed. */
static bool
goes_on(int sys_errno)
{
    return sys_errno == ENOENT || sys_errno == EACCES || sys_errno == ENOTDIR ||
           sys_errno == ESTALE || sys_errno == ENODEV || sys_errno == ETIMEDOUT;
}

static bool
found(const struct exec_failure *f)
{
    return f->fault != EXEC_SYSTEM || f->sys_errno == EACCES;
}

/* The next place of PATH where it may be; false: there is none. *dirs begins as PATH, or NULL without one. */
static bool
next_path(const char **dirs, const char *command, char path[PATH_MAX])
{
    while (*dirs && command[0]) {
        const char *dir = *dirs;
        const char *end = strchrnul(dir, ':');
        int len = snprintf(path, PATH_MAX, "%.*s%s%s", (int)(end - dir), dir, end > dir ? "/" : "",
                           command);
        *dirs = *end ? end + 1 : NULL;
        if (len >= 0 && len < PATH_MAX)
            return true;
    }
    return false;
}

static const char *
search_path(void)
{
    const char *dirs = getenv("PATH");
    return dirs ? dirs : DEFAULT_PATH;
}

void
exec_command(char *const argv[], char *const envp[], struct exec_failure *ret)
{
    *ret = (struct exec_failure){.sys_errno = ENOENT};
    const char *dirs = search_path();
    char path[PATH_MAX];
    if (strchr(argv[0], '/')) {
        try_file(argv[0], argv, envp, ret);
        return;
    }
    while (next_path(&dirs, argv[0], path)) {
        struct exec_failure f;
        try_file(path, argv, envp, &f);
        if (found(&f) || !goes_on(f.sys_errno))
            *ret = f;
        if (!goes_on(f.sys_errno))
            return;
    }
}

static bool
is_there(const char *path, int *sys_errno)
{
    struct stat st;
    int fault = stat(path, &st) < 0       ? errno
                : S_ISDIR(st.st_mode)     ? EACCES
                : eaccess(path, X_OK) < 0 ? errno
                                          : 0;
    if (fault && *sys_errno == ENOENT && goes_on(fault))
        *sys_errno = fault == EACCES ? EACCES : ENOENT;
    return fault == 0 || !goes_on(fault); /* what is odd is exec's to tell */
}

int
exec_look(const char *command, struct err *e)
{
    struct exec_failure f = {.sys_errno = ENOENT};
    const char *dirs = search_path();
    char path[PATH_MAX];
    if (strchr(command, '/')) {
        if (is_there(command, &f.sys_errno))
            return 0;
    } else {
        while (next_path(&dirs, command, path))
            if (is_there(path, &f.sys_errno))
                return 0;
    }
    return exec_failure_explain(&f, command, e);
}

/* ---- telling ---- */

int
exec_failure_status(const struct exec_failure *f)
{
    return f->fault == EXEC_SYSTEM && f->sys_errno == ENOENT ? 127 : 126;
}

static int
explain(const struct exec_failure *f, const char *what, struct err *e)
{
    const char *name = f->interpreter;
    switch (f->fault) {
    case EXEC_EMPTY:
        return err_set(e, ERR_SYSTEM, "cannot execute %s: the file is empty", what);
    case EXEC_FOREIGN:
        return err_set(e, ERR_SYSTEM,
                       "cannot execute %s: it is a program for another machine, or a damaged one",
                       what);
    case EXEC_BINARY:
        return err_set(e, ERR_SYSTEM, "cannot execute %s: it is neither a program nor a script",
                       what);
    case EXEC_MARK:
        return err_set(e, ERR_SYSTEM,
                       "cannot execute %s: a byte order mark (U+FEFF) stands before its #! line; "
                       "save the file without it",
                       what);
    case EXEC_CRLF:
        return err_set(e, ERR_SYSTEM,
                       "cannot execute %s: its #! line ends in CRLF, so that no interpreter is "
                       "found; save the file with LF line ends",
                       what);
    case EXEC_INTERPRETER:
        return err_sys(e, f->sys_errno, "cannot execute %s: its interpreter%s%s", what,
                       name[0] ? " " : "", name);
    case EXEC_SHELL:
        return err_sys(e, f->sys_errno, "cannot execute %s: it has no #! line, and %s", what,
                       SHELL);
    case EXEC_SYSTEM:
        break;
    }
    return err_sys(e, f->sys_errno, "cannot execute %s", what);
}

int
exec_failure_explain(const struct exec_failure *f, const char *command, struct err *e)
{
    explain(f, f->fault == EXEC_SYSTEM ? command : f->path, e);
    if (e) {
        e->code = ERR_SYSTEM;
        e->sys_errno = f->sys_errno;
    }
    return -1;
}
