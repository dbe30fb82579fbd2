"""The scripts of this folder, where they promise something that no other story would miss."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from rig.cluster import SLOW

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]

own_cluster = pytest.mark.skipif("CLUSTER_KUBECONFIG" in os.environ, reason="is about the cluster that make e2e starts")


def call(*command, **env):
    return subprocess.run(
        command, env={**os.environ, **env}, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60 * SLOW, cwd=ROOT
    )


def test_build_names_what_no_cache_holds(tmp_path):
    seen = call(HERE / "build", "--cached", KUBE_VERSION="1.2.3", CLUSTER_CACHE=str(tmp_path), XDG_CACHE_HOME=str(tmp_path))
    assert seen.returncode == 1
    assert {"kube", "coredns", "helm", "metrics-server"} <= set(seen.stdout.split()), seen.stdout


def test_build_takes_no_stale_program_for_a_cached_one(tmp_path):
    (tmp_path / "helm.stamp").write_text("3.0.0 1.20\n")
    (tmp_path / "helm.xz").write_bytes(b"")
    given = {"KUBE_VERSION": "1.2.3", "CLUSTER_CACHE": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    assert "helm" in call(HERE / "build", "--cached", **given).stdout.split()
    (tmp_path / "helm.stamp").write_text(call("bash", "-c", f'. {HERE}/env; echo "$HELM3_VERSION $HELM3_KUBE"').stdout)
    seen = call(HERE / "build", "--cached", **given).stdout.split()
    assert os.uname().machine != "x86_64" or "helm" not in seen, seen


@pytest.mark.skipif(os.getuid() != 0, reason="needs root")
def test_able_says_what_is_missing():
    seen = call("unshare", "--mount", "bash", "-c", f"umount -R /sys/fs/cgroup && exec {HERE}/able")
    assert seen.returncode == 1
    assert seen.stderr.startswith("the cluster needs the cgroup controller cpu"), seen.stderr
    assert len(seen.stderr.splitlines()) == 1


# Instead of the node: what a program inside sees of its cgroups, and whether a cgroup that it makes gets the controllers.
LOOK = """#!/usr/bin/env bash
set -eu
. "$(dirname "$0")/env"
umount -R /sys/fs/cgroup
mount -t sysfs sysfs /sys
mount_cgroups
{
    sed 's/^.*:/self /' /proc/self/cgroup | sort -u
    for top in $(awk '$3 ~ /^cgroup2?$/ { print $2 }' /proc/mounts); do
        mkdir "$top/pods"
        echo "pods $top $(xargs <"$top/pods/cgroup.controllers" || true)"
    done
} >"$STATE/seen"
: >"$STATE/started"
exec sleep 600
"""


def unified():
    """The folder of the unified hierarchy, and the controllers it has: all of them, or what version 1 leaves."""
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines() if line.split()[2] == "cgroup2"]
    return Path(mounts[0]) if mounts else None, (Path(mounts[0]) / "cgroup.controllers").read_text().split() if mounts else []


def wait_for(test, what):
    end = time.monotonic() + 20 * SLOW
    while not test():
        assert time.monotonic() < end, what()
        time.sleep(0.05)


@pytest.mark.skipif(os.getuid() != 0, reason="needs root")
@pytest.mark.parametrize("version", ["mounted", "2"])
def test_cgroups_are_made_entered_and_removed(tmp_path, version):
    """Of the version that the machine runs, and of version 2 with any controller that the unified hierarchy has."""
    top, controllers = unified()
    if version == "2" and not controllers:
        pytest.skip("no unified hierarchy with a controller is mounted")
    given = {"CLUSTER_CONTROLLERS": controllers[0]} if version == "2" else {}
    here, state = tmp_path / "tests/cluster", tmp_path / "build/cluster/state"
    here.mkdir(parents=True)
    (state / "pids").mkdir(parents=True)
    for name in ("env", "cgroups", "launch", "down", "in"):
        shutil.copy(HERE / name, here)
    (here / "node").write_text(LOOK)
    (here / "node").chmod(0o755)
    handed_on = (top / "cgroup.subtree_control").read_text() if top else ""
    errors = tmp_path / "errors"
    with open(errors, "w") as log:
        outer = subprocess.Popen(
            [here / "launch"], env={**os.environ, **given}, stdin=subprocess.DEVNULL, stderr=log, start_new_session=True
        )
    try:
        wait_for(lambda: (state / "started").exists() or outer.poll() is not None, errors.read_text)
        assert outer.poll() is None, errors.read_text()
        init = Path(f"/proc/{outer.pid}/task/{outer.pid}/children").read_text().split()[0]
        (state / "pids/init").write_text(init)
        seen = (state / "seen").read_text()
        in_leaf = (state / "cgroups").read_text().startswith("unified ")
        assert in_leaf or version == "mounted"
        assert ("self /node" in seen.splitlines()) == in_leaf, seen
        if in_leaf:
            assert set((given or {"": "cpu memory pids"}).popitem()[1].split()) <= set(seen.split()), seen
            leaf = Path((state / "cgroups").read_text().split()[1])
            assert init in (leaf / "cgroup.procs").read_text().split()
            assert (leaf.parent / "cgroup.procs").read_text() == "", "a cgroup with processes of its own hands nothing on"
        inside = call(here / "in", "cat", "/proc/self/cgroup").stdout
        assert {line.split(":")[2] for line in inside.splitlines()} <= {"/node", "/"}, inside
    finally:
        ended = call(here / "down")
        outer.wait(10)
    assert ended.returncode == 0, ended.stderr
    assert not state.exists()
    name = call("bash", "-c", f". {here}/env; echo $CGROUP").stdout.strip()
    assert not [folder for folder, _, _ in os.walk("/sys/fs/cgroup") if Path(folder).name.startswith(name)]
    assert not top or version == "mounted" or (top / "cgroup.subtree_control").read_text() == handed_on


def sleepers(seconds):
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cmdline").read_bytes() == f"sleep\0{seconds}\0".encode():
                found.append(int(process.name))
        except OSError:
            continue
    return found


@own_cluster
def test_a_command_inside_ends_with_its_caller():
    seconds = f"86400.{os.getpid()}"  # a name of its own in the list of processes
    caller = subprocess.Popen([HERE / "in", "sleep", seconds], stdin=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 20
        while not sleepers(seconds):
            assert time.monotonic() < end and caller.poll() is None, "the command did not start"
            time.sleep(0.05)
        caller.send_signal(signal.SIGTERM)
        caller.wait(20)
        while sleepers(seconds):
            assert time.monotonic() < end + 20, "the command outlived its caller"
            time.sleep(0.05)
    finally:
        for process in [caller.pid, *sleepers(seconds)]:
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                pass


@own_cluster
def test_starting_again_keeps_the_cluster():
    before = (ROOT / "build/cluster/state/pids/init").read_text()
    seen = call(HERE / "up")
    assert seen.returncode == 0, seen.stderr
    assert "is up already" in seen.stdout
    assert (ROOT / "build/cluster/state/pids/init").read_text() == before


@own_cluster
def test_an_archive_that_comes_late_is_imported_whatever_its_age(tmp_path):
    archive = ROOT / "build/cluster/images" / f"late-{os.getpid()}.tar"
    (tmp_path / "file").write_text("late\n")
    reference = f"localhost/release-runtime-test/late:{os.getpid()}"
    made = call(ROOT / "scripts/image", tmp_path, reference, archive)
    assert made.returncode == 0, made.stderr
    try:
        os.utime(archive, (0, 0))
        seen = call(HERE / "load")
        assert f"imported {archive.name}" in seen.stdout.splitlines(), seen.stdout + seen.stderr
        assert reference in call(HERE / "in", "ctr", "-n", "k8s.io", "images", "ls", "-q").stdout.split()
        assert archive.name not in call(HERE / "load").stdout
    finally:
        archive.unlink()
        call(HERE / "in", "ctr", "-n", "k8s.io", "images", "rm", reference)
