"""PostgreSQL goes away under a running release, and comes back: the pods leave the Service and return, and nothing is started
again. Stopped: connections are refused. Frozen: they are accepted, and nobody answers."""

import time

import pytest

from rig import node, shop
from rig.cluster import SLOW
from rig.place import statuses
from rig.release import Release

pytestmark = pytest.mark.xdist_group("outage")
ROUNDS = 3
REPLICAS = 2
OUT_S = {"closed": 10 * SLOW, "hung": 15 * SLOW}
BACK_S = 10 * SLOW


@pytest.fixture(scope="module")
def place(new_place):
    place = new_place("outage")
    release = Release(place, 3, wait=True)
    release.install(shop.values(existing=True, workloads={"web": {"replicas": REPLICAS}}))
    return place


def containers(place):
    """Every container of the release, with its id: a container started again has another."""
    return {
        (pod["metadata"]["uid"], status["name"]): (status["containerID"], status["restartCount"])
        for pod in place.pods("app.kubernetes.io/component=web")
        for status in statuses(pod)
    }


COMMANDS = {"closed": ("/standin/stop", "/standin/start"), "hung": ("/standin/freeze", "/standin/thaw")}


@pytest.mark.parametrize("how", COMMANDS)
def test_postgres_away(place, measured, how):
    away, again = COMMANDS[how]
    before = containers(place)
    assert len(before) == 2 * REPLICAS
    out, back = [], []
    with place.follow_endpoints("shop-web") as endpoints:
        endpoints.wait(REPLICAS, 20)
        for _ in range(ROUNDS):
            since = time.monotonic()
            place.exec("postgres", away)
            out.append(endpoints.wait(0, 30, since))
            since = time.monotonic()
            place.exec("postgres", again)
            back.append(endpoints.wait(REPLICAS, 30, since))
    measured(f"out-{how}", out)
    measured(f"back-{how}", back)
    assert max(out) <= OUT_S[how] and max(back) <= BACK_S, (out, back)
    assert containers(place) == before, "something was started again"


def test_application_hangs(place, measured, cluster):
    """Its process is stopped: the kernel accepts for it, nobody answers. healthd notices; only that pod leaves, and returns."""
    if not cluster.own:
        pytest.skip("stops a process from the node: only on the cluster that make cluster-up starts")
    before = containers(place)
    one, other = place.pods("app.kubernetes.io/component=web")
    process = node.process(place, one, "app")
    with place.follow_endpoints("shop-web") as endpoints:
        endpoints.wait(REPLICAS, 20)
        since = time.monotonic()
        cluster.run("kill", "-STOP", process)
        try:
            measured("out-app", [endpoints.wait(1, 20, since)])
            assert endpoints.now() == {other["status"]["podIP"]}
        finally:
            since = time.monotonic()
            cluster.run("kill", "-CONT", process)
        measured("back-app", [endpoints.wait(REPLICAS, 20, since)])
    assert containers(place) == before, "something was started again"


def test_memory_after_all_that(place, measured):
    """The same sidecars, after the failures above: what they hold has not grown."""
    for pod in place.pods("app.kubernetes.io/component=web"):
        working = node.working_set(place, pod)
        measured("memory-set", [working], "MiB")
        measured("memory-rss", node.resident(place, pod), "MiB")
        assert working <= 8, "MiB: more than the chart requests"
