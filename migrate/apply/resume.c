/* resume.c: kinds of statements by what the catalog says. */
#include "migrate/apply/resume.h"

/* The server chose its name: known is only what the table has now and had not then. */
static enum resume_action
unnamed_index(const struct resume_seen *s)
{
    if (s->fresh == 0)
        return s->leftovers ? RESUME_DROP : RESUME_REDO;
    if (s->refused || s->fresh > 1 || s->leftovers)
        return RESUME_STOP;
    return s->same ? RESUME_DONE : RESUME_DRIFT;
}

static enum resume_action
create_index(const struct resume_seen *s)
{
    if (!s->exists)
        return unnamed_index(s);
    if (s->old) /* whatever it is, the statement did not make it: the server, or IF NOT EXISTS, has the word */
        return RESUME_REDO;
    if (!s->valid)
        return RESUME_DROP;
    return s->same ? RESUME_DONE : RESUME_DRIFT;
}

/* What is gone is gone by whomever; another text speaks of something else. */
static enum resume_action
drop(const struct resume_seen *s)
{
    return !s->exists && s->same && !s->refused ? RESUME_DONE : RESUME_REDO;
}

static enum resume_action
detach(const struct resume_seen *s)
{
    return s->pending ? RESUME_FINALIZE : drop(s);
}

static enum resume_action
create(const struct resume_seen *s)
{
    if (!s->exists || s->refused)
        return RESUME_REDO;
    return s->same ? RESUME_DONE : RESUME_DRIFT;
}

/* One that was refused is for its writer to make repeatable, who was told so. */
static enum resume_action
unknown(const struct resume_seen *s)
{
    return s->refused ? RESUME_REDO : RESUME_STOP;
}

enum resume_action
resume_decide(enum task_kind kind, const struct resume_seen *seen)
{
    switch (kind) {
    case TASK_CREATE_INDEX:
        return create_index(seen);
    case TASK_DROP_INDEX:
    case TASK_DROP:
        return drop(seen);
    case TASK_DETACH:
        return detach(seen);
    case TASK_REINDEX:
        return seen->leftovers ? RESUME_DROP : RESUME_REDO;
    case TASK_CREATE:
        return create(seen);
    case TASK_AGAIN:
    case TASK_SESSION:
        return RESUME_REDO;
    case TASK_UNKNOWN:
        break;
    }
    return unknown(seen);
}

const char *
resume_action_text(enum resume_action action)
{
    static const char *const names[] = {"done", "again", "drop", "finalize", "stop", "drift"};
    return names[action];
}
