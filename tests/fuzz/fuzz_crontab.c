/*
 * Crontab files in both dialects; the first byte chooses. What is accepted makes sense as a whole, and a job keeps its name when
 * other lines move.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cronrun/cron/cron_next.h"
#include "cronrun/tab/crontab.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

static int
check(void *arg, const char *name, const char *value, struct err *e)
{
    (void)arg;
    MUST(*name);
    return value && *value == '!' ? err_set(e, ERR_USAGE, "%.60s: not so", value) : 0;
}

static void
check_faults(const struct crontab_faults *faults)
{
    size_t errors = 0;
    for (size_t i = 0; i < faults->n; i++) {
        const struct crontab_fault *f = &faults->items[i];
        MUST(f->line > 0 && f->column > 0 && f->text[0] && !strchr(f->text, '\n'));
        MUST(i == 0 || f->line > f[-1].line ||
             (f->line == f[-1].line && f->column >= f[-1].column));
        errors += f->is_error;
    }
    MUST(errors <= faults->n_errors && (errors > 0) == (faults->n_errors > 0));
}

static void
check_job(const struct crontab_job *job, const struct zone *z)
{
    int64_t next_s;
    struct cronexpr x;
    MUST(job->line > 0 && job->name[0] && job->command[0]);
    for (char **p = job->env; *p; p++)
        MUST(strchr(*p, '=') > *p);
    for (char **p = job->run; *p; p++)
        MUST(strncmp(*p, "--", 2) == 0 && (*p)[2]);
    MUST(!job->input || !*job->input || job->input[strlen(job->input) - 1] == '\n');
    MUST(cron_next(&job->when, z, CRON_DST_VIXIE, 1767225600, &next_s));
    MUST(cronexpr_parse(job->expression, CRON_VIXIE, &x, NULL) == 0 ||
         cronexpr_parse(job->expression, CRON_K8S, &x, NULL) == 0);
}

static struct crontab *
parse(const uint8_t *data, size_t size, enum cron_dialect dialect)
{
    static const char *const options[] = {"deadline", "lock", "on-busy", "guard", NULL};
    struct crontab_rules rules = {.dialect = dialect, .options = options, .check = check};
    struct crontab_faults faults = {0};
    struct crontab *tab = NULL;
    struct err e;
    int status = crontab_parse((const char *)data, size, &rules, &tab, &faults, &e);
    check_faults(&faults);
    MUST((status == 0) == (faults.n_errors == 0) && (status == 0) == (tab != NULL));
    crontab_faults_done(&faults);
    return tab;
}

static int
by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
check_unique(const struct crontab *tab)
{
    const char **names = calloc(tab->n + 1, sizeof(*names));
    MUST(names);
    for (size_t i = 0; i < tab->n; i++)
        names[i] = tab->jobs[i].name;
    qsort(names, tab->n, sizeof(*names), by_name);
    for (size_t i = 1; i < tab->n; i++)
        MUST(strcmp(names[i - 1], names[i]) != 0);
    free(names);
}

/* The same file behind another line. */
static void
check_moved(const uint8_t *data, size_t size, enum cron_dialect dialect, const struct crontab *tab)
{
    static const char line[] = "@daily [name=some-other-name] x\n";
    size_t len = sizeof(line) - 1;
    uint8_t *moved = malloc(len + size);
    MUST(moved);
    memcpy(moved, line, len);
    memcpy(moved + len, data, size);
    struct crontab *again = parse(moved, len + size, dialect);
    MUST(!again || again->n == tab->n + 1);
    for (size_t i = 0; again && i < tab->n; i++)
        MUST(strcmp(again->jobs[i + 1].name, tab->jobs[i].name) == 0 &&
             again->jobs[i + 1].line == tab->jobs[i].line + 1);
    crontab_free(again);
    free(moved);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct zone *utc;
    struct err e;
    if (size == 0 || (!utc && zone_load("UTC", &utc, &e) < 0))
        return 0;
    enum cron_dialect dialect = data[0] & 1 ? CRON_K8S : CRON_VIXIE;
    struct crontab *tab = parse(data + 1, size - 1, dialect);
    if (!tab)
        return 0;
    for (size_t i = 0; i < tab->n; i++)
        check_job(&tab->jobs[i], utc);
    check_unique(tab);
    check_moved(data + 1, size - 1, dialect, tab);
    crontab_free(tab);
    return 0;
}
