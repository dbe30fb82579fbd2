/*
 * tell.h: what is said about output that nobody will see.
 */
#ifndef RR_CRONRUN_TELL_H
#define RR_CRONRUN_TELL_H

#include <stdint.h>

#include "cronrun/output/output.h"

/* bytes: of the middle of the output, which were not kept. */
void tell_gap(const struct output_setup *x, uint64_t bytes);
/* The reader took nothing for too long. 0: nothing is said. */
void tell_lost(const struct output_setup *x, uint64_t bytes);
/* They could not be written to that stream; fault: errno. 0 bytes: nothing is said. */
void tell_failed(const struct output_setup *x, const char *stream, int fault, uint64_t bytes);

#endif
