/* The table of kinds. */
#include "healthd/probe/probe_kinds.h"

#include <stddef.h>

#define PROBE_KIND_ENTRY(kind) &(kind),

const struct check_kind *const probe_kinds[] = {PROBE_KINDS(PROBE_KIND_ENTRY) NULL};
