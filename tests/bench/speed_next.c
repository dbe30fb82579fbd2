/*
 * speed_next.c: how fast is the next time of a schedule found? N made-up expressions (1,000,000), in zones with and without changes of
 * clocks, from instants of 1970 to 2060, under each rule. A search that took long is done again five times, and the fastest counts, so
 * that only what is slow by itself is told. A search that does not end ends this program after a minute.
 *
 *     speed_next [N [SEED]]        prints: median_ns p99_ns worst_us never_worst_us valid never refused worst-expression
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cronrun/cron/cron_next.h"

#define BUCKET_NS 10
#define BUCKETS 100000
#define LONG_NS 20000

static uint64_t dice_state;

static uint32_t
dice(uint32_t sides)
{
    dice_state ^= dice_state << 13;
    dice_state ^= dice_state >> 7;
    dice_state ^= dice_state << 17;
    return (uint32_t)(dice_state >> 11) % sides;
}

static int64_t
now_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

/* ---- expressions ---- */

static size_t
put_item(char *to, size_t size, uint32_t low, uint32_t high)
{
    uint32_t span = high - low + 1, a = low + dice(span), b = a + dice(high - a + 1);
    switch (dice(8)) {
    case 0:
        return (size_t)snprintf(to, size, "*");
    case 1:
        return (size_t)snprintf(to, size, "*/%u", 1 + dice(span));
    case 2:
        return (size_t)snprintf(to, size, "%u-%u", a, b);
    case 3:
        return (size_t)snprintf(to, size, "%u-%u/%u", a, b, 1 + dice(span));
    case 4: /* mostly refused */
        return dice(10) ? (size_t)snprintf(to, size, "%u", a)
                        : (size_t)snprintf(to, size, "%c%u", "-/,?x#"[dice(6)], b);
    default:
        return (size_t)snprintf(to, size, "%u", a);
    }
}

static void
make_expression(char *to, size_t size)
{
    static const struct {
        uint32_t low, high;
    } fields[] = {{0, 59}, {0, 23}, {1, 31}, {1, 12}, {0, 7}};
    size_t at = 0;
    for (size_t f = 0; f < 5; f++) {
        uint32_t items = dice(3) ? 1 : 1 + dice(4);
        if (f > 0)
            to[at++] = ' ';
        for (uint32_t i = 0; i < items; i++) {
            if (i > 0)
                to[at++] = ',';
            at += put_item(to + at, size - at, fields[f].low, fields[f].high);
        }
    }
}

/* ---- searches ---- */

struct tally {
    uint64_t *valid; /* searches by how long they took */
    uint64_t n_valid, n_never, n_refused;
    int64_t worst_ns, never_worst_ns;
    char worst[256];
};

static bool
search(const struct cronexpr *x, const struct zone *z, enum cron_dst dst, int64_t from_s,
       int64_t *ret_ns)
{
    int64_t at_s = 0, began = now_ns();
    bool found = cron_next(x, z, dst, from_s, &at_s);
    *ret_ns = now_ns() - began;
    if (found && at_s <= from_s) {
        fprintf(stderr, "speed_next: not after %" PRId64 "\n", from_s);
        exit(1);
    }
    return found;
}

static void
count(struct tally *t, bool found, int64_t ns, const char *expression)
{
    if (!found) {
        t->n_never++;
        t->never_worst_ns = ns > t->never_worst_ns ? ns : t->never_worst_ns;
        return;
    }
    t->n_valid++;
    t->valid[ns / BUCKET_NS < BUCKETS ? ns / BUCKET_NS : BUCKETS - 1]++;
    if (ns > t->worst_ns) {
        t->worst_ns = ns;
        snprintf(t->worst, sizeof(t->worst), "%s", expression);
    }
}

static void
one_round(struct tally *t, struct zone **zones, size_t n_zones)
{
    char expression[256];
    struct cronexpr x;
    struct err e;
    int64_t ns, again_ns;
    make_expression(expression, sizeof(expression) - 64);
    if (cronexpr_parse(expression, dice(2) ? CRON_VIXIE : CRON_K8S, &x, &e) < 0) {
        t->n_refused++;
        return;
    }
    const struct zone *z = zones[dice((uint32_t)n_zones)];
    enum cron_dst dst = (enum cron_dst)dice(3);
    int64_t from_s = (int64_t)dice(90 * 366) * 86400 + dice(86400);
    bool found = search(&x, z, dst, from_s, &ns);
    for (int i = 0; i < 5 && ns > LONG_NS; i++) {
        search(&x, z, dst, from_s, &again_ns);
        ns = again_ns < ns ? again_ns : ns;
    }
    count(t, found, ns, expression);
}

static int64_t
quantile_ns(const struct tally *t, double share)
{
    uint64_t wanted = (uint64_t)((double)t->n_valid * share), seen = 0;
    size_t i = 0;
    while (i < BUCKETS - 1 && (seen += t->valid[i]) <= wanted)
        i++;
    return (int64_t)i * BUCKET_NS;
}

int
main(int argc, char **argv)
{
    static const char *const names[] = {
        "UTC",           "Europe/Berlin", "America/New_York", "Australia/Lord_Howe",
        "Europe/Dublin", "Pacific/Apia",  "Africa/Casablanca"};
    struct zone *zones[sizeof(names) / sizeof(names[0])];
    struct tally t = {.valid = calloc(BUCKETS, sizeof(*t.valid))};
    uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    struct err e;
    dice_state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    if (!t.valid || dice_state == 0)
        return 2;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (zone_load(names[i], &zones[i], &e) < 0) {
            fprintf(stderr, "speed_next: %s\n", e.msg);
            return 2;
        }
    for (uint64_t i = 0; i < n; i++) {
        if (i % 65536 == 0)
            alarm(60);
        one_round(&t, zones, sizeof(names) / sizeof(names[0]));
    }
    printf("%" PRId64 " %" PRId64 " %.1f %.1f %" PRIu64 " %" PRIu64 " %" PRIu64 " %s\n",
           quantile_ns(&t, 0.5), quantile_ns(&t, 0.99), (double)t.worst_ns / 1000,
           (double)t.never_worst_ns / 1000, t.n_valid, t.n_never, t.n_refused, t.worst);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        zone_free(zones[i]);
    free(t.valid);
    return 0;
}
