"""KubeChat: an API and a front end with a bundled PostgreSQL and Redis, migrations in golang-migrate's history, by the commands of its page."""

import json

import pytest

from rig import node
from rig.client import Client
from rig.cluster import SLOW
from rig.place import PASSWORD, ready, statuses
from rig.release import newest
from rig.system import System, seconds

pytestmark = pytest.mark.xdist_group("kubechat")

CHATS = "http://kubechat-api/api/conversations"
PAGE = "http://kubechat-web/list"
SECRETS = {
    "database": ("DATABASE_PASSWORD",),
    "redis": ("REDIS_PASSWORD",),
    "app": ("JWT_SECRET",),
    "admin": ("PGADMIN_PASSWORD", "REDIS_COMMANDER_PASSWORD"),
}


def values(tag="dev"):
    """What a user's own file adds to the overlay; an upgrade names other images."""
    secrets = {name: {"stringData": {key: PASSWORD for key in keys}} for name, keys in SECRETS.items()}
    return {"app": {"global": {"image": {"tag": tag}}, "secrets": secrets}}


@pytest.fixture(scope="module")
def chat(new_place, measured):
    system = System(new_place("kubechat", servers=("tools",)), "kubechat", "kubechat", major=newest())
    helm = system.install(values())
    measured("install-kubechat", [helm.seconds])
    assert all(map(ready, system.pods())), "helm --wait returned before the pods were ready"
    return system


def psql(chat, sql):
    return chat.place.exec("kubechat-postgresql-0", "/standin/psql", "-d", "kubechat", "-Atc", sql).out.strip()


def test_installed_and_tested_001_3_001_5_001_7_001_14(chat):
    """Six pods; the SQL of db-init has run, then three files in golang-migrate's own table; helm test asks both Services and the schema."""
    place = chat.place
    found = {pod["metadata"]["labels"]["app.kubernetes.io/component"] for pod in chat.pods()}
    assert found == {"api", "web", "postgresql", "redis", "pgadmin", "redis-commander"}
    assert {name: count for name, count in place.restarts().items() if count} == {}
    assert psql(chat, "SELECT version, dirty FROM schema_migrations") == "3|f"
    assert psql(chat, "SELECT count(*) FROM db_init_history") == "1"
    ports = {s["metadata"]["name"]: s["spec"]["ports"][0].get("nodePort") for s in place.list("services") if s["spec"]["type"] == "NodePort"}
    assert ports == {"kubechat-api": 30080, "kubechat-web": 30001, "kubechat-pgadmin": 30050, "kubechat-redis-commander": 30081}
    assert chat.test().count("Phase:          Succeeded") == 3


def test_it_works_001_17(chat):
    """A conversation in PostgreSQL, hits in Redis, on the front end's page; the development's feature flags are in every container."""
    chat.add(CHATS, "Pods that wait")
    first, second = chat.rows(CHATS), chat.rows(CHATS)
    assert second["hits"] == first["hits"] + 1 and "Pods that wait" in [row["title"] for row in second["rows"]]
    assert "<li>Pods that wait</li>" in chat.ask("GET", PAGE)[1]
    for component in ("api", "web"):
        given = chat.place.exec(f"deploy/kubechat-{component}", "env", container=component).out
        assert "FEATURE_WRITE_COMMANDS=true\n" in given and "FEATURE_AUDIT=false\n" in given


def test_the_account_reads_the_cluster_and_no_secret_001_9(chat):
    account = f"--as=system:serviceaccount:{chat.place.name}:kubechat-api"
    may = lambda *words: chat.place.kubectl("auth", "can-i", *words, account, check=False).out.strip()  # noqa: E731
    assert [may("list", "pods", "-A"), may("get", "secrets"), may("delete", "pods")] == ["yes", "no", "no"]


def test_upgrade_and_rollback_under_requests_001_14_001_18(chat, measured):
    """Newer images with one more migration, and back; the way back of the schema is a job that is started by hand."""
    with Client(chat.place, CHATS) as client:
        chat.upgrade(values("dev2"))
        client.wait_for(lambda a: a["status"] == 200 and json.loads(a["text"])["version"] == "2", 10, "the newer version answers")
        chat.settled()
        assert psql(chat, "SELECT version, dirty FROM schema_migrations") == "4|f"
        chat.place.kubectl("create", "job", "down-1", "--from=cronjob/kubechat-schema-down")
        _, took = seconds(lambda: chat.rollback(1))
        client.wait_for(lambda a: a["status"] == 200 and json.loads(a["text"])["version"] == "1", 10, "the older version answers")
        chat.settled()
    measured("rollback", [took])
    measured("system-requests", [len(client.answers)], "requests")
    measured("system-lost", [len(client.lost())], "requests")
    assert client.lost() == [] and took <= 20 * SLOW
    chat.place.kubectl("wait", "--for=condition=Complete", "job/down-1", f"--timeout={30 * SLOW:.0f}s")
    assert psql(chat, "SELECT version, dirty FROM schema_migrations") == "3|f"


@pytest.mark.parametrize("how", ["freeze", "stop"])
def test_redis_goes_away_and_comes_back_001_3_001_12(chat, cluster, measured, how):
    """Its process hangs, or there is none: the API, which uses it, leaves its Service, the front end does not; nothing of them is started again."""
    if how == "freeze" and not cluster.own:
        pytest.skip("stops a process from the node: only on the cluster that make cluster-up starts")
    place = chat.place
    running = lambda: {s["containerID"] for name in ("api", "web") for pod in chat.pods(name) for s in statuses(pod)}  # noqa: E731
    before = running()
    if how == "freeze":
        process = node.process(place, place.get("pods/kubechat-redis-0"), "redis")
        away, again = (lambda word=word: cluster.run("kill", word, process) for word in ("-STOP", "-CONT"))
    else:
        away, again = (lambda n=n: place.kubectl("scale", "statefulset/kubechat-redis", f"--replicas={n}") for n in (0, 1))
    with place.follow_endpoints("kubechat-api") as api, place.follow_endpoints("kubechat-web") as web:
        api.wait(1, 20)
        try:
            _, took = seconds(lambda: away() and api.wait(0, 30))
            measured(f"kubechat-out-{how}", [took])
            assert took <= 10 * SLOW  # with the time that the controller and Redis take to end it
        finally:
            again()
        measured(f"kubechat-back-{how}", [api.wait(1, 60)])
        assert all(addresses for _, addresses in web.history())
    assert running() == before, "something was started again"
    chat.settled()


def test_redis_and_postgresql_restart_001_10(chat):
    """What they hold is on claims: both pods are deleted, and conversations and hits go on."""
    chat.add(CHATS, "Survives")
    before = chat.rows(CHATS)["hits"]
    for server in ("postgresql", "redis"):
        chat.place.kubectl("delete", "pod", f"kubechat-{server}-0")
    chat.settled()
    found = chat.rows(CHATS)
    assert "Survives" in [row["title"] for row in found["rows"]] and found["hits"] > before


def test_uninstalled_001_4(chat):
    """The hook before the deletion ends the sessions; the claims of the data are left, and nothing else."""
    place = chat.place
    with place.cluster.watch(place.path("jobs")) as jobs:
        chat.uninstall()
        seen = {one["metadata"]["name"] for _, _, one in jobs.events if one["status"].get("succeeded")}
    assert any("end-sessions" in name for name in seen), seen
    left = [name for name in chat.remains() if not name.startswith("job.batch/")]
    assert left == ["persistentvolumeclaim/kubechat-postgresql", "persistentvolumeclaim/kubechat-redis"]
