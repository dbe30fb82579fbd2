/*
 * lifetime.h: the signals that end healthd, and the loop that it waits in.
 */
#ifndef RR_HEALTHD_LIFETIME_H
#define RR_HEALTHD_LIFETIME_H

#include "common/base/err.h"

struct loop;

/* TERM, INT, and QUIT: the STOPSIGNAL of php-fpm's and nginx's images, which healthd runs in too. -1 with *e. */
MUST_CHECK int lifetime_stop_signals(struct loop *l, struct err *e);

#endif
