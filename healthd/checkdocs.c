/* Kinds and keys of checks as text. */
#include "healthd/checkdocs.h"

#include "healthd/check/checkline.h"
#include "healthd/probe/probe_kinds.h"

/* Those of the kind, or the other words for it. */
static void
add_schemes(struct strbuf *out, const struct check_kind *kind, bool other, const char *before)
{
    for (const struct check_scheme *x = kind->schemes; x->name; x++) {
        if (x->other != other)
            continue;
        strbuf_addf(out, "%s%s:%s", before, x->name, kind->path ? "" : "//");
        if (x->remark)
            strbuf_addf(out, " (%s)", x->remark);
        before = ", ";
    }
}

bool
checkdocs_kind(size_t i, struct strbuf *key, struct strbuf *text)
{
    const struct check_kind *kind = probe_kinds[i];
    if (!kind)
        return false;
    add_schemes(key, kind, false, "");
    strbuf_addf(text, "%s: %s", kind->title, kind->text);
    add_schemes(text, kind, true, "; also ");
    return true;
}

static void
add_key(const char *title, const struct check_key *k, struct strbuf *key, struct strbuf *text)
{
    strbuf_addf(key, "%s%s%s", k->name, k->value ? " " : "", k->value ? k->value : "");
    strbuf_addf(text, "%s%s%s", title, title[0] != '\0' ? ": " : "", k->text);
}

/* Common ones first, then each kind's own. */
bool
checkdocs_key(size_t i, struct strbuf *key, struct strbuf *text)
{
    const struct check_key *k = checkline_common_keys;
    const char *title = "";
    for (const struct check_kind *const *kind = probe_kinds;; kind++) {
        for (; k && k->name; k++) {
            if (i-- == 0) {
                add_key(title, k, key, text);
                return true;
            }
        }
        if (!*kind)
            return false;
        k = (*kind)->keys;
        title = (*kind)->title;
    }
}
