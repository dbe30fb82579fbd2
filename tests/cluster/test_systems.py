"""The five systems as somebody has them who does not know them: by chart/examples/system, in an empty namespace whose Pod Security is
restricted. It installs without --wait, so that nothing but the pods themselves keeps an order, and then looks until all is ready; test_kairoflow.py,
test_kubechat.py and so on have --wait. What stands before them is Traefik, asked by host, path and certificate.

The last story of a system removes it, before the next one comes.
"""

import json
import re
import shutil

import pytest
import test_kairoflow
import test_kubechat
import test_taskpilot
import test_todo_app
import test_todo_chatbot
import yaml

from rig import traefik
from rig.cluster import ROOT, SLOW, end, wait_until
from rig.place import PASSWORD, ready
from rig.release import PROGRAM, newest
from rig.system import System

pytestmark = pytest.mark.xdist_group("systems")


class Tried(System):
    """A system that chart/examples/system drives."""

    def __init__(self, place, example, name, values, overlay="dev", above=None, major=3):
        """above: of an overlay that lies over the other one"""
        super().__init__(place, example, name, overlay=f"values-{overlay}.yaml", major=major, wait=False)
        self.example, self.overlay = example, overlay
        shutil.copy(ROOT / "chart/examples/system", self.chart.parent)
        self.file = place.folder / "mine.yaml"
        self.file.write_text(yaml.safe_dump(values))
        self.above = ["-f", self.chart / f"values-{above}.yaml"] if above else []

    def argv(self, command, *words, seconds=90):
        settings = (f"NAMESPACE={self.place.name}", f"HELM={PROGRAM[self.major]}", f"TIMEOUT={seconds * SLOW:.0f}s")
        return ("env", *settings, self.chart.parent / "system", command, self.example, *words)

    def command(self, command, *words, seconds=90, **options):
        done = self.place.cluster.run(*self.argv(command, *words, seconds=seconds), timeout=200, **options)
        assert "would violate" not in done.text, f"not admitted by the restricted level:\n{done.text}"
        return done

    def deploy(self, tests):
        """Every pod is ready when it returns, none was started again, and its tests have passed."""
        done = self.command("deploy", self.overlay, *self.above, "-f", self.file)
        assert done.out.count("Phase:          Succeeded") == tests, done.text
        assert self.pods() and all(map(ready, self.pods())), self.place.describe()
        assert {name: count for name, count in self.place.restarts(self.pods()).items() if count} == {}
        assert [status for _, status in self.history()] == ["deployed"]
        return self

    def before(self, key):
        """The migration had ended when the first pod was made."""
        done = self.job(key)["status"]["completionTime"]
        return all(done <= pod["metadata"]["creationTimestamp"] for pod in self.pods())

    def removed(self):
        """And once more, which changes nothing."""
        for _ in range(2):
            self.command("teardown", "--yes", "--data")
            assert [name for name in self.remains() if not name.startswith("pod/")] == []
        wait_until(lambda: not self.remains(), 30, lambda: f"nothing is left: {self.remains()}")


@pytest.fixture(scope="module")
def kinds(cluster):
    traefik.make_kinds(cluster)


@pytest.fixture(scope="module")
def door(cluster, kinds):
    with traefik.traefik(cluster):
        yield


# --- TaskPilot: its own PostgreSQL, and an init container that waits for it ------------------------------------------------

INGRESS = {"exposure": {"public": {"ingress": {"className": "traefik"}}}}


@pytest.fixture(scope="module")
def pilot(new_place):
    values = {"app": {**test_taskpilot.values()["app"], **INGRESS}}
    return Tried(new_place("pilot", servers=("tools",)), "taskpilot", "taskpilot-ai", values).deploy(tests=2)


def test_taskpilot_comes_up_by_itself_004_1_004_11_004_15(pilot):
    """PostgreSQL, the back end and the front end start side by side; the back end's init container waits for the first."""
    assert {pod["metadata"]["labels"]["app"] for pod in pilot.pods()} == {f"taskpilot-{n}" for n in ("backend", "frontend", "postgresql")}


def test_taskpilot_through_traefik_004_6(pilot, door):
    browser = traefik.Browser(pilot.place, "localhost")
    assert "Take a look around" in browser.until(200, "/api/tasks")["text"]
    assert "<li>Take a look around</li>" in browser.get("/list")["text"]
    assert browser.get("/apix")["text"].strip('"\n') == "not found", "the front end did not get what only begins like the back end's path"
    assert traefik.Browser(pilot.place, "elsewhere").get("/")["status"] == 404


def test_taskpilot_at_this_machine_004_11(pilot, tmp_path):
    """forward: the front end and the back end, at ports that are free; both end with it."""
    log = tmp_path / "log"
    with open(log, "w") as out:
        forward = pilot.place.cluster.start(*pilot.argv("forward", "0", "0"), stdout=out, stderr=out)
    try:
        ports = lambda: re.findall(r"127\.0\.0\.1:(\d+) -> (\d+)", log.read_text())  # noqa: E731
        wait_until(lambda: len(ports()) == 2, 30, log.read_text)
        for local, inside in ports():
            path = {"3000": "/", "8000": "/health"}[inside]
            words = ("import sys, urllib.request as u; print(u.urlopen(sys.argv[1], timeout=30).status)", f"http://127.0.0.1:{local}{path}")
            assert pilot.place.cluster.run("/usr/bin/python3", "-c", *words).out.strip() == "200"
    finally:
        end(forward)


def test_taskpilot_is_removed_twice_004_11(pilot):
    """Asked for, it is not removed without an answer; then everything goes, with its data; once more is no fault."""
    refused = pilot.command("teardown", stdin="n\n", check=False)
    assert refused.status == 2 and "nothing was removed" in refused.err and len(pilot.pods()) == 3
    pilot.removed()


def test_taskpilot_with_the_migration_after_the_install_004_8(new_place):
    """The hook runs as soon as the objects are there, and waits for PostgreSQL itself."""
    place = new_place("post", servers=("tools",))
    system = Tried(place, "taskpilot", "taskpilot-ai", test_taskpilot.values(), above="post", major=newest()).deploy(tests=2)
    assert "applied" in system.job_log("schema")
    assert "Take a look around" in [row["title"] for row in system.rows(test_taskpilot.TASKS)["rows"]]
    system.removed()


# --- todo-app: a hook before the install, and a LoadBalancer that nobody serves ----------------------------------------------


@pytest.fixture(scope="module")
def todo(new_place):
    place = new_place("app", servers=("postgres", "tools"))
    return Tried(place, "todo-app", "todo-app", test_todo_app.values(), major=newest()).deploy(tests=2)


def test_todo_app_comes_up_by_itself_003_6_003_13_003_22(todo):
    """deploy is the five steps of a first look: the chart's dependency, the install, the migration, the pods, the tests. It may be repeated."""
    assert todo.before("alembic")
    assert not todo.place.get("services/todo-app-frontend")["status"]["loadBalancer"].get("ingress")
    todo.add(test_todo_app.TODOS, "Kept")
    again = todo.command("deploy", "-f", todo.file)
    assert again.out.count("Phase:          Succeeded") == 2 and [status for _, status in todo.history()] == ["superseded", "deployed"]
    assert "Kept" in [row["title"] for row in todo.rows(test_todo_app.TODOS)["rows"]]


def test_todo_app_that_never_becomes_ready_003_6(todo):
    """deploy ends with a fault and shows the pods; the one that ran before goes on."""
    image = "app.workloads.frontend.containers.web.image.tag"
    broken = todo.command("deploy", "-f", todo.file, "--set", f"{image}=no-such", seconds=12, check=False)
    assert broken.status == 1 and "todo-app-frontend-" in broken.err.splitlines()[-1], broken
    assert sum(map(ready, todo.pods("frontend"))) == 1


def test_todo_app_is_removed_003_6(todo):
    todo.removed()


# --- Todo chatbot: two paths of one host ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def chatbot(new_place):
    values = {"app": {**test_todo_chatbot.values()["app"], **INGRESS}}
    return Tried(new_place("bot", servers=("postgres", "tools")), "todo-chatbot", "todo-app", values).deploy(tests=2)


def test_todo_chatbot_comes_up_by_itself_002_1(chatbot):
    assert len(chatbot.pods()) == 2


def test_todo_chatbot_through_traefik_002_4(chatbot, door):
    """/api to the back end, with its prefix; all else to the front end, whose page is made of the back end's rows."""
    chatbot.add(test_todo_chatbot.TODOS, "Seen from outside")
    browser = traefik.Browser(chatbot.place, "todo.local")
    assert "Seen from outside" in browser.until(200, "/api/todos")["text"]
    assert "<li>Seen from outside</li>" in browser.get("/list")["text"] and browser.get("/")["status"] == 200
    assert traefik.Browser(chatbot.place, "todo.localhost").get("/")["status"] == 404


def test_todo_chatbot_is_removed_002_1(chatbot):
    chatbot.removed()


# --- KairoFlow, staging: existing Secrets, a hook before the install, TLS and middlewares -------------------------------------

HOST = "staging.kairoflow.example.com"


@pytest.fixture(scope="module")
def kairo(new_place, kinds):
    place = new_place("kairo")
    secrets = [
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": f"kairoflow-{name}"}, "stringData": data}
        for name, data in test_kairoflow.SECRETS.items()
    ]
    nothing = {".dockerconfigjson": '{"auths": {}}'}
    place.apply(*secrets, {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "ghcr"}, "type": "kubernetes.io/dockerconfigjson", "stringData": nothing})
    own = test_kairoflow.values()["app"]
    values = {"app": {key: own[key] for key in ("workloads", "cronJobs")}}
    for container in values["app"]["workloads"]["web"]["containers"].values():
        container["resources"] = {"requests": {"cpu": "50m"}}  # the node is shared with other stories
    values["app"]["middlewares"] = {"limit": {"rateLimit": {"average": 1, "burst": 20}}}  # that a story can reach
    return Tried(place, "kairoflow", "kairoflow", values, overlay="staging").deploy(tests=0)


def test_kairoflow_comes_up_by_itself_000_2_000_19(kairo):
    """The console has migrated before the pod was made, with Secrets that existed already."""
    assert kairo.before("schema") and kairo.add(test_kairoflow.ORDERS, "Chairs")
    assert PASSWORD not in kairo.helm("get", "manifest", kairo.name).out


def test_kairoflow_through_traefik_000_20_000_21_000_22(kairo, door):
    """Plain requests are led to https, which has the certificate's Secret; headers are set; more requests than allowed are refused."""
    place = kairo.place
    plain, browser = traefik.Browser(place, HOST), traefik.Browser(place, HOST, ca=traefik.certify(place))
    led = plain.until(301, "/somewhere?a=b")
    assert led["headers"]["location"] == f"https://{HOST}/somewhere?a=b"
    wait_until(lambda: browser.get("/")["status"], 30, "Traefik has the certificate", every=0.3)
    page = browser.until(200, "/")
    assert json.loads(page["text"])["hits"] >= 1
    assert page["headers"]["x-content-type-options"] == "nosniff" and "max-age" in page["headers"]["strict-transport-security"]
    assert {answer["status"] for answer in browser.get("/health", times=60)} == {200, 429}
    assert traefik.Browser(place, "kairoflow.example.com").get("/")["status"] == 404


def test_kairoflow_is_removed_000_9(kairo):
    kairo.removed()


# --- KubeChat: servers of its own, hooks, and a choice of ciphers ----------------------------------------------------------------


@pytest.fixture(scope="module")
def chat(new_place, kinds):
    """Exposed as in production; at no port of the node, of which each can be had once."""
    inside = {name: {"type": "ClusterIP", "ports": {"http": {"nodePort": None}}} for name in ("api", "web", "pgadmin", "redis-commander")}
    outside = {"exposure": {"public": {"enabled": True}}, "middlewares": {}, "tlsOptions": {}, "certificates": {}, "issuers": {}}
    values = {"app": {**test_kubechat.values()["app"], "services": inside, **outside}}
    return Tried(new_place("chat", servers=("tools",)), "kubechat", "kubechat", values).deploy(tests=3)


def test_kubechat_comes_up_by_itself_001_3_001_4(chat):
    """PostgreSQL and Redis start beside what needs them; the first pod of the API makes the tables."""
    assert len(chat.pods()) == 6
    assert test_kubechat.psql(chat, "SELECT version, dirty FROM schema_migrations") == "3|f"


def test_kubechat_through_traefik_001_11(chat, door):
    """Both paths by TLS, with the ciphers that are allowed alone; plain requests are led to it."""
    place, host = chat.place, "kubechat.example.com"
    plain, browser = traefik.Browser(place, host), traefik.Browser(place, host, ca=traefik.certify(place))
    assert plain.until(301, "/api/conversations")["headers"]["location"] == f"https://{host}/api/conversations"
    wait_until(lambda: browser.get("/")["status"], 30, "Traefik has the certificate", every=0.3)
    assert "rows" in browser.until(200, "/api/conversations")["text"]
    page = browser.get("/list")
    assert "<title>KubeChat</title>" in page["text"] and "frame-ancestors" in page["headers"]["content-security-policy"]
    assert browser.get("/", ciphers="ECDHE-ECDSA-AES256-GCM-SHA384")["status"] == 200
    assert browser.get("/", ciphers="ECDHE-ECDSA-AES128-GCM-SHA256")["status"] == 0


def test_kubechat_is_removed_001_4(chat):
    chat.removed()
