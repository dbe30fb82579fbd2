"""todo-app: FastAPI with alembic and a Next.js front end behind a LoadBalancer, on a database of the place's, by the commands of its page."""

import json
import re

import pytest

from rig.client import Client
from rig.cluster import SLOW, wait_until
from rig.place import DATABASE_URL, PASSWORD, ready, status
from rig.system import System, Tunnel, seconds

pytestmark = pytest.mark.xdist_group("todo-app")

TODOS = "http://todo-app-backend:7860/api/todos"
PAGE = "http://todo-app-frontend:3000/"
KEYS = ("OPENROUTER_API_KEY", "BETTER_AUTH_SECRET", "VAPID_PRIVATE_KEY", "VAPID_PUBLIC_KEY")


def values(back="3.0.0", front="3.0.0", **api):
    """What a user's own file adds to the overlay; an upgrade names other images."""
    secret = {"stringData": {"DATABASE_URL": DATABASE_URL, **{key: PASSWORD for key in KEYS}}}
    backend = {"containers": {"api": {"image": {"tag": back}, **api}}}
    return {"app": {"secrets": {"app": secret}, "workloads": {"backend": backend, "frontend": {"containers": {"web": {"image": {"tag": front}}}}}}}


def version(answer):
    return json.loads(answer["text"])["version"]


@pytest.fixture(scope="module")
def todo(new_place, measured):
    place = new_place("todo", servers=("postgres", "tools"))
    system = System(place, "todo-app", "todo-app", major=3)
    with Tunnel(place):
        helm = system.install(values(), "--atomic")
        measured("install-todo-app", [helm.seconds])
        yield system


def test_installed_with_the_migration_first_003_9_003_11_003_13(todo):
    """alembic has run, by the API's own image and from the Secret, before the back end's pod was made; its log can be read."""
    place = todo.place
    assert all(map(ready, todo.pods())) and len(todo.pods()) == 2
    job = todo.job("alembic")
    (api,) = todo.pods("backend")
    assert job["status"]["completionTime"] <= api["metadata"]["creationTimestamp"]
    log = todo.job_log("alembic")
    assert "Running upgrade  -> 0001" in log and "Running upgrade 0001 -> 0002" in log and PASSWORD not in log, log
    assert place.psql("SELECT version_num FROM alembic_version").out == "0002"
    assert place.get("services/todo-app-frontend")["spec"]["type"] == "LoadBalancer"
    data = place.get("configmaps/todo-app-config")["data"]
    assert (data["LOG_LEVEL"], data["ENVIRONMENT"]) == ("debug", "development")
    assert todo.test().count("Phase:          Succeeded") == 2


def test_health_bodies_003_2_003_3_003_4_003_12(todo):
    (api,) = todo.pods("backend")
    healthd = f"http://{api['status']['podIP']}:9180"
    known = {path: todo.ask("GET", healthd + path) for path in ("/health/live", "/health/ready", "/health")}
    alive = {"status": "alive", "service": "todo-chatbot-api", "version": "3.0.0"}
    assert known["/health/live"][0] == 200 and alive.items() <= json.loads(known["/health/live"][1]).items()
    ready_now = {"status": "ready", "database": "connected"}
    assert known["/health/ready"][0] == 200 and ready_now.items() <= json.loads(known["/health/ready"][1]).items()
    assert known["/health"][0] == 200
    code, text = todo.ask("GET", PAGE + "api/health")
    front = json.loads(text)
    assert code == 200 and (front["status"], front["service"]) == ("ok", "todo-frontend")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+\+00:00", front["timestamp"])
    with todo.place.follow_endpoints("todo-app-backend") as endpoints:
        endpoints.wait(1, 10)


def test_upgrade_and_rollback_without_a_lost_request_003_13_003_18_003_20(todo, measured):
    """One replica, a newer version with one more revision, and back within 60 s: some pod always answers, on either schema."""
    todo.add(TODOS, "Write it down")
    with Client(todo.place, TODOS) as api, Client(todo.place, PAGE) as front:
        todo.upgrade(values("3.1.0", "3.1.0"))
        api.wait_for(lambda a: a["status"] == 200 and version(a) == "3.1.0", 10, "the newer version answers")
        todo.settled()
        assert [row["done"] for row in todo.rows(TODOS)["rows"]] == [False, False]
        _, took = seconds(lambda: todo.rollback(1))
        api.wait_for(lambda a: a["status"] == 200 and version(a) == "3.0.0", 10, "the older version answers")
        todo.settled()
    measured("rollback", [took])
    measured("system-requests", [len(api.answers) + len(front.answers)], "requests")
    measured("system-lost", [len(api.lost()) + len(front.lost())], "requests")
    assert api.lost() == front.lost() == [] and took <= 20 * SLOW
    assert todo.history() == [(1, "superseded"), (2, "superseded"), (3, "deployed")]
    assert todo.place.psql("SELECT version_num FROM alembic_version").out == "0003"


BROKEN = {
    "bad image": (values(front="no-such"), "frontend", "ImagePull|ErrImage"),
    "failing migration": (values("3.2.0-faulty"), None, "author"),
    "never ready": (values("3.1.0", env={"API_BROKEN": "1"}), "backend", "timed out|not ready|deadline"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_release_is_rolled_back_by_itself_003_15_003_18(todo, measured, how):
    """--atomic ends with the release that was there; both Services answer all the time, and the cause can be seen."""
    broken, component, word = BROKEN[how]
    place, before = todo.place, {p["metadata"]["name"] for p in todo.pods()}
    revision = todo.history()[-1][0]
    seen = []
    with Client(place, TODOS) as api, Client(place, PAGE) as front, place.cluster.watch(place.path("pods")) as pods:
        helm = todo.upgrade(broken, "--atomic", timeout=15, check=False)
        api.wait_for(lambda a: True, 5, "an answer afterwards")
        seen = [one for _, _, one in pods.events]
    assert helm.status != 0 and "has been rolled back due to atomic being set" in helm.text, helm.text
    assert api.lost() == front.lost() == []
    assert {version(a) for a in api.answers} == {"3.0.0"}
    states = [s["state"] for one in seen for s in one["status"].get("containerStatuses", [])]
    log = todo.job_log("alembic")
    assert re.search(word, helm.text + log + json.dumps([s.get("waiting") for s in states])), helm.text
    assert todo.history()[-2:] == [(revision + 1, "failed"), (revision + 2, "deployed")]
    wait_until(lambda: {p["metadata"]["name"] for p in todo.pods()} == before, 30, "the pods of before, and no others")


COMMANDS = {"closed": ("/standin/stop", "/standin/start", 12), "hung": ("/standin/freeze", "/standin/thaw", 15)}


@pytest.mark.parametrize("how", COMMANDS)
def test_the_database_is_away_003_16(todo, measured, how):
    """Out of the endpoints within the bounds that were asked for, and back, without a restart."""
    away, again, bound = COMMANDS[how]
    before = todo.running()
    with todo.place.follow_endpoints("todo-app-backend") as endpoints:
        endpoints.wait(1, 20)
        _, out = seconds(lambda: todo.place.exec("postgres", away) and endpoints.wait(0, 30))
        _, back = seconds(lambda: todo.place.exec("postgres", again) and endpoints.wait(1, 30))
    measured(f"todo-out-{how}", [out])
    measured(f"todo-back-{how}", [back])
    assert out <= bound * SLOW and back <= 10 * SLOW
    assert todo.running() == before, "something was started again"


def test_killed_and_deleted_pods_lose_nothing_003_17_003_19(todo, cluster):
    """A crash is started again in its pod; for a deleted pod another one comes; what was added is there."""
    place = todo.place
    todo.add(TODOS, "Survives")
    (pod,) = todo.pods("backend")
    place.exec(pod["metadata"]["name"], "python3", "-c", "import os; os.kill(1, 15)", container="api")
    wait_until(lambda: status(todo.pods("backend")[0], "api")["restartCount"] == 1, 30, "started again")
    todo.settled()
    place.kubectl("delete", "pod", pod["metadata"]["name"])
    todo.settled()
    assert todo.pods("backend")[0]["metadata"]["uid"] != pod["metadata"]["uid"]
    assert "Survives" in [row["title"] for row in todo.rows(TODOS)["rows"]]


def test_no_password_but_in_secrets_003_23(todo):
    place = todo.place
    places = {p["metadata"]["name"]: place.log(p["metadata"]["name"], "--all-containers") for p in place.pods("app.kubernetes.io/instance=todo-app")}
    for kind in ("configmaps", "jobs", "deployments", "replicasets", "events"):
        places[kind] = json.dumps(place.list(kind))
    places["notes"] = todo.helm("get", "notes", todo.name).out
    places["pods"] = json.dumps(place.pods("app.kubernetes.io/instance=todo-app"))
    assert all(places.values()) and PASSWORD in todo.helm("get", "values", todo.name).out
    assert [name for name, text in places.items() if PASSWORD in text] == []


def test_uninstalled_003_14(todo):
    """By the notes' own command; the last migration's Job is left, as the page says, and nothing else."""
    assert f"helm uninstall todo-app -n {todo.place.name}" in todo.helm("get", "notes", todo.name).out
    assert len(todo.remains()) > 10, "hardly anything bears the label: this test sees nothing"
    todo.uninstall()
    (left,) = todo.remains()
    assert left.startswith("job.batch/todo-app-alembic")
