"""What runners do that are many, are stopped, or meet a lock: bench_migrate's rows beside those of time and memory."""

import os
import re
import signal
import subprocess
import time

AT_ONCE = 8
HELD_S = 8
GONE_S = 5


def environment():
    return {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}


def start(argv):
    return subprocess.Popen([str(a) for a in argv], env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def together(argv):
    """How many of AT_ONCE runners, started together, exit with 0."""
    runners = [start(argv) for _ in range(AT_ONCE)]
    return sum(r.wait(120) == 0 for r in runners)


class Table:
    """Prints one line for each contestant, and what of ours is wanted."""

    def __init__(self, lab, title, *columns):
        self.lab = lab
        print(f"\n{title}\n\n| | {' | '.join(columns)} |\n|---|{'---|' * len(columns)}", flush=True)

    @staticmethod
    def row(name, *cells):
        print(f"| {name} | {' | '.join(str(c) for c in cells)} |", flush=True)

    def goal(self, what, reached):
        self.lab.failed |= not reached
        print(f"\n{'reached' if reached else 'NOT reached'}: {what}", flush=True)


def counter(lab, contestants, rounds):
    """contestants: name, and argv(database) of the first file alone and of both."""
    table = Table(lab, f"eight runners at once, {rounds} rounds: an empty database, then one pending UPDATE counter SET n = n + 1",
                  "exits of 0, empty database", "exits of 0, the UPDATE", "n at most (1 is right)")
    for name, first, both in contestants:
        began, updated, most = [], [], 0
        for _ in range(rounds):
            database = lab.database()
            began.append(together(first(database)))
            if began[-1] == 0:  # nobody made the table
                start(first(database)).wait(60)
            updated.append(together(both(database)))
            most = max(most, int(lab.server.psql("SELECT n FROM counter", database=database) or 0))
            lab.drop(database)
        table.row(name, *(f"{min(x)} to {max(x)} of {AT_ONCE}" for x in (began, updated)), most)
        if name == "migrate":
            ours = min(began) == min(updated) == AT_ONCE and most == 1
    table.goal("n = 1, eight exits of 0, always", ours)


def sleeping(lab, database):
    return int(lab.server.psql("SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep(600)%'"
                               f" AND pid <> pg_backend_pid() AND datname = '{database}'"))


def within(seconds, condition):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def stop(lab, contestants, rounds):
    """SIGTERM in pg_sleep(600)."""
    table = Table(lab, f"SIGTERM in pg_sleep(600), {rounds} rounds", "exit after ms, at most", "backends at work after it")
    for name, argv in contestants:
        worst, left = 0, 0
        for _ in range(rounds):
            database = lab.database()
            runner = start(argv(database))
            assert within(60, lambda d=database: sleeping(lab, d) == 1), name
            began = time.monotonic()
            runner.send_signal(signal.SIGTERM)
            try:
                runner.wait(GONE_S)
                worst = max(worst, (time.monotonic() - began) * 1000)
                left += sleeping(lab, database)
            except subprocess.TimeoutExpired:
                worst = float("inf")
                runner.kill()
                runner.wait()
            lab.drop(database)
        table.row(name, f"never (within {GONE_S} s)" if worst == float("inf") else f"{worst:.0f}", left)
        if name == "migrate":
            ours = worst <= 500 and left == 0
    table.goal("out within 500 ms, no backend left", ours)


def psql(lab, database):
    words = ["psql", "-XAtq", "-h", lab.server.socket_dir, "-p", str(lab.server.port), "-U", "app", "-d", database]
    return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd="/")


def say(process, text):
    process.stdin.write(text)
    process.stdin.flush()


def stall(lab, contestants):
    """One reader holds the table; another one asks again and again: its longest wait."""
    table = Table(lab, f"ALTER TABLE while a reader holds the table for {HELD_S} s; another reader asks every 5 ms",
                  "its longest wait, ms", "exit status")
    for name, argv in contestants:
        database = lab.database()
        lab.server.psql("CREATE SCHEMA theirs", "CREATE TABLE theirs.held (i int)", database=database, user="app")
        holder, reader = psql(lab, database), psql(lab, database)
        say(holder, "BEGIN;\nSELECT count(*) FROM theirs.held;\n")
        assert holder.stdout.readline() == "0\n"
        say(reader, "\\timing on\nSELECT count(*) FROM theirs.held\n\\watch 0.005\n")
        runner = start(argv(database))
        time.sleep(HELD_S)
        holder.communicate("COMMIT;\n")
        status = runner.wait(60)
        reader.terminate()
        waits = [float(x) for x in re.findall(r"Time: ([0-9.]+) ms", reader.communicate()[0])]
        table.row(name, f"{max(waits):.0f}", status)
        lab.drop(database)
        if name == "migrate":
            ours = max(waits) <= 2050 and status == 0
    table.goal("the longest wait ≤ lock_timeout (2 s) + 50 ms, then done", ours)
