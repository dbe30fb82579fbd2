"""The chart's backup script under cronrun, on real servers: a dump is whole or not there, and it can be restored."""

import hashlib
import os
import re
import signal
import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from rig.base import CANARY, as_server_user, give_to_server_user, propagation, wait_until
from rig.postgres import USER, bindir
from rig.program import ROOT

TEMPLATE = ROOT / "chart" / "templates" / "model" / "_backupScript.tpl"
NASTY = f"{CANARY}:p@s s/w'o\"r%d\\41#?&="
ENCODED = "".join(c if c.isalnum() else f"%{ord(c):02X}" for c in NASTY)
DUMP = re.compile(r"shop-\d{8}T\d{6}Z\.dump")


def script_text():
    return TEMPLATE.read_text().split('"release-runtime.backupScript" -}}\n')[1].removesuffix("\n{{- end }}\n")


class Backup:
    """The script as the cron jobs call it, in directories of its own, as the servers' user."""

    def __init__(self, programs, directory):
        self.programs = programs
        self.directory = directory / "backup"
        self.rehearsal = directory / "rehearsal"
        self.script = directory / "backup.sh"
        self.script.write_text(script_text())
        for folder in (self.directory, self.rehearsal, directory / "bin", directory / "tmp"):
            folder.mkdir()
        self.env = {
            "PATH": f"{directory}/bin:{bindir()}:{os.environ['PATH']}",
            "TMPDIR": directory / "tmp",
            "BACKUP_DIR": self.directory,
            "BACKUP_NAME": "shop",
            "REHEARSAL_DIR": self.rehearsal,
            "REHEARSAL_QUERY": "SELECT count(*) = 100 FROM item",
        }
        give_to_server_user(directory)
        self.scratch = directory

    def start(self, command, env=None, lock="none", wrap=()):
        words = ["run", "--name", "prod/shop/backup", "--lock", lock, "--deadline", "60s", "--grace", "5s", "--job-deadline", "130s", "--"]
        ours = as_server_user(["sh", str(self.script), command])
        return self.programs.start("cronrun", *words, *ours, env={**self.env, **(env or {})}, wrap=wrap)

    def __call__(self, command, env=None, **how):
        done = self.start(command, env, **how).wait(90)
        assert CANARY not in done.output and not list((self.scratch / "tmp").iterdir()), done.output
        return done

    def files(self):
        return sorted(p.name for p in self.directory.iterdir())

    def program(self, name, text):
        """One that is found before the image's."""
        path = self.scratch / "bin" / name
        path.write_text("#!/bin/sh\n" + text)
        path.chmod(0o755)

    def place(self, stamp, name="shop", text="dump"):
        """A dump as an earlier run has left it."""
        file = self.directory / f"{name}-{stamp}.dump"
        file.write_text(text)
        Path(f"{file}.sha256").write_text(f"{hashlib.sha256(text.encode()).hexdigest()}  {file.name}\n")
        give_to_server_user(self.directory)
        return file.name


@pytest.fixture
def backup(programs, scratch):
    return Backup(programs, scratch)


@pytest.fixture
def shop(pg):
    pg.psql("CREATE TABLE item AS SELECT n, 'name ' || n AS name FROM generate_series(1, 100) n")
    return pg


def url(database):
    return {"DATABASE_URL": database.url}


def failed(done, *words):
    assert done.status != 0 and all(word in done.output for word in words), done.output


# --- Backup, damage, restore ------------------------------------------------------------------------------------------------


def test_001_15_backup_damage_restore(backup, shop, watched):
    done = backup("dump", url(shop), lock="postgres")
    assert done.status == 0, done.output
    (name, checksum) = backup.files()
    assert DUMP.fullmatch(name) and checksum == f"{name}.sha256"
    data = (backup.directory / name).read_bytes()
    assert data.startswith(b"PGDMP") and f"{name}, {len(data)} bytes" in done.output
    assert (backup.directory / checksum).read_text() == f"{hashlib.sha256(data).hexdigest()}  {name}\n"
    shop.psql("UPDATE item SET name = 'damaged' WHERE n < 50", "DELETE FROM item WHERE n > 90", "ALTER TABLE item ADD COLUMN more int")
    done = backup("restore", url(shop), lock="postgres")
    assert done.status == 0 and f"{name} is restored" in done.output, done.output
    assert shop.psql("SELECT count(*), max(name) FROM item") == "100|name 99"
    assert shop.psql("SELECT count(*) FROM information_schema.columns WHERE table_name = 'item'") == "2"


def test_a_restore_is_all_or_nothing(backup, shop):
    assert backup("dump", url(shop)).status == 0
    shop.psql("DELETE FROM item WHERE n > 90", "CREATE VIEW names AS SELECT name FROM item")
    failed(backup("restore", url(shop)), "was not restored, and the database is as it was", "names")
    assert shop.psql("SELECT count(*) FROM names") == "90"


def test_an_older_dump_can_be_named(backup, shop):
    assert backup("dump", url(shop)).status == 0
    (name, _) = backup.files()
    old = backup.directory / "shop-20200102T030405Z.dump"
    (backup.directory / name).rename(old)
    (backup.directory / f"{name}.sha256").unlink()
    backup.place("20200102T030405Z", text="x")
    failed(backup("restore", {**url(shop), "BACKUP_FILE": "shop-20190102T030405Z.dump"}), "does not match its checksum")
    listed = backup("list")
    assert "shop-20200102T030405Z.dump, 1 bytes" in listed.output


@pytest.mark.parametrize("how", ["parts", "libpq", "url", "sqlalchemy", "hosts", "php", "keywords", "mixed"])
def test_wherever_the_database_is_said_to_be(backup, pg_server, how):
    """Passwords with all that a URL, a password file or a shell could trip over."""
    server = pg_server()
    server.psql("CREATE ROLE \"o'wner\" LOGIN", "CREATE DATABASE \"my-shop\" OWNER \"o'wner\"")
    quoted = NASTY.replace("'", "''")
    server.psql(f"ALTER ROLE \"o'wner\" PASSWORD '{quoted}'")
    host, port = "127.0.0.1", str(server.port)
    parts = {"HOST": host, "PORT": port, "NAME": "my-shop", "USER": "o'wner", "PASSWORD": NASTY}
    given = {
        "parts": {f"DATABASE_{k}": v for k, v in parts.items()},
        "libpq": {"PGHOST": host, "PGPORT": port, "PGDATABASE": "my-shop", "PGUSER": "o'wner", "PGPASSWORD": NASTY},
        "url": {"DATABASE_URL": f"postgres://o%27wner:{ENCODED}@{host}:{port}/my%2Dshop"},
        "sqlalchemy": {"DATABASE_URL": f"postgresql+asyncpg://o%27wner:{ENCODED}@{host}:{port}/my-shop?ssl=prefer&prepared_statement_cache_size=0"},
        "hosts": {"DATABASE_URL": f"postgresql://o'wner:{ENCODED}@[::1]:1,{host}:{port}/my-shop?connect_timeout=5"},
        "php": {"DATABASE_DSN": f"pgsql:host={host};port={port};dbname=my-shop;user=o'wner", "DATABASE_PASSWORD": NASTY},
        "keywords": {"DATABASE_DSN": f"host={host} port={port} dbname=my-shop user=o'wner", "DATABASE_PASSWORD": NASTY},
        "mixed": {"DATABASE_URL": f"postgresql://o'wner@{host}/my-shop", "DATABASE_PORT": port, "DATABASE_PASSWORD": NASTY},
    }[how]
    done = backup("dump", given)
    assert done.status == 0 and len(backup.files()) == 2, done.output


def test_no_argument_shows_a_password(backup, shop, watched):
    assert backup("dump", url(shop), lock="postgres").status == 0
    # What the watcher may be too late for: the words that pg_dump gets.
    backup.program("pg_dump", f'echo "$@" >>{backup.scratch}/tmp/words; env >>{backup.scratch}/tmp/words; exec {bindir()}/pg_dump "$@"')
    done = backup.start("dump", url(shop)).wait(60)
    words = backup.scratch / "tmp" / "words"
    assert done.status == 0 and "--format=custom" in words.read_text() and CANARY not in words.read_text()


# --- What fails leaves nothing ----------------------------------------------------------------------------------------------


def test_an_older_pg_dump_is_refused(backup, shop):
    version = shop.psql("SHOW server_version_num")[:2]
    backup.program("pg_dump", 'test "$1" = --version && echo "pg_dump (PostgreSQL) 9.6.24"')
    failed(backup("dump", url(shop)), f"pg_dump 9 is older than the server ({version})", "give a newer image")
    # A newer one is not.
    backup.program("pg_dump", f'test "$1" != --version && exec {bindir()}/pg_dump "$@"; echo "pg_dump (PostgreSQL) 99devel"')
    assert backup("dump", url(shop)).status == 0
    assert len(backup.files()) == 2


def test_a_server_that_is_not_there(backup, pg_server):
    server = pg_server()
    server.stop()
    failed(backup("dump", {"DATABASE_URL": server.url(USER)}), "cannot be asked for its version", "Connection refused")
    assert backup.files() == []


@pytest.fixture
def full_disk():
    """Words before a program: BACKUP_DIR is a disk of 256 KiB, with what was there; at the end its list of files is written beside it."""
    if os.geteuid() != 0:
        pytest.skip("needs root: a file system of its own")
    fill = (
        'disk=$BACKUP_DIR; mkdir "$disk.kept"; cp -p "$disk"/* "$disk.kept"; mount -t tmpfs -o size=256k,mode=0777 small "$disk" || exit 99; '
        'cp -p "$disk.kept"/* "$disk"; "$@"; status=$?; ls -A "$disk" >"$disk.list"; umount "$disk"; exit $status'
    )
    return ["unshare", "--mount", "--propagation", propagation(), "sh", "-c", fill, "sh"]


def test_a_full_disk(backup, shop, full_disk):
    """What was there stays, though it is beyond what is to be kept; nothing half written is left."""
    old = [backup.place(f"2020010{day}T000000Z") for day in (1, 2, 3)]
    shop.psql("CREATE TABLE big AS SELECT md5(random()::text) FROM generate_series(1, 40000)")
    failed(backup("dump", {**url(shop), "BACKUP_KEEP_COUNT": 2}, wrap=full_disk), "No space left on device", "nothing of this dump is kept")
    left = Path(f"{backup.directory}.list").read_text().split()
    assert sorted(left) == sorted(old + [f"{name}.sha256" for name in old])


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGKILL])
def test_a_dump_that_is_ended(backup, shop, signum):
    """TERM removes what it began; after KILL the next run does. Neither is ever taken for a dump."""
    # It has begun, and waits.
    backup.program("pg_dump", f'for last; do :; done; {bindir()}/pg_dump "$@" || exit; test "$1" = --version || {{ echo begun; sleep 60; }}')
    process = backup.start("dump", url(shop))
    process.wait_for("begun")
    (part,) = backup.files()
    assert part.endswith(".part") and not DUMP.fullmatch(part)
    process.send_signal(signum)
    assert process.wait(30).status != 0
    if signum == signal.SIGTERM:
        assert backup.files() == []
    else:
        for pid in backup.programs.leftovers():
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not backup.programs.leftovers(), 10, "the tree is gone")
    (backup.scratch / "bin" / "pg_dump").unlink()
    subprocess.run(["sh", "-c", f"rm -rf {backup.scratch}/tmp/*"], check=True)
    assert backup("dump", url(shop)).status == 0
    assert len(backup.files()) == 2 and part not in backup.files()


def test_a_dump_that_cannot_be_read_back(backup, shop):
    backup.program("pg_dump", f'{bindir()}/pg_dump "$@" || exit; for last; do :; done; f=${{last#--file=}}; test -f "$f" || exit 0; truncate -s -200 "$f"')
    failed(backup("dump", url(shop)), "cannot be read back")
    assert backup.files() == []


# --- Retention ----------------------------------------------------------------------------------------------------------------


def stamp(**ago):
    return (datetime.now(timezone.utc) - timedelta(**ago)).strftime("%Y%m%dT%H%M%SZ")


def test_001_15_retention_by_number(backup, shop):
    for day in range(1, 6):
        backup.place(f"2020010{day}T000000Z")
    # Those of other releases, and other files.
    others = [backup.place("20200101T000000Z", name) for name in ("shop-1", "shop-web", "zshop")]
    (backup.directory / "shop-notes.dump").write_text("mine")
    (backup.directory / "lost+found").mkdir()
    done = backup("dump", {**url(shop), "BACKUP_KEEP_COUNT": 3})
    assert done.status == 0, done.output
    dumps = [name for name in backup.files() if DUMP.fullmatch(name)]
    assert dumps[:2] == ["shop-20200104T000000Z.dump", "shop-20200105T000000Z.dump"] and len(dumps) == 3
    assert "shop-20200103T000000Z.dump is deleted" in done.output
    rest = {"lost+found", "shop-notes.dump", *others, *(f"{name}.sha256" for name in others + dumps)}
    assert set(backup.files()) - set(dumps) == rest


def test_001_15_retention_by_age(backup, shop):
    old, young = backup.place(stamp(days=8)), backup.place(stamp(days=6))
    assert backup("dump", {**url(shop), "BACKUP_KEEP_DAYS": 7}).status == 0
    assert old not in backup.files() and young in backup.files() and len(backup.files()) == 4
    # Both at once.
    assert backup("dump", {**url(shop), "BACKUP_KEEP_DAYS": 7, "BACKUP_KEEP_COUNT": 1}).status == 0
    assert young not in backup.files() and len(backup.files()) == 2


def test_without_a_limit_all_are_kept(backup, shop):
    old = backup.place("20200101T000000Z")
    assert backup("dump", {**url(shop), "BACKUP_KEEP_DAYS": 0, "BACKUP_KEEP_COUNT": 0}).status == 0
    assert old in backup.files()


# --- Rehearsal ----------------------------------------------------------------------------------------------------------------


def test_001_15_rehearsal_without_the_source(backup, pg_server):
    """The newest dump, in a server of its own: the one that was dumped is not even running."""
    server = pg_server()
    server.psql("CREATE TABLE item AS SELECT n FROM generate_series(1, 100) n", "CREATE ROLE seller", database=USER)
    server.psql("ALTER TABLE item OWNER TO seller", "GRANT SELECT ON item TO app", database=USER)
    backup.place("20200101T000000Z")
    source = {"PGHOST": server.socket_dir, "PGPORT": server.port, "PGUSER": "postgres", "PGDATABASE": USER}
    assert backup("dump", source).status == 0
    server.stop()
    done = backup("rehearse", source)
    assert done.status == 0 and "was restored, and the query returned t" in done.output, done.output
    assert list(backup.rehearsal.iterdir()) == []


def test_a_rehearsal_that_fails(backup, shop):
    failed(backup("rehearse"), "there is no dump of shop")
    assert backup("dump", url(shop)).status == 0
    (name, checksum) = backup.files()
    failed(backup("rehearse", {"REHEARSAL_QUERY": "SELECT count(*) > 100 FROM item"}), f"{name}: the query returned 'f' instead of t")
    failed(backup("rehearse", {"REHEARSAL_QUERY": "SELECT no FROM item"}), f"{name}: the query has failed")
    data = (backup.directory / name).read_bytes()
    (backup.directory / name).write_bytes(data[:-200])
    failed(backup("rehearse"), f"{name} does not match its checksum")
    (backup.directory / checksum).write_text(f"{hashlib.sha256(data[:-200]).hexdigest()}  {name}\n")
    failed(backup("rehearse"), f"{name} cannot be restored")
    assert list(backup.rehearsal.iterdir()) == []
