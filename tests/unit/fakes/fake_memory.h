/*
 * fake_memory.h: memory that runs out. The Makefile links a test that includes this so that what the code under test
 * allocates is asked for here (--wrap); what a library allocates is not.
 */
#ifndef RR_TESTS_FAKE_MEMORY_H
#define RR_TESTS_FAKE_MEMORY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__real_reallocarray(void *p, size_t n, size_t size);
char *__real_strdup(const char *s);
char *__real_strndup(const char *s, size_t n);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__wrap_reallocarray(void *p, size_t n, size_t size);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t n);

/* Allocation number so many from now on fails, and no other; 0: none does. */
static size_t memory_fails_at;

static bool
memory_fails(void)
{
    return memory_fails_at > 0 && --memory_fails_at == 0;
}

void *
__wrap_malloc(size_t size)
{
    return memory_fails() ? NULL : __real_malloc(size);
}

void *
__wrap_calloc(size_t n, size_t size)
{
    return memory_fails() ? NULL : __real_calloc(n, size);
}

void *
__wrap_realloc(void *p, size_t size)
{
    return memory_fails() ? NULL : __real_realloc(p, size);
}

void *
__wrap_reallocarray(void *p, size_t n, size_t size)
{
    return memory_fails() ? NULL : __real_reallocarray(p, n, size);
}

char *
__wrap_strdup(const char *s)
{
    return memory_fails() ? NULL : __real_strdup(s);
}

char *
__wrap_strndup(const char *s, size_t n)
{
    return memory_fails() ? NULL : __real_strndup(s, n);
}

/*
 * Runs it again and again, each time with a later allocation failing, until it needs no more of them; how many failed.
 * run() returns -1 when it has seen the failure, 0 when there was none, and leaves nothing behind.
 */
static size_t
memory_fails_each(int (*run)(void))
{
    for (size_t at = 1;; at++) {
        memory_fails_at = at;
        int rc = run();
        bool failed = memory_fails_at == 0;
        memory_fails_at = 0;
        assert_int_equal(rc, failed ? -1 : 0);
        if (!failed)
            return at - 1;
    }
}

#endif
