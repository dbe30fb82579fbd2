/* main.c: healthd from start to end. */
#include "healthd/main.h"

#include "common/net/tls.h"
#include "common/proc/cores.h"
#include "healthd/options.h"

int
healthd_main(int argc, char **argv)
{
    struct options o = {0};
    cores_off(NULL);
    tls_outlast_exit();
    return opt_run(&healthd_program, argc, argv, &o);
}

int
main(int argc, char **argv)
{
    return healthd_main(argc, argv);
}
