"""Todo chatbot: a front end and a back end that scale by themselves, on a database of the place's, by the commands of its page."""

import json

import pytest

from rig.client import Client
from rig.cluster import SLOW, wait_until
from rig.place import DATABASE_URL, PASSWORD, ready
from rig.release import newest
from rig.system import System, seconds

pytestmark = pytest.mark.xdist_group("todo-chatbot")

TODOS = "http://todo-app-backend/api/todos"
PAGE = "http://todo-app-frontend/list"
ROLLOUTS = 20
SECRET = {"DATABASE_URL": DATABASE_URL, "BETTER_AUTH_SECRET": PASSWORD, "OPENAI_API_KEY": PASSWORD}


def values(back="1.0.0", **more):
    """What a user's own file adds to the overlay; an upgrade names another image of the back end."""
    backend = {"containers": {"api": {"image": {"tag": back}}}, **more}
    return {"app": {"secrets": {"app": {"stringData": SECRET}}, "workloads": {"backend": backend}}}


@pytest.fixture(scope="module")
def chatbot(new_place, measured):
    system = System(new_place("chatbot", servers=("postgres", "tools")), "todo-chatbot", "todo-app", major=newest())
    helm = system.install(values())
    measured("install-todo-chatbot", [helm.seconds])
    assert all(map(ready, system.pods())) and helm.seconds <= 60 * SLOW
    return system


def test_installed_and_tested_002_1_002_5_002_10_002_15(chatbot):
    """Within a minute; helm test asks /api/health of both; they got their settings, and the Secret alone has the passwords."""
    assert chatbot.test().count("Phase:          Succeeded") == 2
    place = chatbot.place
    given = place.exec("deploy/todo-app-backend", "env", container="api").out
    assert f"DATABASE_URL={DATABASE_URL}\n" in given and "LOG_LEVEL=debug\n" in given and "ENVIRONMENT=development\n" in given
    assert PASSWORD not in json.dumps([chatbot.pods(), *(place.list(kind) for kind in ("configmaps", "deployments"))])
    assert chatbot.helm("list", "-o", "json").out.count('"todo-chatbot-1.0.0"') == 1


def test_users_and_capabilities_002_6_002_9(chatbot):
    """1001 and 1000, as the process itself sees it, without a capability."""
    for component, container, uid in (("frontend", "web", 1001), ("backend", "api", 1000)):
        seen = chatbot.place.exec(f"deploy/todo-app-{component}", "cat", "/proc/1/status", container=container).out
        lines = dict(line.split(":\t", 1) for line in seen.splitlines() if ":\t" in line)
        assert lines["Uid"].split()[0] == str(uid) and int(lines["CapEff"], 16) == int(lines["CapBnd"], 16) == 0


def test_a_todo_survives_002_17(chatbot):
    """The page shows what the back end has; a back end that is deleted comes back to the same rows."""
    chatbot.add(TODOS, "Survives")
    assert "<li>Survives</li>" in chatbot.ask("GET", PAGE)[1]
    (pod,) = chatbot.pods("backend")
    chatbot.place.kubectl("delete", "pod", pod["metadata"]["name"])
    chatbot.settled()
    assert "Survives" in [row["title"] for row in chatbot.rows(TODOS)["rows"]]


def test_upgrade_and_rollback_under_requests_002_1_002_2_002_14(chatbot, measured):
    """One surge, none unavailable: a newer back end and back, and no request is lost, nor one that is under way."""
    with Client(chatbot.place, TODOS) as client:
        chatbot.upgrade(values("1.1.0"))
        client.wait_for(lambda a: a["status"] == 200 and json.loads(a["text"])["version"] == "1.1.0", 10, "the newer version answers")
        chatbot.settled()
        _, took = seconds(lambda: chatbot.rollback(1))
        client.wait_for(lambda a: a["status"] == 200 and json.loads(a["text"])["version"] == "1.0.0", 10, "the older version answers")
        chatbot.settled()
    measured("rollback", [took])
    measured("system-requests", [len(client.answers)], "requests")
    measured("system-lost", [len(client.lost())], "requests")
    assert client.lost() == [] and took <= 20 * SLOW


def test_more_back_ends_under_load_002_3_001_24(chatbot, measured, cluster):
    """At more than 70 % of the requested CPU there are more pods within 60 s of the first look at them, up to the maximum."""
    if cluster.get("/apis/metrics.k8s.io/v1beta1") is None:
        pytest.skip("no metrics server: nobody measures the load")
    place, path = chatbot.place, "/apis/autoscaling/v2/namespaces/{}/horizontalpodautoscalers/todo-app-backend"
    scaling = {"enabled": True, "minReplicas": 1, "maxReplicas": 3}
    chatbot.upgrade(values(replicas=None, autoscaling=scaling))
    spec = place.get("deployments/todo-app-backend")["spec"]
    seen = lambda: cluster.get(path.format(place.name)).get("status", {}).get("currentMetrics")  # noqa: E731
    wait_until(seen, 60, lambda: f"the load is measured: {cluster.get(path.format(place.name))}", every=0.5)
    assert spec["replicas"] == 1
    with Client(place, TODOS, every=0.005), Client(place, TODOS, every=0.005):
        more = lambda: place.get("deployments/todo-app-backend")["spec"]["replicas"] > 1  # noqa: E731
        _, took = seconds(lambda: wait_until(more, 60, "more back ends", every=0.2))
        wait_until(lambda: len([pod for pod in chatbot.pods("backend") if ready(pod)]) > 1, 30, "they are ready")
    measured("scaled", [took])


def test_uninstalled_002_1(chatbot):
    assert len(chatbot.remains()) > 8, "hardly anything bears the label: this test sees nothing"
    chatbot.uninstall()
    assert chatbot.remains() == []


# --- Many rollouts ----------------------------------------------------------------------------------------------------------


@pytest.mark.xdist_group("todo-chatbot-rollouts")
def test_no_request_is_lost_in_20_rollouts_002_2_002_14(new_place, measured):
    """One pod of the back end is replaced again and again, as fast as each rollout ends."""
    place = new_place("rollouts", servers=("postgres", "tools"))
    system = System(place, "todo-chatbot", "todo-app", major=newest())
    system.install(values())
    with Client(place, TODOS, every=0.05) as client:
        for _ in range(ROLLOUTS):
            place.kubectl("rollout", "restart", "deployment/todo-app-backend")
            place.kubectl("rollout", "status", "deployment/todo-app-backend", f"--timeout={60 * SLOW:.0f}s", timeout=70)
        system.settled()
    measured("rollouts-requests", [len(client.answers)], "requests")
    measured("rollouts-lost", [len(client.lost())], "requests")
    assert len({json.loads(a["text"])["pod"] for a in client.answers if a["status"] == 200}) > ROLLOUTS
    assert client.lost() == []


# --- Production: four pods, a Secret that exists already, and policies ------------------------------------------------------

TRY = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 3)"


@pytest.mark.xdist_group("todo-chatbot-production")
def test_production_lets_through_what_is_named_002_2_002_6_002_8(new_place):
    """Two of each; the controller's namespace reaches both, the front end the back end, the back end PostgreSQL; nothing else passes."""
    place, controller = new_place("todos", servers=("postgres", "tools")), new_place("controller", servers=("tools",))
    place.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "todo-credentials"}, "stringData": SECRET})
    system = System(place, "todo-chatbot", "todo-app", overlay="values-prod.yaml", major=newest())
    system.install({"app": {"networkPolicy": {"ingressController": {"namespace": controller.name}}}})
    assert (len(system.pods("frontend")), len(system.pods("backend"))) == (2, 2) and all(map(ready, system.pods()))
    for pod in system.pods():
        assert all(c["securityContext"]["readOnlyRootFilesystem"] for c in pod["spec"]["containers"])

    front, back = f"http://todo-app-frontend.{place.name}", f"http://todo-app-backend.{place.name}"
    assert controller.fetch(f"{back}/api/todos")[0] == 200 and "<ul>" in controller.fetch(f"{front}/list")[1]
    assert place.fetch(f"{front}/api/health")[0] == place.fetch(f"{back}/api/health")[0] == 0, "another pod of the namespace got through"
    reached = {
        name: place.exec(f"deploy/todo-app-{name}", "python3", "-c", TRY, "database", "5432", container=container, check=False).status == 0
        for name, container in (("frontend", "web"), ("backend", "api"))
    }
    assert reached == {"frontend": False, "backend": True}
