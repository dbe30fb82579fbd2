/*
 * field.h: named values, as log records and termination messages carry them.
 *
 * A field borrows what it points to; it lives as long as the expression around it. Names are contract
 * (docs/formats.md): lower case with underscores, unit at the end (`duration_ms`).
 */
#ifndef RR_BASE_FIELD_H
#define RR_BASE_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/json.h"

enum field_type {
    FIELD_STR,  /* NULL is null in JSON, left out in text and kv */
    FIELD_OPT,  /* as FIELD_STR, but left out everywhere when NULL or "" */
    FIELD_TAIL, /* a string whose end matters: cut at its front */
    FIELD_INT,
    FIELD_UINT,
    FIELD_DOUBLE,
    FIELD_BOOL,
    FIELD_LIST, /* strings */
    FIELD_NULL,
};

struct field {
    const char *name;
    enum field_type type;
    size_t n; /* FIELD_LIST: items */
    union {
        const char *s;
        int64_t i;
        uint64_t u;
        double d;
        bool b;
        const char *const *list;
    } v;
};

#define LF_STR(name_, v_) ((struct field){.name = (name_), .type = FIELD_STR, .v.s = (v_)})
#define LF_OPT(name_, v_) ((struct field){.name = (name_), .type = FIELD_OPT, .v.s = (v_)})
#define LF_TAIL(name_, v_) ((struct field){.name = (name_), .type = FIELD_TAIL, .v.s = (v_)})
#define LF_INT(name_, v_) ((struct field){.name = (name_), .type = FIELD_INT, .v.i = (int64_t)(v_)})
#define LF_UINT(name_, v_)                                                                         \
    ((struct field){.name = (name_), .type = FIELD_UINT, .v.u = (uint64_t)(v_)})
#define LF_DOUBLE(name_, v_) ((struct field){.name = (name_), .type = FIELD_DOUBLE, .v.d = (v_)})
#define LF_BOOL(name_, v_) ((struct field){.name = (name_), .type = FIELD_BOOL, .v.b = (v_)})
#define LF_LIST(name_, items_, n_)                                                                 \
    ((struct field){.name = (name_), .type = FIELD_LIST, .n = (n_), .v.list = (items_)})
#define LF_NULL(name_) ((struct field){.name = (name_), .type = FIELD_NULL})

/* An array and its length, two arguments in one word: log_info(&event_applied, LOG_FIELDS(LF_STR(…), …), "…"). */
#define LOG_FIELDS(...)                                                                            \
    (const struct field[]){__VA_ARGS__},                                                           \
        sizeof((const struct field[]){__VA_ARGS__}) / sizeof(struct field)
/* None. */
#define LOG_NONE NULL, 0

/* True when the field is not to be written at all (FIELD_OPT that is empty). */
bool field_skip(const struct field *f);

/* True when each of the fields stands in the list of names, "job, run_id". */
bool field_all_named(const char *names, const struct field *fields, size_t n);

/*
 * Key and value into the innermost object of j. Strings longer than max_bytes are cut between characters and
 * marked with "…"; of a list whose items are together longer only the first ones stay, and "…" after them.
 */
void field_json(struct json *j, const struct field *f, size_t max_bytes);

/* The value alone, as text for people: a list joined by commas. Cut as above. Not escaped. */
void field_text(struct strbuf *out, const struct field *f, size_t max_bytes);

#endif
