/* main.c: migrate from start to end. */
#include "migrate/main.h"

#include "common/net/tls.h"
#include "common/proc/cores.h"
#include "migrate/options.h"

int
migrate_main(int argc, char **argv)
{
    struct options o = {0};
    cores_off(&o.cores);
    tls_outlast_exit();
    return opt_run(&migrate_program, argc, argv, &o);
}

int
main(int argc, char **argv)
{
    return migrate_main(argc, argv);
}
