/*
 * probe_pg.h: what the keys of a check of PostgreSQL say, in check_spec.own.
 */
#ifndef RR_HEALTHD_PROBE_PG_H
#define RR_HEALTHD_PROBE_PG_H

#include <stdbool.h>
#include <stdint.h>

enum probe_pg_role { PROBE_PG_ANY, PROBE_PG_PRIMARY, PROBE_PG_STANDBY };

struct probe_pg_own {
    enum probe_pg_role role;
    char *query;         /* NULL: SELECT 1 */
    uint64_t max_lag_ms; /* 0: any */
    char *schema;        /* versions parted by commas, the last is wanted; NULL: any */
    bool ping;           /* connecting is enough, whether the login goes well or not */
};

#endif
