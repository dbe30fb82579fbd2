/*
 * What cronrun reads: a holder's line (from a lock file, a row, a key), instants, pods' names, signals. Never a crash, and
 * what was read can be written and read again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/base/utf8.h"
#include "common/lease/lease.h"
#include "common/lease/lease_impl.h"
#include "common/proc/signals.h"
#include "cronrun/run/instant.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

static void
holder(const char *data, size_t size)
{
    struct lease_holder h, again;
    if (!lease_holder_parse(data, size, &h))
        return;
    cleanup_strbuf struct strbuf b = STRBUF_INIT;
    lease_holder_format(&b, &h);
    /* What is no UTF-8 is written as U+FFFD, which may be longer than the field. */
    if (utf8_valid(data, size, NULL) && !memchr(data, 0x7f, size)) {
        MUST(b.len < 1024);
        for (size_t i = 0; i < size; i++)
            if ((unsigned char)data[i] < ' ' && i + 1 < size)
                return;
        MUST(lease_holder_parse(b.data, b.len, &again));
        MUST(again.fence == h.fence && again.pid == h.pid && strcmp(again.host, h.host) == 0);
    }
}

static void
text(const char *s)
{
    int64_t ms;
    char name[64];
    if (instant_parse(s, &ms, NULL) == 0) {
        char buf[CLOCK_RFC3339_MAX];
        int64_t again = 0;
        clock_format_rfc3339(buf, ms * 1000, 3);
        if (ms >= 0 && ms < 253402300800000)
            MUST(instant_parse(buf, &again, NULL) == 0 && again == ms);
    }
    if (instant_from_pod(s, 1795251600000, name, sizeof(name), &ms))
        MUST(strlen(name) > 0 && strncmp(name, s, strlen(name)) == 0 && ms % 60000 == 0);
    int signo;
    if (signals_parse(s, &signo, NULL) == 0)
        MUST(signo > 0 && signo < 65);
    lease_name_check(s, NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 4096)
        return 0;
    cleanup_free char *s = malloc(size + 1);
    if (!s)
        return 0;
    memcpy(s, data, size);
    s[size] = '\0';
    holder(s, size);
    text(s);
    return 0;
}
