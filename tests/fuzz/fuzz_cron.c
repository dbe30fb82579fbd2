/* Cron expressions in both dialects, and files of time zones. The first byte chooses. What comes next is later, and fits. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cronrun/cron/civil.h"
#include "cronrun/cron/cron_next.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
fits(const struct cronexpr *x, int64_t local_s)
{
    int64_t days = civil_floor_div(local_s, CIVIL_DAY_S);
    struct civil c = civil_of_days(days);
    int rest = (int)(local_s - days * CIVIL_DAY_S);
    bool day = x->days >> c.day & 1;
    bool weekday = x->weekdays >> civil_weekday(days) & 1;
    return x->months >> c.month & 1 && x->hours >> rest / 3600 & 1 &&
           x->minutes >> rest / 60 % 60 & 1 && (x->either_day ? day || weekday : day && weekday);
}

static void
follow(const struct cronexpr *x, const struct zone *z, enum cron_dst dst)
{
    static const int64_t starts[] = {0,          -5000000000, 1774746000,
                                     1793491200, 4102444800,  20000000000};
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
        int64_t at_s = starts[i];
        for (int n = 0; n < 8; n++) {
            int64_t next_s;
            if (!cron_next(x, z, dst, at_s, &next_s))
                break;
            if (next_s <= at_s || (x->every_s == 0 && dst != CRON_DST_VIXIE &&
                                   !fits(x, next_s + zone_at(z, next_s).offset_s)))
                abort();
            at_s = next_s;
        }
    }
}

static void
fuzz_expression(const char *text, enum cron_dialect dialect, enum cron_dst dst)
{
    static const char *const rules[] = {"UTC0", "CET-1CEST,M3.5.0,M10.5.0/3",
                                        "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"};
    static struct zone *zones[3];
    struct cronexpr x;
    struct err e;
    for (size_t i = 0; i < 3; i++)
        if (!zones[i] && zone_load(rules[i], &zones[i], &e) < 0)
            abort();
    if (cronexpr_parse(text, dialect, &x, &e) < 0)
        return;
    if (x.every_s == 0 && (!x.minutes || !x.hours || !x.months || !x.days || !x.weekdays))
        abort();
    for (size_t i = 0; i < 3; i++)
        follow(&x, zones[i], dst);
}

static void
fuzz_zone(const uint8_t *data, size_t size)
{
    static const char *const expressions[] = {"30 2 * * *", "*/7 * * * *"};
    struct zone *z = NULL;
    struct err e;
    if (zone_parse(data, size, &z, &e) < 0)
        return;
    for (size_t i = 0; i < 2; i++) {
        struct cronexpr x;
        if (cronexpr_parse(expressions[i], CRON_VIXIE, &x, &e) < 0)
            abort();
        for (int dst = CRON_DST_VIXIE; dst <= CRON_DST_K8S; dst++)
            follow(&x, z, (enum cron_dst)dst);
    }
    zone_free(z);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    if (data[0] % 8 == 7) {
        fuzz_zone(data + 1, size - 1);
        return 0;
    }
    char *text = strndup((const char *)data + 1, size - 1);
    fuzz_expression(text, data[0] & 1 ? CRON_K8S : CRON_VIXIE, (enum cron_dst)(data[0] / 2 % 3));
    free(text);
    return 0;
}
