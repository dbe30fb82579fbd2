/*
 * probe.h: one check's protocol, without any policy: when to look and what a result means is the
 * schedule's business.
 *
 * A probe looks in two depths, which may run at the same time but each only once:
 *   PROBE_SESSION  asks over the kept session; connects first when there is none (always, with
 *                  `connection each`)
 *   PROBE_LOGIN    logs in anew beside the session and asks there; when that went well the new
 *                  session replaces the old
 * A kept session that turns out to be closed when it is asked is no failure: the probe connects
 * again within the same deadline and that decides; likewise when its server is not the wanted one
 * (wrong_role, read_only …) or answers with another status, for the name may have moved. A session that ends while idle is told through
 * `lost`, so that the schedule looks at once.
 *
 * start() returning 0: `done` is called exactly once, from the loop, not inside start(); -1: never,
 * *e says why. Nothing is called after probe_free(), which may be called from anywhere (loop.h, "how objects die").
 */
#ifndef RR_HEALTHD_PROBE_H
#define RR_HEALTHD_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/net/loop.h"
#include "healthd/check/checkline.h"
#include "healthd/check/reason.h"

enum probe_depth { PROBE_SESSION, PROBE_LOGIN, PROBE_DEPTHS };

#define PROBE_CAUSE_MAX 256

struct probe_result {
    enum reason reason; /* REASON_NONE: it went well */
    bool timed_out;
    bool degraded;               /* it works, but for this reason not as it should */
    char cause[PROBE_CAUSE_MAX]; /* for the log alone, "" when it went well; no secret */
};

struct probe;
typedef void
probe_done_cb(struct probe *p, enum probe_depth depth, const struct probe_result *r, void *arg);
typedef void probe_lost_cb(struct probe *p, void *arg);

struct probe_ops {
    int (*start)(struct probe *p, enum probe_depth depth, uint64_t deadline_ms, struct err *e);
    bool (*has_session)(const struct probe *p);
    void (*close)(
        struct probe *p); /* ends all that is under way and kept: nothing fires any more */
    void (*release)(struct probe *p); /* the memory, on a later turn */
};

/* What each kind embeds first. */
struct probe {
    const struct probe_ops *ops;
    struct loop *loop;
    struct loop_later later;
    bool dead;
    probe_done_cb *done;
    probe_lost_cb *lost;
    void *arg;
};

struct resolver;
struct tls_client;

struct probe_context {
    struct loop *loop;
    struct resolver *resolver;
    struct check_given given;  /* for checks without a URL of their own */
    struct tls_client **https; /* the schedule's: the CA store that https:// checks share */
};

/* Of spec->kind; spec is borrowed and outlives the probe. ERR_USAGE: the URL or a variable is wrong; ERR_NOMEM. done and
 * lost are to be set before the first start. */
struct probe *
probe_new(const struct probe_context *x, const struct check_spec *spec, struct err *e);
void probe_free(struct probe *p); /* NULL allowed */

/* Fills a result from an error that came while `deadline_ms` was set. */
void probe_result_from(struct probe_result *ret, const struct err *e, uint64_t deadline_ms);

/* What tcp://, http://, fcgi://, file: and disk: lead to, a struct target_peer (probe_peer.c). */
extern const struct check_target probe_peer_target;

#endif
