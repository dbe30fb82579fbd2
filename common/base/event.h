/*
 * event.h: one row per event that is logged.
 *
 * A call names the row, `log_info(&event_applied, …)`, and --print-formats prints it, so that no event is without its
 * documentation. A row is a line of a list, which makes the declarations, the definitions and the table:
 *
 *     #define CRONRUN_EVENTS(E)                                    in a header
 *         E(run_start, "job, run_id", "the command was started")
 *     CRONRUN_EVENTS(EVENT_DECLARE)
 *     CRONRUN_EVENTS(EVENT_DEFINE)                                 in one .c file
 *     CRONRUN_EVENTS(EVENT_ENTRY)                                  in the NULL-ended table of opt_program.events
 *
 * Lists: common/base/events.h has those of common/, a program's events.h has its own.
 */
#ifndef RR_BASE_EVENT_H
#define RR_BASE_EVENT_H

struct log_event {
    const char *name;   /* lower_case, a contract word */
    const char *fields; /* "job, run_id": all that a record of it may have; "" */
    const char *when;   /* one line: what happened; "debug: " first where its level is debug */
};

#define EVENT_DECLARE(name_, fields_, when_) extern const struct log_event event_##name_;
#define EVENT_DEFINE(name_, fields_, when_)                                                        \
    const struct log_event event_##name_ = {.name = #name_, .fields = (fields_), .when = (when_)};
#define EVENT_ENTRY(name_, fields_, when_) &event_##name_,

#endif
