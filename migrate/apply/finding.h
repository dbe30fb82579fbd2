/*
 * finding.h: what is wrong in a file, at its place.
 */
#ifndef RR_MIGRATE_FINDING_H
#define RR_MIGRATE_FINDING_H

#include <stddef.h>

#include "common/base/err.h"
#include "migrate/tell/report.h"
#include "migrate/files/source.h"

/*
 * Fails the report with bad input (exit 23) at that byte of the file, with the line and a caret.
 * line 0: the failure has no place in the text.
 */
void finding_report(struct report *r, const char *file, const struct source_text *t, size_t offset,
                    size_t line, const struct err *e);

#endif
