"""TaskPilot: a front end, a back end and their PostgreSQL, from an empty namespace to the claim that is left, by the commands of its page."""

import json

import pytest

from rig.client import Client
from rig.cluster import SLOW, wait_until
from rig.place import PASSWORD, ready
from rig.release import newest
from rig.system import System, seconds

pytestmark = pytest.mark.xdist_group("taskpilot")

TASKS = "http://backend-service/api/tasks"
PAGE = "http://frontend-service/list"
SECRETS = {key: PASSWORD for key in ("DATABASE_PASSWORD", "OPENAI_API_KEY", "JWT_SECRET")}


def values(tag="latest", **back_end):
    """What a user's own file adds to the overlay; an upgrade names another image of the back end."""
    api = {"image": {"tag": tag}, **back_end}
    return {"app": {"secrets": {"app": {"stringData": SECRETS}}, "workloads": {"backend": {"containers": {"api": api}}}}}


@pytest.fixture(scope="module")
def pilot(new_place, measured):
    system = System(new_place("taskpilot", servers=("tools",)), "taskpilot", "taskpilot-ai", major=newest())
    helm = system.install(values())
    measured("install-taskpilot", [helm.seconds])
    assert all(map(ready, system.pods())), "helm --wait returned before the pods were ready"
    return system


def test_installed_and_tested_004_1_004_5_004_12(pilot):
    """Three pods, ready within 30 s and never started again; helm test passes; the Services have the names that were asked for."""
    place = pilot.place
    assert sorted(pod["metadata"]["labels"]["app"] for pod in pilot.pods()) == ["taskpilot-backend", "taskpilot-frontend", "taskpilot-postgresql"]
    assert {name: count for name, count in place.restarts().items() if count} == {}
    assert pilot.test().count("Phase:          Succeeded") == 2
    ports = {s["metadata"]["name"]: s["spec"]["ports"][0]["port"] for s in place.list("services")}
    assert {name: ports.get(name) for name in ("frontend-service", "backend-service", "postgresql-service")} == {
        "frontend-service": 80,
        "backend-service": 80,
        "postgresql-service": 5432,
    }
    assert place.get("services/postgresql-service")["spec"]["clusterIP"] == "None"


def test_it_works_004_2_004_3_004_7(pilot):
    """A task that is added by the back end is on the front end's page, which asks the back end; the parts of the URL are in the ConfigMap."""
    task = pilot.add(TASKS, "Write <it> down")
    found = pilot.rows(TASKS)
    assert found["version"] == "1" and task in found["rows"] and found["rows"][0]["title"] == "Take a look around"
    status, page = pilot.ask("GET", PAGE)
    assert status == 200 and "<li>Write &lt;it&gt; down</li>" in page, page
    assert pilot.ask("GET", "http://backend-service/health")[0] == 200
    assert PASSWORD not in json.dumps(pilot.place.list("configmaps"))


def test_upgrade_and_rollback_under_requests_004_8_004_9(pilot, measured):
    """A newer back end with one more migration, and back: the init container migrates first, and no request is lost."""
    pilot.add(TASKS, "Kept")
    with Client(pilot.place, TASKS) as client:
        pilot.upgrade(values("next"))
        client.wait_for(lambda a: a["status"] == 200 and json.loads(a["text"])["version"] == "2", 10, "the newer version answers")
        pilot.settled()
        rows = pilot.rows(TASKS)["rows"]
        assert all(row["done"] is False for row in rows) and "Kept" in [row["title"] for row in rows]
        _, took = seconds(lambda: pilot.rollback(1))
        client.wait_for(lambda a: a["status"] == 200 and json.loads(a["text"])["version"] == "1", 10, "the older version answers")
        pilot.settled()
    measured("rollback", [took])
    measured("system-requests", [len(client.answers)], "requests")
    measured("system-lost", [len(client.lost())], "requests")
    assert client.lost() == [] and took <= 20 * SLOW
    assert all("done" in row for row in pilot.rows(TASKS)["rows"]), "the older version does not see the newer column"
    assert [status for _, status in pilot.history()][-1] == "deployed"


def test_scaled_004_9(pilot):
    pilot.upgrade(values(), "--set", "app.workloads.frontend.replicas=3", "--set", "app.workloads.backend.replicas=2")
    assert (len(pilot.pods("frontend")), len(pilot.pods("backend"))) == (3, 2)
    assert all(map(ready, pilot.pods()))
    pilot.upgrade(values())
    pilot.settled()


@pytest.mark.parametrize("how", ["freeze", "stop"])
def test_the_database_goes_away_and_comes_back_004_3_004_4(pilot, measured, how):
    """The back end leaves its Service, not the front end, whose page says so; liveness does not ask the database: nothing is started again."""
    place, before = pilot.place, pilot.running()
    database = "taskpilot-ai-postgresql-0"
    with place.follow_endpoints("backend-service") as back, place.follow_endpoints("frontend-service") as front:
        back.wait(1, 20)
        _, took = seconds(lambda: place.exec(database, f"/standin/{how}") and back.wait(0, 30))
        measured(f"taskpilot-out-{how}", [took])
        assert took <= {"freeze": 10, "stop": 6}[how] * SLOW
        assert "does not answer" in pilot.ask("GET", PAGE)[1]
        _, took = seconds(lambda: place.exec(database, "/standin/" + {"freeze": "thaw", "stop": "start"}[how]) and back.wait(1, 30))
        measured(f"taskpilot-back-{how}", [took])
        assert took <= 10 * SLOW and all(addresses for _, addresses in front.history())
    wait_until(lambda: "<li>" in pilot.ask("GET", PAGE)[1], 10 * SLOW, "the page has the tasks again")
    assert pilot.running() == before, "something was started again"


def test_the_database_restarts_004_4_004_12(pilot):
    """Its pod is deleted: the next one has the same claim, and no task is lost."""
    place = pilot.place
    pilot.add(TASKS, "Survives")
    (old,) = pilot.pods("postgresql")
    place.kubectl("delete", "pod", old["metadata"]["name"])
    next_one = lambda pod: pod["metadata"]["uid"] != old["metadata"]["uid"] and ready(pod)  # noqa: E731
    wait_until(lambda: any(map(next_one, pilot.pods("postgresql"))), 60, "another pod of the database is ready")
    pilot.settled()
    assert "Survives" in [row["title"] for row in pilot.rows(TASKS)["rows"]]


def test_a_failing_migration_interrupts_nothing_004_8(pilot):
    """The new pod never leaves its init container, whose log says why; the old one serves until the rollback, and after it."""
    place = pilot.place
    with Client(place, TASKS) as client:
        helm = pilot.upgrade(values("faulty"), timeout=15, check=False)
        assert helm.status != 0
        (stuck,) = [pod for pod in pilot.pods("backend") if not ready(pod)]
        assert "sqlstate=42703" in place.log(stuck["metadata"]["name"], "migrate-schema")
        pilot.rollback(1)
        pilot.settled()
    assert client.lost() == []
    assert {json.loads(a["text"])["version"] for a in client.answers} == {"1"}


def test_uninstalled_004_1_004_4(pilot):
    """The claim of the database is left, and nothing else, until it is deleted as the notes say."""
    place = pilot.place
    notes = pilot.helm("get", "notes", pilot.name).out
    assert f"kubectl -n {place.name} delete pvc -l app.kubernetes.io/instance=taskpilot-ai" in notes
    assert len(pilot.remains()) > 10, "hardly anything bears the label: this test sees nothing"
    pilot.uninstall()
    assert pilot.remains() == ["persistentvolumeclaim/data-taskpilot-ai-postgresql-0"]
    place.kubectl("delete", "pvc", "-l", "app.kubernetes.io/instance=taskpilot-ai")
    assert pilot.remains() == []
