"""Several hosts: the primary dies in the middle, a standby is promoted, and the run ends as if nothing had happened."""

import pytest

from rig import postgres
from rig.base import wait_until
from rig.migrations import Holder, events, failure


class Cluster:
    """A primary and its standby."""

    def __init__(self, primary, standby):
        self.primary, self.standby = primary, standby

    def url(self, **query):
        url = self.primary.url(target_session_attrs="read-write", **query)
        return url.replace(f":{self.primary.port}/", f":{self.primary.port},127.0.0.1:{self.standby.port}/")

    def sessions(self, where):
        return self.primary.sessions(where)

    def in_step(self):
        """All that is committed is there."""
        sql = "SELECT pg_last_wal_replay_lsn() >= '{}'"
        lsn = self.primary.psql("SELECT pg_current_wal_lsn()")
        wait_until(lambda: self.standby.psql(sql.format(lsn)) == "t", 30, "the standby is in step")

    def fail_over(self):
        self.in_step()
        self.primary.sigkill()
        self.standby.promote()

    def applied(self):
        return self.standby.psql("SELECT version FROM schema_history ORDER BY version", database=postgres.USER).split()


@pytest.fixture
def cluster(pg_server, new_dir):
    primary = pg_server()
    standby = primary.make_standby(new_dir())
    standby.start()
    wait_until(lambda: primary.psql("SELECT count(*) FROM pg_stat_replication") == "1", 30, "the standby streams")
    yield Cluster(primary, standby)
    standby.close()


@pytest.mark.parametrize("header", ["", "-- migrate: transaction=off\n"], ids=["transaction", "outside"])
def test_in_the_middle(start, files, cluster, header):
    """Rolled back with the old server, or a statement that is not done: run by the new one, in the same run."""
    files("0001_a.sql", "CREATE TABLE a (i int);\n")
    files("0002_b.sql", header + "INSERT INTO a VALUES (1);\nSELECT pg_sleep(CASE WHEN pg_is_in_recovery() OR inet_server_port() ="
                        f" {cluster.standby.port} THEN 0 ELSE 600 END);\nINSERT INTO a VALUES (2);\n")
    files("0003_c.sql", "INSERT INTO a VALUES (3);\n")
    process = start("migrate", "up", "--dir", files, "--wait=60s", env={"DATABASE_URL": cluster.url()})
    wait_until(lambda: cluster.sessions("query LIKE '%pg_sleep%' AND state = 'active'") == 1, 30, "the statement runs")
    cluster.fail_over()
    result = process.wait(120)
    assert result.status == 0, result.output
    assert events(result, "connection_lost")
    assert cluster.applied() == ["0001", "0002", "0003"]
    assert cluster.standby.psql("SELECT string_agg(i::text, ',' ORDER BY i) FROM a", database=postgres.USER) == "1,2,3"


def test_in_an_index(start, files, cluster):
    """What CREATE INDEX CONCURRENTLY left on the old server came with the standby: dropped, made again."""
    pg = postgres.Database.__new__(postgres.Database)
    pg.server, pg.name = cluster.primary, postgres.USER
    files("0001_a.sql", "CREATE TABLE a (i int);\nINSERT INTO a VALUES (1);\n")
    files("0002_b.sql", "CREATE INDEX CONCURRENTLY a_i ON a (i);\nCREATE INDEX CONCURRENTLY a_j ON a ((i + 1));\n")
    process = start("migrate", "up", "--dir", files, "--to=0001", env={"DATABASE_URL": cluster.url()})
    assert process.wait(60).status == 0
    holder = Holder(pg, "UPDATE a SET i = 2;").__enter__()
    process = start("migrate", "up", "--dir", files, "--wait=60s", env={"DATABASE_URL": cluster.url()})
    wait_until(lambda: cluster.sessions("query LIKE 'CREATE INDEX%' AND state = 'active'") == 1, 30, "it builds")
    cluster.fail_over()
    holder.process.kill()
    holder.process.wait()
    result = process.wait(120)
    assert result.status == 0, result.output
    assert [r["action"] for r in events(result, "resume")] == ["drop"]
    assert cluster.applied() == ["0001", "0002"]
    assert cluster.standby.psql("SELECT count(*) FROM pg_index WHERE NOT indisvalid", database=postgres.USER) == "0"


def test_nobody_takes_over(start, files, cluster):
    """The standby stays one: 10 when --wait is over; the next start, behind its promotion, goes on."""
    files("0001_a.sql", "CREATE TABLE a (i int);\nSELECT pg_sleep(CASE WHEN inet_server_port() ="
                        f" {cluster.standby.port} THEN 0 ELSE 600 END);\n")
    process = start("migrate", "up", "--dir", files, "--wait=1s", env={"DATABASE_URL": cluster.url()})
    wait_until(lambda: cluster.sessions("query LIKE '%pg_sleep%' AND state = 'active'") == 1, 30, "the statement runs")
    cluster.in_step()
    cluster.primary.sigkill()
    result = process.wait(60)
    assert result.status == 10 and failure(result), result.output
    cluster.standby.promote()
    process = start("migrate", "up", "--dir", files, env={"DATABASE_URL": cluster.url()})
    assert process.wait(60).status == 0
    assert cluster.applied() == ["0001"]
