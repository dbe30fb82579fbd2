/* picture_json.c: what a rehearsal found, for machines. Pure. */
#include "common/base/clock.h"
#include "common/base/json.h"
#include "migrate/rehearse/picture.h"

/* Milliseconds with microseconds behind the point. */
static void
add_ms(struct json *j, const char *key, uint64_t us)
{
    json_key(j, key);
    json_double(j, (double)us / 1000);
}

static void
add_known(struct json *j, const char *key, int64_t value)
{
    if (value < 0)
        json_kstr(j, key, NULL);
    else
        json_kint(j, key, value);
}

static void
add_lock(struct json *j, const struct picture_file *f, size_t statement,
         const struct picture_lock *lock)
{
    json_object(j);
    json_kstr(j, "relation", lock->relation);
    json_kstr(j, "kind", lock->kind);
    json_kstr(j, "lock", lockmode_name(lock->mode));
    json_kstr(j, "verdict", lockmode_waits_text(lockmode_waits(lock->mode)));
    add_ms(j, "held_ms", picture_held_us(f, statement, lock));
    json_kbool(j, "rewritten", lock->rewritten);
    json_kbool(j, "index_rebuilt", lock->reindexed);
    json_kbool(j, "held_before", lock->again);
    add_known(j, "size_bytes", lock->bytes);
    add_known(j, "rows", lock->rows);
    json_kuint(j, "partitions", lock->partitions);
    json_end(j);
}

static void
add_statement(struct json *j, const struct picture_file *f, size_t index)
{
    static const char *const states[] = {"done", "failed", "not run"};
    const struct picture_statement *s = &f->statements[index];
    json_object(j);
    if (s->line)
        json_kuint(j, "line", s->line);
    else
        json_kstr(j, "line", NULL);
    json_kuint(j, "count", s->count);
    json_kstr(j, "statement", s->text);
    json_kstr(j, "state", states[s->state]);
    if (s->state != PICTURE_NOT_RUN)
        add_ms(j, "duration_ms", s->us);
    json_kstr(j, "verdict", lockmode_waits_text(picture_waits(s)));
    if (s->state == PICTURE_NOT_RUN) {
        json_kstr(j, "lock", s->would == LOCKMODE_NONE ? NULL : lockmode_name(s->would));
        json_kstr(j, "does", s->does);
    }
    json_key(j, "locks");
    json_array(j);
    for (size_t i = 0; i < s->n; i++)
        add_lock(j, f, index, &s->locks[i]);
    json_end(j);
    json_end(j);
}

static void
add_file(struct json *j, const struct picture_file *f)
{
    json_object(j);
    json_kstr(j, "version", f->m->id.version);
    json_kstr(j, "name", f->m->id.name);
    json_kstr(j, "file", f->m->file);
    json_kstr(j, "phase", migration_phase_text(f->m->id.phase));
    json_kbool(j, "rehearsed", !f->cannot);
    json_kstr(j, "cannot", f->cannot);
    add_ms(j, "duration_ms", f->us);
    json_key(j, "statements");
    json_array(j);
    for (size_t i = 0; i < f->n; i++)
        add_statement(j, f, i);
    json_end(j);
    json_end(j);
}

static void
add_waits(struct json *j, const struct picture *p)
{
    json_key(j, "waited");
    json_array(j);
    for (size_t i = 0; i < p->waits_n; i++) {
        json_object(j);
        json_kstr(j, "file", p->waits[i].file);
        json_kuint(j, "line", p->waits[i].line);
        json_kstr(j, "message", p->waits[i].what);
        json_end(j);
    }
    json_end(j);
}

static void
add_findings(struct json *j, const struct picture *p)
{
    json_key(j, "findings");
    json_array(j);
    for (size_t i = 0; i < p->findings_n; i++) {
        json_object(j);
        json_kstr(j, "file", p->findings[i].file);
        json_kuint(j, "line", p->findings[i].line);
        json_kstr(j, "level", "error");
        json_kstr(j, "rule", p->findings[i].rule);
        json_kstr(j, "message", p->findings[i].message);
        json_end(j);
    }
    json_end(j);
}

void
picture_json(const struct picture *p, struct strbuf *out)
{
    struct json j = json_on(out);
    json_object(&j);
    json_kstr(&j, "database", p->database);
    json_kuint(&j, "server_version", (uint64_t)p->server_version);
    json_kuint(&j, "duration_ms", p->took_ms);
    if (p->max_blocking_ms == CLOCK_NEVER)
        json_kstr(&j, "max_blocking_ms", NULL);
    else
        json_kuint(&j, "max_blocking_ms", p->max_blocking_ms);
    json_key(&j, "files");
    json_array(&j);
    for (size_t i = 0; i < p->n; i++)
        add_file(&j, &p->files[i]);
    json_end(&j);
    add_waits(&j, p);
    add_findings(&j, p);
    json_end(&j);
}
