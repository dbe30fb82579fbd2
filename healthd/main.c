#include <stdio.h>

#include "common/base/clock.h"
#include "common/net/loop.h"
#include "common/proc/cores.h"
#include "common/proc/selfcopy.h"
#include "healthd/client.h"
#include "healthd/config.h"
#include "healthd/lifetime.h"
#include "healthd/main.h"
#include "healthd/once.h"
#include "healthd/options.h"
#include "healthd/serve.h"

static int
with_checks(const struct options *o, enum command command)
{
    struct config config;
    struct err e;
    if (config_load(o, &config, &e) < 0)
        return opt_usage_failed(&healthd_program, command == CMD_SERVE ? o->termination_log : NULL,
                                &e);
    int status = command == CMD_CHECK  ? once_check(o, &config)
                 : command == CMD_WAIT ? once_wait(o, &config)
                                       : serve_run(o, &config);
    config_done(&config);
    return status;
}

static int
sleep_for(const char *text)
{
    uint64_t ms = 0;
    bool never = false;
    struct err e;
    if (clock_parse_duration(text, &ms, &e) < 0) {
        fprintf(stderr, "healthd: sleep: %s\n", e.msg);
        return EXIT_USAGE;
    }
    struct loop *l = loop_new(&e);
    if (!l || lifetime_stop_signals(l, &e) < 0) {
        fprintf(stderr, "healthd: sleep: %s\n", e.msg);
        loop_free(l);
        return EXIT_NOT_READY;
    }
    loop_turn_until(l, &never, clock_deadline(ms), &e);
    loop_free(l);
    return e.code == ERR_TIMEOUT ? EXIT_OK : EXIT_NOT_READY;
}

static int
copy_to(const char *dest)
{
    struct err e;
    if (selfcopy(dest, "healthd", &e) == 0)
        return EXIT_OK;
    fprintf(stderr, "healthd: copy: %s\n", e.msg);
    return EXIT_NOT_READY;
}

int
healthd_main(int argc, char **argv)
{
    struct options o = {0};
    struct opt_result r;
    cores_off(NULL);
    int status = opt_start(&healthd_program, argc, argv, &o, &r);
    if (status >= 0)
        return status;
    switch ((enum command)r.command->id) {
    case CMD_PROBE:
        status = client_probe(r.argv[0], o.probe_timeout_ms, (int)o.probe_expect);
        break;
    case CMD_SLEEP:
        status = sleep_for(r.argv[0]);
        break;
    case CMD_COPY:
        status = copy_to(r.argv[0]);
        break;
    default:
        status = with_checks(&o, (enum command)r.command->id);
        break;
    }
    opt_done(&healthd_program, &o);
    log_finish(LOG_FINISH_MS);
    return status;
}

int
main(int argc, char **argv)
{
    return healthd_main(argc, argv);
}
