"""Runs a command N times, one after the other, and prints what was left behind, as JSON; see many() in leaks.py.

    many.py N OK CMD [ARG…]        OK: the exit status that each run has to have

It is the reaper of everything below it, so that a process that a run left behind becomes a child of this one.
"""

import ctypes
import json
import os
import sys

PR_SET_CHILD_SUBREAPER = 36


def left_behind():
    """Children that exist although each run was waited for: pids."""
    with open(f"/proc/self/task/{os.getpid()}/children") as f:
        return [int(pid) for pid in f.read().split()]


def main():
    times, wanted, argv = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    null = os.open(os.devnull, os.O_RDWR)
    wrong, left, fds = [], [], len(os.listdir("/proc/self/fd"))
    to_null = [(os.POSIX_SPAWN_DUP2, null, fd) for fd in (0, 1)]
    for n in range(times):
        pid = os.posix_spawn(argv[0], argv, os.environ, file_actions=to_null)
        _, status = os.waitpid(pid, 0)
        if os.waitstatus_to_exitcode(status) != wanted:
            wrong.append((n, os.waitstatus_to_exitcode(status)))
        left += left_behind()
    fds_more = len(os.listdir("/proc/self/fd")) - fds
    print(json.dumps({"runs": times, "wrong": wrong[:10], "left": left[:10], "fds_more": fds_more}))


main()
