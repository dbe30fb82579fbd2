"""What the example systems ask of healthd by word and by number."""

import time

from rig.base import SLOW, free_port
from rig.healthd import Healthd, slow


def test_kairoflows_health_answers_at_once_000_27(start, pg_server):
    """200 in less than 100 ms, 99 times of 100, with a database that hangs and a Redis that is not there."""
    server = pg_server()
    env = {"DATABASE_URL": server.url(), "REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(free_port())}
    h = Healthd(start, env=env)
    h.until("[+]database ok", slow(1))
    server.sigstop_all()
    h.until("failed: timeout", slow(5))
    took = []
    for _ in range(300):
        began = time.monotonic()
        answer = h.get("/health")
        took.append(time.monotonic() - began)
        assert answer.status == 200 and answer.body.startswith('{"status":')
    server.sigcont()
    assert sorted(took)[296] < 0.1 * SLOW, sorted(took)[-5:]


def test_todo_apps_bodies_003_2_003_3_003_4(start, pg_server):
    server = pg_server()
    named = ("--service-name", "todo-chatbot-api", "--service-version", "3.0.0", "--details", "never")
    h = Healthd(start, *named, env={"DATABASE_URL": server.url()})
    h.until("[+]database ok", slow(1))
    alive = '{"status":"alive","service":"todo-chatbot-api","version":"3.0.0"}'
    assert (h.get("/health/live").status, h.get("/health/live").body) == (200, alive)
    assert (h.get("/health/ready").status, h.get("/health/ready").body) == (200, '{"status":"ready","database":"connected"}')
    assert h.get("/health").status == 200
    server.stop("immediate")
    h.until("[-]database", slow(2))
    assert (h.get("/health/ready").status, h.get("/health/ready").body) == (503, '{"status":"not_ready","database":"disconnected"}')
    # No database is looked at for these two.
    assert h.get("/health/live").body == alive and h.get("/health").status == 200
