/*
 * probe_session.h: what probes with a session have in common: one that is kept and asked (PROBE_SESSION), a login beside it
 * whose session takes its place (PROBE_LOGIN), and connecting again when the kept one turns out to be closed, or to be with
 * a server that is not the wanted one (reason_is_of_server); such a session is not kept.
 *
 * A protocol embeds struct probe_session first and gives its steps as struct session_steps. Every look ends through
 * probe_session_finish().
 */
#ifndef RR_HEALTHD_PROBE_SESSION_H
#define RR_HEALTHD_PROBE_SESSION_H

#include "healthd/probe/probe.h"

struct probe_session;

struct session_lane {
    struct probe_session *s;
    enum probe_depth depth;
    void *conn; /* owned; NULL: none */
    uint64_t deadline_ms;
    bool running;
    bool kept; /* what runs is the first question over a session that was there already */
    struct probe_result found; /* what the server said that makes this look connect anew */
};

/* Each may be called from the loop only. What connect and ask start ends in probe_session_finish() or
 * probe_session_again(). */
struct session_steps {
    void *(*conn_new)(struct probe_session *s, struct err *e);
    void (*conn_free)(void *conn);    /* NULL allowed */
    bool (*usable)(const void *conn); /* connected, and nothing under way */
    int (*connect)(struct session_lane *l, struct err *e);
    int (*ask)(struct session_lane *l, struct err *e);
    /* The end of the idle session is to be told to probe_session_lost(). -1: it cannot be watched. */
    int (*watch)(struct probe_session *s, void *conn);
    void (*unwatch)(void *conn);
    void (*free)(struct probe_session *s); /* what the protocol added, and s itself */
};

struct probe_session {
    struct probe base;
    struct probe_context x;
    const struct check_spec *spec;
    const struct session_steps *steps;
    struct session_lane lanes[PROBE_DEPTHS];
    void *next; /* a fresh session, to be taken when the session's lane is free */
};

void probe_session_init(struct probe_session *s, const struct session_steps *steps,
                        const struct probe_context *x, const struct check_spec *spec);

/* The look over l is over: keeps or drops its session, and tells. l's conn is not the protocol's any more. */
void probe_session_finish(struct session_lane *l, const struct probe_result *r);
void probe_session_finish_err(struct session_lane *l, const struct err *e);

/* The question failed because the session had ended (*e): no failure yet when the session was a kept one, connecting again
 * decides. False: it is one, and the caller finishes. */
bool probe_session_again(struct session_lane *l);

/* The idle session ended; it is freed. */
void probe_session_lost(struct probe_session *s);

#endif
