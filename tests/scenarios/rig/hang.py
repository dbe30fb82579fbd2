"""A file system that hangs, as one of a network does whose server is gone (hang.c)."""

import os
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_name("hang.c")


class Hang:
    """.path: a directory; after .freeze() no stat or statvfs below it returns before .thaw(). .env: for the program."""

    def __init__(self, library, directory):
        self.path = Path(directory) / "mount"
        self.path.mkdir()
        self._gate = Path(directory) / "gate"
        self._calls = Path(directory) / "calls"
        self._calls.touch()
        self.env = {
            "LD_PRELOAD": library,
            "RR_HANG_BELOW": self.path,
            "RR_HANG_GATE": self._gate,
            "RR_HANG_CALLS": self._calls,
            "ASAN_OPTIONS": "exitcode=99:detect_leaks=0:verify_asan_link_order=0",
        }

    def freeze(self):
        self._gate.touch()

    def thaw(self):
        self._gate.unlink()

    def calls(self):
        return self._calls.stat().st_size


@pytest.fixture(scope="session")
def hang_library(new_dir):
    path = new_dir() / "hang.so"
    subprocess.run([os.environ.get("CC", "cc"), "-O1", "-shared", "-fPIC", "-o", str(path), str(SOURCE)], check=True)
    return path


@pytest.fixture
def hang(hang_library, new_dir):
    return Hang(hang_library, new_dir())
