/*
 * lease_impl.h: what the kinds of leases share; nobody else includes it.
 */
#ifndef RR_LEASE_LEASE_IMPL_H
#define RR_LEASE_LEASE_IMPL_H

#include <stddef.h>
#include <stdint.h>

#include "common/lease/lease.h"
#include "common/net/loop.h"

struct lease_ops {
    int (*acquire)(struct lease *l, uint64_t deadline_ms, struct err *e);
    void (*withdraw)(struct lease *l); /* NULL: what was asked is all there is */
    int (*release)(struct lease *l, const char *outcome, uint64_t deadline_ms, struct err *e);
    int (*keep_fd)(const struct lease *l); /* NULL: none */
    void (*check)(struct lease *l);        /* NULL: nothing to see without asking */
    void (*close)(struct lease *l);        /* NULL: nothing to cancel; all but the object itself */
};

/* First member of each kind's struct. */
struct lease {
    const struct lease_ops *ops;
    struct loop *loop;
    struct lease_owner owner;
    lease_acquired_cb *acquired_cb; /* set while an acquisition is under way */
    void *acquired_arg;
    lease_lost_cb *lost_cb;
    void *lost_arg;
    lease_released_cb *released_cb; /* set while a release is under way */
    void *released_arg;
    bool unsure_told;
    bool gone_told;
    bool dead;
    struct loop_later later;
    struct loop_timer
        *soon; /* fires soon_cb on the next turn, for kinds whose work is done at once */
    void (*soon_cb)(struct lease *l);
};

/* ERR_NOMEM. lease_free() also after a failure. */
MUST_CHECK int lease_init(struct lease *l, const struct lease_ops *ops, struct loop *loop,
                          const struct lease_owner *owner, struct err *e);
void lease_soon(struct lease *l, void (*cb)(struct lease *l));

/* End an acquisition or a release. From the loop; the lease may be dead afterwards. */
void lease_acquired(struct lease *l, const struct err *e, uint64_t fence,
                    const struct lease_holder *holder);
void lease_released(struct lease *l, const struct err *e);
/* Tells a grade once; the lease may be dead afterwards. */
void lease_tell(struct lease *l, enum lease_grade grade, const struct err *why);

/* {"fence":7,"host":"a","pid":12,"since":"…","run_id":"…"}: what holders leave for others. */
struct strbuf;
void lease_holder_format(struct strbuf *out, const struct lease_holder *h);
/* Exactly what lease_holder_format() wrote (trailing spaces and one newline allowed); false
 * otherwise. */
bool lease_holder_parse(const char *text, size_t len, struct lease_holder *ret);
/* This process as holder, since now. */
void lease_holder_self(struct lease_holder *ret, const struct lease_owner *owner, uint64_t fence);

/* lease_file_pids.c: "12 (sleep), 13 (sh)": who has a flock on that file by an inherited
 * descriptor. */
void lease_file_pids(uint64_t dev, uint64_t ino, char *ret, size_t size);

#endif
