/* report.c: the last words of a run. */
#include "migrate/tell/report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/events.h"
#include "common/base/json.h"
#include "common/base/log.h"
#include "common/opt/opt.h"
#include "common/proc/signals.h"
#include "common/proc/termination.h"
#include "migrate/events.h"

/* Fields of the termination message that only a wrapped command has. */
#define OF_RUN 3u

void
report_init(struct report *r, bool people)
{
    *r = (struct report){
        .people = people, .steps = STRBUF_INIT, .start_ms = clock_mono_ms(), .exit = EXIT_DONE};
}

void
report_done(struct report *r)
{
    for (size_t i = 0; i < r->applied_n; i++)
        free(r->applied[i]);
    free(r->applied);
    strbuf_done(&r->steps);
    free(r->file);
    free(r->detail);
    free(r->hint);
    free(r->source);
    free(r->command.tail);
    free(r->member_json);
    *r = (struct report){0};
}

void
report_fail(struct report *r, enum exit_status exit, const struct err *e)
{
    if (r->failed)
        return;
    r->failed = true;
    r->exit = e->code == ERR_NOMEM ? EXIT_UNREACHABLE : exit; /* another start may help */
    r->err = *e;
}

void
report_output(struct report *r)
{
    struct err e = {0};
    if (opt_output_end(&e) == 0)
        return;
    r->unsaid = !r->failed && e.sys_errno == EPIPE; /* who has closed a pipe knows it */
    report_fail(r, EXIT_INPUT, &e);
}

static void
replace(char **field, const char *value)
{
    free(*field);
    *field = value && *value ? strdup(value) : NULL;
}

void
report_place(struct report *r, const char *file, size_t line, size_t column)
{
    replace(&r->file, file);
    r->line = line;
    r->column = column;
}

void
report_detail(struct report *r, const char *detail)
{
    replace(&r->detail, detail);
}

void
report_hint(struct report *r, const char *hint)
{
    replace(&r->hint, hint);
}

/* The server ends its hints with a full stop, we end ours with nothing. */
void
report_add_hint(struct report *r, const char *hint)
{
    cleanup_strbuf struct strbuf all = STRBUF_INIT;
    size_t len = r->hint ? strlen(r->hint) : 0;
    if (!hint || !*hint)
        return;
    if (len && r->hint[len - 1] == '.')
        len--;
    if (len)
        strbuf_addf(&all, "%.*s; ", (int)len, r->hint);
    strbuf_adds(&all, hint);
    replace(&r->hint, strbuf_str(&all));
}

void
report_source(struct report *r, const char *source)
{
    replace(&r->source, source);
}

void
report_applied(struct report *r, const char *version)
{
    char **grown = realloc(r->applied, (r->applied_n + 1) * sizeof(*grown));
    if (!grown)
        return;
    r->applied = grown;
    char *copy = strdup(version);
    if (copy)
        r->applied[r->applied_n++] = copy;
}

/* Longest value of a field: a path, a statement's head. */
#define FIELD_BYTES ((size_t)4096)

void
report_step(struct report *r, const char *action, const struct field *fields, size_t n)
{
    r->steps_n++;
    if (!r->json)
        return;
    if (r->steps.len)
        strbuf_addc(&r->steps, ',');
    struct json j = json_on(&r->steps);
    json_object(&j);
    json_kstr(&j, "action", action);
    for (size_t i = 0; i < n; i++)
        if (!field_skip(&fields[i]))
            field_json(&j, &fields[i], FIELD_BYTES);
    json_end(&j);
}

void
report_forget_steps(struct report *r)
{
    strbuf_clear(&r->steps);
    r->steps_n = 0;
}

void
report_member(struct report *r, const char *key, const char *json)
{
    r->member = key;
    replace(&r->member_json, json);
}

/* The outcome of a run that failed is the event that says so. */
static const struct log_event *
failure_event(enum exit_status exit)
{
#define FAILURE(name, status, when)                                                                \
    case status:                                                                                   \
        return &event_##name;
    switch (exit) {
        MIGRATE_FAILURES(FAILURE)
    case EXIT_DONE:
    case EXIT_PENDING:
        break;
    }
#undef FAILURE
    return NULL;
}

const char *
report_outcome(const struct report *r)
{
    const struct log_event *failure = failure_event(r->exit);
    if (failure)
        return failure->name;
    if (r->outcome)
        return r->outcome;
    return r->exit == EXIT_PENDING ? "pending" : "done";
}

enum exit_status
report_exit_for(const struct err *e)
{
    switch (e->code) {
    case ERR_STOPPED:
        return EXIT_SIGNAL;
    case ERR_DEADLINE:
        return EXIT_DEADLINE;
    case ERR_BUSY:
        return EXIT_BUSY;
    case ERR_USAGE:
    case ERR_INPUT:
    case ERR_SYSTEM:
        return EXIT_INPUT;
    case ERR_SERVER:
        return strncmp(e->sqlstate, "57P0", 4) == 0 || strncmp(e->sqlstate, "53", 2) == 0
                   ? EXIT_UNREACHABLE
                   : EXIT_REFUSED;
    default:
        return EXIT_UNREACHABLE;
    }
}

enum exit_status
report_exit_for_connect(const struct err *e)
{
    return e->code == ERR_SERVER || e->code == ERR_SYSTEM ? EXIT_UNREACHABLE : report_exit_for(e);
}

static struct field
command_exit(const struct report_command *c)
{
    return c->exit >= 0 && c->ran ? LF_INT("command_exit", c->exit) : LF_OPT("command_exit", NULL);
}

static struct field
command_signal(const struct report_command *c, char name[SIGNALS_NAME_MAX])
{
    return LF_OPT("command_signal", c->signo ? signals_name(name, c->signo) : NULL);
}

static void
log_failure(const struct report *r)
{
    char place[64] = "";
    char signal[SIGNALS_NAME_MAX];
    if (r->line && r->column)
        snprintf(place, sizeof(place), ":%zu:%zu", r->line, r->column);
    else if (r->line)
        snprintf(place, sizeof(place), ":%zu", r->line);
    log_error(failure_event(r->exit),
              LOG_FIELDS(LF_OPT("file", r->file),
                         r->line ? LF_UINT("line", r->line) : LF_OPT("line", NULL),
                         r->column ? LF_UINT("column", r->column) : LF_OPT("column", NULL),
                         LF_OPT("sqlstate", r->err.sqlstate),
                         LF_OPT("detail", r->people ? NULL : r->detail),
                         LF_OPT("hint", r->people ? NULL : r->hint),
                         LF_OPT("source", r->people ? NULL : r->source), LF_INT("exit", r->exit),
                         command_exit(&r->command), command_signal(&r->command, signal)),
              "%s%s%s%s", r->file ? r->file : "", place, r->file ? ": " : "", r->err.msg);
    if (!r->people)
        return;
    log_flush();
    if (r->source)
        dprintf(STDERR_FILENO, "%s", r->source);
    if (r->detail)
        dprintf(STDERR_FILENO, "    detail: %s\n", r->detail);
    if (r->hint)
        dprintf(STDERR_FILENO, "    hint: %s\n", r->hint);
}

#define WORDS 12

/* What both the termination message and the object of --json say; text is what `message` borrows. */
static void
last_words(const struct report *r, struct strbuf *text, struct field ret[WORDS])
{
    strbuf_addf(text, "%s%s%s", r->err.msg, r->detail ? ": " : "", r->detail ? r->detail : "");
    const struct field fields[WORDS] = {
        LF_STR("program", "migrate"),
        LF_STR("outcome", report_outcome(r)),
        LF_INT("exit", r->exit),
        LF_LIST("applied", (const char *const *)r->applied, r->applied_n),
        r->planned ? LF_UINT("pending", r->pending) : LF_NULL("pending"),
        LF_STR("file", r->file),
        r->line ? LF_UINT("line", r->line) : LF_NULL("line"),
        r->column ? LF_UINT("column", r->column) : LF_NULL("column"),
        LF_STR("sqlstate", r->err.sqlstate[0] ? r->err.sqlstate : NULL),
        LF_STR("message", r->failed ? strbuf_str(text) : NULL),
        LF_STR("hint", r->hint),
        LF_UINT("duration_ms", clock_mono_ms() - r->start_ms),
    };
    memcpy(ret, fields, sizeof(fields));
}

/* What the termination message says besides, of a wrapped command that was started; how many. */
static size_t
command_words(const struct report_command *c, char signal[SIGNALS_NAME_MAX],
              struct field ret[OF_RUN])
{
    if (!c->ran)
        return 0;
    ret[0] = c->exit >= 0 ? LF_INT("command_exit", c->exit) : LF_NULL("command_exit");
    ret[1] = LF_STR("command_signal", c->signo ? signals_name(signal, c->signo) : NULL);
    ret[2] = LF_TAIL("tail", c->tail);
    return OF_RUN;
}

static void
print_json(struct report *r, const struct field *words)
{
    cleanup_strbuf struct strbuf out = STRBUF_INIT;
    struct json j = json_on(&out);
    json_object(&j);
    for (size_t i = 0; i < WORDS; i++) {
        field_json(&j, &words[i], SIZE_MAX);
        if (i == 0)
            json_kstr(&j, "command", r->json);
    }
    json_key(&j, "migrations");
    json_array(&j);
    if (r->steps.len)
        json_raw(&j, strbuf_str(&r->steps));
    json_end(&j);
    if (r->member) {
        json_key(&j, r->member);
        json_raw(&j, r->member_json ? r->member_json : "null");
    }
    json_end(&j);
    if (!out.failed && !r->steps.failed)
        puts(strbuf_str(&out));
    else
        log_warn(&event_json, LOG_NONE, "out of memory: what was done is not printed");
}

int
report_finish(struct report *r, const char *termination_log)
{
    struct err e = {0};
    cleanup_strbuf struct strbuf text = STRBUF_INIT;
    struct field words[WORDS + OF_RUN];
    char signal[SIGNALS_NAME_MAX];
    last_words(r, &text, words);
    size_t n = WORDS + command_words(&r->command, signal, words + WORDS);
    if (r->json) {
        print_json(r, words);
        report_output(r);
    }
    if (r->failed && !r->unsaid)
        log_failure(r);
    if (termination_write(termination_log, words, n, &e) != 0)
        log_warn(&event_termination_log, LOG_NONE, "%s", e.msg);
    return (int)r->exit;
}

void
report_usage(const char *termination_log, const struct err *e)
{
    struct err why = {0};
    const struct report r = {.exit = EXIT_INPUT};
    const struct field fields[] = {
        LF_STR("program", "migrate"),
        LF_STR("outcome", report_outcome(&r)),
        LF_INT("exit", r.exit),
        LF_LIST("applied", NULL, 0),
        LF_NULL("pending"),
        LF_NULL("file"),
        LF_NULL("line"),
        LF_NULL("column"),
        LF_NULL("sqlstate"),
        LF_STR("message", e->msg),
        LF_NULL("hint"),
        LF_UINT("duration_ms", 0),
    };
    if (termination_write(termination_log, fields, sizeof(fields) / sizeof(*fields), &why) != 0)
        log_warn(&event_termination_log, LOG_NONE, "%s", why.msg);
}
