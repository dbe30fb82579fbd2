"""Services named `database`, `redis`, `migrate` and `healthd` in a namespace whose pods are given service variables: our
programs, run from their images without the chart, take none of them for their configuration."""

import json
import os

import pytest

from rig.cluster import ROOT, wait_until
from rig.place import PASSWORD, pod, ready

pytestmark = pytest.mark.xdist_group("links")
# Neither port is given, so that DATABASE_PORT=tcp://… and REDIS_PORT=tcp://… would be taken if they could be.
WHERE = {
    "DATABASE_HOST": "database",
    "DATABASE_NAME": "shop",
    "DATABASE_USER": "app",
    "DATABASE_PASSWORD": PASSWORD,
    "REDIS_HOST": "redis",
}


def image(program):
    registry = os.environ.get("E2E_REGISTRY") or "localhost/release-runtime"
    return f"{registry}/{program}:{(ROOT / 'VERSION').read_text().strip()}"


@pytest.fixture(scope="module")
def place(new_place):
    """The variables are there: a pod of the same kind sees all four Services' ones."""
    place = new_place("links")
    place.apply(pod("see", ["env"], links=True, restart="Never"))
    wait_until(lambda: place.get("pods/see")["status"]["phase"] == "Succeeded", 30, "env has been printed")
    seen = dict(line.split("=", 1) for line in place.log("see").splitlines())
    for name in ("DATABASE_PORT", "REDIS_PORT", "MIGRATE_PORT", "HEALTHD_PORT"):
        assert seen[name].startswith("tcp://"), seen
    return place


def once(place, name, program, args):
    """Runs a program in a pod of its own; (status, log)."""
    place.apply(pod(name, None, image=image(program), env=WHERE, links=True, restart="Never", args=args))
    phase = lambda: place.get(f"pods/{name}")["status"]["phase"]  # noqa: E731
    wait_until(lambda: phase() in ("Succeeded", "Failed"), 40, lambda: place.describe())
    state = place.get(f"pods/{name}")["status"]["containerStatuses"][0]["state"]["terminated"]
    return state["exitCode"], place.log(name)


def test_migrate(place):
    status, log = once(place, "plan", "migrate", ["status", "--allow-empty", "--dir", "/", "--log-level", "debug"])
    assert status == 0, log


def test_cronrun(place):
    status, log = once(place, "cron", "cronrun", ["run", "--name", "x", "--lock", "postgres", "--", "/cronrun", "version"])
    assert status == 0 and "skipped" not in log, log


def test_healthd(place):
    place.apply(pod("health", None, image=image("healthd"), env=WHERE, links=True))
    wait_until(lambda: ready(place.get("pods/health")), 30, lambda: place.describe())
    address = place.get("pods/health")["status"]["podIP"]
    wanted = {"status": "ready", "database": "connected", "redis": "connected"}

    def answer():
        status, text = place.fetch(f"http://{address}:9180/health/ready")
        return (status, json.loads(text)) == (200, wanted)

    wait_until(answer, 20, lambda: place.log("health"), every=0.3)
