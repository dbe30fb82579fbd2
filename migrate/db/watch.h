/*
 * watch.h: the second connection. It is opened only when a statement takes long (or has to be
 * cancelled where TLS is required), and only looks: who blocks us, how far the server is. What it
 * finds is logged and kept for the report.
 */
#ifndef RR_MIGRATE_WATCH_H
#define RR_MIGRATE_WATCH_H

#include <stdint.h>

#include "common/base/err.h"

/* Of what watch_blockers says. */
#define WATCH_BLOCKERS_MAX 512

struct loop;
struct progress;
struct resolver;
struct target_pg;
struct watch;

/* Everything is borrowed. application: the name of the connection that is watched. lock_timeout_ms: it looks before half of
 * that has passed. */
struct watch *
watch_new(struct loop *l, struct resolver *r, struct target_pg *target, const char *application,
          struct progress *bar, uint64_t lock_timeout_ms, struct err *e);
void watch_free(struct watch *w); /* NULL allowed */

/* Nobody knows which backend it will be: behind a pooler, which gives it the connection's name. */
#define WATCH_BY_NAME (-1)

/* A statement begins on the backend pid, or WATCH_BY_NAME, and ends; it has left_ms, and is looked at before half of
 * that has passed. Cheap: a timer. */
void watch_begin(struct watch *w, int pid, int server_version, uint64_t left_ms);
void watch_end(struct watch *w);

/* Who blocked the statement when it was last looked: "pid 12 (pg_dump), active for 40 s"; "" when
 * nobody was seen. Valid until the next watch_begin. */
const char *watch_blockers(const struct watch *w);

/* pg_cancel_backend(pid), connecting first where needed. 0: under way; nothing is reported, and after watch_end() it is
 * not asked for any more. -1: cannot. */
MUST_CHECK int watch_cancel_start(struct watch *w, int pid);

#endif
