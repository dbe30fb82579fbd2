/* cronexpr.c: five fields into sets of numbers (pure). */
#include "cronrun/cron/cronexpr.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/clock.h"
#include "common/base/words.h"

const char *const cron_dialect_names[] = {"vixie", "k8s", NULL};

struct field {
    const char *what; /* for messages */
    unsigned min, max;
    const char *const *names; /* of min and what follows; or NULL */
    unsigned n_names;
};

static const char *const month_names[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                          "jul", "aug", "sep", "oct", "nov", "dec"};
static const char *const day_names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

static const struct field fields[] = {
    {"minute", 0, 59, NULL, 0},          {"hour", 0, 23, NULL, 0},
    {"day of month", 1, 31, NULL, 0},    {"month", 1, 12, month_names, 12},
    {"day of week", 0, 7, day_names, 7},
};

enum { MINUTE, HOUR, DAY, MONTH, WEEKDAY, FIELDS };

/* Where the reading is. */
struct reader {
    const char *whole;
    const char *at; /* within it */
    const struct field *field;
    enum cron_dialect dialect;
    size_t *wrong; /* offset of what is wrong */
    struct err *e;
};

struct set {
    uint64_t bits;
    bool star; /* as the dialect's day rule has it */
};

static int
fault_at(const struct reader *r, const char *at, const char *what)
{
    *r->wrong = (size_t)(at - r->whole);
    return err_set(r->e, ERR_USAGE, "%s", what);
}

static int
fault(const struct reader *r, const char *what)
{
    return fault_at(r, r->at, what);
}

/* A week of Kubernetes' has no second Sunday. */
static unsigned
max_of(const struct reader *r)
{
    return r->dialect == CRON_K8S && r->field->max == 7 ? 6 : r->field->max;
}

/* "hour: a number from 0 to 23 is expected" */
static int
fault_number(const struct reader *r, const char *at, const char *found)
{
    unsigned max = max_of(r);
    *r->wrong = (size_t)(at - r->whole);
    return err_set(r->e, ERR_USAGE, "%s: %s%sa number from %u to %u%s is expected", r->field->what,
                   found, *found ? " is out of range; " : "", r->field->min, max,
                   r->field->names ? ", or a name of three letters," : "");
}

/* ---- items ---- */

static bool
read_name(struct reader *r, unsigned *ret)
{
    size_t len = 0;
    while (isalpha((unsigned char)r->at[len]))
        len++;
    for (unsigned i = 0; len == 3 && i < r->field->n_names; i++) {
        if (strncasecmp(r->at, r->field->names[i], 3) == 0) {
            *ret = r->field->min + i;
            r->at += 3;
            return true;
        }
    }
    return false;
}

/* Digits, at most 999999: more never fits. */
static bool
read_digits(struct reader *r, unsigned *ret)
{
    unsigned n = 0;
    size_t len = 0;
    for (; isdigit((unsigned char)r->at[len]); len++)
        n = n > 99999 ? 999999 : n * 10 + (unsigned)(r->at[len] - '0');
    r->at += len;
    *ret = n;
    return len > 0;
}

static int
read_number(struct reader *r, unsigned *ret)
{
    const char *from = r->at;
    if (read_name(r, ret))
        return 0;
    r->at += r->dialect == CRON_K8S && *r->at == '+'; /* strconv.Atoi */
    if (!read_digits(r, ret))
        return fault_number(r, from, "");
    unsigned max = max_of(r);
    char text[16];
    size_t len = (size_t)(r->at - from);
    len = len < sizeof(text) ? len : sizeof(text) - 1;
    memcpy(text, from, len);
    text[len] = '\0';
    return *ret >= r->field->min && *ret <= max ? 0 : fault_number(r, from, text);
}

static int
read_step(struct reader *r, unsigned *ret)
{
    const char *from = ++r->at; /* the slash */
    if (!read_digits(r, ret))
        return fault(r, "a step is expected behind '/'");
    return *ret > 0 ? 0 : fault_at(r, from, "a step of 0 never ends");
}

struct range {
    unsigned from, to, step;
    bool star, single;
};

static int
read_range(struct reader *r, struct range *ret)
{
    const char *began = r->at;
    bool is_star = *r->at == '*' || (r->dialect == CRON_K8S && *r->at == '?');
    *ret = (struct range){.from = r->field->min, .to = max_of(r), .step = 1, .star = is_star};
    if (is_star) {
        r->at++;
        return 0;
    }
    if (read_number(r, &ret->from) < 0)
        return -1;
    ret->single = *r->at != '-';
    ret->to = ret->from;
    if (ret->single)
        return 0;
    r->at++;
    if (read_number(r, &ret->to) < 0)
        return -1;
    if (r->dialect == CRON_VIXIE && r->field->max == 7 && ret->to == 0 && ret->from > 0 &&
        *r->at != '/')
        ret->to = 7; /* fri-sun; with a step cronie does not know it */
    if (ret->to < ret->from)
        return fault_at(r, began, "the range ends before it begins, so it never matches");
    return 0;
}

/* One item of a list. */
static int
read_item(struct reader *r, struct set *set)
{
    struct range range;
    const char *began = r->at;
    if (*r->at == ',' || *r->at == '\0' || isspace((unsigned char)*r->at))
        return fault(r, "an item of the list is missing");
    if (read_range(r, &range) < 0)
        return -1;
    if (*r->at == '/') {
        if (range.single && r->dialect == CRON_VIXIE)
            return fault_at(
                r, began,
                "a step needs a range in front of it, as in 5-59/15 (or the dialect k8s)");
        if (read_step(r, &range.step) < 0)
            return -1;
        range.to = range.single ? max_of(r) : range.to;
    }
    if (*r->at != ',' && *r->at != '\0' && !isspace((unsigned char)*r->at))
        return fault(r, *r->at == '~' ? "'~' (a time by chance) is not supported"
                                      : "',' or the end of the field is expected here");
    set->star |= range.star && range.step == 1;
    for (unsigned n = range.from; n <= range.to; n += range.step)
        set->bits |= UINT64_C(1) << n;
    return 0;
}

static int
read_field(struct reader *r, const struct field *f, struct set *ret)
{
    bool begins = *r->at == '*';
    *ret = (struct set){0};
    r->field = f;
    for (;;) {
        bool is_empty =
            r->dialect == CRON_K8S && *r->at == ','; /* strings.FieldsFunc leaves it out */
        if (!is_empty && read_item(r, ret) < 0)
            return -1;
        if (*r->at != ',')
            break;
        r->at++;
        if (r->dialect == CRON_K8S && ret->bits != 0 &&
            (*r->at == '\0' || *r->at == ' ' || *r->at == '\t'))
            break; /* the last one may be empty, too, but not all of them */
    }
    if (r->dialect == CRON_VIXIE)
        ret->star = begins;
    return 0;
}

static void
skip_blanks(struct reader *r)
{
    r->at += strspn(r->at, " \t");
}

static int
count_fields(const struct reader *r)
{
    int n = 0;
    for (const char *p = r->at; *p;) {
        p += strspn(p, " \t");
        n += *p != '\0';
        p += strcspn(p, " \t");
    }
    return n;
}

static int
read_fields(struct reader *r, struct cronexpr *x)
{
    struct set sets[FIELDS];
    int n = count_fields(r);
    *r->wrong = (size_t)(r->at - r->whole);
    if (n != FIELDS)
        return err_set(
            r->e, ERR_USAGE,
            "%d field%s where five are expected: minute, hour, day of month, month, day of week", n,
            n == 1 ? "" : "s");
    bool wild = false;
    for (int i = 0; i < FIELDS; i++) {
        skip_blanks(r);
        wild |= i <= HOUR && (*r->at == '*' || *r->at == '?');
        if (read_field(r, &fields[i], &sets[i]) < 0)
            return -1;
    }
    x->minutes = sets[MINUTE].bits;
    x->hours = (uint32_t)sets[HOUR].bits;
    x->days = (uint32_t)sets[DAY].bits;
    x->months = (uint32_t)sets[MONTH].bits;
    x->weekdays = (uint32_t)((sets[WEEKDAY].bits | sets[WEEKDAY].bits >> 7) & 0x7f); /* 7 is 0 */
    x->either_day = !sets[DAY].star && !sets[WEEKDAY].star;
    x->wild = wild;
    return 0;
}

/* ---- @daily and its like ---- */

static const struct {
    const char *name, *expression;
} shorthands[] = {
    {"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}, {"@monthly", "0 0 1 * *"},
    {"@weekly", "0 0 * * 0"}, {"@daily", "0 0 * * *"},    {"@midnight", "0 0 * * *"},
    {"@hourly", "0 * * * *"},
};
#define SHORTHANDS (sizeof(shorthands) / sizeof(shorthands[0]))

static int
read_every(const struct reader *r, struct cronexpr *x)
{
    const char *word = r->at + strlen("@every");
    uint64_t ms = 0;
    word += strspn(word, " \t");
    *r->wrong = (size_t)(word - r->whole);
    if (clock_parse_duration(word, &ms, r->e) < 0)
        return -1;
    if (ms < 1000)
        return fault_at(r, word, "less than a second");
    x->every_s = ms / 1000;
    return 0;
}

static int
read_shorthand(const struct reader *r, struct cronexpr *x)
{
    const char *names[SHORTHANDS + 1] = {"@every"};
    size_t len = strcspn(r->at, " \t");
    char word[32] = "";
    if (len < sizeof(word))
        memcpy(word, r->at, len);
    if (strcasecmp(word, "@every") == 0)
        return read_every(r, x);
    for (size_t i = 0; i < SHORTHANDS; i++) {
        names[i + 1] = shorthands[i].name;
        if (strcasecmp(word, shorthands[i].name) == 0 && r->at[len] == '\0') {
            struct reader own = {.whole = shorthands[i].expression,
                                 .at = shorthands[i].expression,
                                 .dialect = r->dialect,
                                 .wrong = r->wrong,
                                 .e = r->e};
            return read_fields(&own, x);
        }
    }
    if (strcasecmp(word, "@reboot") == 0)
        return fault(r, "@reboot is not supported: cronrun is not started with the machine");
    const char *nearest = words_nearest(word, names, SHORTHANDS + 1, NULL);
    *r->wrong = (size_t)(r->at - r->whole);
    return err_set(r->e, ERR_USAGE, "unknown word%s%s", nearest ? "; did you mean " : "",
                   nearest ? nearest : "");
}

/* "TZ=Europe/Berlin 0 2 * * *" */
static int
read_zone(struct reader *r, struct cronexpr *x)
{
    size_t skip = strncmp(r->at, "TZ=", 3) == 0 ? 3 : strncmp(r->at, "CRON_TZ=", 8) == 0 ? 8 : 0;
    if (skip == 0)
        return 0;
    if (r->dialect == CRON_VIXIE)
        return fault(
            r,
            "a time zone in front of the fields belongs to the dialect k8s; use CRON_TZ= on a line of its own, or --tz");
    size_t len = strcspn(r->at + skip, " \t");
    if (len == 0 || len > CRONEXPR_ZONE_MAX || r->at[skip + len] == '\0')
        return fault(r,
                     "a time zone and the fields are expected, as in TZ=Europe/Berlin 0 2 * * *");
    memcpy(x->zone, r->at + skip, len);
    r->at += skip + len;
    skip_blanks(r);
    return 0;
}

int
cronexpr_read(const char *text, enum cron_dialect dialect, struct cronexpr *ret, size_t *ret_wrong,
              struct err *e)
{
    struct reader r = {.whole = text, .at = text, .dialect = dialect, .wrong = ret_wrong, .e = e};
    *ret = (struct cronexpr){0};
    skip_blanks(&r);
    if (read_zone(&r, ret) < 0)
        return -1;
    return *r.at == '@' ? read_shorthand(&r, ret) : read_fields(&r, ret);
}

int
cronexpr_parse(const char *text, enum cron_dialect dialect, struct cronexpr *ret, struct err *e)
{
    struct err own;
    size_t wrong = 0;
    e = e ? e : &own;
    if (cronexpr_read(text, dialect, ret, &wrong, e) < 0)
        return err_wrap(e, "column %zu", wrong + 1);
    return 0;
}
