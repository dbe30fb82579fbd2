/*
 * main.h: the program as a function, so that one file can hold all three.
 */
#ifndef RR_HEALTHD_MAIN_H
#define RR_HEALTHD_MAIN_H

int healthd_main(int argc, char **argv);

#endif
