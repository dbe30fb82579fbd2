/*
 * Linked into programs and unit tests that are compiled with -fsanitize-coverage=trace-pc: each
 * place they come to sets a byte in a file of the directory that RR_REACH names. The file is a shared
 * mapping, so what a process did that was killed, forked or shut into a sandbox counts, too. Its
 * name is the size of the program's code, in hexadecimal, and a byte's place the offset in it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

extern char __executable_start[], etext[];

static unsigned char *reached;

void __sanitizer_cov_trace_pc(void);

__attribute__((constructor(101))) static void
map_reached(void)
{
    const char *dir = getenv("RR_REACH");
    size_t size = (size_t)(etext - __executable_start);
    char path[4096];
    if (!dir || snprintf(path, sizeof(path), "%s/%zx", dir, size) >= (int)sizeof(path))
        return;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        return;
    if (ftruncate(fd, (off_t)size) == 0) {
        void *mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        reached = mapped == MAP_FAILED ? NULL : mapped;
    }
    close(fd);
}

void
__sanitizer_cov_trace_pc(void)
{
    if (reached)
        reached[(char *)__builtin_return_address(0) - __executable_start] = 1;
}
