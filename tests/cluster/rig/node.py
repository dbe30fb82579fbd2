"""What only the node knows: a container's process, and what the sidecar weighs (MiB)."""

import re

from .cluster import wait_until
from .place import container_id


def working_set(place, pod):
    """As the kubelet measures it: the cgroup's usage without what can be dropped at once. It looks every ten seconds or so."""

    def measured():
        summary = place.cluster.get(f"/api/v1/nodes/{pod['spec']['nodeName']}/proxy/stats/summary")
        containers = [c for p in summary["pods"] if p["podRef"]["uid"] == pod["metadata"]["uid"] for c in p.get("containers", [])]
        return next((c["memory"].get("workingSetBytes") for c in containers if c["name"] == "healthd" and c.get("memory")), None)

    return wait_until(measured, 60, "the kubelet has measured the sidecar", every=1) / 2**20


def process(place, pod, container):
    """The container's process 1 as the node numbers it."""
    tasks = place.cluster.run("ctr", "-n", "k8s.io", "task", "ls").out
    return re.search(rf"^{container_id(pod, container)}\s+(\d+)", tasks, re.M)[1]


def resident(place, pod):
    """[VmRSS], with the pages of its file; [] on a cluster whose node cannot be entered."""
    if not place.cluster.own:
        return []
    status = place.cluster.run("cat", f"/proc/{process(place, pod, 'healthd')}/status").out
    return [int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) / 1024]
