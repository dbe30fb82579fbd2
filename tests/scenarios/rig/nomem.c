/*
 * nomem.c: memory that runs out. Preloaded into a program (LD_PRELOAD): the allocation number RR_NOMEM_AT fails, with
 * RR_NOMEM_ON=1 every later one, too. At the end the number of allocations stands in the file RR_NOMEM_COUNT.
 *
 * Counted from the start of main() on, all but those of OpenSSL, whose first use alone makes some thousand. Children
 * are not meant: the variables are taken out of the environment.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
    uintptr_t from, to;
} left_out[8];

static size_t left_out_n;
static unsigned long at, count;
static bool on, started;
static int count_fd = -1;
static pid_t self;
static _Alignas(16) char early[65536]; /* what dlsym() asks for while it looks for the real one */
static size_t early_used;

static void *
early_alloc(size_t size)
{
    void *p = early + early_used;
    early_used += (size + 15) / 16 * 16;
    if (early_used > sizeof(early))
        abort();
    return p;
}

static bool
is_early(const void *p)
{
    return (const char *)p >= early && (const char *)p < early + sizeof(early);
}

static bool
fails(const void *caller)
{
    if (!started)
        return false;
    for (size_t i = 0; i < left_out_n; i++)
        if ((uintptr_t)caller >= left_out[i].from && (uintptr_t)caller < left_out[i].to)
            return false;
    count++;
    if (count != at && !(on && at > 0 && count > at))
        return false;
    errno = ENOMEM;
    return true;
}

/* The real function, looked up once; NULL while that is under way. Volatile: dlsym() is declared as one that calls nobody,
 * but it frees. */
#define REAL(name, type)                                                                           \
    static type *volatile name##_real;                                                             \
    static volatile bool name##_looking;                                                           \
    if (!name##_real && !name##_looking) {                                                         \
        name##_looking = true;                                                                     \
        name##_real = (type *)dlsym(RTLD_NEXT, #name);                                             \
        name##_looking = false;                                                                    \
    }

typedef void *malloc_fn(size_t);
typedef void *calloc_fn(size_t, size_t);
typedef void *realloc_fn(void *, size_t);
typedef void free_fn(void *);

void *
malloc(size_t size)
{
    REAL(malloc, malloc_fn)
    if (!malloc_real)
        return early_alloc(size);
    return fails(__builtin_return_address(0)) ? NULL : malloc_real(size);
}

void *
calloc(size_t n, size_t size)
{
    REAL(calloc, calloc_fn)
    if (!calloc_real)
        return early_alloc(n * size);
    return fails(__builtin_return_address(0)) ? NULL : calloc_real(n, size);
}

void *
realloc(void *p, size_t size)
{
    REAL(realloc, realloc_fn)
    if (is_early(p))
        return memcpy(malloc(size), p, size);
    return fails(__builtin_return_address(0)) ? NULL : realloc_real(p, size);
}

void
free(void *p)
{
    REAL(free, free_fn)
    if (p && !is_early(p) && free_real)
        free_real(p);
}

/* ---- start and end ---- */

static int
look(struct dl_phdr_info *info, size_t size, void *arg)
{
    (void)size;
    (void)arg;
    if (!strstr(info->dlpi_name, "libcrypto") && !strstr(info->dlpi_name, "libssl"))
        return 0;
    for (int i = 0; i < info->dlpi_phnum && left_out_n < sizeof(left_out) / sizeof(left_out[0]);
         i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        if (part->p_type != PT_LOAD || !(part->p_flags & PF_X))
            continue;
        left_out[left_out_n].from = info->dlpi_addr + part->p_vaddr;
        left_out[left_out_n++].to = info->dlpi_addr + part->p_vaddr + part->p_memsz;
    }
    return 0;
}

__attribute__((constructor)) static void
start(void)
{
    const char *number = getenv("RR_NOMEM_AT"), *path = getenv("RR_NOMEM_COUNT");
    at = number ? strtoul(number, NULL, 10) : 0;
    on = getenv("RR_NOMEM_ON") != NULL;
    self = getpid();
    count_fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644) : -1;
    dl_iterate_phdr(look, NULL);
    unsetenv("LD_PRELOAD");
    unsetenv("RR_NOMEM_AT");
    unsetenv("RR_NOMEM_ON");
    unsetenv("RR_NOMEM_COUNT");
    started = true;
}

__attribute__((destructor)) static void
stop(void)
{
    char text[32];
    int len = snprintf(text, sizeof(text), "%lu\n", count);
    started = false;
    if (count_fd >= 0 && getpid() == self)
        (void)!write(count_fd, text, (size_t)len);
}
