/*
 * probe_fcgi_page.h: PHP-FPM's status page, as text (https://www.php.net/manual/en/fpm.status.php). Pure.
 *
 * The counters are the master's scoreboard, at this moment. The length of the listen queue, which the page has too, is not
 * taken: the master looks at it once a second, and on a unix socket never.
 */
#ifndef RR_HEALTHD_PROBE_FCGI_PAGE_H
#define RR_HEALTHD_PROBE_FCGI_PAGE_H

#include <stdbool.h>
#include <stddef.h>

struct probe_fcgi_page {
    unsigned idle, active; /* processes */
};

/* body: NUL-terminated. False: this is no status page. */
bool probe_fcgi_page_parse(const char *body, struct probe_fcgi_page *ret);
/* Every process is at work. With `pm = ondemand` there may be none at all, which is no want of them. */
bool probe_fcgi_page_is_full(const struct probe_fcgi_page *p);

#endif
