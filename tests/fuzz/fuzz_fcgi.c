/* An answer of a FastCGI server that may say anything, in pieces: the first byte is the length of a piece. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/http/fcgi.h"
#include "healthd/parse/probe_fcgi_page.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const struct fcgi_reader *r)
{
    struct fcgi_answer a;
    struct probe_fcgi_page page;
    struct err e;
    if (fcgi_reader_answer(r, &a, &e) < 0) {
        if (e.code != ERR_PROTOCOL && e.code != ERR_BUSY)
            abort();
        return;
    }
    if (a.status < 100 || a.status > 599 || a.body[a.body_len] != '\0' || a.body_len > r->out.len)
        abort();
    if (probe_fcgi_page_parse(a.body, &page) && (page.idle > 999999999 || page.active > 999999999))
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fcgi_reader r = {0};
    size_t piece = size > 0 ? (size_t)*data + 1 : 1;
    struct err e;
    int rc = 0;
    for (size_t at = 1; rc == 0 && at < size; at += piece)
        rc = fcgi_reader_feed(&r, data + at, size - at < piece ? size - at : piece, &e);
    if (r.out.len > FCGI_OUTPUT_MAX || (rc < 0 && e.code != ERR_PROTOCOL))
        abort();
    if (rc > 0)
        check(&r);
    fcgi_reader_done(&r);
    return 0;
}
