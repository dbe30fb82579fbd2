/*
 * probe_redis.h: what the key of a check of Redis says, in check_spec.own.
 */
#ifndef RR_HEALTHD_PROBE_REDIS_H
#define RR_HEALTHD_PROBE_REDIS_H

enum probe_redis_role { PROBE_REDIS_ANY, PROBE_REDIS_MASTER, PROBE_REDIS_REPLICA };

struct probe_redis_own {
    enum probe_redis_role role;
};

#endif
