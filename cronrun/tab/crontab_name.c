/* crontab_name.c: names that jobs have, or get (pure). */
#include <inttypes.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/digest.h"
#include "cronrun/tab/crontab_impl.h"

#define WORD_MAX 24

static int
compare(const void *a, const void *b)
{
    return strcmp(((const struct crontab_taken *)a)->name, ((const struct crontab_taken *)b)->name);
}

/* The entry of that name, new or not; NULL: no memory. */
static struct crontab_taken *
entry_of(struct crontab_reader *r, const char *name)
{
    struct crontab_taken key = {.name = name};
    void *found = tfind(&key, &r->taken, compare);
    if (found)
        return *(struct crontab_taken **)found;
    struct crontab_taken *made = crontab_keep(r, calloc(1, sizeof(*made)));
    if (!made)
        return NULL;
    made->name = name;
    if (!tsearch(made, &r->taken, compare)) {
        r->failed = true; /* uncovered: the library's own memory */
        return NULL;      /* uncovered: the same */
    }
    return made;
}

unsigned
crontab_take_name(struct crontab_reader *r, const char *name, unsigned line)
{
    struct crontab_taken *entry = entry_of(r, name);
    if (entry && entry->line > 0)
        return entry->line;
    if (entry)
        entry->line = line;
    return 0;
}

static void
keep(void *entry)
{
    (void)entry; /* the store has it */
}

void
crontab_names_done(struct crontab_reader *r)
{
    tdestroy(r->taken, keep);
    r->taken = NULL;
}

/* ---- derived ones ---- */

static bool
is_plain(const char *word, size_t len)
{
    return strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/+") >=
           len;
}

/* What of the word a name may show: its last part, up to WORD_MAX bytes. */
static void
add_last_part(struct strbuf *out, const char *word, size_t len)
{
    const char *from = word;
    for (size_t i = 0; i < len; i++)
        from = word[i] == '/' ? word + i + 1 : from;
    size_t rest = (size_t)(word + len - from);
    strbuf_add(out, from, rest < WORD_MAX ? rest : WORD_MAX);
}

/* Behind "cd DIR &&" and variables; blanks skipped. */
static const char *
program_of(const char *command)
{
    for (;;) {
        command += strspn(command, " \t");
        size_t len = strcspn(command, " \t");
        const char *then = command + len;
        if (len == 2 && strncmp(command, "cd", 2) == 0) {
            then += strspn(then, " \t");
            then += strcspn(then, " \t");
            then += strspn(then, " \t&;");
        } else if (!memchr(command, '=', len)) {
            return command;
        }
        if (*then == '\0')
            return command;
        command = then;
    }
}

/* "php-console", or "job". */
static void
add_words(struct strbuf *out, const char *command)
{
    const char *program = program_of(command);
    size_t len = strcspn(program, " \t");
    size_t before = out->len;
    if (is_plain(program, len))
        add_last_part(out, program, len);
    if (out->len == before) {
        strbuf_adds(out, "job");
        return;
    }
    const char *word = program + len + strspn(program + len, " \t");
    len = strcspn(word, " \t");
    if (len > 0 && is_plain(word, len) && memchr(word, '/', len) && word[len - 1] != '/') {
        strbuf_addc(out, '-');
        add_last_part(out, word, len);
    }
}

static char *
derive(struct crontab_reader *r, const struct crontab_job *job)
{
    struct strbuf all = STRBUF_INIT, name = STRBUF_INIT;
    int64_t key = 0;
    strbuf_addf(&all, "%s\n%s\n%s", job->zone ? job->zone : "", job->expression, job->command);
    r->failed |= all.failed || digest_key64(strbuf_str(&all), all.len, &key, NULL) < 0;
    strbuf_done(&all);
    add_words(&name, job->command);
    strbuf_addf(&name, "-%08" PRIx32, (uint32_t)((uint64_t)key >> 32));
    return crontab_keep(r, strbuf_steal(&name));
}

static void
name_job(struct crontab_reader *r, struct crontab_job *job)
{
    job->name = derive(r, job);
    struct crontab_taken *entry = job->name ? entry_of(r, job->name) : NULL;
    if (!entry)
        return;
    if (entry->line == 0) {
        entry->line = job->line;
        return;
    }
    unsigned copy = entry->copies > 0 ? entry->copies : 1;
    do {
        struct strbuf name = STRBUF_INIT;
        strbuf_addf(&name, "%s-%u", entry->name, ++copy);
        job->name = crontab_keep(r, strbuf_steal(&name));
    } while (job->name && crontab_take_name(r, job->name, job->line) > 0);
    entry->copies = copy;
}

void
crontab_derive_names(struct crontab_reader *r)
{
    for (size_t i = 0; i < r->tab->n && !r->failed; i++)
        if (!r->tab->jobs[i].name)
            name_job(r, &r->tab->jobs[i]);
}
