/* What cronie's and robfig's own code make of generated schedules: a stored table (tests/oracle/cron), or that of $CRON_ANSWERS. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/digest.h"
#include "cronrun/cron/cronexpr.h"

/* As the table has it: "-", or the sum of the sets. */
static const char *
answer(char buf[16], const char *schedule, enum cron_dialect dialect)
{
    struct cronexpr x;
    struct err e;
    char sets[128];
    if (cronexpr_parse(schedule, dialect, &x, &e) < 0)
        return "-";
    int len = snprintf(sets, sizeof(sets), "%llx %x %x %x %x %d", (unsigned long long)x.minutes,
                       x.hours, x.days, x.months, x.weekdays, x.either_day);
    snprintf(buf, 16, "%08x", digest_crc32(0, sets, (size_t)len));
    return buf;
}

/* True: as it is expected. theirs: with its mark (answers.py). */
static bool
agrees(const char *schedule, enum cron_dialect dialect, const char *theirs)
{
    char buf[16];
    const char *ours = answer(buf, schedule, dialect);
    bool same = *theirs == '!'   ? *ours == '-'
                : *theirs == '~' ? *ours != '-'
                                 : strcmp(ours, theirs) == 0;
    if (!same)
        print_error("%s: %s has %s, and cronrun %s\n", schedule,
                    dialect == CRON_VIXIE ? "cronie" : "robfig", theirs, ours);
    return same;
}

static void
test_answers(void **state)
{
    (void)state;
    const char *path = getenv("CRON_ANSWERS");
    FILE *f = fopen(path ? path : "tests/oracle/cron/answers.txt", "re");
    char line[512];
    size_t n = 0, wrong = 0;
    assert_non_null(f);
    for (; fgets(line, sizeof(line), f); n++) {
        char *save = NULL, *schedule = strtok_r(line, "\t\n", &save);
        char *cronie = strtok_r(NULL, "\t\n", &save), *robfig = strtok_r(NULL, "\t\n", &save);
        assert_non_null(robfig);
        wrong += !agrees(schedule, CRON_VIXIE, cronie);
        wrong += !agrees(schedule, CRON_K8S, robfig);
    }
    fclose(f);
    assert_true(n >= 3000);
    assert_int_equal(wrong, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
