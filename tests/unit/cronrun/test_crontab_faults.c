/* Crontab files: each fault, with line and column. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/strbuf.h"
#include "cronrun/tab/crontab.h"

/* Stands for the option rows of cronrun: "bad" is never a value, and says so with the name. */
static int
check(void *arg, const char *name, const char *value, struct err *e)
{
    (void)arg;
    if (!value && strcmp(name, "guard") != 0)
        return err_set(e, ERR_USAGE, "%s needs a value", name);
    return value && strcmp(value, "bad") == 0 ? err_set(e, ERR_USAGE, "%s: not good", name) : 0;
}

static const char *const options[] = {"deadline", "lock", "lock-ttl", "guard", NULL};

static struct crontab_rules
rules_of(enum cron_dialect dialect)
{
    return (struct crontab_rules){.dialect = dialect, .options = options, .check = check};
}

/* "3:5 error: text\n" for each fault. */
static char *
faults_of(const char *text, size_t len, enum cron_dialect dialect)
{
    struct crontab_rules rules = rules_of(dialect);
    struct crontab_faults faults = {0};
    struct crontab *tab = NULL;
    struct strbuf out = STRBUF_INIT;
    struct err e = {0};
    int status = crontab_parse(text, len, &rules, &tab, &faults, &e);
    size_t errors = 0;
    for (size_t i = 0; i < faults.n; i++) {
        const struct crontab_fault *f = &faults.items[i];
        strbuf_addf(&out, "%u:%u %s: %s\n", f->line, f->column, f->is_error ? "error" : "warning",
                    f->text);
        errors += f->is_error;
    }
    assert_int_equal(errors > 0, status < 0);
    assert_int_equal(status < 0, tab == NULL);
    if (status < 0)
        assert_int_equal(e.code, ERR_INPUT);
    crontab_faults_done(&faults);
    crontab_free(tab);
    strbuf_adds(&out, "");
    return strbuf_steal(&out);
}

static const struct {
    const char *text, *faults;
    enum cron_dialect dialect;
} faulty[] = {
    {"60 24 0 1 8 x\n",
     "1:1 error: minute: 60 is out of range; a number from 0 to 59 is expected\n"
     "1:4 error: hour: 24 is out of range; a number from 0 to 23 is expected\n"
     "1:7 error: day of month: 0 is out of range; a number from 1 to 31 is expected\n"
     "1:11 error: day of week: 8 is out of range; a number from 0 to 7, or a name of three letters, is expected\n",
     CRON_VIXIE},
    {"1,60,70,5-3 * * * * x\n",
     "1:3 error: minute: 60 is out of range; a number from 0 to 59 is expected\n"
     "1:6 error: minute: 70 is out of range; a number from 0 to 59 is expected\n"
     "1:9 error: the range ends before it begins, so it never matches\n",
     CRON_VIXIE},
    {"* * * * x\n",
     "1:9 error: day of week: a number from 0 to 7, or a name of three letters, is expected (is a field missing in front of the command?)\n",
     CRON_VIXIE},
    {"* * * * /bin/x y\n",
     "1:9 error: day of week: a number from 0 to 7, or a name of three letters, is expected (is a field missing in front of the command?)\n",
     CRON_VIXIE},
    {"* * * *\n",
     "1:1 error: 4 fields where five are expected: minute, hour, day of month, month, day of week\n",
     CRON_VIXIE},
    {"* * * * *\n", "1:10 error: the command is missing\n", CRON_VIXIE},
    {"* * * * * \n", "1:11 error: the command is missing\n", CRON_VIXIE},
    {"@dialy x\n", "1:1 error: unknown word; did you mean @daily\n", CRON_VIXIE},
    {"@reboot x\n",
     "1:1 error: @reboot is not supported: cronrun is not started with the machine\n", CRON_VIXIE},
    {"@every 5 x\n", "1:8 error: '5' is not a duration: it lacks a unit (ms, s, m, h, d)\n",
     CRON_VIXIE},
    {"@every\n", "1:7 error: '' is not a duration: it is empty\n", CRON_VIXIE},
    {"@daily\n", "1:7 error: the command is missing\n", CRON_VIXIE},
    {"@daily %x\n", "1:8 error: the command is missing\n", CRON_VIXIE},
    {"0 0 30 2 * x\n", "1:1 error: it never runs: no date within 40 years matches\n", CRON_VIXIE},
    {"0 0 31 4,6,9,11 * x\n", "1:1 error: it never runs: no date within 40 years matches\n",
     CRON_VIXIE},
    {"@hourly x",
     "1:10 error: the last line does not end with a newline; cronie ignores such a line\n",
     CRON_VIXIE},
    {"@hourly x",
     "1:10 warning: the last line does not end with a newline; cronie ignores such a line\n",
     CRON_K8S},
    {"A=b", "", CRON_VIXIE},
    {"@hourly x\r\n"
     "@hourly y\r\n",
     "1:10 warning: lines end with CR LF; the CR is ignored here, but cronie passes it to the command\n",
     CRON_VIXIE},
    {"@hourly a\\\n"
     "  b \\\n"
     " c\n"
     "@hourly \\\n",
     "1:10 error: a crontab has no continuation lines; write the command on one line, or into a script\n"
     "4:9 error: a crontab has no continuation lines; write the command on one line, or into a script\n",
     CRON_VIXIE},
    {"\357\273\277@hourly a\n",
     "1:1 error: the file begins with a byte order mark; save it without one\n", CRON_VIXIE},
    {"- 5 * * * x\n",
     "1:1 error: '-' in front of the schedule (cronie: do not log) is not supported\n", CRON_VIXIE},
    {"-*/5 * * * * x\n",
     "1:1 error: '-' in front of the schedule (cronie: do not log) is not supported\n", CRON_VIXIE},
    {"@hourly -n x\n",
     "1:9 error: a command is expected here; cronie's options in front of it are not supported\n",
     CRON_VIXIE},
    {"* * * * * * x\n",
     "1:11 error: a command is expected here; the schedule has five fields, without seconds and years\n",
     CRON_VIXIE},
    {"0 0 * * 1 2026 x\n",
     "1:11 warning: this is the first word of the command, but a dialect of six or seven fields (supercronic, Quartz) reads it as a field\n",
     CRON_VIXIE},
    {"0 0 * * 1 5\n",
     "1:11 warning: this is the first word of the command, but a dialect of six or seven fields (supercronic, Quartz) reads it as a field\n",
     CRON_VIXIE},
    {"0 0 * * 1 root x\n",
     "1:11 warning: \"root\" is the first word of the command; unlike in /etc/crontab, no user is named here, and commands run as the user that cronrun runs as\n",
     CRON_VIXIE},
    {"@hourly date +%F\n",
     "1:15 warning: the command ends at '%', and the rest is its standard input (write \\% for the character); the dialect k8s reads it as an ordinary character\n",
     CRON_VIXIE},
    {"@hourly date +%F\n",
     "1:15 warning: the dialect vixie ends the command at '%', and the rest is its standard input\n",
     CRON_K8S},
    {"@hourly date '+\\%F'\n",
     "1:16 warning: this backslash is passed to the shell; the dialect vixie removes it\n",
     CRON_K8S},
    {"@hourly date '+\\%F'\n", "", CRON_VIXIE},
    {"0 0 */2 * 1 x\n",
     "1:5 warning: runs on days that match both day of month and day of week; the dialect k8s runs it on days that match one of them\n",
     CRON_VIXIE},
    {"0 0 */2 * 1 x\n",
     "1:5 warning: runs on days that match one of day of month and day of week; the dialect vixie runs it on days that match both\n",
     CRON_K8S},
    {"5/15 0 * * 1 x\n",
     "1:1 warning: the dialect vixie refuses this: a step needs a range in front of it, as in 5-59/15 (or the dialect k8s)\n",
     CRON_K8S},
    {"0 0 * * 7 x\n",
     "1:9 warning: the dialect k8s refuses this: day of week: 7 is out of range; a number from 0 to 6, or a name of three letters, is expected\n",
     CRON_VIXIE},
    {"TZ=Europe/Berlin 0 2 * * * x\n",
     "1:1 warning: the dialect vixie reads this line as a variable; CRON_TZ= on a line of its own, or [tz=ZONE], means the same in both\n",
     CRON_K8S},
    {"CRON_TZ=bad 0 2 * * * x\n",
     "1:1 warning: the dialect vixie reads this line as a variable; CRON_TZ= on a line of its own, or [tz=ZONE], means the same in both\n"
     "1:9 error: tz: not good\n",
     CRON_K8S},
    {"TZ=UTC 0 2 * * * [tz=UTC] x\n",
     "1:1 warning: the dialect vixie reads this line as a variable; CRON_TZ= on a line of its own, or [tz=ZONE], means the same in both\n"
     "1:22 error: a time zone stands in front of the fields already\n",
     CRON_K8S},
    {"TZ= 0 2 * * * x\n",
     "1:1 error: a time zone and the fields are expected, as in TZ=Europe/Berlin 0 2 * * *\n",
     CRON_K8S},
    {"TZ=UTC\n"
     "@daily x\n",
     "1:1 warning: the schedules below use this time zone; cronie passes it to the commands only (CRON_TZ= means the same in both)\n",
     CRON_K8S},
    {"TZ=UTC\n"
     "@daily x\n",
     "1:1 warning: the schedules below use this time zone; cronie passes it to the commands only (CRON_TZ= means the same in both)\n",
     CRON_VIXIE},
    {"CRON_TZ=bad\n"
     "TZ = bad\n"
     "@daily x\n",
     "1:9 error: tz: not good\n"
     "2:6 error: tz: not good\n",
     CRON_VIXIE},
    {"TZ=Europe/Berlin 0 2 * * * x\n",
     "1:4 error: a time zone alone is expected; in front of a schedule it belongs to the dialect k8s\n",
     CRON_VIXIE},
    {"A = 'b\n"
     "B = \"c\" # d\n"
     "C = d # e\n"
     "'D = e\n"
     "\"\" = f\n"
     "CRONRUN_LOCK=none\n"
     "1A=b\n"
     "'9'=x\n",
     "1:5 error: the quote is not closed\n"
     "2:9 error: nothing may follow the closing quote, not even a comment\n"
     "3:7 warning: this is part of the value; a comment needs a line of its own\n"
     "4:1 error: neither a job nor a variable; a variable is NAME = value, its name of letters, digits and '_'\n"
     "5:1 error: neither a job nor a variable; a variable is NAME = value, its name of letters, digits and '_'\n"
     "6:1 error: cronrun's own variables cannot be set here; write options in brackets in front of the command\n"
     "7:1 error: 1 field where five are expected: minute, hour, day of month, month, day of week\n"
     "8:1 error: neither a job nor a variable; a variable is NAME = value, its name of letters, digits and '_'\n",
     CRON_VIXIE},
    {"MAILTO=\"\"\n"
     "RANDOM_DELAY=5\n"
     "MAILFROM=x\n",
     "1:1 warning: MAILTO has no effect here: output is not mailed\n"
     "2:1 warning: RANDOM_DELAY has no effect here: use [jitter=DURATION] in front of a command\n"
     "3:1 warning: MAILFROM has no effect here: output is not mailed\n",
     CRON_VIXIE},
    {"@hourly [nmae=x] y\n", "1:10 error: unknown option; did you mean name?\n", CRON_VIXIE},
    {"@hourly [dedline=x lock_tll=5s startingdeadline=1s zzzzzz=1] y\n",
     "1:10 error: unknown option; did you mean deadline?\n"
     "1:20 error: unknown option; did you mean lock_ttl?\n"
     "1:32 error: unknown option; did you mean starting_deadline?\n"
     "1:52 error: unknown option\n",
     CRON_VIXIE},
    {"@hourly [deadline=bad lock-ttl=bad] y\n",
     "1:19 error: deadline: not good\n"
     "1:32 error: lock-ttl: not good\n",
     CRON_VIXIE},
    {"@hourly [name=bad] y\n"
     "@hourly [name=a] y\n"
     "@hourly [name=a] y\n",
     "1:15 error: name: not good\n"
     "3:15 error: the job in line 2 has this name already\n",
     CRON_VIXIE},
    {"@hourly [policy=forbit catchup=all dst=vixi jitter=5 starting_deadline=x tz=bad] y\n",
     "1:17 error: one of forbid, allow, replace, queue is expected; did you mean forbid?\n"
     "1:32 error: one of none, one is expected\n"
     "1:40 error: one of vixie, skip, k8s is expected; did you mean vixie?\n"
     "1:52 error: '5' is not a duration: it lacks a unit (ms, s, m, h, d)\n"
     "1:72 error: 'x' is not a duration: write it as 250ms, 2s, 5m, 1h30m or 2d\n"
     "1:77 error: tz: not good\n",
     CRON_VIXIE},
    {"@hourly [name= policy name=a name=b] y\n",
     "1:10 error: a value is expected: name=VALUE\n"
     "1:16 error: a value is expected: policy=VALUE\n"
     "1:23 error: this option is given twice\n"
     "1:30 error: this option is given twice\n",
     CRON_VIXIE},
    {"@hourly [deadline=1s, lock=x] y\n",
     "1:21 error: options are separated by blanks, not by commas\n", CRON_VIXIE},
    {"@hourly [deadline=1s deadline=2s lock_ttl=1s lock-ttl=2s] y\n",
     "1:22 error: this option is given twice\n"
     "1:46 error: this option is given twice\n",
     CRON_VIXIE},
    {"@hourly [deadline] y\n", "1:10 error: deadline needs a value\n", CRON_VIXIE},
    {"@hourly [guard=\"x]y\n", "1:9 error: the options are not closed by ']' and a blank\n",
     CRON_VIXIE},
    {"@hourly [deadline=1s\n", "1:9 error: the options are not closed by ']' and a blank\n",
     CRON_VIXIE},
    {"@hourly [deadline=1s]y\n", "1:9 error: the options are not closed by ']' and a blank\n",
     CRON_VIXIE},
    {"@hourly [deadline=1s ]y\n", "1:9 error: the options are not closed by ']' and a blank\n",
     CRON_VIXIE},
    {"@hourly [deadline=1s]\n", "1:22 error: the command is missing\n", CRON_VIXIE},
    {"@hourly [redis://:secret@host] y\n",
     "1:15 error: an option is expected here, as in name=mail\n", CRON_VIXIE},
    {"@hourly []\n", "1:11 error: the command is missing\n", CRON_VIXIE},
    {"@hourly [ -x y ] && y\n"
     "@hourly [[ -x y ]] && y\n"
     "@hourly [\n",
     "", CRON_VIXIE},
    {"\303\251 0 * * * x\n"
     "@hourly [name=mail] \303\251 \\\n",
     "1:1 error: a schedule is expected: five fields, or a word such as @daily\n"
     "2:23 error: a crontab has no continuation lines; write the command on one line, or into a script\n",
     CRON_VIXIE},
    {"hello world\n", "1:1 error: a schedule is expected: five fields, or a word such as @daily\n",
     CRON_VIXIE},
    {"@hourly [jitter=redis://:pw@h dst=redis://:pw@h] y\n"
     "CRON_TZ=redis://:pw@h\n",
     "1:17 error: this is a connection string, which does not belong here\n"
     "1:35 error: this is a connection string, which does not belong here\n",
     CRON_VIXIE},
    {"@hourly [deadline=x\"y lock=\"z] y\n", "1:28 error: the quote is not closed\n", CRON_VIXIE},
    {"@hourly [=x] y\n", "1:10 error: an option is expected here, as in name=mail\n", CRON_VIXIE},
    {"@hourly [lock=redis://[::1]:6379 guard] y\n", "", CRON_VIXIE},
    {"@hourly [deadline=1s\tlock-ttl=\"a ] b\" ] y\n", "", CRON_VIXIE},
    {"CRON_TZ=UTC @daily x\n",
     "1:1 warning: the dialect vixie reads this line as a variable; CRON_TZ= on a line of its own, or [tz=ZONE], means the same in both\n",
     CRON_K8S},
    {"A B = c\n", "1:1 error: a schedule is expected: five fields, or a word such as @daily\n",
     CRON_VIXIE},
    {"*/5 * * *,1 x\n",
     "1:13 error: day of week: a number from 0 to 7, or a name of three letters, is expected (is a field missing in front of the command?)\n",
     CRON_VIXIE},
    {",, * * * * x\n", "1:1 error: an item of the list is missing\n", CRON_VIXIE},
    {"1,1,1,61,62,63,64,65,66,67,68,69,70,71,72,73,74,75,76,77,78,79,80,81 * * * * x\n",
     "1:7 error: minute: 61 is out of range; a number from 0 to 59 is expected\n"
     "1:10 error: minute: 62 is out of range; a number from 0 to 59 is expected\n"
     "1:13 error: minute: 63 is out of range; a number from 0 to 59 is expected\n"
     "1:16 error: minute: 64 is out of range; a number from 0 to 59 is expected\n"
     "1:19 error: minute: 65 is out of range; a number from 0 to 59 is expected\n"
     "1:22 error: minute: 66 is out of range; a number from 0 to 59 is expected\n"
     "1:25 error: minute: 67 is out of range; a number from 0 to 59 is expected\n"
     "1:28 error: minute: 68 is out of range; a number from 0 to 59 is expected\n"
     "1:31 error: minute: 69 is out of range; a number from 0 to 59 is expected\n"
     "1:34 error: minute: 70 is out of range; a number from 0 to 59 is expected\n"
     "1:37 error: minute: 71 is out of range; a number from 0 to 59 is expected\n"
     "1:40 error: minute: 72 is out of range; a number from 0 to 59 is expected\n"
     "1:43 error: minute: 73 is out of range; a number from 0 to 59 is expected\n"
     "1:46 error: minute: 74 is out of range; a number from 0 to 59 is expected\n"
     "1:49 error: minute: 75 is out of range; a number from 0 to 59 is expected\n"
     "1:52 error: minute: 76 is out of range; a number from 0 to 59 is expected\n"
     "1:55 error: minute: 77 is out of range; a number from 0 to 59 is expected\n"
     "1:58 error: minute: 78 is out of range; a number from 0 to 59 is expected\n"
     "1:61 error: minute: 79 is out of range; a number from 0 to 59 is expected\n"
     "1:64 error: minute: 80 is out of range; a number from 0 to 59 is expected\n",
     CRON_VIXIE},
    {"CRON_TZ=bad 0 2 * * * secret\n",
     "1:9 error: a time zone alone is expected; in front of a schedule it belongs to the dialect k8s\n",
     CRON_VIXIE},
    {"0 0 * * 0-0 x\n", "", CRON_VIXIE},
    {"5--5 */0 1-x 13 * x\n",
     "1:3 error: minute: a number from 0 to 59 is expected\n"
     "1:8 error: a step of 0 never ends\n"
     "1:12 error: day of month: a number from 1 to 31 is expected\n"
     "1:14 error: month: 13 is out of range; a number from 1 to 12, or a name of three letters, is expected\n",
     CRON_VIXIE},
    {"@hourly [starting_deadline=none] y\n", "", CRON_VIXIE},
    {"MAILTO=root HOME=/ # x\n"
     "PATH=/x:$PATH\n"
     "P='${Q}' \n"
     "O=-Da=b -DX=y $ 5\n"
     "A=b c=d\te=f\n",
     "1:1 warning: MAILTO has no effect here: output is not mailed\n"
     "1:13 warning: this is part of the value; a variable needs a line of its own\n"
     "1:20 warning: this is part of the value; a comment needs a line of its own\n"
     "2:9 warning: cron does not replace variables in values; this stays as it is written\n"
     "3:4 warning: cron does not replace variables in values; this stays as it is written\n"
     "5:5 warning: this is part of the value; a variable needs a line of its own\n"
     "5:9 warning: this is part of the value; a variable needs a line of its own\n",
     CRON_VIXIE},
    {"This is text, and long.\n",
     "1:1 error: a schedule is expected: five fields, or a word such as @daily\n", CRON_VIXIE},
    {"T= * * * * * x\n", "", CRON_K8S},
    {"0 0 1-7 * 1 x\n"
     "0 0 25-31 * sun x\n"
     "0 0 1-8 * 1 x\n"
     "0 0 2,4 * 1 x\n"
     "0 0 1-7 * * x\n"
     "0 0 31 * 1 x\n"
     "0 0 30,31 * 1 x\n",
     "1:5 warning: runs on each of these days of the month, and on each of these days of the week too; where both are meant, let the command test one of them\n"
     "2:5 warning: runs on each of these days of the month, and on each of these days of the week too; where both are meant, let the command test one of them\n",
     CRON_K8S},
    {"@EVERY 5s x\n"
     "@every  1h30m [name=a]  x\n",
     "", CRON_VIXIE},
};

static void
test_faults(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(faulty) / sizeof(faulty[0]); i++) {
        char *found = faults_of(faulty[i].text, strlen(faulty[i].text), faulty[i].dialect);
        assert_string_equal(found, faulty[i].faults);
        free(found);
    }
}

static void
test_nul_byte(void **state)
{
    (void)state;
    static const char text[] = "@hourly a\0b\n@hourly c\n";
    char *found = faults_of(text, sizeof(text) - 1, CRON_VIXIE);
    assert_string_equal(found, "1:10 error: a NUL byte\n");
    free(found);
}

static void
add_lines(struct strbuf *out, size_t n, const char *format)
{
    for (size_t i = 0; i < n; i++) {
        strbuf_addf(out, "%s%zu", format, i);
        strbuf_adds(out, format[0] == 'V' ? "=x\n" : "\n");
    }
}

static void
assert_last_fault(const struct strbuf *text, const char *wanted)
{
    char *found = faults_of(text->data, text->len, CRON_VIXIE);
    assert_non_null(strstr(found, wanted));
    free(found);
}

static void
assert_no_fault(const struct strbuf *text)
{
    char *found = faults_of(text->data, text->len, CRON_VIXIE);
    assert_string_equal(found, "");
    free(found);
}

static void
test_limits(void **state)
{
    (void)state;
    struct strbuf text = STRBUF_INIT;
    add_lines(&text, CRONTAB_JOBS_MAX, "@daily x");
    assert_no_fault(&text);
    strbuf_adds(&text, "@daily x\n");
    assert_last_fault(&text, "10001:1 error: more than 10000 jobs\n");
    strbuf_clear(&text);
    add_lines(&text, CRONTAB_ENV_MAX, "V");
    assert_no_fault(&text);
    strbuf_adds(&text, "V0=y\nW=x\n");
    assert_last_fault(&text, "502:1 error: more than 500 variables\n");
    strbuf_clear(&text);
    add_lines(&text, CRONTAB_FAULTS_MAX + 1, "@dialy x");
    assert_last_fault(&text, "200:1 error: unknown word; did you mean @daily\n"
                             "201:1 error: there are more faults; only the first ones are shown\n");
    add_lines(&text, 1, "@dialy x");
    assert_last_fault(&text, "201:1 error");
    strbuf_clear(&text);
    strbuf_adds(&text, "@daily x\n@daily ");
    add_lines(&text, CRONTAB_LINE_MAX / 2, "x");
    for (size_t i = strlen("@daily x\n"); i < text.len; i++)
        text.data[i] = text.data[i] == '\n' ? 'x' : text.data[i];
    assert_last_fault(&text, "2:1 error: the line is longer than 65536 bytes\n");
    while (text.len <= CRONTAB_BYTES_MAX)
        strbuf_adds(&text, "# a comment\n");
    assert_last_fault(&text, "1:1 error: the file is larger than 1048576 bytes\n");
    strbuf_done(&text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_nul_byte),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
