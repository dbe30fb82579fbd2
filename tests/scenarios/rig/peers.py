"""Other migration tools on the same database: the tools themselves where they are to be had, else what they left behind.

A tool is looked for on PATH and in the folder PEERS (~/.cache/release-runtime/peers): golang-migrate, goose, dbmate,
sqlx, and for Flyway a file flyway.classpath with the class path of its libraries and a small main class.

golden/NAME.half.sql and golden/NAME.full.sql are pg_dumps of a database after the tool applied two, and all, of
FILES[NAME]. RR_GOLDEN=1 writes them anew, with the tools that are found.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from .postgres import USER, Database

GOLDEN = Path(__file__).resolve().parents[1] / "migrate" / "golden"
PEERS = Path(os.environ.get("PEERS", Path.home() / ".cache" / "release-runtime" / "peers"))
BODY = "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$\nBEGIN\n  RETURN 1; -- one\nEND\n$$;\n"
INDEX = "CREATE INDEX CONCURRENTLY a_i ON a (i);\n"

# What each tool's users write, the first two of them applied by the tool in golden/NAME.half.sql.
FILES = {
    "golang": {
        "0001_create_a.up.sql": "CREATE TABLE a (i int);\n",
        "0001_create_a.down.sql": "DROP TABLE a;\n",
        "0002_fill.up.sql": "BEGIN;\nINSERT INTO a VALUES (1);\nINSERT INTO a VALUES (2);\nCOMMIT;\n",
        "0002_fill.down.sql": "DELETE FROM a;\n",
        "0003_body.up.sql": BODY,
        "0003_body.down.sql": "DROP FUNCTION f();\n",
        "0004_index.up.sql": INDEX,
        "0004_index.down.sql": "DROP INDEX a_i;\n",
    },
    "dbmate": {
        "20240101000001_create_a.sql": "-- migrate:up\nCREATE TABLE a (i int);\n\n-- migrate:down\nDROP TABLE a;\n",
        "20240101000002_fill.sql": "-- migrate:up\nINSERT INTO a VALUES (1);\nINSERT INTO a VALUES (2);\n-- migrate:down\n",
        "20240101000003_body.sql": f"-- migrate:up\n{BODY}\n-- migrate:down\nDROP FUNCTION f();\n",
        "20240101000004_index.sql": f"-- migrate:up transaction:false\n{INDEX}\n-- migrate:down\nDROP INDEX a_i;\n",
    },
    "goose": {
        "00001_create_a.sql": "-- +goose Up\nCREATE TABLE a (i int);\n\n-- +goose Down\nDROP TABLE a;\n",
        "00002_fill.sql": "-- +goose Up\nINSERT INTO a VALUES (1);\nINSERT INTO a VALUES (2);\n-- +goose Down\nDELETE FROM a;\n",
        "00003_body.sql": f"-- +goose Up\n-- +goose StatementBegin\n{BODY}-- +goose StatementEnd\n"
                          "-- +goose Down\nDROP FUNCTION f();\n",
        "00004_index.sql": f"-- +goose NO TRANSACTION\n-- +goose Up\n{INDEX}\n-- +goose Down\nDROP INDEX a_i;\n",
    },
    "sqlx": {
        "1_create_a.sql": "CREATE TABLE a (i int);\n",
        "2_fill_it.sql": "INSERT INTO a VALUES (1);\nINSERT INTO a VALUES (2);\n",
        "3_body.sql": BODY,
        "4_index.sql": f"-- no-transaction\n{INDEX}",
    },
    "flyway": {
        "V1__create_a.sql": "CREATE TABLE a (i int);\r\n",
        "V1_1__fill_it.sql": "INSERT INTO a VALUES (1);\nINSERT INTO a VALUES (2);\n",
        "V2__body.sql": BODY,
        "R__a_view.sql": "CREATE OR REPLACE VIEW v AS SELECT i FROM a;",
    },
}
TABLES = {
    "golang": "schema_migrations",
    "dbmate": "schema_migrations",
    "goose": "goose_db_version",
    "sqlx": "_sqlx_migrations",
    "flyway": "flyway_schema_history",
}
HALF = {"golang": 4, "dbmate": 2, "goose": 2, "sqlx": 2, "flyway": 2}
PROGRAMS = {"golang": "golang-migrate", "dbmate": "dbmate", "goose": "goose", "sqlx": "sqlx", "flyway": "flyway.classpath"}


def find(name):
    """The program of that layout, or None."""
    program = PROGRAMS[name]
    own = PEERS / program
    return str(own) if own.exists() else shutil.which(program)


def command(name, url, directory):
    """The tool on the files of a directory; url: without parameters."""
    program = find(name)
    at = urlsplit(url)
    jdbc = f"jdbc:postgresql://{at.hostname}:{at.port}{at.path}"
    url += "?sslmode=disable"
    if name == "flyway":
        classpath = Path(program).read_text().strip()
        return ["java", "-cp", classpath, "Fly", jdbc, at.username, at.password or "", str(directory), "migrate"]
    words = {
        "golang": [program, "-path", directory, "-database", url, "up"],
        "dbmate": [program, "--no-dump-schema", "--migrations-dir", directory, "--url", url, "migrate"],
        "goose": [program, "-dir", directory, "postgres", url, "up"],
        "sqlx": [program, "migrate", "run", "--source", directory, "--database-url", url],
    }[name]
    return [str(word) for word in words]


def apply(name, pg, directory):
    """The tool itself on the files of a directory; returns what it said."""
    done = subprocess.run(command(name, pg.url, directory), capture_output=True, text=True, timeout=120)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said


def says_nothing_pending(name, said):
    """Whether the tool applied nothing."""
    return {
        "golang": "no change" in said,
        "dbmate": "Applying" not in said,
        "goose": "no migrations to run" in said,
        "sqlx": "Applied" not in said,
        "flyway": "executed 0" in said,
    }[name]


def dump(pg, *options):
    """The database as pg_dump has it, without comments and without migrate's own table of steps."""
    words = ["pg_dump", "-h", pg.server.socket_dir, "-p", str(pg.port), "-U", "postgres", "-d", pg.name]
    words += ["--no-owner", "--no-privileges", "--exclude-table=*_step", *options]
    text = subprocess.run(words, capture_output=True, text=True, check=True, cwd="/").stdout
    lines = [line for line in text.splitlines() if line and not line.startswith(("--", "\\restrict", "\\unrestrict"))]
    return "\n".join(lines) + "\n"


def even(text):
    """A dump without what differs from run to run: times, durations, goose's row numbers (a row that is tried and rolled
    back takes one) and the end of their sequence's name (of those who make the table at once the first takes the plain
    name, and another may win), and what servers of other versions say first."""
    lines = [line for line in text.splitlines() if not line.startswith(("SET ", "SELECT pg_catalog.set_config("))]
    text = "\n".join(lines)
    text = re.sub(r"(?m)^( +SELECT )a\.", r"\1", text)  # from 16 on a view's only table is not named
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?([+-]\d\d)?", "TIME", text)
    text = re.sub(r"(\t\\\\x[0-9a-f]{96})\t-?\d+", r"\1\tDURATION", text)
    text = re.sub(r"(?m)^\d+(\t\d+\tt\tTIME)$", r"ID\1", text)
    text = re.sub(r"(goose_db_version_id_seq)\d+", r"\1", text)
    text = re.sub(r"(goose_db_version_id_seq', )\d+", r"\1ID", text)
    return re.sub(r"TIME\t\d+\tt", "TIME\tDURATION\tt", text)


def golden(name, part):
    return (GOLDEN / f"{name}.{part}.sql").read_text()


def restore(pg, text):
    """What golden() gave, into an empty database."""
    words = ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", pg.server.socket_dir, "-p", str(pg.port), "-U", USER, "-d", pg.name]
    subprocess.run(words, input=text, text=True, check=True, capture_output=True, cwd="/")


def write_golden(name, server, directory):
    """What the tool leaves behind on a database of its own."""
    pg = Database(server, f"golden_{name}")
    files = list(FILES[name].items())
    for part, some in (("half", files[: HALF[name]]), ("full", files)):
        for file, text in some:
            (directory / file).write_text(text, newline="")
        apply(name, pg, directory)
        (GOLDEN / f"{name}.{part}.sql").write_text(dump(pg))
    pg.drop()
