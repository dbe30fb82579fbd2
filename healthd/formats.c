/* formats.c: tables of records and reports, for docs/formats.md. */
#include "healthd/formats.h"

#include <stddef.h>

#include "common/base/cleanup.h"
#include "common/http/httpd.h"
#include "healthd/check/reason.h"
#include "healthd/checkdocs.h"
#include "healthd/page/render.h"

static void
print_reasons(struct strbuf *out)
{
    strbuf_adds(
        out, "\n### Reasons\n\nThe same word in answer, metric and log; the status page adds the "
             "meaning.\n\n| reason | meaning |\n|---|---|\n");
    for (int r = REASON_NONE + 1; r < REASONS; r++)
        strbuf_addf(out, "| `%s` | %s |\n", reason_text((enum reason)r),
                    reason_meaning((enum reason)r));
}

/* A table's cell: | ends one. */
static void
add_cell(struct strbuf *out, const struct strbuf *text)
{
    for (const char *p = strbuf_str(text); *p != '\0'; p++) {
        if (*p == '|')
            strbuf_addc(out, '\\');
        strbuf_addc(out, *p);
    }
}

static void
print_table(struct strbuf *out, bool (*row)(size_t i, struct strbuf *key, struct strbuf *text))
{
    struct strbuf key = STRBUF_INIT;
    struct strbuf text = STRBUF_INIT;
    for (size_t i = 0; row(i, &key, &text); i++) {
        strbuf_adds(out, "| `");
        add_cell(out, &key);
        strbuf_adds(out, "` | ");
        add_cell(out, &text);
        strbuf_adds(out, " |\n");
        strbuf_clear(&key);
        strbuf_clear(&text);
    }
    strbuf_done(&key);
    strbuf_done(&text);
}

static void
print_check_lines(struct strbuf *out)
{
    strbuf_adds(out, "\n### Check lines\n\n`NAME URL [key value]...`\n\n"
                     "| URL | what is checked, and healthy |\n|---|---|\n");
    print_table(out, checkdocs_kind);
    strbuf_adds(out, "\n| key | meaning (default) |\n|---|---|\n");
    print_table(out, checkdocs_key);
}

/* From the metrics page itself, so that the two cannot differ: its HELP and TYPE lines. */
static void
print_metrics(struct strbuf *out)
{
    struct httpd_answer page = {0};
    cleanup_strbuf struct strbuf checks = STRBUF_INIT;
    render_metrics_of_checks(&(struct render_facts){0}, &checks);
    render_metrics(&(struct render_facts){0}, &(struct render_metrics){0}, &checks, &page);
    strbuf_adds(out, "\n### Metrics\n\n```\n");
    for (const char *line = strbuf_str(&page.body); *line != '\0';) {
        const char *p = line;
        while (*p != '\n' && *p != '\0')
            p++;
        if (line[0] == '#')
            strbuf_addf(out, "%.*s\n", (int)(p - line), line);
        line = *p == '\n' ? p + 1 : p;
    }
    strbuf_adds(out, "```\n");
    httpd_answer_done(&page);
}

void
healthd_print_formats(struct strbuf *out)
{
    strbuf_adds(
        out,
        "### Termination "
        "message\n\n`{\"program\",\"outcome\",\"exit\",\"check\",\"reason\",\"since\"}`: check, "
        "reason and since of the last failure, null when none ever failed; outcome: `drained`, "
        "`stopped`, `cannot_listen`, `cannot_start`, `usage`.\n");
    strbuf_adds(
        out,
        "\n### History\n\nThe latest change comes first: "
        "`{\"history\":[{\"time\",\"check\",\"from\",\"state\",\"reason\"},...]}`; from and state: "
        "`unknown`, `up`, `degraded`, `down`; reason: null when the check is up.\n");
    print_metrics(out);
    print_reasons(out);
    print_check_lines(out);
}
