/* err.c: errors that the caller owns: set, wrapped, told. */
#include "common/base/err.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "common/base/utf8.h"

static const struct {
    const char *name;
    bool retryable;
} rows[ERR_CODES] = {
    [ERR_NONE] = {"none", false},        [ERR_NOMEM] = {"nomem", true},
    [ERR_SYSTEM] = {"system", false},    [ERR_USAGE] = {"usage", false},
    [ERR_INPUT] = {"input", false},      [ERR_TIMEOUT] = {"timeout", true},
    [ERR_DEADLINE] = {"deadline", true}, [ERR_STOPPED] = {"stopped", true},
    [ERR_DNS] = {"dns", true},           [ERR_REFUSED] = {"refused", true},
    [ERR_TLS] = {"tls", false},          [ERR_AUTH] = {"auth", false},
    [ERR_CLOSED] = {"closed", true},     [ERR_PROTOCOL] = {"protocol", false},
    [ERR_SERVER] = {"server", false},    [ERR_WRONG_ROLE] = {"wrong_role", true},
    [ERR_BUSY] = {"busy", true},         [ERR_LOST] = {"lost", true},
};

/* A message that was cut must not end within a character. */
static void
mend_end(char *msg)
{
    size_t len = strlen(msg);
    if (len == ERR_MSG_MAX - 1)
        msg[utf8_cut(msg, len, len)] = '\0';
    for (char *p = msg; *p; p++)
        if (*p == '\n' || *p == '\r')
            *p = ' ';
    for (len = strlen(msg); len > 0 && msg[len - 1] == ' '; len--)
        msg[len - 1] = '\0';
}

/* ": " and text behind msg, as far as it fits. */
static void
append(char *msg, const char *text)
{
    size_t len = strlen(msg);
    for (const char *part = ": "; len < ERR_MSG_MAX - 1 && *part; part++)
        msg[len++] = *part;
    while (len < ERR_MSG_MAX - 1 && *text)
        msg[len++] = *text++;
    msg[len] = '\0';
    mend_end(msg);
}

static void __attribute__((format(printf, 3, 0)))
set_v(struct err *e, enum err_code code, const char *fmt, va_list ap)
{
    char msg[ERR_MSG_MAX]; /* the arguments may point into e->msg */
    if (vsnprintf(msg, sizeof(msg), fmt, ap) < 0)
        msg[0] = '\0';
    mend_end(msg);
    e->code = code;
    e->sys_errno = 0;
    e->sqlstate[0] = '\0';
    e->word[0] = '\0';
    memcpy(e->msg, msg, strlen(msg) + 1);
}

int
err_set(struct err *e, enum err_code code, const char *fmt, ...)
{
    if (!e)
        return -1;
    va_list ap;
    va_start(ap, fmt);
    set_v(e, code, fmt, ap);
    va_end(ap);
    return -1;
}

int
err_nomem(struct err *e)
{
    return err_set(e, ERR_NOMEM, "out of memory");
}

int
err_sys(struct err *e, int sys_errno, const char *fmt, ...)
{
    if (!e)
        return -1;
    va_list ap;
    va_start(ap, fmt);
    set_v(e, sys_errno == ENOMEM ? ERR_NOMEM : ERR_SYSTEM, fmt, ap);
    va_end(ap);
    char buf[128];
    append(e->msg, strerror_r(sys_errno, buf, sizeof(buf)));
    e->sys_errno = sys_errno;
    return -1;
}

int
err_sql(struct err *e, enum err_code code, const char *sqlstate, const char *fmt, ...)
{
    if (!e)
        return -1;
    va_list ap;
    va_start(ap, fmt);
    set_v(e, code, fmt, ap);
    va_end(ap);
    snprintf(e->sqlstate, sizeof(e->sqlstate), "%.5s", sqlstate ? sqlstate : "");
    return -1;
}

int
err_word(struct err *e, enum err_code code, const char *word, const char *fmt, ...)
{
    if (!e)
        return -1;
    va_list ap;
    va_start(ap, fmt);
    set_v(e, code, fmt, ap);
    va_end(ap);
    snprintf(e->word, sizeof(e->word), "%s", word);
    return -1;
}

int
err_wrap(struct err *e, const char *fmt, ...)
{
    if (!e)
        return -1;
    char msg[ERR_MSG_MAX];
    va_list ap;
    va_start(ap, fmt);
    if (vsnprintf(msg, sizeof(msg), fmt, ap) < 0)
        msg[0] = '\0';
    va_end(ap);
    append(msg, e->msg);
    memcpy(e->msg, msg, strlen(msg) + 1);
    return -1;
}

void
err_clear(struct err *e)
{
    if (e)
        *e = (struct err){0};
}

const char *
err_name(enum err_code code)
{
    return (unsigned)code < ERR_CODES ? rows[code].name : "unknown";
}

bool
err_retryable(enum err_code code)
{
    return (unsigned)code < ERR_CODES && rows[code].retryable;
}
