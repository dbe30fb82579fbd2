/* lifetime.c: signals and the loop of healthd's commands. */
#include "healthd/lifetime.h"

#include <signal.h>

#include "common/net/loop.h"

int
lifetime_stop_signals(struct loop *l, struct err *e)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGQUIT};
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        if (loop_stop_on(l, signals[i], e) < 0)
            return -1;
    return 0;
}
