/*
 * opt_output.c: whether what was printed on stdout has got out.
 *
 * Commands print with stdio and look at no result: a full disk shows when the buffer is written, and that is here at the latest.
 */
#include <errno.h>
#include <stdio.h>
#include <stdio_ext.h>

#include "common/opt/opt_rows.h"

void
opt_output_none(void)
{
    FILE *unwritable = fmemopen(NULL, 1, "r");
    if (unwritable)
        stdout = unwritable;
}

/* stdio keeps no errno of an earlier write; one more line meets the same. 0: it was written, so that nobody knows any more. */
static int
ask_again(void)
{
    return putc('\n', stdout) == EOF || fflush(stdout) != 0 ? errno : 0;
}

int
opt_output_end(struct err *e)
{
    bool flushed = fflush(stdout) == 0;
    if (flushed && !ferror(stdout))
        return 0;
    int why = flushed ? ask_again() : errno;
    __fpurge(stdout);
    clearerr(stdout);
    return why ? err_sys(e, why, "cannot write to standard output")
               : err_set(e, ERR_SYSTEM, "cannot write to standard output: a part of it is lost");
}
