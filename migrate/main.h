/*
 * main.h: migrate as a function, for the file that holds all three programs.
 */
#ifndef RR_MIGRATE_MAIN_H
#define RR_MIGRATE_MAIN_H

int migrate_main(int argc, char **argv);

#endif
