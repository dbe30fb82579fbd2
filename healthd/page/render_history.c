/* The last changes, as JSON. */
#include "common/base/clock.h"
#include "common/base/json.h"
#include "healthd/page/render.h"

static void
put_change(struct json *j, const struct history_change *c)
{
    char time[CLOCK_RFC3339_MAX];
    json_object(j);
    json_kstr(j, "time", clock_format_rfc3339(time, c->at_ms * 1000, 3));
    json_kstr(j, "check", c->check);
    json_kstr(j, "from", verdict_text(c->from));
    json_kstr(j, "state", verdict_text(c->state));
    json_kstr(j, "reason", c->reason == REASON_NONE ? NULL : reason_text(c->reason));
    json_end(j);
}

void
render_history(const struct render_facts *f, struct httpd_answer *ret)
{
    strbuf_clear(&ret->body);
    struct json j = json_on(&ret->body);
    json_object(&j);
    json_key(&j, "history");
    json_array(&j);
    for (size_t i = 0; i < history_count(f->history); i++)
        put_change(&j, history_at(f->history, i));
    json_end(&j);
    json_end(&j);
    httpd_answer_finish(ret, 200, HTTPD_JSON, "");
}
