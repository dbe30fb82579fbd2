"""The cluster itself: what the stories take for granted, so that its faults are not taken for the chart's."""

import json
import os
import re
import subprocess
import time
from pathlib import Path

import pytest

from rig.cluster import SLOW

IN = Path(__file__).resolve().parent / "in"
IMAGE = "localhost/busybox:1"

pytestmark = pytest.mark.skipif("CLUSTER_KUBECONFIG" in os.environ, reason="is about the cluster that make e2e starts")


def kubectl(*words, stdin=None, check=True):
    done = subprocess.run(
        [IN, "kubectl", f"--request-timeout={30 * SLOW:.0f}s", *words], input=stdin or "", capture_output=True, text=True, timeout=90 * SLOW
    )
    if check and done.returncode != 0:
        raise AssertionError(f"kubectl {' '.join(words)}: {done.stderr}")
    return done


def until(seconds, what, test):
    end = time.monotonic() + seconds * SLOW
    while not test():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.2)


@pytest.fixture(scope="module")
def namespace():
    name = f"cluster-itself-{os.getpid()}"  # each worker has its own
    manifest = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
    }
    kubectl("create", "-f", "-", stdin=json.dumps(manifest))
    until(20, "a service account", lambda: kubectl("-n", name, "get", "sa", "default", check=False).returncode == 0)
    yield name
    kubectl("delete", "namespace", name, "--wait=false")


def pod(name, command, uid, image=IMAGE):
    context = {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
        "runAsNonRoot": uid != 0,
        "runAsUser": uid,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    container = {"name": "only", "image": image, "imagePullPolicy": "Never", "command": command, "securityContext": context}
    spec = {"restartPolicy": "Never", "terminationGracePeriodSeconds": 1, "containers": [container]}
    return json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec})


def run_pod(namespace, name, command):
    """Runs a pod to its end; what it wrote."""
    kubectl("-n", namespace, "create", "-f", "-", stdin=pod(name, command, 65532))
    kubectl("-n", namespace, "wait", "--for=jsonpath={.status.phase}=Succeeded", f"pod/{name}", f"--timeout={60 * SLOW:.0f}s")
    return kubectl("-n", namespace, "logs", name).stdout


def test_node_is_ready():
    nodes = json.loads(kubectl("get", "nodes", "-o", "json").stdout)["items"]
    ready = [c["status"] for node in nodes for c in node["status"]["conditions"] if c["type"] == "Ready"]
    assert ready and set(ready) == {"True"}


def test_image_from_an_archive_runs_restricted(namespace):
    command = ["sh", "-c", "id -u; touch /x 2>&1; grep -E '^(CapEff|Seccomp):' /proc/self/status"]
    seen = run_pod(namespace, "local", command).split()
    assert seen[0] == "65532"
    assert "Read-only" in seen, seen
    assert seen[seen.index("CapEff:") + 1].strip("0") == ""
    assert seen[seen.index("Seccomp:") + 1] == "2"


def test_cgroups_are_read_only_in_a_pod(namespace):
    """Of version 2 it sees one hierarchy, which begins at its own cgroup."""
    seen = run_pod(namespace, "cgroups", ["sh", "-c", "cat /proc/self/mountinfo; cat /proc/self/cgroup"]).splitlines()
    mounts = [line.split() for line in seen if re.search(r" - cgroup2? ", line)]
    assert mounts and all("ro" in mount[5].split(",") for mount in mounts), seen
    assert all(mount[mount.index("-") + 1] == "cgroup" for mount in mounts) or "0::/" in seen, seen


def test_restricted_namespace_refuses_root(namespace):
    refused = kubectl("-n", namespace, "create", "-f", "-", stdin=pod("root", ["true"], 0), check=False)
    assert refused.returncode != 0
    assert "violates PodSecurity" in refused.stderr


def test_dns_knows_services_and_nothing_outside(namespace):
    ask = "nslookup kubernetes.default.svc.cluster.local && ! nslookup nowhere.example && echo both as they should be"
    assert "both as they should be" in run_pod(namespace, "dns", ["sh", "-c", ask])


def test_exec_tells_the_status_of_the_command(namespace):
    kubectl("-n", namespace, "create", "-f", "-", stdin=pod("exec", ["sleep", "600"], 65532))
    kubectl("-n", namespace, "wait", "--for=condition=Ready", "pod/exec", f"--timeout={60 * SLOW:.0f}s")
    assert kubectl("-n", namespace, "exec", "exec", "--", "sh", "-c", "hostname").stdout.strip() == "exec"
    assert kubectl("-n", namespace, "exec", "exec", "--", "sh", "-c", "exit 7", check=False).returncode == 7
