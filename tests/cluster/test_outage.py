"""PostgreSQL goes away under a running release, and comes back: the pods leave the Service and return, and nothing is started
again. Stopped: connections are refused. Frozen: they are accepted, and nobody answers."""

import time

import pytest

from rig import shop
from rig.cluster import wait_until
from rig.release import Release

pytestmark = pytest.mark.xdist_group("outage")
ROUNDS = 3
REPLICAS = 2
OUT_S = {"closed": 10, "hung": 15}
BACK_S = 10


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
        for key in ("initContainerStatuses", "containerStatuses")
        for status in pod["status"][key]
    }


@pytest.mark.parametrize("how, away, again", [("closed", "/standin/stop", "/standin/start"), ("hung", "/standin/freeze", "/standin/thaw")])
def test_postgres_away(place, measured, how, away, again):
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


def test_application_away(place):
    """The application's own port closed (its process stopped): only its pod leaves, by healthd's check of it."""
    wait_until(lambda: len(place.ready_pods()) == 3 + REPLICAS, 20, "all pods are ready")
    one, other = place.pods("app.kubernetes.io/component=web")
    with place.follow_endpoints("shop-web") as endpoints:
        endpoints.wait(REPLICAS, 20)
        place.exec(one["metadata"]["name"], "python3", "-c", "import os, signal; os.kill(1, signal.SIGTERM)", container="app")
        endpoints.wait(1, 20)
        assert endpoints.now() == {other["status"]["podIP"]}
        endpoints.wait(REPLICAS, 40)
    restarts = place.restarts(place.pods("app.kubernetes.io/component=web"))
    assert restarts[one["metadata"]["name"], "healthd"] == 0 and restarts[one["metadata"]["name"], "app"] == 1
