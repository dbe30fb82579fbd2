"""A system that brings its own database: a StatefulSet that keeps its claim, and migrations before the application's pods serve."""

from rig.cluster import SLOW, wait_until
from rig.place import PASSWORD, STANDIN, ready
from rig.release import Release, newest

FIRST = {"0001_item.sql": "CREATE TABLE item (id int PRIMARY KEY);\nINSERT INTO item VALUES (1);\n"}
SECOND = {**FIRST, "0002_more.sql": "INSERT INTO item VALUES (2);\n"}
DB = "app.kubernetes.io/component=db"


def values(files, **db):
    server = {
        "image": STANDIN,
        "command": ["/standin/postgres"],
        "port": 5432,
        "env": {
            "POSTGRES_DB": "shop",
            "POSTGRES_PASSWORD": {"valueFrom": {"secretKeyRef": {"name": "login", "key": "DATABASE_PASSWORD"}}},
        },
        "readOnlyRoot": True,
        "writable": {"/tmp": {}},
    }
    app = {
        "image": STANDIN,
        "port": 8080,
        "env": {"DATABASE_HOST": {"service": "db"}, "DATABASE_NAME": "shop", "DATABASE_USER": "app"},
        "envFrom": {"login": {"secret": "login"}},
        "readOnlyRoot": True,
    }
    claim = {"data": {"size": "64Mi", "mountPath": "/data"}}
    database = {"kind": "StatefulSet", "securityContext": {"fsGroup": 1000}, "containers": {"server": server}, "volumeClaimTemplates": claim}
    return {
        "workloads": {"db": {**database, **db}, "web": {"containers": {"app": app}}},
        "secrets": {"login": {"stringData": {"DATABASE_PASSWORD": PASSWORD}}},
        "migrations": {"schema": {"from": "web/app", "files": files}},
    }


def rows(place):
    words = ("exec", "shop-db-0", "-c", "server", "--", "/standin/psql", "-d", "shop", "-XAtqc", "SELECT id FROM item ORDER BY 1")
    return place.kubectl(*words).out.split()


def settled(place):
    """The database's pod and the application's are ready again."""
    for what in ("statefulset/shop-db", "deployment/shop-web"):
        place.kubectl("rollout", "status", what, f"--timeout={60 * SLOW:.0f}s", timeout=70 * SLOW)


def test_a_release_with_its_own_database_004_4_004_8(new_place):
    place = new_place("stateful", servers=False)
    release = Release(place, newest())
    release.install(values(FIRST))
    assert rows(place) == ["1"]

    (old,) = place.pods(DB)
    place.kubectl("delete", "pod", "shop-db-0")
    settled(place)
    assert place.get("pods/shop-db-0")["metadata"]["uid"] != old["metadata"]["uid"] and rows(place) == ["1"]

    # A changed template replaces the pod, the old one first, and a new migration runs before the application's new pod.
    release.upgrade(values(SECOND, podLabels={"change": "1"}))
    settled(place)
    assert rows(place) == ["1", "2"]
    log = place.log("shop-db-0", "server")
    assert "database system is ready" in log and "interrupted" not in log, log

    # The older release knows one migration less, and says so; the table stays as it is.
    release.rollback(1)
    settled(place)
    assert rows(place) == ["1", "2"]
    wait_until(lambda: all(ready(one) for one in place.pods()), 30, "no pod but ready ones")

    release.uninstall()
    wait_until(lambda: not place.pods(), 30, "the pods are gone")
    (claim,) = place.list("persistentvolumeclaims")
    assert claim["metadata"]["name"] == "data-shop-db-0"
    release.install(values(SECOND))
    assert rows(place) == ["1", "2"]
