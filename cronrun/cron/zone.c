/* zone.c: zones from files: RFC 8536. */
#include "cronrun/cron/zone.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/words.h"
#include "cronrun/cron/zone_impl.h"

#define FILE_MAX_BYTES ((size_t)256 * 1024)
#define HEADER_BYTES 44
#define HALF_DAY_S 43200

/* ---- spans ---- */

int
zone_add(struct zone *z, int64_t from_s, int32_t offset_s, struct err *e)
{
    if (z->n > 0 && z->starts[z->n - 1].from_s == from_s)
        z->n--; /* a stretch of no length */
    if (z->n > 0 && z->starts[z->n - 1].offset_s == offset_s)
        return 0;
    if (z->n == z->size) {
        size_t size = z->size ? 2 * z->size : 256;
        struct zone_start *starts = reallocarray(z->starts, size, sizeof(*starts));
        if (!starts)
            return err_nomem(e);
        z->starts = starts;
        z->size = size;
    }
    z->starts[z->n++] = (struct zone_start){z->n == 1 ? INT64_MIN : from_s, offset_s};
    return 0;
}

struct zone_span
zone_at(const struct zone *z, int64_t at_s)
{
    size_t low = 0, high = z->n;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (z->starts[middle].from_s <= at_s)
            low = middle;
        else
            high = middle;
    }
    return (struct zone_span){.from_s = z->starts[low].from_s,
                              .until_s = low + 1 < z->n ? z->starts[low + 1].from_s : INT64_MAX,
                              .offset_s = z->starts[low].offset_s};
}

void
zone_free(struct zone *z)
{
    if (!z)
        return;
    free(z->starts);
    free(z);
}

/* ---- files ---- */

/* One block: counts, and where its parts are. */
struct block {
    size_t times, types, chars, leaps, stds, uts;
    size_t width; /* of a time, in bytes */
    const unsigned char *at;
};

static uint32_t
big32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t
time_at(const struct block *b, size_t i)
{
    const unsigned char *p = b->at + i * b->width;
    if (b->width == 4)
        return (int32_t)big32(p);
    return (int64_t)((uint64_t)big32(p) << 32 | big32(p + 4));
}

static size_t
block_bytes(const struct block *b)
{
    return b->times * (b->width + 1) + b->types * 6 + b->chars + b->leaps * (b->width + 4) +
           b->stds + b->uts;
}

/* False: the file is too short for what it says. */
static bool
read_block(const unsigned char *data, size_t size, size_t width, struct block *ret)
{
    if (size < HEADER_BYTES || memcmp(data, "TZif", 4) != 0)
        return false;
    *ret = (struct block){.uts = big32(data + 20),
                          .stds = big32(data + 24),
                          .leaps = big32(data + 28),
                          .times = big32(data + 32),
                          .types = big32(data + 36),
                          .chars = big32(data + 40),
                          .width = width,
                          .at = data + HEADER_BYTES};
    return ret->types > 0 && ret->times < size && ret->types < size && ret->chars < size &&
           ret->leaps < size && ret->stds < size && ret->uts < size &&
           block_bytes(ret) <= size - HEADER_BYTES;
}

static int
add_block(struct zone *z, const struct block *b, struct err *e)
{
    const unsigned char *indexes = b->at + b->times * b->width;
    const unsigned char *types = indexes + b->times;
    if (zone_add(z, INT64_MIN, (int32_t)big32(types), e) < 0)
        return -1;
    for (size_t i = 0; i < b->times; i++) {
        bool sorted = i == 0 || time_at(b, i) > time_at(b, i - 1);
        int32_t offset_s =
            indexes[i] < b->types ? (int32_t)big32(types + (size_t)6 * indexes[i]) : INT32_MAX;
        if (!sorted || offset_s <= -7 * HALF_DAY_S || offset_s >= 7 * HALF_DAY_S)
            return err_set(e, ERR_USAGE, "the file of the time zone is damaged");
        if (zone_add(z, time_at(b, i), offset_s, e) < 0)
            return -1;
    }
    return 0;
}

/* Between two line ends behind the second block. */
static int
add_footer(struct zone *z, const unsigned char *at, const unsigned char *end, struct err *e)
{
    const unsigned char *stop =
        at < end && *at == '\n' ? memchr(at + 1, '\n', (size_t)(end - at - 1)) : NULL;
    if (!stop || stop == at + 1)
        return 0;
    cleanup_free char *rule = strndup((const char *)at + 1, (size_t)(stop - at - 1));
    return rule ? zone_add_rule(z, rule, e) : err_nomem(e);
}

static int
fill(struct zone *z, const unsigned char *data, size_t size, struct err *e)
{
    struct block b;
    const unsigned char *end = data + size;
    bool whole = read_block(data, size, 4, &b);
    bool is_long = whole && data[4] >= '2';
    if (is_long) {
        const unsigned char *second = b.at + block_bytes(&b);
        whole = read_block(second, (size_t)(end - second), 8, &b);
    }
    if (!whole)
        return err_set(e, ERR_USAGE, "not a file of a time zone (TZif), or cut off");
    if (b.leaps > 0)
        return err_set(e, ERR_USAGE,
                       "the time zone counts leap seconds, which the system's clock does not");
    if (add_block(z, &b, e) < 0)
        return -1;
    return is_long ? add_footer(z, b.at + block_bytes(&b), end, e) : 0;
}

int
zone_parse(const unsigned char *data, size_t size, struct zone **ret, struct err *e)
{
    struct zone *z = calloc(1, sizeof(*z));
    if (!z)
        return err_nomem(e);
    if (fill(z, data, size, e) < 0) {
        zone_free(z);
        return -1;
    }
    *ret = z;
    return 0;
}

static int
parse_rule(const char *rule, struct zone **ret, struct err *e)
{
    struct zone *z = calloc(1, sizeof(*z));
    if (!z)
        return err_nomem(e);
    if (zone_add_rule(z, rule, e) < 0) {
        zone_free(z);
        return -1;
    }
    *ret = z;
    return 0;
}

/* ---- by name ---- */

/* Of Area/Location: no way out of the directory. */
static bool
is_zone_name(const char *name)
{
    if (!*name || name[0] == '/' || strstr(name, ".."))
        return false;
    for (const char *p = name; *p; p++)
        if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-_/.", *p))
            return false;
    return true;
}

/* What is no regular file, a pipe for instance, might never be opened, or end. */
static FILE *
open_regular(const char *path)
{
    struct stat st;
    cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return NULL;
    FILE *f = fdopen(fd, "r");
    if (f)
        IGNORED(steal_fd(&fd));
    return f;
}

static FILE *
open_zone(const char *name)
{
    const char *dirs[] = {getenv("TZDIR"), "/usr/share/zoneinfo", "/usr/lib/zoneinfo",
                          "/share/zoneinfo"};
    char path[512];
    if (name[0] == '/')
        return open_regular(name);
    for (size_t i = 0; is_zone_name(name) && i < sizeof(dirs) / sizeof(dirs[0]); i++) {
        if (!dirs[i])
            continue;
        snprintf(path, sizeof(path), "%s/%s", dirs[i], name);
        FILE *f = open_regular(path);
        if (f)
            return f;
    }
    return NULL;
}

int
zone_load(const char *name, struct zone **ret, struct err *e)
{
    name += *name == ':';
    cleanup_file FILE *f = open_zone(name);
    if (!f) {
        if (parse_rule(strcmp(name, "UTC") == 0 ? "UTC0" : name, ret, e) == 0)
            return 0;
        return err_set(e, ERR_USAGE, "there is no time zone '%.60s' (is tzdata installed?)",
                       words_showable(name));
    }
    cleanup_free unsigned char *data = malloc(FILE_MAX_BYTES);
    if (!data)
        return err_nomem(e);
    size_t size = fread(data, 1, FILE_MAX_BYTES, f);
    if (zone_parse(data, size, ret, e) < 0)
        return err_wrap(e, "time zone %.60s", words_showable(name));
    return 0;
}
