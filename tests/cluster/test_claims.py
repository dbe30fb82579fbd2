"""A server that keeps its data on a claim: whatever an upgrade changes, the new one starts when the old one has ended."""

import pytest

from rig.cluster import wait_until
from rig.place import PASSWORD, STANDIN, ready
from rig.release import Release

CLAIM = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "data"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "64Mi"}}},
}
SERVER = "app.kubernetes.io/component=pg"


def values(volume, **workload):
    key = {"valueFrom": {"secretKeyRef": {"name": "pg", "key": "password"}}}
    server = {
        "image": STANDIN,
        "command": ["/standin/postgres"],
        "port": 5432,
        "env": {"POSTGRES_PASSWORD": key},
        "readOnlyRoot": True,
        "writable": {"/tmp": {}},
        "volumeMounts": {"data": {"mountPath": "/data"}},
    }
    pg = {"containers": {"server": server}, "volumes": {"data": volume}, "securityContext": {"fsGroup": 1000}, **workload}
    return {"workloads": {"pg": pg}, "secrets": {"pg": {"stringData": {"password": PASSWORD}}}}


def psql(place, sql):
    """As the superuser, in the server's own container."""
    done = place.kubectl("exec", "deploy/shop-pg", "-c", "server", "--", "/standin/psql", "-d", "app", "-XAtqc", sql)
    return done.out.strip()


def ended(one):
    """No container of the pod runs any more."""
    states = [s["state"] for s in one["status"].get("containerStatuses", []) + one["status"].get("initContainerStatuses", [])]
    return bool(states) and all("terminated" in state for state in states)


def overlaps(events):
    """(new pod, old pod) wherever one was made while another's containers still ran."""
    found, alive = [], {}
    for _, kind, one in events:
        name = one["metadata"]["name"]
        if kind == "ADDED":
            found += [(name, other) for other in alive]
        if kind == "DELETED" or ended(one):
            alive.pop(name, None)
        else:
            alive[name] = one
    return found


@pytest.mark.parametrize("major", [3, 4])
def test_the_new_server_starts_when_the_old_one_has_ended(new_place, major):
    place = new_place("claims", servers=False)
    place.apply(CLAIM)
    release = Release(place, major)
    with place.cluster.watch(place.path(f"pods?labelSelector={SERVER}")) as pods:
        # Without a claim pods overlap; the strategy changes with the volume.
        release.install(values({"emptyDir": {}}))
        claim = {"persistentVolumeClaim": {"claimName": "data"}}
        release.upgrade(values(claim))
        psql(place, "CREATE TABLE kept AS SELECT 1 AS row")
        since = len(pods.events)
        (old,) = [one for one in place.pods(SERVER) if ready(one)]
        release.upgrade(values(claim, podLabels={"change": "1"}))
        wait_until(lambda: any(kind == "DELETED" for _, kind, _ in pods.events[since:]), 30, "the old pod is gone")
        seen = pods.events
    (new,) = [one for one in place.pods(SERVER) if ready(one)]
    assert new["metadata"]["uid"] != old["metadata"]["uid"]
    earlier = [event for event in seen[:since] if event[2]["metadata"]["name"] == old["metadata"]["name"]]
    assert overlaps(earlier[-1:] + seen[since:]) == []
    assert psql(place, "SELECT row FROM kept") == "1"
    log = place.log(new["metadata"]["name"], "server")
    assert "database system is ready" in log and "interrupted" not in log, log


@pytest.mark.parametrize("major", [3, 4])
def test_an_upgrade_keeps_what_kubectl_scale_set(new_place, major):
    place = new_place("scale", servers=False)
    release = Release(place, major)

    def shop(version):
        app = {"image": STANDIN, "port": 8080, "env": {"APP_VERSION": version}, "readOnlyRoot": True}
        return {"workloads": {"web": {"containers": {"app": app}}}}

    release.install(shop("1"))
    place.kubectl("scale", "deployment/shop-web", "--replicas=2")
    release.upgrade(shop("2"))
    assert place.get("deployments/shop-web")["spec"]["replicas"] == 2
