"""Directories of migrations, and what migrate says about them."""

import json
import subprocess
from pathlib import Path


class Migrations:
    """A directory of migration files: files("0001_a.sql", "CREATE …")."""

    def __init__(self, directory):
        self.path = Path(directory) / "migrations"
        self.path.mkdir()

    def __call__(self, name, text):
        file = self.path / name
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    def remove(self, name):
        (self.path / name).unlink()

    def __str__(self):
        return str(self.path)

    def __fspath__(self):
        return str(self.path)


def records(result):
    """The log records of a run, in order."""
    return [json.loads(line) for line in result.stderr.splitlines() if line.startswith("{")]


def events(result, event):
    return [r for r in records(result) if r["event"] == event]


def failure(result):
    """The record that carries the exit status."""
    found = [r for r in records(result) if "exit" in r]
    assert len(found) == 1, result.output
    return found[0]


def history(database, table="schema_history"):
    """The applied versions in the order in which they were applied."""
    return database.psql(f"SELECT version FROM {table} ORDER BY applied_at, version").split()


class Holder:
    """A session that holds a lock until it is told to let go."""

    def __init__(self, pg, *statements, user="app"):
        self.pg = pg
        self.user = user
        self.statements = statements
        self.process = None

    def __enter__(self):
        command = ["psql", "-XAtq", "-h", self.pg.server.socket_dir, "-p", str(self.pg.port), "-U", self.user, "-d", self.pg.name]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd="/")
        self.say("SET application_name TO 'a reader';", "BEGIN;", *self.statements, r"\echo held")
        assert self.process.stdout.readline() == "held\n"
        return self

    def say(self, *lines):
        self.process.stdin.write("\n".join(lines) + "\n")
        self.process.stdin.flush()

    def __exit__(self, *_):
        if self.process.stdin and not self.process.stdin.closed:
            self.process.stdin.close()
        self.process.stdout.read()
        self.process.wait(10)
