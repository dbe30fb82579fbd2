/*
 * lease_file_impl.h: what lease_file and lease_look_file share; nobody else includes it.
 */
#ifndef RR_LEASE_LEASE_FILE_IMPL_H
#define RR_LEASE_LEASE_FILE_IMPL_H

#include "common/lease/lease.h"

/* The line as it is; *ret zeroed for a new file. ERR_INPUT: it is none of ours; ERR_SYSTEM. */
MUST_CHECK int lease_file_read(int fd, const char *path, struct lease_holder *ret, struct err *e);
/* Of a file that is locked: when the runner that its line names is no more, who holds the lock all the same. host: ours. */
void lease_file_who(int fd, const char *host, struct lease_holder *holder);

#endif
