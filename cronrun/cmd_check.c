/* cmd_check.c: `cronrun check`: all that is wrong with a crontab, and where. */
#include <stdio.h>

#include "common/base/json.h"
#include "common/base/strbuf.h"
#include "cronrun/commands.h"
#include "cronrun/options.h"
#include "cronrun/tabfile.h"

#define STATUS_REFUSED 2

static int check_run(void *options, const struct opt_result *given);

const struct opt_command cmd_check = {
    .name = "check",
    .args = "CRONTAB",
    .min_args = 1,
    .max_args = 1,
    .path = OPT_PATH_FILE,
    .summary = "tell every fault of a crontab, with line and column",
    .more =
        "A warning names a place that another dialect would read differently, or that has no effect. With --json, each fault is "
        "one object. Exit status 2 if there is an error, or the file cannot be read; warnings alone do not matter.",
    .options = OPT_NAMES("dialect", "json"),
    .run = check_run,
};

static void
print_json(const char *path, const struct crontab_fault *f)
{
    struct strbuf out = STRBUF_INIT;
    struct json j = json_on(&out);
    json_object(&j);
    json_kstr(&j, "file", path);
    json_kuint(&j, "line", f->line);
    json_kuint(&j, "column", f->column);
    json_kstr(&j, "level", f->is_error ? "error" : "warning");
    json_kstr(&j, "message", f->text);
    json_end(&j);
    puts(strbuf_str(&out));
    strbuf_done(&out);
}

static void
print_faults(const char *path, const struct crontab_faults *faults, bool json)
{
    for (size_t i = 0; i < faults->n; i++) {
        const struct crontab_fault *f = &faults->items[i];
        if (json)
            print_json(path, f);
        else
            printf("%s:%u:%u: %s: %s\n", path, f->line, f->column,
                   f->is_error ? "error" : "warning", f->text);
    }
}

static const char *
plural(size_t n)
{
    return n == 1 ? "" : "s";
}

static void
print_sum(const char *path, const struct crontab *tab, const struct crontab_faults *faults)
{
    size_t warnings = faults->n - faults->n_errors;
    if (!tab)
        printf("%s: refused: %zu error%s", path, faults->n_errors, plural(faults->n_errors));
    else
        printf("%s: %zu job%s", path, tab->n, plural(tab->n));
    if (warnings > 0)
        printf(", %zu warning%s", warnings, plural(warnings));
    puts("");
}

static int
check_run(void *options, const struct opt_result *given)
{
    const struct options *o = options;
    const char *path = given->argv[0], *shown = tabfile_shown(path);
    struct crontab_rules rules =
        tabfile_rules((enum cron_dialect)o->dialect, (enum cron_dst)o->dst);
    struct crontab_faults faults = {0};
    struct crontab *tab = NULL;
    struct err e;
    if (tabfile_read(path, &rules, &tab, &faults, &e) < 0 && e.code != ERR_INPUT) {
        fprintf(stderr, "cronrun: check: %s\n", e.msg);
        return STATUS_REFUSED;
    }
    print_faults(shown, &faults, o->json);
    if (!o->json)
        print_sum(shown, tab, &faults);
    int status = tab ? 0 : STATUS_REFUSED;
    crontab_faults_done(&faults);
    crontab_free(tab);
    return status;
}
