/* test_resume.c: kinds of statements by what the catalog says of what they were to bring about. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "migrate/apply/resume.h"

static const struct {
    const char *what;
    enum task_kind kind;
    struct resume_seen seen;
    enum resume_action action;
} rows[] = {
    /* CREATE INDEX with a name */
    {"nothing there", TASK_CREATE_INDEX, {.same = true}, RESUME_REDO},
    {"nothing there, another text", TASK_CREATE_INDEX, {.same = false}, RESUME_REDO},
    {"nothing there, refused", TASK_CREATE_INDEX, {.same = true, .refused = true}, RESUME_REDO},
    {"there and valid",
     TASK_CREATE_INDEX,
     {.same = true, .exists = true, .valid = true},
     RESUME_DONE},
    {"made by hand after it was refused",
     TASK_CREATE_INDEX,
     {.same = true, .refused = true, .exists = true, .valid = true},
     RESUME_DONE},
    {"there and valid, another text",
     TASK_CREATE_INDEX,
     {.exists = true, .valid = true},
     RESUME_DRIFT},
    {"INVALID", TASK_CREATE_INDEX, {.same = true, .exists = true, .leftovers = 1}, RESUME_DROP},
    {"INVALID, refused",
     TASK_CREATE_INDEX,
     {.same = true, .refused = true, .exists = true, .leftovers = 1},
     RESUME_DROP},
    {"INVALID, another text", TASK_CREATE_INDEX, {.exists = true, .leftovers = 1}, RESUME_DROP},
    {"INVALID under the name of the text of before",
     TASK_CREATE_INDEX,
     {.leftovers = 1},
     RESUME_DROP},
    {"INVALID and not ours",
     TASK_CREATE_INDEX,
     {.same = true, .exists = true, .old = true},
     RESUME_REDO},
    {"valid and not ours",
     TASK_CREATE_INDEX,
     {.same = true, .exists = true, .valid = true, .old = true},
     RESUME_REDO},
    /* without one */
    {"one new index", TASK_CREATE_INDEX, {.same = true, .fresh = 1}, RESUME_DONE},
    {"one new index, another text", TASK_CREATE_INDEX, {.fresh = 1}, RESUME_DRIFT},
    {"one new index, though it was refused",
     TASK_CREATE_INDEX,
     {.same = true, .refused = true, .fresh = 1},
     RESUME_STOP},
    {"two new indexes", TASK_CREATE_INDEX, {.same = true, .fresh = 2}, RESUME_STOP},
    {"a new one and an INVALID one",
     TASK_CREATE_INDEX,
     {.same = true, .fresh = 1, .leftovers = 1},
     RESUME_STOP},
    {"INVALID ones", TASK_CREATE_INDEX, {.same = true, .leftovers = 2}, RESUME_DROP},
    /* what goes away */
    {"the index is gone", TASK_DROP_INDEX, {.same = true}, RESUME_DONE},
    {"the index is there", TASK_DROP_INDEX, {.same = true, .exists = true}, RESUME_REDO},
    {"another index is gone", TASK_DROP_INDEX, {.same = false}, RESUME_REDO},
    {"it was refused, for there was none",
     TASK_DROP_INDEX,
     {.same = true, .refused = true},
     RESUME_REDO},
    {"the database is gone", TASK_DROP, {.same = true}, RESUME_DONE},
    {"the database is there", TASK_DROP, {.same = true, .exists = true}, RESUME_REDO},
    /* partitions */
    {"detached", TASK_DETACH, {.same = true}, RESUME_DONE},
    {"detached, another text", TASK_DETACH, {.same = false}, RESUME_REDO},
    {"half detached",
     TASK_DETACH,
     {.same = true, .exists = true, .pending = true},
     RESUME_FINALIZE},
    {"half detached, refused",
     TASK_DETACH,
     {.refused = true, .exists = true, .pending = true},
     RESUME_FINALIZE},
    {"a partition still", TASK_DETACH, {.same = true, .exists = true}, RESUME_REDO},
    /* again */
    {"REINDEX", TASK_REINDEX, {.same = true}, RESUME_REDO},
    {"REINDEX, and its remains", TASK_REINDEX, {.same = true, .leftovers = 3}, RESUME_DROP},
    {"VACUUM", TASK_AGAIN, {.same = true}, RESUME_REDO},
    {"SET", TASK_SESSION, {.same = true}, RESUME_REDO},
    /* objects of the cluster */
    {"the database is there", TASK_CREATE, {.same = true, .exists = true}, RESUME_DONE},
    {"another database is there", TASK_CREATE, {.exists = true}, RESUME_DRIFT},
    {"it was there before",
     TASK_CREATE,
     {.same = true, .refused = true, .exists = true},
     RESUME_REDO},
    {"no database", TASK_CREATE, {.same = true}, RESUME_REDO},
    /* nobody knows */
    {"CALL", TASK_UNKNOWN, {.same = true}, RESUME_STOP},
    {"CALL, another text", TASK_UNKNOWN, {.same = false}, RESUME_STOP},
    {"CALL that was refused", TASK_UNKNOWN, {.same = true, .refused = true}, RESUME_REDO},
};

static void
test_decisions(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (resume_decide(rows[i].kind, &rows[i].seen) != rows[i].action)
            fail_msg("%s of %s: %s", rows[i].what, task_kind_text(rows[i].kind),
                     resume_action_text(resume_decide(rows[i].kind, &rows[i].seen)));
}

/* An index that was there before, or is INVALID, never counts as done; what is not known to be ours is never dropped. */
static void
test_every_index(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits < 256; bits++) {
        const struct resume_seen s = {.same = bits & 1u,
                                      .refused = bits & 2u,
                                      .exists = bits & 4u,
                                      .valid = bits & 8u,
                                      .old = bits & 16u,
                                      .leftovers = bits >> 5 & 1u,
                                      .fresh = bits >> 6};
        enum resume_action action = resume_decide(TASK_CREATE_INDEX, &s);
        if (action == RESUME_DONE)
            assert_true(s.same && (s.exists ? s.valid && !s.old : s.fresh == 1));
        if (action == RESUME_DROP)
            assert_true(!s.old || !s.exists);
    }
}

static void
test_words(void **state)
{
    (void)state;
    assert_string_equal(resume_action_text(RESUME_DONE), "done");
    assert_string_equal(resume_action_text(RESUME_DRIFT), "drift");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_decisions),
                                       cmocka_unit_test(test_every_index),
                                       cmocka_unit_test(test_words)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
