/*
 * formats.h: healthd's part of docs/formats.md: records, metrics, reasons, check keys.
 */
#ifndef RR_HEALTHD_FORMATS_H
#define RR_HEALTHD_FORMATS_H

#include "common/base/strbuf.h"

/* Markdown, appended to out. */
void healthd_print_formats(struct strbuf *out);

#endif
