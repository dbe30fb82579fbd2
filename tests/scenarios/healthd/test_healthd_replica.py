"""healthd and a standby that streams, falls behind, loses its primary, is promoted; and a server that is only pinged."""

import pytest
from rig.base import CANARY, Daemon, wait_until
from rig.healthd import Healthd, slow
from rig.postgres import SUPERUSER, USER, bindir

BOUND = 2 + 2 * 1 + 0.5


def check(start, url, more="", **kw):
    return Healthd(start, "--check", f"database {url} {more}".strip(), **kw)


@pytest.fixture
def pair(pg_server, new_dir):
    """A primary, and a standby that streams from it."""
    primary = pg_server(wal_receiver_timeout="60s")
    standby = primary.make_standby(new_dir())
    standby.start()
    wait_until(lambda: primary.psql("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'") == "1", 20)
    yield primary, standby
    standby.close()


@pytest.mark.parametrize("user", [SUPERUSER, USER])
def test_lag(start, pair, user):
    """A role without special rights is told less of the receiver, and enough."""
    primary, standby = pair
    keys = "max-lag 1s every 300ms"
    primary.psql("CREATE TABLE early (n int)")
    wait_until(lambda: standby.psql("SELECT pg_last_xact_replay_timestamp() IS NOT NULL") == "t", 20)
    one = check(start, primary.socket_url(user=user), keys)
    one.until("[+]database ok", slow(1))
    h = check(start, standby.socket_url(user=user), f"role standby {keys}")
    h.until("[+]database ok", slow(1))
    standby.psql("SELECT pg_wal_replay_pause()")
    wait_until(lambda: standby.psql("SELECT pg_get_wal_replay_pause_state()") == "paused", 20)
    primary.psql("CREATE TABLE late (n int)")
    h.until("[-]database failed: lagging", slow(2))
    assert " behind" in h.records("check_changed")[-1]["cause"]
    standby.psql("SELECT pg_wal_replay_resume()")
    h.until("[+]database ok", slow(2))


def test_a_quiet_primary_is_no_lag(start, pair):
    """The last commit may be long ago, as long as all that came is replayed."""
    primary, standby = pair
    primary.psql("CREATE TABLE once (n int)")
    h = check(start, standby.socket_url(), "max-lag 100ms every 300ms")
    h.until("[+]database ok", slow(2))
    looks = h.metric("healthd_check_duration_seconds_count", check="database")
    wait_until(lambda: h.metric("healthd_check_duration_seconds_count", check="database") > looks + 5, slow(3))
    assert [r["state"] for r in h.records("check_changed")][-1] == "up"
    assert "[+]database ok" in h.verbose()


def test_no_receiver(start, pair):
    primary, standby = pair
    h = check(start, standby.socket_url(), "max-lag 1h every 300ms")
    h.until("[+]database ok", slow(1))
    primary.stop()
    h.until("[-]database failed: lagging", slow(2))
    assert "not receiving" in h.records("check_changed")[-1]["cause"]
    primary.start()
    h.until("[+]database ok", slow(10))
    standby.promote()
    wait_until(lambda: "[+]database ok" in h.verbose(), slow(2))


# --- Ping -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [{}, {"password": ""}, {"password": f"{CANARY}-wrong"}, {"user": "nobody_at_all"}, {"database": "nothing"}],
)
def test_ping(start, pg_server, change):
    """Whoever comes: the server listens."""
    pg = pg_server()
    h = check(start, pg.url(**change), "mode ping every 300ms")
    h.until("[+]database ok", slow(1))
    pg.stop()
    h.until("[-]database failed: refused", slow(2))
    pg.start()
    h.until("[+]database ok", slow(1))
    pg.sigstop_all()
    h.until("[-]database failed: timeout", slow(BOUND))
    pg.sigcont()


def test_ping_without_a_slot(start, pg_server):
    pg = pg_server(max_connections=4, superuser_reserved_connections=1)
    held = [check(start, pg.url(), "every 1h") for _ in range(3)]
    for one in held:
        one.until("[+]database ok", slow(1))
    h = check(start, pg.url(), "mode ping every 300ms")
    h.until("[+]database ok", slow(1))
    other = check(start, pg.url(), "every 300ms")
    other.until("[-]database failed: too_many_connections", slow(1))


def test_ping_of_a_server_that_recovers(start, pair):
    """Neither starting up nor shutting down is alive: as for pg_isready."""
    _, standby = pair
    standby.stop()
    settings = standby.data / "postgresql.auto.conf"
    settings.write_text(settings.read_text().replace("hot_standby = 'on'", "hot_standby = 'off'"))
    standby.daemon = Daemon([bindir() / "postgres", "-D", standby.data], standby.directory / "log")
    h = check(start, standby.socket_url(), "mode ping every 300ms")
    h.until("[-]database failed: starting_up", slow(3))
