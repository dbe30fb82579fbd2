"""Kills what is left of the servers when the process that started them has gone; see Keeper in base.py."""

import os
import signal
import sys


def start_time(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            text = f.read()
    except OSError:
        return None
    return int(text[text.rindex(")") + 2 :].split()[19])


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as f:
            return [int(p) for p in f.read().split()]
    except OSError:
        return []


def kill_tree(pid):
    for child in children(pid):
        kill_tree(child)
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        pass


def main():
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, signal.SIG_IGN)
    kept = {}
    for line in sys.stdin:
        if line.startswith("+"):
            pid, start = line[1:].split()
            kept[int(pid)] = int(start)
        else:
            kept.pop(int(line[1:]), None)
    for pid, start in kept.items():
        if start_time(pid) == start:
            kill_tree(pid)


main()
