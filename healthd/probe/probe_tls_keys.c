/* probe_tls_keys.c: CA file and days to expiry. */
#include "healthd/probe/probe_tls_keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/words.h"
#include "common/net/reopen.h"
#include "common/net/tls.h"

#define DAYS_MAX 3650u

int
probe_tls_key_ca(struct check_spec *s, const char *value, struct err *e)
{
    struct probe_tls_own *own = s->own;
    if (value[0] == '\0')
        return err_set(e, ERR_USAGE, "the path is empty");
    own->given = "ca";
    own->ca = strdup(value);
    reopen_note(value);
    return own->ca ? 0 : err_nomem(e);
}

int
probe_tls_key_days(struct check_spec *s, const char *value, struct err *e)
{
    struct probe_tls_own *own = s->own;
    size_t digits = strspn(value, "0123456789");
    unsigned long n =
        digits > 0 && digits < 5 && value[digits] == '\0' ? strtoul(value, NULL, 10) : DAYS_MAX + 1;
    if (n > DAYS_MAX)
        return err_set(e, ERR_USAGE, "'%.40s' is not a number of days from 0 to %u",
                       words_showable(value), DAYS_MAX);
    own->given = "days";
    own->days = n;
    return 0;
}

int
probe_tls_key_verify(struct check_spec *s, const char *value, struct err *e)
{
    static const char *const known[] = {"yes", "no"};
    struct probe_tls_own *own = s->own;
    size_t i = 0;
    if (checkline_choice("value", value, known, 2, &i, e) < 0)
        return -1;
    own->given = "verify";
    own->unverified = i == 1;
    return 0;
}

void
probe_tls_own_done(struct probe_tls_own *own)
{
    free(own->ca);
}

int
probe_tls_judge_keys(const struct check_spec *s, const char *scheme, struct err *e)
{
    const struct probe_tls_own *own = s->own;
    size_t n = strlen(scheme);
    if (own->ca && own->unverified)
        return err_set(e, ERR_USAGE, "'ca' is of no use with 'verify no'");
    if (!own->given || (strncasecmp(s->url, scheme, n) == 0 && s->url[n] == ':'))
        return 0;
    return err_set(e, ERR_USAGE, "'%s' is only allowed for %s://", own->given, scheme);
}

struct tls_client **
probe_tls_place(const struct probe_context *x, const struct probe_tls_own *own,
                struct tls_client **ret_own)
{
    return own->ca || own->unverified ? ret_own : x->https;
}

struct tls_client *
probe_tls_client(const struct probe_context *x, const struct probe_tls_own *own,
                 struct tls_client **ret_own, struct err *e)
{
    struct tls_client **at = probe_tls_place(x, own, ret_own);
    if (!*at)
        *at = tls_client_new(x->loop, own->ca, !own->unverified, e);
    return *at;
}

void
probe_tls_judge(const struct probe_tls_own *own, int64_t seconds_left, const char *who,
                struct probe_result *ret)
{
    if (seconds_left >= (int64_t)own->days * 86400 || (own->unverified && own->days == 0))
        return;
    ret->reason = REASON_EXPIRED;
    if (seconds_left < 0)
        snprintf(ret->cause, sizeof(ret->cause), "%.160s: the certificate has expired", who);
    else
        snprintf(ret->cause, sizeof(ret->cause), "%.160s: the certificate expires in %lld days",
                 who, (long long)(seconds_left / 86400));
}
