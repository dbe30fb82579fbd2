/*
 * procfs.h: processes as /proc shows them. Linux: proc(5).
 */
#ifndef RR_PROC_PROCFS_H
#define RR_PROC_PROCFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct procfs_stat {
    pid_t pid;
    pid_t ppid;
    pid_t pgrp;
    char state;     /* R S D Z T X …: of the first thread */
    long threads;   /* in all; more than 1 with state Z: only the first has ended */
    uint64_t start; /* ticks since boot: with the pid it names one process */
    char comm[32];
};

struct procfs_list {
    struct procfs_stat *items;
    size_t n;
    size_t size;
};

/* /proc is there and shows this process' own PID namespace. */
bool procfs_usable(void);
/* The kernel has /proc/<pid>/task/<tid>/children (CONFIG_PROC_CHILDREN). */
bool procfs_has_children(void);

/* False when the process is gone. */
bool procfs_stat(pid_t pid, struct procfs_stat *ret);
/* Appends the children of pid, of all its threads. False when memory ran out. */
bool procfs_children(pid_t pid, struct procfs_list *list);
/* Appends every process. False when memory ran out. */
bool procfs_all(struct procfs_list *list);

/* It has ended, and is not reaped: with all of its threads. */
bool procfs_is_dead(const struct procfs_stat *s);

bool procfs_list_add(struct procfs_list *list, const struct procfs_stat *s);
void procfs_list_done(struct procfs_list *list);
/* By pid, each once. */
void procfs_list_sort(struct procfs_list *list);

#endif
