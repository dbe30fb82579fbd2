/*
 * termination.h: the termination message of a container in Kubernetes.
 *
 * One JSON object of at most 4,096 bytes (the kubelet's limit), written only when the file is there already: the
 * kubelet makes it, and anywhere else nothing is to appear. No secret may be in a field.
 */
#ifndef RR_PROC_TERMINATION_H
#define RR_PROC_TERMINATION_H

#include <stddef.h>

#include "common/base/err.h"
#include "common/base/field.h"

#define TERMINATION_MAX 4096u
#define TERMINATION_PATH "/dev/termination-log"

/* The object, keys in the order of the fields; strings and lists are cut until it fits. Always valid JSON. */
void termination_format(struct strbuf *out, const struct field *fields, size_t n);

/*
 * Writes it to path (NULL or "": nothing), replacing what the file held. A path that does not exist is no error.
 * Never blocks on a FIFO. ERR_SYSTEM: it exists, but could not be written.
 */
MUST_CHECK int
termination_write(const char *path, const struct field *fields, size_t n, struct err *e);

#endif
