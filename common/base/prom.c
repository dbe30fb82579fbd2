/* prom.c: metrics in Prometheus' text format. */
#include "common/base/prom.h"

#include <math.h>
#include <stdio.h>

#define LABELS_MAX 8
#define NAME_MAX_BYTES 128

static void
put_escaped(struct strbuf *out, const char *s, char quote)
{
    for (; *s != '\0'; s++)
        if (*s == '\n')
            strbuf_adds(out, "\\n");
        else if (*s == '\\' || (quote != '\0' && *s == quote))
            strbuf_addf(out, "\\%c", *s);
        else
            strbuf_addc(out, *s);
}

/* Whole numbers without an exponent, the rest as short as nine digits allow. */
static void
put_number(struct strbuf *out, double v)
{
    if (isnan(v))
        strbuf_adds(out, "NaN");
    else if (isinf(v))
        strbuf_adds(out, v > 0 ? "+Inf" : "-Inf");
    else if (fabs(v) < 9007199254740992.0 && v == floor(v))
        strbuf_addf(out, "%.0f", v);
    else
        strbuf_addf(out, "%.9g", v);
}

void
prom_family(struct strbuf *out, const char *name, const char *type, const char *help)
{
    strbuf_addf(out, "# HELP %s ", name);
    put_escaped(out, help, '\0');
    strbuf_addf(out, "\n# TYPE %s %s\n", name, type);
}

void
prom_sample(struct strbuf *out, const char *name, const struct prom_label *labels, size_t n,
            double value)
{
    strbuf_adds(out, name);
    for (size_t i = 0; i < n; i++) {
        strbuf_addf(out, "%c%s=\"", i == 0 ? '{' : ',', labels[i].name);
        put_escaped(out, labels[i].value, '"');
        strbuf_addc(out, '"');
    }
    strbuf_adds(out, n > 0 ? "} " : " ");
    put_number(out, value);
    strbuf_addc(out, '\n');
}

void
prom_histogram(struct strbuf *out, const char *name, const struct prom_label *labels,
               size_t n_labels, const struct prom_buckets *b)
{
    struct prom_label all[LABELS_MAX];
    char part[NAME_MAX_BYTES], bound[32];
    uint64_t total = 0;
    size_t used = n_labels < LABELS_MAX ? n_labels : LABELS_MAX - 1;
    for (size_t i = 0; i < used; i++)
        all[i] = labels[i];
    snprintf(part, sizeof(part), "%s_bucket", name);
    for (size_t i = 0; i <= b->n; i++) {
        total += b->counts[i];
        snprintf(bound, sizeof(bound), "%.9g", i < b->n ? b->bounds[i] : 0.0);
        all[used] = (struct prom_label){"le", i < b->n ? bound : "+Inf"};
        prom_sample(out, part, all, used + 1, (double)total);
    }
    snprintf(part, sizeof(part), "%s_sum", name);
    prom_sample(out, part, all, used, b->sum);
    snprintf(part, sizeof(part), "%s_count", name);
    prom_sample(out, part, all, used, (double)total);
}
