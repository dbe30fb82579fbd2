"""The database and the Redis that the environment names, asked within a deadline.

DATABASE_URL, or DATABASE_HOST, _PORT, _NAME, _USER, _PASSWORD; REDIS_URL, or REDIS_HOST, _PORT, _PASSWORD; NAME_FILE gives
the content of a file instead, read anew at each connection. Nothing here repeats a password: errors are kinds, no texts.
"""

import os
import select
import time
from pathlib import Path
from urllib.parse import quote

import psycopg2
from psycopg2 import extensions


class Away(Exception):
    """It did not answer; the text is a kind: refused, timeout, SQLSTATE."""


def setting(name, default=None):
    path = os.environ.get(f"{name}_FILE")
    if path:
        try:
            return Path(path).read_text().rstrip("\n")
        except OSError:
            raise Away("secret_file") from None
    return os.environ.get(name) or default


def port(name, default):
    """A Service of that name sets the variable to tcp://…: not a port, not meant for us."""
    given = setting(name, "")
    return given if given.isdigit() else default


def database_parameters():
    url = setting("DATABASE_URL")
    if url:
        return {"dsn": url}
    return {
        "host": setting("DATABASE_HOST", "127.0.0.1"),
        "port": port("DATABASE_PORT", "5432"),
        "dbname": setting("DATABASE_NAME", "app"),
        "user": setting("DATABASE_USER", "app"),
        "password": setting("DATABASE_PASSWORD", ""),
    }


def finish(link, end):
    """Lets libpq go on until it waits for nothing; never beyond end, whatever the server does or does not."""
    while True:
        state = link.poll()
        if state == extensions.POLL_OK:
            return
        left = end - time.monotonic()
        reading = [link] if state == extensions.POLL_READ else []
        if left <= 0 or select.select(reading, [] if reading else [link], [], left) == ([], [], []):
            raise Away("timeout")


def query(sql, values=None, seconds=1.0):
    """The rows of one statement ([] for one without), on a connection of its own."""
    end = time.monotonic() + seconds
    try:
        link = psycopg2.connect(**database_parameters(), async_=1, application_name="standin")
    except psycopg2.Error:
        raise Away("connection") from None
    try:
        finish(link, end)
        cursor = link.cursor()
        cursor.execute(sql, values)
        finish(link, end)
        return cursor.fetchall() if cursor.description else []
    except psycopg2.Error as error:
        raise Away(error.pgcode or "connection") from None
    finally:
        link.close()


def redis_client(seconds=1.0):
    """A client, or None when the environment names no Redis."""
    import redis  # a quarter of a second, which a job need not pay

    url = setting("REDIS_URL")
    if not url:
        host = setting("REDIS_HOST")
        if not host:
            return None
        password = setting("REDIS_PASSWORD")
        url = f"redis://{':' + quote(password, safe='') + '@' if password else ''}{host}:{port('REDIS_PORT', '6379')}/0"
    return redis.Redis.from_url(url, socket_timeout=seconds, socket_connect_timeout=seconds)
