"""The nasty command (nasty.c), built when first wanted; and the ways in which cronrun is started."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from .program import BIN_DIR

SOURCE = Path(__file__).with_name("nasty.c")


@pytest.fixture(scope="session")
def nasty(new_dir):
    """The path of the program."""
    path = new_dir() / "nasty"
    subprocess.run([os.environ.get("CC", "cc"), "-O1", "-o", str(path), str(SOURCE)], check=True)
    path.chmod(0o755)
    return path


# A PID namespace with a /proc of its own; --mount-proc would ask for "/" to be a mount point, which a chroot lacks.
OWN_PROC = 'mount --make-rprivate /proc && mount -t proc proc /proc && exec "$@"'
PID1 = ["unshare", "--pid", "--fork", "--kill-child", "--mount", "--propagation", "unchanged", "sh", "-c", OWN_PROC, "sh"]
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


def wrap_of(way):
    """Words before cronrun for a way of starting it; skips the test where the machine cannot."""
    if way == "plain":
        return []
    if os.geteuid() != 0:
        pytest.skip(f"{way} needs root")
    if way == "pid1":
        if subprocess.run([*PID1, "true"], capture_output=True).returncode != 0:
            pytest.skip("no PID namespaces here")
        return PID1
    if subprocess.run([*NOBODY, BIN_DIR / "cronrun", "--version"], capture_output=True).returncode != 0:
        pytest.skip("another user cannot reach the programs")
    return NOBODY


WAYS = ["plain", "pid1", "nobody"]


def have(program):
    return shutil.which(program) is not None
