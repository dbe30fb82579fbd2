/* tell.c: records about output that is lost. */
#include "cronrun/output/tell.h"

#include "common/base/log.h"
#include "cronrun/events.h"

void
tell_gap(const struct output_setup *x, uint64_t bytes)
{
    log_warn(
        &event_output_dropped,
        LOG_FIELDS(LF_STR("job", x->job), LF_STR("run_id", x->run_id), LF_UINT("bytes", bytes)),
        "%s: %llu bytes of output were dropped; what follows is the end of it", x->job,
        (unsigned long long)bytes);
}

void
tell_lost(const struct output_setup *x, uint64_t bytes)
{
    if (bytes > 0)
        log_warn(
            &event_output_lost,
            LOG_FIELDS(LF_STR("job", x->job), LF_STR("run_id", x->run_id), LF_UINT("bytes", bytes)),
            "%s: the reader of the output is too slow: %llu bytes of it are lost", x->job,
            (unsigned long long)bytes);
}

void
tell_failed(const struct output_setup *x, const char *stream, int fault, uint64_t bytes)
{
    struct err why;
    if (bytes == 0)
        return;
    IGNORED(err_sys(&why, fault, "the output cannot be written to %s", stream));
    log_warn(
        &event_output_lost,
        LOG_FIELDS(LF_STR("job", x->job), LF_STR("run_id", x->run_id), LF_UINT("bytes", bytes)),
        "%s: %s; %llu bytes of it are lost", x->job, why.msg, (unsigned long long)bytes);
}
