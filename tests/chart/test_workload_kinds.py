"""StatefulSets and DaemonSets."""

import pytest
from kinds import kind, kinds, problems
from rig import changed, named, pods
from test_kinds_api import VERSIONS

DATA = {"size": "10Gi", "mountPath": "/var/lib/postgresql/data"}
POSTGRES = {"image": "postgres:15", "port": 5432, "env": {"PGDATA": "/var/lib/postgresql/data/pgdata"}}
VALUES = {
    "workloads": {
        "db": {"kind": "StatefulSet", "replicas": 2, "containers": {"postgres": POSTGRES}, "volumeClaimTemplates": {"data": DATA}},
        "agent": {"kind": "DaemonSet", "containers": {"agent": {"image": "agent:1"}}},
        "web": {"containers": {"app": {"image": "web:1", "port": 80}}},
    },
    "monitoring": {"rules": {}},
}
DB, AGENT, WEB = "workloads.db", "workloads.agent", "workloads.web"


def test_each_pod_has_a_name_and_a_claim(helm):
    objects = helm.render(VALUES)
    spec = named(objects, "StatefulSet", "shop-db")["spec"]
    service = named(objects, "Service", "shop-db")["spec"]
    assert spec["serviceName"] == "shop-db" and service["clusterIP"] == "None"
    assert [p["port"] for p in service["ports"]] == [5432]
    (claim,) = spec["volumeClaimTemplates"]
    assert claim["metadata"]["name"] == "data" and claim["spec"]["resources"] == {"requests": {"storage": "10Gi"}}
    assert claim["spec"]["accessModes"] == ["ReadWriteOnce"] and "storageClassName" not in claim["spec"]
    postgres = spec["template"]["spec"]["containers"][0]
    assert postgres["volumeMounts"] == [{"name": "data", "mountPath": "/var/lib/postgresql/data"}]
    assert "data" not in [v["name"] for v in spec["template"]["spec"].get("volumes", [])]
    assert spec["updateStrategy"] == {"type": "RollingUpdate"} and "strategy" not in spec and spec["replicas"] == 2


def test_nothing_that_kubernetes_never_lets_change_depends_on_a_version(helm):
    """Selector, serviceName, podManagementPolicy and the claims' templates are fixed when a StatefulSet is made."""

    def fixed(values):
        spec = named(helm.render(values), "StatefulSet", "shop-db")["spec"]
        return [spec.get(f) for f in ("selector", "serviceName", "podManagementPolicy", "volumeClaimTemplates")]

    later = changed(changed(VALUES, f"{DB}.containers.postgres.image", "postgres:16"), "nameOverride", "other")
    later = changed(changed(later, f"{DB}.podLabels", {"a": "b"}), "workloads.api", {"containers": {"app": {"image": "a:1", "port": 1}}})
    assert fixed(VALUES) == fixed(later)


def test_its_service_may_be_another(helm):
    plain = changed(VALUES, "services", {"db": {"type": "ClusterIP"}})
    assert "clusterIP" not in named(helm.render(plain), "Service", "shop-db")["spec"]
    both = changed(VALUES, "services", {"db": {"type": "ClusterIP"}, "pods": {"workload": "db", "clusterIP": "None"}})
    objects = helm.render(both)
    assert named(objects, "StatefulSet", "shop-db")["spec"]["serviceName"] == "shop-pods"


def test_one_on_each_node(helm):
    spec = named(helm.render(VALUES), "DaemonSet", "shop-agent")["spec"]
    assert "replicas" not in spec and spec["updateStrategy"] == {"type": "RollingUpdate"}
    ways = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "10%", "maxUnavailable": 0}}
    assert named(helm.render(changed(VALUES, f"{AGENT}.updateStrategy", ways)), "DaemonSet", "shop-agent")["spec"]["updateStrategy"] == ways


def test_they_are_watched_and_named_in_the_notes(helm):
    objects = helm.render(VALUES)
    rules = kind(objects, "PrometheusRule")["spec"]["groups"][0]["rules"]
    (expr,) = [r["expr"] for r in rules if r["alert"] == "ReplicasUnavailable"]
    for words in ('deployment=~"shop-web"', 'statefulset=~"shop-db"', 'daemonset=~"shop-agent"'):
        assert words in expr
    assert len(kinds(objects, "Deployment")) == 1 and len(pods(objects)) == 3


def test_scaled_by_the_kind_that_it_is(helm):
    values = changed(changed(VALUES, f"{DB}.replicas", None), f"{DB}.autoscaling", {"maxReplicas": 3, "metrics": {"cpu": 70}})
    values = changed(values, f"{DB}.containers.postgres.resources", {"requests": {"cpu": "100m"}})
    assert kind(helm.render(values), "HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]["kind"] == "StatefulSet"


CLAIM = {"persistence": {"shared": {"size": "1Gi"}}}
SHARED = {"shared": {"persistence": "shared", "mountPath": "/srv"}}


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (f"{WEB}.volumeClaimTemplates", {"data": DATA}, "workloads.web.volumeClaimTemplates: a Deployment has none, but a StatefulSet"),
        (f"{WEB}.updateStrategy", {"type": "OnDelete"}, "workloads.web.updateStrategy: a Deployment has none"),
        (f"{DB}.strategy", {"type": "Recreate"}, "workloads.db.strategy: a StatefulSet has none, but a Deployment"),
        (f"{AGENT}.replicas", 2, "workloads.agent.replicas: a DaemonSet has none"),
        (f"{AGENT}.autoscaling", {"maxReplicas": 2}, "workloads.agent.autoscaling: a DaemonSet has none"),
        (f"{AGENT}.podManagementPolicy", "Parallel", "workloads.agent.podManagementPolicy"),
        (f"{AGENT}.updateStrategy", {"rollingUpdate": {"partition": 1}}, "partition: only a StatefulSet has one"),
        (f"{DB}.updateStrategy", {"rollingUpdate": {"maxSurge": 1}}, "maxSurge: only a DaemonSet has one"),
        (f"{DB}.volumeClaimTemplates.data.size", None, "workloads.db.volumeClaimTemplates.data.size is missing"),
        (f"{DB}.volumeClaimTemplates.data.containers", {"x": {}}, "data.containers.x: there is no such container; there are: postgres"),
        (f"{DB}.volumes", {"data": {"emptyDir": {}}}, "volumeClaimTemplates.data: volumes.data has the same name"),
        (f"{DB}.volumes", SHARED, "workloads.db: several pods would write at once to the claim of volumes.shared"),
        (f"{AGENT}.volumes", SHARED, "workloads.agent: several pods would write at once to the claim of volumes.shared"),
        (f"{DB}.kind", "Job", "/workloads/db/kind"),
    ],
)
def test_refused(helm, path, value, said):
    assert said in helm.refused(changed({**VALUES, **CLAIM}, path, value))


@pytest.mark.parametrize("kube", VERSIONS)
def test_every_object_is_valid(helm, kube):
    found = [line for thing in helm.render(VALUES, kube=f"{kube}.0") for line in problems(thing, kube)]
    assert not found, "\n".join(found)
