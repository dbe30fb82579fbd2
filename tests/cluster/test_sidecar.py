"""What the sidecar does to its pod: nothing when it dies, little when the pod ends, and what it weighs."""

import calendar
import json
import statistics
import time

import pytest

from rig import node, shop
from rig.cluster import wait_until
from rig.place import container_id, ready, status, statuses
from rig.release import Release, newest

pytestmark = pytest.mark.xdist_group("sidecar")
KILLS = 3
ENDS = 5
SETTLED_S = 4


@pytest.fixture(scope="module")
def place(new_place):
    """The same workload twice: `web` with healthd beside it, `bare` without."""
    place = new_place("sidecar")
    values = shop.values(existing=True)
    web = values["workloads"]["web"]
    web["preStopSeconds"] = 1
    values["workloads"]["bare"] = shop.merged(web, {"healthd": {"enabled": False}})
    Release(place, newest(), wait=True).install(values)
    return place


def the_pod(place, workload):
    (pod,) = [p for p in place.pods(f"app.kubernetes.io/component={workload}") if not p["metadata"].get("deletionTimestamp")]
    return pod


def test_memory(place, measured):
    """A few probes after its start; the limit is what the chart requests."""
    pod = the_pod(place, "web")
    working = node.working_set(place, pod)
    measured("memory-set", [working], "MiB")
    measured("memory-rss", node.resident(place, pod), "MiB")
    assert working <= 8, "MiB: more than the chart requests"


def test_healthd_killed(place, measured, cluster):
    """SIGKILL from the node, again and again: the application is not touched, the sidecar comes back, the pod is Ready again."""
    if not cluster.own:
        pytest.skip("kills a process on the node: only on the cluster that make cluster-up starts")
    first = the_pod(place, "web")
    name = first["metadata"]["name"]
    back = []
    for kill in range(1, KILLS + 1):
        pod = place.get(f"pods/{name}")
        since = time.monotonic()
        cluster.run("ctr", "-n", "k8s.io", "task", "kill", "--signal", "SIGKILL", container_id(pod, "healthd"))
        wait_until(lambda: status(place.get(f"pods/{name}"), "healthd")["restartCount"] == kill, 90, "started again")
        wait_until(lambda: ready(place.get(f"pods/{name}")), 30, "the pod is Ready again")
        back.append(time.monotonic() - since)
    measured("killed-back", back)
    last = place.get(f"pods/{name}")
    assert last["metadata"]["uid"] == first["metadata"]["uid"]
    assert status(last, "app")["restartCount"] == 0
    assert status(last, "app")["containerID"] == status(first, "app")["containerID"]
    assert status(last, "healthd")["lastState"]["terminated"]["exitCode"] == 137


def settled(pod):
    """Ready for some seconds: the kubelet takes up to two more to end a pod that it is still busy starting."""
    since = [c["lastTransitionTime"] for c in pod["status"].get("conditions", []) if c["type"] == "Ready"]
    return ready(pod) and time.time() - calendar.timegm(time.strptime(since[0], "%Y-%m-%dT%H:%M:%SZ")) >= SETTLED_S


def delete(place, workload):
    """Deletes the workload's pod; seconds until all its containers had ended, and until it was gone, with its last state."""
    pod = wait_until(lambda: (lambda p: settled(p) and p)(the_pod(place, workload)), 30, "Ready for a while")
    name = pod["metadata"]["name"]
    with place.cluster.watch(place.path("pods")) as watch:

        def states():
            return [(at, kind, p) for at, kind, p in list(watch.events) if p["metadata"]["name"] == name]

        wait_until(states, 10, "the watch shows the pod")
        since = time.monotonic()
        code, _ = place.cluster.ask("DELETE", place.path(f"pods/{name}"))
        assert code == 200
        gone = wait_until(lambda: next((at for at, kind, _ in states() if kind == "DELETED"), None), 30, "the pod is gone")
        seen = states()
    ended = next(at for at, _, p in seen if all("terminated" in s["state"] for s in statuses(p)))
    return ended - since, gone - since, seen[-1][2]


def test_termination(place, measured):
    """A pod with the sidecar has ended at most a second later than the same pod without; healthd tells its end."""
    seconds = {"web": [], "bare": []}
    for _ in range(ENDS):
        for workload, found in seconds.items():
            ended, gone, last = delete(place, workload)
            found.append((ended, gone))
            if workload == "web":
                healthd = status(last, "healthd")["state"]["terminated"]
                assert healthd["exitCode"] == 0 and json.loads(healthd["message"])["outcome"] == "drained", healthd
                assert status(last, "app")["state"]["terminated"]["finishedAt"] <= healthd["finishedAt"]
    for which, name in enumerate(("ended", "gone")):
        measured(f"{name}-with", [one[which] for one in seconds["web"]])
        measured(f"{name}-without", [one[which] for one in seconds["bare"]])
    median = {workload: statistics.median(ended for ended, _ in found) for workload, found in seconds.items()}
    assert median["web"] <= median["bare"] + 1, seconds
