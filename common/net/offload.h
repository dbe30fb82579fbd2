/*
 * offload.h: a call that may block for as long as it likes (stat of a path that a user names, on a file system that hangs) or
 * that computes for long (a bundle of certificates), in a thread of its own, never on the loop.
 *
 * Nothing ends such a call: its thread stays until the kernel lets it go, whether somebody still waits for it or not. So
 * whoever starts one starts no other before it is back; the end of the process does not wait for it. A library that the work
 * uses must bear that: exit() may run beside it (OpenSSL: tls_outlast_exit()).
 */
#ifndef RR_NET_OFFLOAD_H
#define RR_NET_OFFLOAD_H

#include "common/base/err.h"

struct loop;
struct offload;

/* In the thread: touches *data and nothing else, holds no lock while it may block, writes no log. It may take memory; what it
 * leaves behind *data goes with the release below. */
typedef void offload_work(void *data);
/* From the loop; data is borrowed during the call. */
typedef void offload_cb(void *data, void *arg);

/* Takes data, which malloc() gave, also when it fails: it is freed behind cb, or by the thread when nobody waits any more.
 * cb fires exactly once, never inside this call, unless cancelled. NULL with *e filled (ERR_SYSTEM: no thread or descriptor;
 * ERR_NOMEM): never. */
MUST_CHECK struct offload *offload_start(struct loop *l, offload_work *work, void *data,
                                         offload_cb *cb, void *arg, struct err *e);
/* Instead of free(), for data that owns more; from whichever thread leaves last. Before the first turn of the loop. */
void offload_set_release(struct offload *o, offload_work *release);
/* NULL allowed; cb does not fire; invalid once it has. The work goes on, and its data with it. */
void offload_cancel(struct offload *o);

#endif
