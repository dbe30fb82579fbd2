/* A text into the field of its row. */
#include "common/opt/opt_rows.h"
#include "common/base/words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/clock.h"
#include "common/base/size.h"

static int
set_bool(const struct opt_row *row, bool *field, const char *value, struct err *e)
{
    static const char *const yes[] = {"true", "yes", "on", "1"};
    static const char *const no[] = {"false", "no", "off", "0"};
    (void)row;
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
        bool is_yes = strcasecmp(value, yes[i]) == 0;
        if (is_yes || strcasecmp(value, no[i]) == 0) {
            *field = is_yes;
            return 0;
        }
    }
    return err_set(e, ERR_USAGE, "'%.64s' is neither true nor false", value);
}

static int
set_int(const struct opt_row *row, int64_t *field, const char *value, struct err *e)
{
    char *end;
    errno = 0;
    long long v = strtoll(value, &end, 10);
    bool digits = strspn(value, "+-0123456789") == strlen(value);
    if (end == value || *end || !digits)
        return err_set(e, ERR_USAGE, "'%.64s' is not a whole number", value);
    bool bounded = row->min != 0 || row->max != 0;
    if (errno == ERANGE || (bounded && (v < row->min || v > row->max))) {
        if (!bounded)
            return err_set(e, ERR_USAGE, "%.64s is out of range", value);
        return err_set(e, ERR_USAGE, "%.64s is not between %lld and %lld", value,
                       (long long)row->min, (long long)row->max);
    }
    *field = v;
    return 0;
}

static int
set_duration(const struct opt_row *row, uint64_t *field, const char *value, struct err *e)
{
    uint64_t ms;
    if ((row->flags & OPT_NONE_OK) && strcmp(value, "none") == 0) {
        *field = CLOCK_NEVER;
        return 0;
    }
    if (clock_parse_duration(value, &ms, e) < 0)
        return -1;
    if ((row->min || row->max) && (ms < (uint64_t)row->min || ms > (uint64_t)row->max)) {
        char low[CLOCK_DURATION_MAX], high[CLOCK_DURATION_MAX];
        return err_set(e, ERR_USAGE, "%.64s is not between %s and %s", value,
                       clock_format_duration(low, (uint64_t)row->min),
                       clock_format_duration(high, (uint64_t)row->max));
    }
    *field = ms;
    return 0;
}

static int
set_size(const struct opt_row *row, uint64_t *field, const char *value, struct err *e)
{
    uint64_t bytes;
    if ((row->flags & OPT_NONE_OK) && strcmp(value, "none") == 0) {
        *field = UINT64_MAX;
        return 0;
    }
    if (size_parse(value, &bytes, e) < 0)
        return -1;
    if ((row->min || row->max) && (bytes < (uint64_t)row->min || bytes > (uint64_t)row->max)) {
        char low[SIZE_FORMAT_MAX], high[SIZE_FORMAT_MAX];
        return err_set(e, ERR_USAGE, "%.64s is not between %s and %s", value,
                       size_format(low, (uint64_t)row->min), size_format(high, (uint64_t)row->max));
    }
    *field = bytes;
    return 0;
}

static int
set_choice(const struct opt_row *row, int *field, const char *value, struct err *e)
{
    size_t n = 0;
    for (; row->choices[n]; n++) {
        if (strcmp(row->choices[n], value) == 0) {
            *field = (int)n;
            return 0;
        }
    }
    struct strbuf all = STRBUF_INIT;
    for (size_t i = 0; i < n; i++)
        strbuf_addf(&all, "%s%s", i ? ", " : "", row->choices[i]);
    const char *near = words_nearest(value, row->choices, n, NULL);
    err_set(e, ERR_USAGE, "'%.64s' is not one of %s%s%s%s", value, strbuf_str(&all),
            near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
    strbuf_done(&all);
    return -1;
}

static int
add_item(struct opt_list *list, const char *value, struct err *e)
{
    char **items = realloc(list->items, (list->n + 1) * sizeof(*items));
    if (!items)
        return err_nomem(e);
    list->items = items;
    list->items[list->n] = strdup(value);
    if (!list->items[list->n])
        return err_nomem(e);
    list->n++;
    return 0;
}

void
opt_list_done(struct opt_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        free(list->items[i]);
    free(list->items);
    *list = (struct opt_list){0};
}

static int
set_field(const struct opt_row *row, void *base, const char *value, struct err *e)
{
    void *field = (char *)base + row->offset;
    switch (row->kind) {
    case OPT_BOOL:
        return set_bool(row, field, value, e);
    case OPT_STRING:
        *(const char **)field = value;
        return 0;
    case OPT_INT:
        return set_int(row, field, value, e);
    case OPT_DURATION:
        return set_duration(row, field, value, e);
    case OPT_SIZE:
        return set_size(row, field, value, e);
    case OPT_CHOICE:
        return set_choice(row, field, value, e);
    case OPT_LIST:
        return add_item(field, value, e);
    case OPT_CUSTOM:
        return row->parse(base, row, value, e);
    }
    return err_set(e, ERR_USAGE, "no such kind of option");
}

int
opt_value_set(const struct opt_row *row, void *base, const char *value, const char *name,
              struct err *e)
{
    if (!*value && !(row->flags & OPT_EMPTY_OK))
        return err_set(e, ERR_USAGE, "%s: the value is empty", name);
    if (!(row->flags & OPT_SECRET) && words_hold_password(value))
        return err_set(e, ERR_USAGE, "%s: the value is a connection string, not %s", name,
                       opt_row_arg(row));
    if (set_field(row, base, value, e) == 0)
        return 0;
    if (words_showable(value) != value && e->code == ERR_USAGE)
        return err_set(e, ERR_USAGE, "%s: the value is not %s", name, opt_row_arg(row));
    return err_wrap(e, "%s", name);
}

int
opt_set(const struct opt_program *p, const struct opt_command *command, const char *name,
        const char *value, void *options, struct err *e)
{
    int i = opt_row_find(p, name, 0, command);
    if (i < 0 || opt_row_is_common(p, (size_t)i))
        return err_set(e, ERR_USAGE, "%s: no such option", words_showable(name));
    const struct opt_row *row = opt_row_at(p, (size_t)i);
    if (!value && row->kind != OPT_BOOL)
        return err_set(e, ERR_USAGE, "%s: a value is expected, %s", name, opt_row_arg(row));
    return opt_value_set(row, options, value ? value : "true", name, e);
}
