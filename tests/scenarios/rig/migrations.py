"""Directories of migrations, and what migrate says about them."""

import json
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
