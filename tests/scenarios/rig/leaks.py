"""What a process holds, before and after much work; and a command run very often."""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from .base import open_files, status_number, wait_until


SANITISED = os.environ.get("RR_MODE", "dev") == "asan"


def sanitised(kib):
    """Under a sanitiser freed memory is kept for a while: no bound worth having (its own leak check finds more)."""
    return 1_000_000 if SANITISED else kib


@dataclass
class Held:
    """Descriptors and memory of a process at one moment."""

    fds: int
    rss_kib: int
    names: tuple

    def __str__(self):
        return f"{self.fds} fds, {self.rss_kib} KiB"


def held(pid):
    """What it holds now."""
    names = open_files(pid)
    return Held(len(names), status_number(pid, "VmRSS"), tuple(names))


def peak_kib(process):
    """Waits for the end of a Process and returns the most memory that it held (not wait4's: exec inherits that)."""
    peak = 0
    while process.running():
        peak = max(peak, status_number(process.pid, "VmHWM"))
        time.sleep(0.002)
    return peak


def no_more(pid, before, rss_more_kib, within=15):
    """Waits until the process holds no more descriptors than before; its memory may have grown by rss_more_kib."""
    wait_until(lambda: held(pid).fds <= before.fds, within, f"descriptors back to {before.names}: {held(pid).names}")
    after = held(pid)
    assert after.rss_kib <= before.rss_kib + rss_more_kib, f"memory grew: {before} -> {after}"
    return after


def many(times, argv, env, status=0):
    """Runs argv so often; each has to end with `status` and to leave no process, zombie or descriptor. The figures."""
    script = str(Path(__file__).with_name("many.py"))
    words = ["nice", sys.executable, script, str(times), str(status), *map(str, argv)]
    done = subprocess.run(words, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd="/")
    assert done.returncode == 0, done.stderr[-4000:]
    figures = json.loads(done.stdout)
    assert figures["wrong"] == [], f"{figures}\n{done.stderr[-4000:]}"
    assert figures["left"] == [] and figures["fds_more"] == 0, figures
    return figures
