/* termination.c: the message is cut until it fits, and written without waiting. */
#include "common/proc/termination.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/json.h"

#define SMALLEST_VALUE 16u

void
termination_format(struct strbuf *out, const struct field *fields, size_t n)
{
    size_t start = out->len;
    for (size_t max_bytes = TERMINATION_MAX;;) {
        struct json j = json_on(out);
        json_object(&j);
        for (size_t i = 0; i < n; i++)
            field_json(&j, &fields[i], max_bytes);
        json_end(&j);
        if (out->failed || out->len - start <= TERMINATION_MAX)
            return;
        out->len = start;
        if (max_bytes > SMALLEST_VALUE)
            max_bytes -= max_bytes / 8;
        else
            n /= 2;
    }
}

int
termination_write(const char *path, const struct field *fields, size_t n, struct err *e)
{
    if (!path || !*path)
        return 0;
    cleanup_close int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return errno == ENOENT
                   ? 0
                   : err_sys(e, errno, "cannot write the termination message to %s", path);
    cleanup_strbuf struct strbuf b = STRBUF_INIT;
    termination_format(&b, fields, n);
    if (b.failed)
        return err_set(e, ERR_NOMEM, "no memory for the termination message");
    for (size_t done = 0; done < b.len;) {
        ssize_t wrote = write(fd, b.data + done, b.len - done);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            return err_sys(e, errno, "cannot write the termination message to %s", path);
        done += (size_t)wrote;
    }
    return 0;
}
