/* Check lines, and the URLs of `healthd probe`. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "healthd/check/checkline.h"
#include "healthd/client.h"
#include "healthd/client_answer.h"
#include "healthd/probe/probe_kinds.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    struct check_spec spec;
    struct client_url url;
    struct err e;
    memcpy(text, data, size);
    text[size] = '\0';
    if (checkline_parse(text, probe_kinds, &spec, &e) == 0) {
        if (spec.n_groups == 0 || spec.rules.rise == 0 || !spec.word_up)
            abort();
        check_spec_done(&spec);
    } else if (e.code != ERR_USAGE || strchr(e.msg, '\n') != NULL) {
        if (e.code != ERR_USAGE)
            abort();
    }
    if (client_url_parse(text, &url, &e) == 0 && url.uri[0] != '/')
        abort();
    client_answer_read(text, size, true);
    free(text);
    return 0;
}
