/* crontab_command.c: the command of a line, and what goes to its standard input (pure). */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/strbuf.h"
#include "cronrun/tab/crontab_impl.h"

/* Who stands in front of the command in /etc/crontab and /etc/cron.d. */
static const char *const users[] = {"root",   "www-data", "nobody",  "apache", "daemon", "postgres",
                                    "ubuntu", "ec2-user", "vagrant", "webapp", "deploy", "pi"};

/* As a field: a star, a number, or what these begin. */
static bool
is_field(const char *word, size_t len)
{
    return strspn(word, "0123456789*/,-?") >= len && strcspn(word, "0123456789*?") < len;
}

static void
check_first_word(struct crontab_reader *r, const char *at)
{
    size_t len = strcspn(at, " \t");
    const char *rest = at + len + strspn(at + len, " \t");
    if (at[0] == '*') {
        crontab_tell(
            r, CRONTAB_ERROR, at,
            "a command is expected here; the schedule has five fields, without seconds and "
            "years");
        return;
    }
    if (is_field(at, len))
        crontab_tell(r, CRONTAB_WARNING, at,
                     "this is the first word of the command, but a dialect of six or seven fields "
                     "(supercronic, Quartz) reads it as a field");
    if (at[0] == '-')
        crontab_tell(
            r, CRONTAB_ERROR, at,
            "a command is expected here; cronie's options in front of it are not supported");
    for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++)
        if (*rest && strlen(users[i]) == len && strncmp(at, users[i], len) == 0)
            crontab_tell(
                r, CRONTAB_WARNING, at,
                "\"%s\" is the first word of the command; unlike in /etc/crontab, no user is "
                "named here, and commands run as the user that cronrun runs as",
                users[i]);
}

static void
check_end(struct crontab_reader *r, const char *at)
{
    size_t len = strlen(at);
    if (len == 0 || at[len - 1] != '\\')
        return;
    crontab_tell(r, CRONTAB_ERROR, at + len - 1,
                 "a crontab has no continuation lines; write the command on one line, or into a "
                 "script");
    r->continued = true;
}

/* The first "%" without a backslash; NULL: none. */
static const char *
percent_in(const char *at)
{
    for (; *at && *at != '%'; at++)
        at += *at == '\\' && at[1] != '\0';
    return *at ? at : NULL;
}

/* What the other dialect makes of "%". */
static void
tell_percent(struct crontab_reader *r, const char *at)
{
    const char *percent = percent_in(at), *escaped = strstr(at, "\\%");
    if (r->rules->dialect == CRON_VIXIE && percent)
        crontab_tell(r, CRONTAB_WARNING, percent,
                     "the command ends at '%%', and the rest is its standard input (write \\%% for "
                     "the character); the dialect k8s reads it as an ordinary character");
    else if (r->rules->dialect == CRON_K8S && percent)
        crontab_tell(r, CRONTAB_WARNING, percent,
                     "the dialect vixie ends the command at '%%', and the rest is its standard "
                     "input");
    else if (r->rules->dialect == CRON_K8S && escaped)
        crontab_tell(r, CRONTAB_WARNING, escaped,
                     "this backslash is passed to the shell; the dialect vixie removes it");
}

/* [at, end) without the backslashes in front of "%". */
static char *
unescaped(struct crontab_reader *r, const char *at, const char *end)
{
    struct strbuf out = STRBUF_INIT;
    for (; at < end; at++) {
        if (*at == '\\' && at[1] == '%')
            at++;
        else if (*at == '\\' && at + 1 < end)
            strbuf_addc(&out, *at++);
        strbuf_addc(&out, *at);
    }
    strbuf_adds(&out, "");
    return crontab_keep(r, strbuf_steal(&out));
}

/* What follows the first "%": further ones are line ends, and the last line has one. */
static char *
input_of(struct crontab_reader *r, const char *at)
{
    struct strbuf out = STRBUF_INIT;
    for (; *at; at++) {
        bool escaped = *at == '\\' && at[1] == '%';
        at += escaped;
        strbuf_addc(&out, *at == '%' && !escaped ? '\n' : *at);
    }
    if (out.len > 0 && out.data[out.len - 1] != '\n')
        strbuf_addc(&out, '\n');
    strbuf_adds(&out, "");
    return crontab_keep(r, strbuf_steal(&out));
}

void
crontab_read_command(struct crontab_reader *r, const char *at, struct crontab_job *job)
{
    size_t len = strlen(at);
    const char *percent = r->rules->dialect == CRON_VIXIE ? percent_in(at) : NULL;
    const char *end = percent ? percent : at + len;
    if (end == at) {
        crontab_tell(r, CRONTAB_ERROR, at, "the command is missing");
        return;
    }
    check_first_word(r, at);
    check_end(r, at);
    tell_percent(r, at);
    job->command =
        r->rules->dialect == CRON_VIXIE ? unescaped(r, at, end) : crontab_keep_text(r, at, len);
    if (percent)
        job->input = input_of(r, percent + 1);
}
