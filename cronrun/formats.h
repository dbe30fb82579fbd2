/*
 * formats.h: cronrun's part of docs/formats.md.
 */
#ifndef RR_CRONRUN_FORMATS_H
#define RR_CRONRUN_FORMATS_H

struct strbuf;

void formats_print(struct strbuf *out);

#endif
