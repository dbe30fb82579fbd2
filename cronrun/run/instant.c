/* instant.c: RFC 3339 and pod names. */
#include "cronrun/run/instant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY_MS 86400000LL

/* Exactly n digits; -1 otherwise. */
static int
digits(const char *s, int n)
{
    int value = 0;
    for (int i = 0; i < n; i++) {
        if (s[i] < '0' || s[i] > '9')
            return -1;
        value = value * 10 + (s[i] - '0');
    }
    return value;
}

/* "Z" or "+01:00" to the end; minutes east, or INT_MIN-like -100000. */
static int
parse_offset(const char *s)
{
    if ((s[0] == 'Z' || s[0] == 'z') && !s[1])
        return 0;
    if ((s[0] != '+' && s[0] != '-') || strlen(s) != 6 || s[3] != ':')
        return -100000;
    int hours = digits(s + 1, 2);
    int minutes = digits(s + 4, 2);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
        return -100000;
    return (s[0] == '-' ? -1 : 1) * (hours * 60 + minutes);
}

/* Seconds since the epoch; false for a 30th of February. */
static bool
seconds_of(struct tm *tm, int64_t *ret)
{
    struct tm asked = *tm;
    time_t t = timegm(tm);
    *ret = (int64_t)t;
    return tm->tm_mday == asked.tm_mday && tm->tm_mon == asked.tm_mon &&
           tm->tm_hour == asked.tm_hour && tm->tm_min == asked.tm_min;
}

int
instant_parse(const char *text, int64_t *ret_ms, struct err *e)
{
    static const char shape[] = "dddd-dd-ddTdd:dd:dd";
    size_t len = strlen(text);
    bool good = len >= sizeof(shape);
    for (size_t i = 0; good && i < sizeof(shape) - 1; i++)
        good = shape[i] == 'd'
                   ? digits(text + i, 1) >= 0
                   : text[i] == shape[i] || (shape[i] == 'T' && (text[i] == 't' || text[i] == ' '));
    if (!good)
        return err_set(e, ERR_USAGE, "\"%s\" is not a time such as 2026-11-21T09:00:00Z", text);
    struct tm tm = {.tm_year = digits(text, 4) - 1900,
                    .tm_mon = digits(text + 5, 2) - 1,
                    .tm_mday = digits(text + 8, 2),
                    .tm_hour = digits(text + 11, 2),
                    .tm_min = digits(text + 14, 2),
                    .tm_sec = digits(text + 17, 2)};
    const char *rest = text + sizeof(shape) - 1;
    int64_t fraction_ms = 0;
    if (*rest == '.') {
        int64_t unit = 100;
        for (rest++; *rest >= '0' && *rest <= '9'; rest++, unit /= 10)
            fraction_ms += (*rest - '0') * unit;
    }
    int offset = parse_offset(rest);
    int64_t seconds;
    if (offset == -100000 || !seconds_of(&tm, &seconds))
        return err_set(e, ERR_USAGE, "\"%s\" is not a time such as 2026-11-21T09:00:00Z", text);
    *ret_ms = (seconds - offset * 60LL) * 1000 + fraction_ms;
    return 0;
}

/* k8s.io/apimachinery/pkg/util/rand: no vowels, and none of 0, 1, 3. */
static const char pod_alphabet[] = "bcdfghjklmnpqrstvwxz2456789";

bool
instant_from_pod(const char *host, int64_t now_ms, char *ret_name, size_t name_size,
                 int64_t *ret_ms)
{
    const char *suffix = strrchr(host, '-');
    if (!suffix || strlen(suffix + 1) != 5 || strspn(suffix + 1, pod_alphabet) != 5)
        return false;
    const char *minutes = suffix;
    while (minutes > host && minutes[-1] >= '0' && minutes[-1] <= '9')
        minutes--;
    size_t n = (size_t)(suffix - minutes);
    if (n < 8 || n > 9 || minutes - host < 2 || minutes[-1] != '-' || minutes[0] == '0')
        return false;
    int64_t at_ms = strtoll(minutes, NULL, 10) * 60000;
    if (at_ms > now_ms + DAY_MS || at_ms < now_ms - DAY_MS)
        return false;
    size_t len = (size_t)(minutes - 1 - host);
    if (len >= name_size)
        return false;
    memcpy(ret_name, host, len);
    ret_name[len] = '\0';
    *ret_ms = at_ms;
    return true;
}

/* "email-29384756-0": an Indexed Job's pod. */
static bool
is_indexed(const char *host)
{
    const char *index = strrchr(host, '-');
    size_t n = index ? strspn(index + 1, "0123456789") : 0;
    if (n == 0 || index[1 + n])
        return false;
    const char *minutes = index;
    while (minutes > host && minutes[-1] >= '0' && minutes[-1] <= '9')
        minutes--;
    return index - minutes >= 8 && index - minutes <= 9 && minutes - host >= 2 &&
           minutes[-1] == '-';
}

/* The API server cuts a generated name to 58 characters before it adds its five letters
 * (k8s.io/apiserver/pkg/storage/names): of a CronJob's 52 at most, the minutes are cut. */
static bool
is_cut(const char *host)
{
    size_t len = strlen(host);
    return len == 63 && strspn(host + 58, pod_alphabet) == 5 && host[57] >= '0' && host[57] <= '9';
}

bool
instant_why_missing(const char *host, char ret_why[INSTANT_WHY_MAX])
{
    bool cut = is_cut(host);
    bool indexed = !cut && is_indexed(host);
    const char *why = "does not belong to a CronJob's pod scheduled within a day of now";
    if (cut)
        why = "was truncated to 63 characters and lost the scheduled time "
              "(a CronJob name of at most 48 characters avoids this)";
    else if (indexed)
        why = "belongs to a pod of an Indexed Job and ends in its index";
    snprintf(ret_why, INSTANT_WHY_MAX, "the host name %.64s %s", host, why);
    return cut || indexed;
}
