/*
 * fake_kinds.h: check lines of a kind without a probe, for tests that need a specification alone: postgres:// and redis://,
 * with the keys that every kind has. Include it behind cmocka.h.
 */
#ifndef RR_TESTS_FAKE_KINDS_H
#define RR_TESTS_FAKE_KINDS_H

#include "healthd/check/checkline.h"

static const struct check_kind fake_kind = {
    .title = "Fake",
    .schemes = (const struct check_scheme[]){{"postgres", NULL, false},
                                             {"redis", NULL, false},
                                             {NULL, NULL, false}},
};
static const struct check_kind *const fake_kinds[] = {&fake_kind, NULL};

#endif
