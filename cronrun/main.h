/*
 * main.h: cronrun as a function, for the file that holds all three programs.
 */
#ifndef RR_CRONRUN_MAIN_H
#define RR_CRONRUN_MAIN_H

int cronrun_main(int argc, char **argv);

#endif
