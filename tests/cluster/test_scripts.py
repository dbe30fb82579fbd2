"""The scripts of this folder, where they promise something that no other story would miss."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]

own_cluster = pytest.mark.skipif("CLUSTER_KUBECONFIG" in os.environ, reason="is about the cluster that make e2e starts")


def call(*command, **env):
    return subprocess.run(
        command, env={**os.environ, **env}, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, cwd=ROOT
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
