"""What was said, and what ps shows: searched for passwords."""

import os
import threading
from pathlib import Path

from .base import CANARY
from .program import MARK


class Ear:
    """Collects what was said and where; judges it."""

    def __init__(self):
        self.heard = 0
        self.bytes = 0
        self.found = []

    def hear(self, where, text):
        self.heard += 1
        self.bytes += len(text)
        if CANARY in text:
            at = text.index(CANARY)
            self.found.append(f"{where}: {text[max(0, at - 80) : at + len(CANARY) + 20]!r}")

    def hear_file(self, path):
        self.hear(str(path), Path(path).read_text(errors="replace"))

    def hear_result(self, where, result):
        self.hear(f"{where} (stdout, exit {result.status})", result.stdout)
        self.hear(f"{where} (stderr, exit {result.status})", result.stderr)
        return result

    def judge(self, record_property):
        record_property("measured", f"{self.heard} texts, {self.bytes} bytes searched: {len(self.found)} passwords")
        assert not self.found, "\n".join(self.found)


class Watcher:
    """Looks at the arguments of every process of this test, all the time, as ps would; at each program that the test starts once
    for certain, when look(pid) is called at its exec."""

    def __init__(self, mark):
        self.needle = f"{MARK}={mark}".encode()
        self.looks = 0
        self.found = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join(10)

    def _watch(self):
        while not self._over.wait(0.005):
            for name in os.listdir("/proc"):
                if name.isdigit():
                    self.look(name)

    def look(self, pid):
        directory = Path("/proc") / str(pid)
        try:
            if self.needle not in (directory / "environ").read_bytes():
                return
            self.looks += 1
            said = (directory / "cmdline").read_bytes() + (directory / "comm").read_bytes()
            if CANARY.encode() in said:
                self.found.add(said)
        except OSError:
            pass
