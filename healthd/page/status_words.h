/* status_words.h: times, spans and the last hour as people say them; for the status page. */
#ifndef RR_HEALTHD_STATUS_WORDS_H
#define RR_HEALTHD_STATUS_WORDS_H

#include <stdint.h>

#include "common/base/strbuf.h"
#include "healthd/check/hour.h"

/* "0.8 ms", "12 ms", "1.2 s" */
void status_put_took(struct strbuf *out, uint64_t us);
/* A <time>: "09:12:33" of today, "21 Nov 09:12:33" of another day, in UTC. Both are wall milliseconds. */
void status_put_time(struct strbuf *out, int64_t at_ms, int64_t now_ms);
/* "09:12" */
void status_put_minute(struct strbuf *out, int64_t wall_ms);
/* Whole sentences: "Down from 09:02 to 09:05, degraded from 09:10 to 09:11, otherwise up." The latest come last. */
void status_put_hour(struct strbuf *out, const struct hour *h, uint64_t mono_ms, int64_t wall_ms);

#endif
