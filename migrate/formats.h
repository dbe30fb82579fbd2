/*
 * formats.h: what migrate writes for machines, as docs/formats.md shows it.
 */
#ifndef RR_MIGRATE_FORMATS_H
#define RR_MIGRATE_FORMATS_H

#include "common/base/strbuf.h"

void formats_print(struct strbuf *out);

#endif
