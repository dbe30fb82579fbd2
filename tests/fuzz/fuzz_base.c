/*
 * What people write (durations, sizes, words, variables) and what goes out (JSON, log records): never a crash, output
 * always valid, and what is written can be read back.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/utf8.h"
#include "common/base/words.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/opt/opt.h"
#include "common/base/size.h"
#include "common/proc/termination.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

static void
read_back(const char *text)
{
    uint64_t v, again;
    char buf[64];
    if (clock_parse_duration(text, &v, NULL) == 0 &&
        strlen(clock_format_duration(buf, v)) < CLOCK_DURATION_MAX - 1)
        MUST(clock_parse_duration(buf, &again, NULL) == 0 && again == v);
    if (size_parse(text, &v, NULL) == 0)
        MUST(size_parse(size_format(buf, v), &again, NULL) == 0 && again == v);
}

static void
words(const char *text)
{
    static const char *const known[] = {"every", "timeout", "rise", "",
                                        "stale-but-rather-long-as-a-word"};
    const char *near = words_nearest(text, known, 5, NULL);
    MUST(!near || *near || !*text);
    words_is_service_variable(text, text);
}

/* One line, valid UTF-8, no control character, not too long. */
static void
check_line(const char *s, size_t len, size_t max)
{
    MUST(len <= max && utf8_valid(s, len, NULL));
    for (size_t i = 0; i < len; i++)
        MUST((unsigned char)s[i] >= 0x20 && s[i] != 0x7F);
}

static void
records(const char *text)
{
    const char *const list[] = {text, "x", text};
    const struct field fields[] = {LF_STR("a", text), LF_OPT("b", text), LF_TAIL("c", text),
                                   LF_LIST("d", list, 3), LF_INT("e", -1)};
    struct log_record r = {.level = LOG_LEVEL_WARN,
                           .program = "p",
                           .event = "e",
                           .msg = text,
                           .fields = fields,
                           .n = 5};
    for (enum log_format f = LOG_FORMAT_TEXT; f <= LOG_FORMAT_JSON; f++) {
        cleanup_strbuf struct strbuf b = STRBUF_INIT;
        log_format_record(&b, f, &r);
        MUST(b.len > 0 && b.data[b.len - 1] == '\n');
        check_line(b.data, b.len - 1, LOG_LINE_MAX - 1);
    }
    cleanup_strbuf struct strbuf b = STRBUF_INIT;
    termination_format(&b, fields, 5);
    check_line(b.data, b.len, TERMINATION_MAX);
}

struct options {
    const char *text;
    struct opt_list list;
    uint64_t ms, bytes;
    int64_t n;
    int choice;
    bool on;
};

static const char *const choices[] = {"one", "two", NULL};
static const struct opt_row rows[] = {
    {.name = "text",
     .flags = OPT_EVERYWHERE,
     .letter = 't',
     .kind = OPT_STRING,
     .offset = offsetof(struct options, text),
     .help = "t"},
    {.name = "list",
     .flags = OPT_EVERYWHERE,
     .kind = OPT_LIST,
     .offset = offsetof(struct options, list),
     .help = "l"},
    {.name = "ms",
     .kind = OPT_DURATION,
     .flags = OPT_NONE_OK | OPT_EVERYWHERE,
     .offset = offsetof(struct options, ms),
     .help = "d"},
    {.name = "bytes", .kind = OPT_SIZE, .offset = offsetof(struct options, bytes), .help = "s"},
    {.name = "n",
     .flags = OPT_EVERYWHERE,
     .letter = 'n',
     .kind = OPT_INT,
     .min = -5,
     .max = 5,
     .offset = offsetof(struct options, n),
     .help = "n"},
    {.name = "choice",
     .flags = OPT_EVERYWHERE,
     .kind = OPT_CHOICE,
     .choices = choices,
     .offset = offsetof(struct options, choice),
     .help = "c"},
    {.name = "on",
     .flags = OPT_EVERYWHERE,
     .letter = 'o',
     .kind = OPT_BOOL,
     .offset = offsetof(struct options, on),
     .help = "o"},
};
static const struct opt_command run = {
    .name = "run",
    .args = "CMD",
    .max_args = -1,
    .flags = OPT_CMD_STOP | OPT_CMD_DEFAULT,
    .summary = "r",
    .options = OPT_NAMES("bytes"),
};
static const struct opt_command check = {
    .name = "check", .args = "[DIR]", .max_args = 1, .summary = "c"};
static const struct opt_command *const commands[] = {&run, &check};
static const struct opt_program program = {
    .name = "fuzz",
    .env_prefix = "FUZZ_",
    .summary = "s",
    .commands = commands,
    .n_commands = 2,
    .rows = rows,
    .n_rows = sizeof(rows) / sizeof(rows[0]),
    .usage_status = 2,
};

/* Lines: half of them arguments, those that hold '=' after FUZZ_ also variables. */
static void
command_line(char *text)
{
    enum { MANY = 30 };
    char *argv[MANY + 2] = {(char[]){"fuzz"}};
    char *envp[MANY + 1] = {NULL};
    int argc = 1, envc = 0;
    char *save = NULL;
    for (char *line = strtok_r(text, "\n", &save); line && argc < MANY && envc < MANY;
         line = strtok_r(NULL, "\n", &save))
        if (strncmp(line, "FUZZ_", 5) == 0)
            envp[envc++] = line;
        else
            argv[argc++] = line;
    struct options o = {0};
    struct opt_result r;
    struct err e;
    struct opt_said said = {0};
    struct opt_input in = {.argc = argc, .argv = argv, .envp = envp};
    int status = opt_parse(&program, &in, &o, &r, &said, &e);
    MUST(status == OPT_GO || status == 0 || (status == 2 && e.code == ERR_USAGE && *e.msg));
    if (status == OPT_GO)
        MUST(r.command && r.argc >= 0 && r.argv[r.argc] == NULL);
    opt_done(&program, &o);
    strbuf_done(&said.out);
    strbuf_done(&said.warnings);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup_free char *text = strndup((const char *)data, size);
    if (!text)
        return 0;
    read_back(text);
    words(text);
    records(text);
    command_line(text);
    return 0;
}
