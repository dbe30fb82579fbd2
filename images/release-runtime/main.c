/*
 * main.c: the file that holds all three programs. It is whichever it is called as (healthd -> release-runtime), or the one
 * that its first word names.
 */
#include <stdio.h>
#include <string.h>

#include "common/base/err.h"
#include "common/proc/selfcopy.h"
#include "cronrun/main.h"
#include "healthd/main.h"
#include "migrate/main.h"

#define OWN_NAME "release-runtime"

enum { EXIT_DONE, EXIT_FAILED, EXIT_USAGE };

struct program {
    const char *name;
    int (*main)(int argc, char **argv);
    const char *does;
};

static const struct program programs[] = {
    {"healthd", healthd_main, "checks what a pod needs and answers probes"},
    {"migrate", migrate_main, "brings a database's schema up to date"},
    {"cronrun", cronrun_main, "runs a command once at a time, with a deadline"},
};
#define PROGRAMS (sizeof(programs) / sizeof(programs[0]))

static const struct program *
program_named(const char *name)
{
    for (size_t i = 0; i < PROGRAMS; i++)
        if (strcmp(programs[i].name, name) == 0)
            return &programs[i];
    return NULL;
}

static const char *
base_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void
help(FILE *to)
{
    fputs(
        "usage: " OWN_NAME " PROGRAM [ARGUMENT ...]\n"
        "       " OWN_NAME " copy DEST\n"
        "       " OWN_NAME " version\n\n"
        "One file with three programs. PROGRAM is one of these; called by its name (a link) the file is that program.\n\n",
        to);
    for (size_t i = 0; i < PROGRAMS; i++)
        fprintf(to, "  %-9s %s; %s --help\n", programs[i].name, programs[i].does, programs[i].name);
    fputs("\n  copy      puts this file at DEST, for an init container\n", to);
}

static int
copy_to(int argc, char **argv)
{
    struct err e;
    if (argc != 1) {
        fputs(OWN_NAME ": copy: one DEST is wanted\n", stderr);
        return EXIT_USAGE;
    }
    if (selfcopy(argv[0], OWN_NAME, &e) == 0)
        return EXIT_DONE;
    fprintf(stderr, OWN_NAME ": copy: %s\n", e.msg);
    return e.code == ERR_USAGE ? EXIT_USAGE : EXIT_FAILED;
}

static int
own_command(int argc, char **argv)
{
    const char *word = argv[0];
    if (strcmp(word, "copy") == 0)
        return copy_to(argc - 1, argv + 1);
    if (strcmp(word, "version") == 0 || strcmp(word, "--version") == 0) {
        puts(OWN_NAME " " RR_VERSION);
        return EXIT_DONE;
    }
    if (strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        help(stdout);
        return EXIT_DONE;
    }
    fprintf(stderr, OWN_NAME ": no program is called \"%.100s\" here\n\n", word);
    help(stderr);
    return EXIT_USAGE;
}

int
main(int argc, char **argv)
{
    const struct program *p = argc > 0 ? program_named(base_of(argv[0])) : NULL;
    if (p)
        return p->main(argc, argv);
    if (argc < 2) {
        help(stderr);
        return EXIT_USAGE;
    }
    p = program_named(argv[1]);
    return p ? p->main(argc - 1, argv + 1) : own_command(argc - 1, argv + 1);
}
