/*
 * reopen.h: where files are that are read again while a program runs: passwords, certificates, CA stores, configuration.
 * Whoever reads such a file notes it, so that the program can leave it open to itself when it gives up the others
 * (common/proc/sandbox.h). Of the whole process.
 */
#ifndef RR_NET_REOPEN_H
#define RR_NET_REOPEN_H

#include <stddef.h>

#define REOPEN_MAX 64

/* path: of a file, which need not exist; NULL or "": none. Its directory is kept, because Kubernetes replaces what it mounts, and
 * the directory to which it leads when it is a symbolic link; the file alone in the home directory and in "/". Of a folder
 * of a Kubernetes volume, which is a link through ..data, the directory that holds it is kept, too: the link leads elsewhere
 * tomorrow. No more than REOPEN_MAX. */
void reopen_note(const char *path);
/* The i-th of them, without repetition; NULL beyond the last. Borrowed. */
const char *reopen_place(size_t i);
void reopen_forget(void);

#endif
