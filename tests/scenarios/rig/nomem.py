"""A program whose memory runs out: each of its allocations fails in turn (nomem.c)."""

import os
import subprocess
from pathlib import Path

import pytest

from .base import rounds

SOURCE = Path(__file__).with_name("nomem.c")


class NoMemory:
    """One run of a program for each of its allocations, or for an even choice of them."""

    def __init__(self, library, directory, run):
        self.library = library
        self.count = Path(directory) / "allocations"
        self._run = run

    def env(self, at):
        """The variables that make allocation `at` fail, 0: none."""
        return {
            "LD_PRELOAD": self.library,
            "RR_NOMEM_AT": at,
            "RR_NOMEM_COUNT": self.count,
            "ASAN_OPTIONS": "exitcode=99:detect_leaks=0:verify_asan_link_order=0",
        }

    def run(self, at, *words):
        """The program with that allocation failing; Result."""
        return self._run(*words, env=self.env(at))

    def choice(self, *words, smoke=80):
        """Numbers of allocations of a run in which none fails."""
        self.run(0, *words)
        total = int(self.count.read_text())
        assert total > 20
        return range(1, total + 1, max(1, total // rounds(total, smoke)))


@pytest.fixture(scope="session")
def nomem_library(new_dir):
    path = new_dir() / "nomem.so"
    subprocess.run([os.environ.get("CC", "cc"), "-O1", "-shared", "-fPIC", "-o", str(path), str(SOURCE)], check=True)
    return path


@pytest.fixture
def nomem(nomem_library, new_dir, run):
    return NoMemory(nomem_library, new_dir(), run)
