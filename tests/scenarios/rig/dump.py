"""What pg_dump says of a database, without what differs from run to run."""

import re
import subprocess

from . import postgres


def sort_rows(text):
    """The rows of each COPY by themselves: where they lie in the table is no part of what it holds."""
    return re.sub(
        r"(^COPY [^\n]* FROM stdin;\n)(.*?)(^\\\.$)",
        lambda m: m[1] + "".join(sorted(m[2].splitlines(keepends=True))) + m[3],
        text,
        flags=re.M | re.S,
    )


def dump(pg, history="schema_history"):
    """Schema and data as text, rows sorted, but for psql's \\restrict; of the history the versions alone."""
    command = [str(postgres.bindir() / "pg_dump"), "-h", pg.server.socket_dir, "-p", str(pg.port), "-U", postgres.SUPERUSER, "-d", pg.name]
    command += [f"--exclude-table-data={history}"]
    text = subprocess.run(command, check=True, capture_output=True, text=True, cwd="/").stdout
    versions = pg.psql(f"SELECT version, name FROM {history} ORDER BY version")
    return re.sub(r"^\\(un)?restrict .*\n", "", sort_rows(text), flags=re.M) + versions
