/*
 * cleanup.h: release at the end of the scope.
 *
 *     cleanup_free char *name = NULL;
 *     cleanup_close int fd = -1;
 *     cleanup_strbuf struct strbuf b = STRBUF_INIT;
 *     cleanup_file FILE *f = NULL;
 *
 * Initialise the variable where it is declared. To hand the thing on: `return steal_ptr(&name);`, `*ret_fd =
 * steal_fd(&fd);`. Other types make theirs with CLEANUP_WITH(digest_done). errno is kept.
 */
#ifndef RR_BASE_CLEANUP_H
#define RR_BASE_CLEANUP_H

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/strbuf.h"

#define CLEANUP_WITH(fn) __attribute__((cleanup(fn)))

#define cleanup_free CLEANUP_WITH(cleanup_free_at)
#define cleanup_close CLEANUP_WITH(cleanup_close_at)
#define cleanup_strbuf CLEANUP_WITH(strbuf_done)
#define cleanup_file CLEANUP_WITH(cleanup_file_at)
#define cleanup_dir CLEANUP_WITH(cleanup_dir_at)

/* The pointer's value; the variable becomes NULL. */
#define steal_ptr(p)                                                                               \
    __extension__({                                                                                \
        __typeof__(*(p)) s_ = *(p);                                                                \
        *(p) = NULL;                                                                               \
        s_;                                                                                        \
    })

/* The descriptor; the variable becomes -1. */
static inline int
steal_fd(int *fd)
{
    int taken = *fd;
    *fd = -1;
    return taken;
}

static inline void
cleanup_free_at(void *p)
{
    int saved = errno;
    free(*(void **)p);
    errno = saved;
}

static inline void
cleanup_close_at(int *fd)
{
    int saved = errno;
    if (*fd >= 0)
        close(*fd);
    errno = saved;
}

static inline void
cleanup_file_at(FILE **f)
{
    int saved = errno;
    if (*f)
        fclose(*f);
    errno = saved;
}

static inline void
cleanup_dir_at(DIR **d)
{
    int saved = errno;
    if (*d)
        closedir(*d);
    errno = saved;
}

#endif
