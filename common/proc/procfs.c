/* procfs.c: reads /proc/<pid>/stat and the lists of children. */
#include "common/proc/procfs.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/cleanup.h"

/* The whole of a small file; -1 when it cannot be read. */
static ssize_t
read_file(const char *path, char *buf, size_t size)
{
    cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    size_t len = 0;
    while (len < size - 1) {
        ssize_t got = read(fd, buf + len, size - 1 - len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        len += (size_t)got;
    }
    buf[len] = '\0';
    return (ssize_t)len;
}

bool
procfs_usable(void)
{
    char text[32];
    ssize_t len = readlink("/proc/self", text, sizeof(text) - 1);
    if (len <= 0)
        return false;
    text[len] = '\0';
    return strtol(text, NULL, 10) == getpid();
}

bool
procfs_has_children(void)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
    return access(path, R_OK) == 0;
}

/* "123 (a name) S 1 …": the name may hold anything, so its end is the last parenthesis. */
static bool
parse_stat(const char *text, struct procfs_stat *ret)
{
    const char *open_at = strchr(text, '(');
    const char *close_at = strrchr(text, ')');
    if (!open_at || !close_at || close_at < open_at)
        return false;
    struct procfs_stat s = {.pid = (pid_t)strtol(text, NULL, 10)};
    size_t len = (size_t)(close_at - open_at - 1);
    if (len >= sizeof(s.comm))
        len = sizeof(s.comm) - 1;
    memcpy(s.comm, open_at + 1, len);
    int ppid, pgrp;
    long threads;
    unsigned long long start;
    if (sscanf(close_at + 1,
               " %c %d %d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %ld %*d %llu",
               &s.state, &ppid, &pgrp, &threads, &start) != 5)
        return false;
    s.ppid = ppid;
    s.pgrp = pgrp;
    s.threads = threads;
    s.start = start;
    *ret = s;
    return true;
}

bool
procfs_stat(pid_t pid, struct procfs_stat *ret)
{
    char path[32];
    char text[512];
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    return read_file(path, text, sizeof(text)) > 0 && parse_stat(text, ret);
}

bool
procfs_is_dead(const struct procfs_stat *s)
{
    /* A process whose first thread has ended looks like a zombie while others go on. */
    return (s->state == 'Z' || s->state == 'X') && s->threads <= 1;
}

bool
procfs_list_add(struct procfs_list *list, const struct procfs_stat *s)
{
    if (list->n == list->size) {
        size_t size = list->size ? 2 * list->size : 64;
        struct procfs_stat *items = reallocarray(list->items, size, sizeof(*items));
        if (!items)
            return false;
        list->items = items;
        list->size = size;
    }
    list->items[list->n++] = *s;
    return true;
}

void
procfs_list_done(struct procfs_list *list)
{
    free(list->items);
    *list = (struct procfs_list){0};
}

static int
by_pid(const void *a, const void *b)
{
    pid_t left = ((const struct procfs_stat *)a)->pid;
    pid_t right = ((const struct procfs_stat *)b)->pid;
    return (left > right) - (left < right);
}

void
procfs_list_sort(struct procfs_list *list)
{
    if (list->n == 0)
        return;
    qsort(list->items, list->n, sizeof(*list->items), by_pid);
    size_t kept = 1;
    for (size_t i = 1; i < list->n; i++)
        if (list->items[i].pid != list->items[kept - 1].pid)
            list->items[kept++] = list->items[i];
    list->n = kept;
}

/* Pids as words in an open file of any length. */
static bool
add_words(FILE *f, struct procfs_list *list)
{
    int pid;
    while (fscanf(f, "%d", &pid) == 1) {
        struct procfs_stat s;
        if (procfs_stat((pid_t)pid, &s) && !procfs_list_add(list, &s))
            return false;
    }
    return true;
}

bool
procfs_children(pid_t pid, struct procfs_list *list)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    cleanup_dir DIR *tasks = opendir(path);
    if (!tasks)
        return true; /* gone */
    for (const struct dirent *task; (task = readdir(tasks));) {
        if (!isdigit((unsigned char)task->d_name[0]))
            continue;
        snprintf(path, sizeof(path), "/proc/%d/task/%.16s/children", (int)pid, task->d_name);
        cleanup_file FILE *f = fopen(path, "re");
        if (f && !add_words(f, list))
            return false;
    }
    return true;
}

bool
procfs_all(struct procfs_list *list)
{
    cleanup_dir DIR *proc = opendir("/proc");
    if (!proc)
        return true;
    for (const struct dirent *entry; (entry = readdir(proc));) {
        struct procfs_stat s;
        if (isdigit((unsigned char)entry->d_name[0]) &&
            procfs_stat((pid_t)strtol(entry->d_name, NULL, 10), &s) && !procfs_list_add(list, &s))
            return false;
    }
    return true;
}
