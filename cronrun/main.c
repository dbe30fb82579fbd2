/* main.c: cronrun from start to end. */
#include "cronrun/main.h"

#include "common/net/tls.h"
#include "cronrun/options.h"

int
cronrun_main(int argc, char **argv)
{
    struct options o = {.child_status = -1,
                        .starting_deadline_ms = UINT64_MAX,
                        .job_deadline_ms = UINT64_MAX,
                        .scheduled_ms = -1,
                        .next_from_ms = INT64_MIN};
    tls_outlast_exit();
    return opt_run(&cronrun_program, argc, argv, &o);
}

int
main(int argc, char **argv)
{
    return cronrun_main(argc, argv);
}
