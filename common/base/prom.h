/*
 * prom.h: Prometheus' text format 0.0.4: one HELP and TYPE per family, its samples together, LF at
 * the end of each line. Labels are for words of the configuration, never for the text of an error.
 */
#ifndef RR_BASE_PROM_H
#define RR_BASE_PROM_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/strbuf.h"

#define PROM_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

struct prom_label {
    const char *name;
    const char *value; /* any bytes: escaped */
};

/* type: "counter", "gauge", "histogram". */
void prom_family(struct strbuf *out, const char *name, const char *type, const char *help);
void prom_sample(struct strbuf *out, const char *name, const struct prom_label *labels, size_t n,
                 double value);

struct prom_buckets {
    size_t n;
    const double *bounds;   /* n upper bounds */
    const uint64_t *counts; /* n + 1, of each bucket alone (not cumulative) */
    double sum;
};
/* The samples of one histogram: name_bucket, name_sum, name_count. At most 7 labels. */
void prom_histogram(struct strbuf *out, const char *name, const struct prom_label *labels,
                    size_t n_labels, const struct prom_buckets *b);

#endif
