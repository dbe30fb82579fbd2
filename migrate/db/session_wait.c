/* session_wait.c: the last words about a database that could not be had. */
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "migrate/db/session.h"

/* What has to be done, where waiting does not help. */
static const char *
remedy(const struct err *e)
{
    if (strcmp(e->sqlstate, "3D000") == 0)
        return ": create the database, or correct its name";
    if (e->code == ERR_AUTH)
        return ": create the role, or correct its name, password or rights to log in";
    if (e->code == ERR_TLS)
        return ": the server's TLS or certificate has to be mended, or sslmode to ask for what it offers";
    return "";
}

void
session_tell_wait(const struct session *s, struct err *e)
{
    char waited[CLOCK_DURATION_MAX];
    size_t n = strlen(e->msg);
    char *end = e->msg + n;
    const size_t room = sizeof e->msg - n;
    if (e->code == ERR_STOPPED || e->code == ERR_DEADLINE)
        return;
    if (!session_retryable(e))
        snprintf(end, room, " (not waited for%s)", remedy(e));
    else if (s->o->wait_ms == 0)
        snprintf(end, room, " (not waited for: --wait is 0)");
    else
        snprintf(end, room, " (waited for %s)", clock_format_duration(waited, s->o->wait_ms));
}
