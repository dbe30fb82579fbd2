/*
 * selfcopy.h: the command `copy DEST` of each program: the program puts itself there, so that an init container can
 * bring it into another image.
 */
#ifndef RR_PROC_SELFCOPY_H
#define RR_PROC_SELFCOPY_H

#include "common/opt/opt.h"

extern const struct opt_command selfcopy_command;

/*
 * Copies /proc/self/exe to dest, mode 755, by a temporary file beside it and rename: whoever runs the old one keeps it,
 * nobody sees half a file. dest may be a directory: the program's own name is added. ERR_SYSTEM; ERR_USAGE: "", or what is
 * there is neither a file nor a link to one (a device, a FIFO, a socket), and stays.
 */
MUST_CHECK int selfcopy(const char *dest, const char *program, struct err *e);

#endif
