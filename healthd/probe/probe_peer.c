/* The target of probes that need a host and a port alone: the URL of an application. */
#include "common/target/target.h"
#include "healthd/probe/probe.h"

static int
peer_parse(const char *url, const struct check_given *given, void **ret, struct err *e)
{
    struct target_peer *t = NULL;
    (void)given;
    if (target_peer_parse(url, &t, e) < 0)
        return -1;
    *ret = t;
    return 0;
}

static void
peer_free(void *t)
{
    target_peer_free(t);
}

static bool
peer_is_local(const void *t)
{
    return target_is_loopback(((const struct target_peer *)t)->host);
}

static const char *
peer_describe(const void *t)
{
    return target_peer_describe(t);
}

const struct check_target probe_peer_target = {
    .parse = peer_parse, .free = peer_free, .is_local = peer_is_local, .describe = peer_describe};
