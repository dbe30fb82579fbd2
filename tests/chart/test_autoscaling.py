"""How many pods there are, and where they go."""

import pytest
from kinds import MORE, kind, kinds
from rig import changed, named, pods

WEB = "workloads.web"
CHOSEN = {"app.kubernetes.io/component": "web", "app.kubernetes.io/instance": "shop"}


def pod(helm, values=MORE, **how):
    return named(helm.render(values, **how), "Deployment", "shop-web")["spec"]["template"]["spec"]


def test_the_autoscaler_002_3(helm):
    objects = helm.render(MORE)
    hpa = kind(objects, "HorizontalPodAutoscaler")
    assert hpa["metadata"]["name"] == "shop-web" and hpa["metadata"]["annotations"] == {"note": "quick"}
    spec = hpa["spec"]
    assert spec["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "shop-web"}
    assert (spec["minReplicas"], spec["maxReplicas"]) == (2, 10)
    cpu = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}}
    assert spec["metrics"][0] == cpu and spec["metrics"][1]["external"]["metric"] == {"name": "jobs"}
    assert spec["behavior"]["scaleDown"]["policies"] == [{"type": "Percent", "value": 50, "periodSeconds": 60}]
    assert "replicas" not in named(objects, "Deployment", "shop-web")["spec"]


def test_what_kubernetes_would_take_by_itself(helm):
    values = changed(changed(MORE, f"{WEB}.autoscaling", {"maxReplicas": 3}), f"{WEB}.pdb", None)
    spec = kind(helm.render(values), "HorizontalPodAutoscaler")["spec"]
    assert spec["minReplicas"] == 1 and "behavior" not in spec
    assert spec["metrics"][0]["resource"]["target"] == {"type": "Utilization", "averageUtilization": 80}


def test_off_is_off(helm):
    values = changed(changed(MORE, f"{WEB}.autoscaling.enabled", False), f"{WEB}.pdb.enabled", False)
    objects = helm.render(changed(values, f"{WEB}.replicas", 3))
    assert not kinds(objects, "HorizontalPodAutoscaler") and len(kinds(objects, "PodDisruptionBudget")) == 1


@pytest.mark.parametrize(
    "path, value, said",
    [
        ("replicas", 2, "autoscaling: each upgrade would undo what it sets; leave out workloads.web.replicas"),
        ("autoscaling.maxReplicas", None, "autoscaling.maxReplicas is missing"),
        ("autoscaling.minReplicas", 11, "autoscaling: minReplicas (11) is more than maxReplicas (10)"),
        ("autoscaling.metrics", {"q": {"external": {}}}, "autoscaling.metrics.q.type is missing"),
        ("autoscaling.metrics", {"q": {"type": "Pods", "external": {}}}, "autoscaling.metrics.q: a metric of the type Pods"),
        ("autoscaling.metrics", {"q": {"type": "Pods", "pods": {}}}, "autoscaling.metrics.q.pods.target: give a type"),
        ("autoscaling.behavior", {"scaleUp": {"policies": {"a": {"value": 1}}}}, "behavior.scaleUp.policies.a.type is missing"),
        ("containers.app.resources", {}, "containers.app.resources.requests.cpu is missing: autoscaling measures"),
        ("healthd.resources", {"requests": {"memory": "1Mi"}}, "healthd.resources.requests.cpu is missing"),
        ("volumes", {"d": {"persistentVolumeClaim": {"claimName": "c"}}}, "autoscaling: its pods would write to one claim at once"),
        ("pdb", {"minAvailable": 1, "maxUnavailable": 1}, "pdb: minAvailable and maxUnavailable exclude each other"),
        ("pdb", {"minAvailable": 2}, "pdb.minAvailable: 2 of 2 pod(s) lets none go, and no node could be drained"),
        ("pdb", {"minAvailable": "100%"}, "pdb.minAvailable: 100% of 2 pod(s) lets none go"),
        ("pdb", {"maxUnavailable": 0}, "pdb.maxUnavailable: 0 lets no pod go"),
        ("pdb", {"maxUnavailable": "0%"}, "pdb.maxUnavailable: 0 lets no pod go"),
        ("topologySpreadConstraints", {"rack": "soft"}, "topologySpreadConstraints.rack.topologyKey is missing"),
        ("topologySpreadConstraints", {"zone": {"minDomains": 2}}, "topologySpreadConstraints.zone.minDomains: needs"),
        ("tolerations", {"a": {"value": "b"}}, "tolerations.a: give a key, or operator: Exists"),
        ("tolerations", {"a": {"key": "k", "operator": "Exists", "value": "b"}}, "tolerations.a.value: Exists has none"),
        ("tolerations", {"a": {"key": "k", "tolerationSeconds": 5}}, "tolerations.a.tolerationSeconds: needs effect"),
        ("affinityPreset", "strict", "/workloads/web/affinityPreset"),
        ("affinity", {"nodeAffinity": {"required": 1}}, "/workloads/web/affinity/nodeAffinity"),
    ],
)
def test_refused(helm, path, value, said):
    error = helm.refused(changed(MORE, f"{WEB}.{path}", value))
    assert said in error, error


def test_one_pod_may_go_for_a_drain(helm):
    """Of one pod at least one would be left, which stops every drain."""
    api = MORE["workloads"]["api"]
    assert "1 of 1 pod(s) lets none go" in helm.refused(changed(MORE, "workloads.api", {**api, "pdb": {"minAvailable": 1}}))
    assert "50% of 1 pod(s) lets none go" in helm.refused(changed(MORE, "workloads.api", {**api, "pdb": {"minAvailable": "50%"}}))
    budget = named(helm.render(MORE), "PodDisruptionBudget", "shop-api")["spec"]
    assert budget["maxUnavailable"] == 1 and "minAvailable" not in budget
    # A pod that is never ready does not hold up the drain.
    assert budget["unhealthyPodEvictionPolicy"] == "AlwaysAllow"
    labels = named(helm.render(MORE), "Deployment", "shop-api")["spec"]["selector"]["matchLabels"]
    assert budget["selector"]["matchLabels"] == labels
    values = changed(MORE, "workloads.api.pdb", {"unhealthyPodEvictionPolicy": "IfHealthyBudget", "maxUnavailable": "50%"})
    budget = named(helm.render(values), "PodDisruptionBudget", "shop-api")["spec"]
    assert budget["unhealthyPodEvictionPolicy"] == "IfHealthyBudget" and budget["maxUnavailable"] == "50%"


def test_pods_keep_apart_002_7(helm):
    spec = pod(helm)
    assert spec["affinity"]["nodeAffinity"] == MORE["workloads"]["web"]["affinity"]["nodeAffinity"]
    (term,) = spec["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert term["topologyKey"] == "kubernetes.io/hostname" and CHOSEN.items() <= term["labelSelector"]["matchLabels"].items()
    assert term["matchLabelKeys"] == ["pod-template-hash"]
    (older,) = pod(helm, kube="1.30.0")["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert "matchLabelKeys" not in older
    values = changed(MORE, f"{WEB}.affinityPreset", "soft")
    (one,) = pod(helm, values)["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
    assert one["weight"] == 100 and one["podAffinityTerm"] == term


def test_pods_spread(helm):
    found = {one["topologyKey"]: one for one in pod(helm)["topologySpreadConstraints"]}
    assert {key: (one["maxSkew"], one["whenUnsatisfiable"]) for key, one in found.items()} == {
        "kubernetes.io/hostname": (1, "ScheduleAnyway"),
        "topology.kubernetes.io/zone": (1, "DoNotSchedule"),
        "example.com/rack": (2, "ScheduleAnyway"),
    }
    assert all(CHOSEN.items() <= one["labelSelector"]["matchLabels"].items() for one in found.values())
    # Those of the release before are about to go, and are not counted. The pods of other kinds have no such label.
    assert [one["matchLabelKeys"] for one in found.values()] == 3 * [["pod-template-hash"]]
    db = {"kind": "StatefulSet", "containers": {"db": {"image": "db:1"}}, "topologySpreadConstraints": {"node": "soft"}}
    (one,) = named(helm.render({"workloads": {"db": db}}), "StatefulSet", "shop-db")["spec"]["template"]["spec"]["topologySpreadConstraints"]
    assert "matchLabelKeys" not in one


def test_jobs_go_where_the_workload_does_000_13(helm):
    for thing, template in pods(helm.render(MORE)):
        spec = template["spec"]
        if thing["metadata"]["name"] in ("shop-api", "shop-check", "shop-drop"):  # the workload api, and its hooks
            assert "nodeSelector" not in spec
            continue
        assert spec["nodeSelector"] == {"disk": "ssd", "ssd": "true"} and spec["priorityClassName"] == "high"
        assert spec["tolerations"] == [{"key": "batch", "operator": "Exists", "effect": "NoSchedule"}]
        # But it is the workload's pods that keep apart.
        assert ("topologySpreadConstraints" in spec) == ("podAntiAffinity" in spec["affinity"]) == (thing["kind"] == "Deployment")
