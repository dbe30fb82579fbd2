/*
 * cmd.h: one function per command, in a file of its own. Each returns the exit status, has said
 * everything that is to be said, and wrote the termination message where there is one.
 */
#ifndef RR_MIGRATE_CMD_H
#define RR_MIGRATE_CMD_H

#include "migrate/options.h"

int cmd_up(const struct options *o);
int cmd_status(const struct options *o);
int cmd_wait(const struct options *o);
int cmd_check(const struct options *o, const char *dir);  /* dir NULL: o->dir; o->json */
int cmd_split(const struct options *o, const char *file); /* o->json */

#endif
