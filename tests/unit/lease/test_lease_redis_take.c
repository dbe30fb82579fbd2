/* How a lease in Redis is taken: claimed, confirmed, taken back when nobody knows what became of it; what each answer does. */
#include "tests/unit/fakes/fake_lease_redis.h"

/* It is taken back, and there is time for another. */
static void
test_too_slow_an_answer_is_no_lock(void **state)
{
    struct fixture *f = *state;
    acquire(f);
    connected();
    answer_pair(1, "42");
    now_ms += 1500;
    answer_integer(1);
    assert_false(f->acquired);
    fire(RENEW);
    assert_true(asks(TAKE_BACK));
    now_ms += 10000;
    answer_integer(1);
    assert_int_equal(f->e.code, ERR_TIMEOUT);
}

static void
test_busy(void **state)
{
    struct fixture *f = *state;
    acquire(f);
    connected();
    answer_pair(0, "0123456789012345678901234567890123456789 "
                   "{\"fence\":0,\"host\":\"a\",\"pid\":7,\"since\":\"s\",\"run_id\":\"r\"}");
    assert_int_equal(f->e.code, ERR_BUSY);
    assert_string_equal(f->holder.host, "a");
    assert_int_equal(f->holder.pid, 7);
    f->e.code = ERR_NONE;
    acquire(f); /* again, on the same connection, with another value */
    assert_null(conn.connect_cb);
    answer_pair(0, "somebody else's");
    assert_int_equal(f->e.code, ERR_BUSY);
    assert_string_equal(f->holder.host, "");
}

/* Somebody asks for the lock, and may not live to hear the answer: nobody is skipped for that. */
static void
test_a_claim_is_no_holder(void **state)
{
    struct fixture *f = *state;
    acquire(f);
    connected();
    for (int i = 0; i < 3; i++) {
        answer_pair(0, "?0123456789 a claim");
        assert_false(f->acquired);
        fire(RENEW);
        assert_true(asks(CLAIM));
    }
    answer_pair(1, "42");
    answer_integer(1);
    assert_int_equal(f->e.code, ERR_NONE);
    assert_int_equal(f->fence, 42);
}

static void
test_nothing_but_claims(void **state)
{
    struct fixture *f = *state;
    acquire(f);
    connected();
    uint64_t end_ms = now_ms + 10000;
    while (!f->acquired && now_ms < end_ms + 1000) {
        answer_pair(0, "?0123456789 a claim");
        if (!f->acquired)
            fire(RENEW);
        if (!f->acquired && !conn.reply_cb)
            fail_msg("nothing is asked");
    }
    assert_int_equal(f->e.code, ERR_TIMEOUT); /* not busy: nobody is known to hold it */
    assert_non_null(strstr(f->e.msg, "claim"));
}

/* What makes the value of one claim different from that of any other: 20 random bytes stand before the holder's line. */
enum { TOKEN_DIGITS = 40 };

static void
assert_has_token(const char *value)
{
    assert_int_equal(strspn(value, "0123456789abcdef"), TOKEN_DIGITS);
    assert_memory_equal(value + TOKEN_DIGITS, " {", 2);
}

static void
assert_taken_back_and_held(struct fixture *f, long long was_there)
{
    char lost[256];
    strcpy(lost, conn.value);
    answer_lost();
    assert_false(f->acquired);
    assert_int_equal(conn.shunned, 1);
    fire(RENEW);
    assert_true(conn.deadline_ms <= now_ms + 10000 / 3);
    connected();
    assert_true(asks(TAKE_BACK));
    assert_string_equal(conn.value, lost);
    answer_integer(was_there);
    fire(RENEW);
    assert_true(asks(CLAIM));
    assert_has_token(lost);
    assert_has_token(conn.value);
    assert_memory_not_equal(conn.value, lost, TOKEN_DIGITS);
    answer_pair(1, "43");
    answer_integer(1);
    assert_true(f->acquired);
    assert_int_equal(f->e.code, ERR_NONE);
    assert_int_equal(f->fence, 43);
}

static void
test_a_claim_is_not_answered(void **state)
{
    struct fixture *f = *state;
    acquire(f);
    connected();
    assert_taken_back_and_held(f, 0);
}

static void
test_a_confirmation_is_not_answered(void **state)
{
    struct fixture *f = *state;
    acquire(f);
    connected();
    answer_pair(1, "42");
    assert_taken_back_and_held(f, 1);
}

/* The claim was over, or Redis lost it, before it was confirmed. */
static void
test_a_claim_is_over(void **state)
{
    struct fixture *f = *state;
    acquire(f);
    connected();
    answer_pair(1, "42");
    answer_integer(0);
    assert_false(f->acquired);
    fire(RENEW);
    assert_true(asks(CLAIM));
}

/* Whether the lock was set is not known, and Redis stays away: tried to the end, and said. */
static void
test_nobody_answers_any_more(void **state)
{
    struct fixture *f = *state;
    acquire(f);
    connected();
    answer_pair(1, "42");
    answer_lost();
    uint64_t end_ms = now_ms + 10000;
    unsigned times = 0;
    while (!f->acquired) {
        fire(RENEW);
        if (conn.connect_cb)
            not_connected(ERR_REFUSED);
        times++;
    }
    assert_true(now_ms >= end_ms);
    assert_in_range(times, 10, 60);
    assert_int_equal(f->e.code, ERR_REFUSED);
    assert_non_null(strstr(f->e.msg, "expires in 3000 ms"));
}

static void
test_refused_is_told_at_once(void **state)
{
    struct fixture *f = *state;
    acquire(f);
    not_connected(ERR_REFUSED);
    assert_int_equal(f->e.code, ERR_REFUSED);
}

/* The first connection or address says nothing: another gets its share of the time. */
static void
test_another_connection(void **state)
{
    struct fixture *f = *state;
    acquire(f);
    assert_int_equal(conn.deadline_ms, now_ms + 3333);
    now_ms += 3333;
    not_connected(ERR_TIMEOUT);
    assert_int_equal(conn.shunned, 1);
    fire(RENEW);
    connected();
    answer_pair(1, "42");
    answer_integer(1);
    assert_int_equal(f->fence, 42);
}

static void
test_withdrawn(void **state)
{
    struct fixture *f = *state;
    acquire(f);
    connected();
    lease_withdraw(f->lease);
    answer_pair(1, "42"); /* told as it is, not confirmed */
    assert_true(f->acquired);
    assert_int_equal(f->e.code, ERR_NONE);
    lease_release_start(f->lease, "stopped", now_ms + 3000, on_released, f, NULL);
    turn(f);
    assert_true(asks(TAKE_BACK));
    answer_integer(1);
    assert_true(f->released);
}

static void
test_withdrawn_between_attempts(void **state)
{
    struct fixture *f = *state;
    acquire(f);
    connected();
    answer_pair(0, "?0123456789 a claim");
    lease_withdraw(f->lease);
    assert_false(f->acquired);
    fire(RENEW);
    assert_null(conn.reply_cb);
    assert_true(f->acquired);
    assert_true(f->e.code != ERR_NONE);
}

static void
test_strange_answers(void **state)
{
    struct fixture *f = *state;
    acquire(f);
    connected();
    answer_integer(1);
    assert_int_equal(f->e.code, ERR_PROTOCOL);
    acquire(f);
    answer_pair(1, "inf");
    assert_int_equal(f->e.code, ERR_PROTOCOL);
}

/* What the script says: nothing was set; the message names the keys and what is needed. */
static void
test_errors(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *said, *told;
    } cases[] = {
        {"OOM command not allowed when used memory > 'maxmemory'.", "maxmemory"},
        {"WRONGTYPE Operation against a key", "cronrun:{mail}:fence was not written by"},
        {"ERR the fence was not written by cronrun", "cronrun:{mail}:fence was not written by"},
        {"NOPERM this user has no permissions",
         "the user needs permission for EVAL, GET, SET, PEXPIRE and TIME"},
        {"ERR The user executing the script can't run this command",
         "the user needs permission for EVAL, GET"},
        {"ERR ACL failure in script: User job has no permissions to run the 'get' command",
         "the user needs permission for EVAL, GET"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        acquire(f);
        connected();
        answer_error(cases[i].said);
        assert_true(f->acquired);
        assert_int_equal(f->e.code, ERR_SERVER);
        assert_non_null(strstr(f->e.msg, cases[i].told));
    }
    acquire(f);
    connected();
    answer_pair(1, "42");
    answer_error("NOPERM no PEXPIRE"); /* found out before the command starts */
    assert_int_equal(f->e.code, ERR_SERVER);
}

/* A replica among the addresses: another one is tried, once. */
static void
test_replica(void **state)
{
    struct fixture *f = *state;
    acquire(f);
    connected();
    answer_error("READONLY You can't write");
    assert_false(f->acquired);
    assert_int_equal(conn.shunned, 1);
    fire(RENEW);
    connected();
    answer_error("READONLY You can't write");
    assert_int_equal(f->e.code, ERR_SERVER);
    assert_non_null(strstr(f->e.msg, "READONLY"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_too_slow_an_answer_is_no_lock),
        TEST(test_busy),
        TEST(test_a_claim_is_no_holder),
        TEST(test_nothing_but_claims),
        TEST(test_a_claim_is_not_answered),
        TEST(test_a_confirmation_is_not_answered),
        TEST(test_a_claim_is_over),
        TEST(test_nobody_answers_any_more),
        TEST(test_refused_is_told_at_once),
        TEST(test_another_connection),
        TEST(test_withdrawn),
        TEST(test_withdrawn_between_attempts),
        TEST(test_strange_answers),
        TEST(test_errors),
        TEST(test_replica),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
