"""healthd and the history of migrations: behind, there, ahead, dirty, in every layout."""

import pytest
from rig.base import wait_until
from rig.healthd import Healthd, slow
from rig.migrations import Migrations

LAYOUTS = {
    "golang": ["CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL)",
               "INSERT INTO schema_migrations VALUES ({v}, false)", "UPDATE schema_migrations SET dirty = true"],
    "dbmate": ["CREATE TABLE schema_migrations (version varchar(128) PRIMARY KEY)",
               "INSERT INTO schema_migrations VALUES ('{v}')", None],
    "goose": ["CREATE TABLE goose_db_version (id serial PRIMARY KEY, version_id bigint NOT NULL, is_applied boolean NOT NULL,"
              " tstamp timestamp DEFAULT now())",
              "INSERT INTO goose_db_version (version_id, is_applied) VALUES ({v}, true)", None],
    "flyway": ["CREATE TABLE flyway_schema_history (installed_rank int PRIMARY KEY, version varchar(50), description varchar(200)"
               " NOT NULL, type varchar(20) NOT NULL, script varchar(1000) NOT NULL, checksum int, installed_by varchar(100) NOT NULL,"
               " installed_on timestamp NOT NULL DEFAULT now(), execution_time int NOT NULL, success boolean NOT NULL)",
               "INSERT INTO flyway_schema_history SELECT coalesce(max(installed_rank), 0) + 1, '{v}', 'd', 'SQL', 'V{v}__d.sql', 1,"
               " 'me', now(), 1, true FROM flyway_schema_history",
               "UPDATE flyway_schema_history SET success = false WHERE version = '10'"],
    "sqlx": ["CREATE TABLE _sqlx_migrations (version bigint PRIMARY KEY, description text NOT NULL, installed_on timestamptz NOT NULL"
             " DEFAULT now(), success boolean NOT NULL, checksum bytea NOT NULL, execution_time bigint NOT NULL)",
             "INSERT INTO _sqlx_migrations VALUES ({v}, 'd', now(), true, '', 1)",
             "UPDATE _sqlx_migrations SET success = false WHERE version = 10"],
}  # fmt: skip


def check(start, url, more):
    return Healthd(start, "--check", f"database {url} every 200ms {more}")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(start, pg, layout):
    create, insert, spoil = LAYOUTS[layout]
    h = check(start, pg.url, "schema 10")
    h.until("[-]database failed: schema_behind", slow(1))
    assert "no history" in h.records("check_changed")[-1]["cause"]
    pg.psql(create)
    wait_until(lambda: "[-]database failed: schema_behind" in h.verbose(), slow(1))
    pg.psql(insert.format(v=9))
    looks = h.metric("healthd_check_duration_seconds_count", check="database")
    wait_until(lambda: h.metric("healthd_check_duration_seconds_count", check="database") > looks + 3, slow(2))
    assert "[-]database failed: schema_behind" in h.verbose()
    if layout == "golang":
        pg.psql("DELETE FROM schema_migrations")
    pg.psql(insert.format(v=10))
    h.until("[+]database ok", slow(2))
    if spoil:
        pg.psql(spoil)
        h.until("[-]database failed: schema_behind", slow(2))
        assert "has not ended" in h.records("check_changed")[-1]["cause"]


def test_of_migrate_itself(start, run, pg, scratch):
    """Ahead is fine: an older release runs on while the next one's migrations are there already."""
    files = Migrations(scratch)
    files("0001_a.sql", "CREATE TABLE a (n int)")
    h = check(start, pg.url, "schema 0002 role primary query 'SELECT true'")
    h.until("[-]database failed: schema_behind", slow(1))
    assert run("migrate", "up", "--database", pg.url, "--dir", files).status == 0
    looks = h.metric("healthd_check_duration_seconds_count", check="database")
    wait_until(lambda: h.metric("healthd_check_duration_seconds_count", check="database") > looks + 3, slow(2))
    assert "[-]database failed: schema_behind" in h.verbose()
    files("0010_b.sql", "CREATE TABLE b (n int)")
    assert run("migrate", "up", "--database", pg.url, "--dir", files).status == 0
    h.until("[+]database ok", slow(2))
    pg.psql("DROP TABLE schema_history")
    h.until("[-]database failed: ", slow(2))
    wait_until(lambda: "[-]database failed: schema_behind" in h.verbose(), slow(2))


def test_alembic(start, pg):
    """Revisions are ids: those that the line lists are older ones, another is a newer release's."""
    pg.psql("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
    h = check(start, pg.url, "schema ae1027a6acf,1975ea83b712,3f2b10f1d1a0")
    h.until("[-]database failed: schema_behind", slow(1))
    pg.psql("INSERT INTO alembic_version VALUES ('1975ea83b712')")
    looks = h.metric("healthd_check_duration_seconds_count", check="database")
    wait_until(lambda: h.metric("healthd_check_duration_seconds_count", check="database") > looks + 3, slow(2))
    assert "[-]database failed: schema_behind" in h.verbose()
    pg.psql("UPDATE alembic_version SET version_num = '3f2b10f1d1a0'")
    h.until("[+]database ok", slow(2))
    assert h.metric("healthd_check_state", check="database", state="up") == 1
    pg.psql("UPDATE alembic_version SET version_num = 'ffffffffffff'")
    wait_until(lambda: h.metric("healthd_check_state", check="database", state="degraded") == 1, slow(2))
    assert h.ready() == 200
    assert "ahead" in h.records("check_changed")[-1]["cause"]


def test_a_history_that_may_not_be_read(start, pg):
    pg.psql("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)", user="postgres")
    h = check(start, pg.url, "schema abc")
    h.until("[-]database failed: privilege", slow(1))
