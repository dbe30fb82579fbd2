/*
 * exec.h: execvpe(3) for a supervisor, which has to know why a command cannot be executed.
 *
 * As POSIX has it for execvp(3), a file that the kernel does not know (ENOEXEC) is a shell script and goes to /bin/sh.
 * But only text is: an empty file, one of zeros and a program of another machine would "run" there, and even succeed.
 * And where the kernel says ENOENT of a file that is there, it means the file's interpreter.
 */
#ifndef RR_PROC_EXEC_H
#define RR_PROC_EXEC_H

#include "common/base/err.h"

enum exec_fault {
    EXEC_SYSTEM,      /* sys_errno says it all */
    EXEC_EMPTY,       /* a file of no bytes */
    EXEC_FOREIGN,     /* a program, but not of this machine, or cut short */
    EXEC_BINARY,      /* neither program nor text */
    EXEC_MARK,        /* a byte order mark hides the #! line */
    EXEC_CRLF,        /* the interpreter's name ends in CR, and there is none of that name */
    EXEC_INTERPRETER, /* sys_errno is about the interpreter: of the #! line, or the program's loader */
    EXEC_SHELL,       /* a script without #! line, and sys_errno is about /bin/sh */
};

#define EXEC_INTERPRETER_MAX 256
#define EXEC_PATH_MAX 1024

/* Plain data of less than PIPE_BUF bytes: it travels through a pipe from the child. */
struct exec_failure {
    enum exec_fault fault;
    int sys_errno;
    char path[EXEC_PATH_MAX];               /* the file that was tried last; cut */
    char interpreter[EXEC_INTERPRETER_MAX]; /* "": not known */
};

/*
 * Becomes argv[0], which is searched in this process' PATH unless it holds a slash; returns only when that failed, with
 * *ret filled. For a child after fork: opens nothing that it leaves open, and may block on the file's file system.
 */
void exec_command(char *const argv[], char *const envp[], struct exec_failure *ret);

/*
 * Whether there is such a file at all, and one that may be executed, before anything is done for it; what only an attempt shows
 * is left to that. ERR_SYSTEM, with the words of exec_failure_explain().
 */
MUST_CHECK int exec_look(const char *command, struct err *e);

/* 127: not found; 126: found, but cannot be executed. */
int exec_failure_status(const struct exec_failure *f);

/* The message, "cannot execute COMMAND: …". Returns -1 with ERR_SYSTEM and the failure's sys_errno. */
MUST_CHECK int
exec_failure_explain(const struct exec_failure *f, const char *command, struct err *e);

#endif
