"""Tests of a release, switches of the application, policies, and objects of one's own."""

import pytest
from kinds import MORE, kind, kinds
from rig import changed, container, named, parent, pods, variables

ALL = '{{ include "release-runtime.all" (dict "ctx" . "values" .Values.app) }}\n'


def test_helm_test_001_4(helm):
    objects = helm.render(MORE)
    web, smoke = (named(objects, "Pod", f"shop-{key}-test") for key in ("web", "smoke"))
    assert web["metadata"]["annotations"]["helm.sh/hook"] == "test" and smoke["metadata"]["annotations"]["helm.sh/hook-weight"] == "5"
    (asks,) = web["spec"]["containers"]
    line = "answer http://shop-web:80/health every 1s timeout 10s status 200"
    assert asks["args"] == ["wait", "--timeout", "30s", "--check", line]
    (runs,) = smoke["spec"]["containers"]
    assert runs["command"] == ["smoke", "--deep", "1"] and runs["image"] == "example/api:1"
    for pod in (web, smoke):
        spec = pod["spec"]
        assert spec["restartPolicy"] == "Never" and spec["securityContext"]["runAsNonRoot"] is True
        assert spec["automountServiceAccountToken"] is False and spec["activeDeadlineSeconds"] == 120
        assert all(c["securityContext"]["allowPrivilegeEscalation"] is False for c in spec["containers"])
        # No Service sends requests to it, and no budget counts it.
        for thing in kinds(objects, "Service") + kinds(objects, "PodDisruptionBudget"):
            chosen = thing["spec"]["selector"].get("matchLabels", thing["spec"]["selector"]).items()
            assert not chosen <= pod["metadata"]["labels"].items()


def test_feature_flags_001_17(helm):
    objects = helm.render(MORE)
    assert named(objects, "ConfigMap", "shop-feature-flags")["data"] == {"NEW_CHECKOUT": "true", "LIMIT": "5"}
    for thing, template in pods(objects):
        if thing["kind"] == "Deployment":
            given = variables(container(template["spec"], "app"))
            assert given["LIMIT"] == {"configMapKeyRef": {"name": "shop-feature-flags", "key": "LIMIT"}}
            assert "checksum/configmaps" in template["metadata"]["annotations"]
    own = changed(MORE, "workloads.web.containers.app.env", {"LIMIT": 7})
    web = named(helm.render(own), "Deployment", "shop-web")["spec"]["template"]["spec"]
    assert variables(container(web, "app"))["LIMIT"] == "7"


def test_objects_of_ones_own(helm, tmp_path):
    objects = helm.render(MORE)
    claim, priority = kind(objects, "PersistentVolumeClaim"), kind(objects, "PriorityClass")
    assert (claim["metadata"]["name"], claim["metadata"]["namespace"]) == ("shop-claim", "prod")
    assert claim["metadata"]["labels"]["app.kubernetes.io/instance"] == "shop"
    assert claim["spec"] == MORE["extraObjects"]["claim"]["spec"]
    # What is the cluster's has no namespace; its name and labels are those that were said.
    assert priority["metadata"]["name"] == "shop-high" and "namespace" not in priority["metadata"]
    assert priority["metadata"]["labels"]["team"] == "shop" and priority["value"] == 1000
    chart = parent(tmp_path, {"app": {"library": True, "extraObjects": {"a": 'apiVersion: v1\nkind: ConfigMap\ndata: {chart: "{{ .Chart.Name }}"}'}}}, ALL)
    assert kind(helm.render({}, chart=chart), "ConfigMap")["data"] == {"chart": "parent"}


def test_an_empty_entry_is_none(helm):
    values = {**MORE, "extraObjects": {"claim": None}, "tests": {"web": None, "smoke": {"enabled": False}}, "featureFlags": {}}
    objects = helm.render(values)
    assert not kinds(objects, "Pod") + kinds(objects, "PersistentVolumeClaim")
    assert "shop-feature-flags" not in str(objects)


@pytest.mark.parametrize(
    "path, value, said",
    [
        ("tests.web", {}, "tests.web: give service (whose path is asked), or from and command"),
        ("tests.web.service", "typo", 'tests.web.service: there is no Service "typo"; there are: api, web'),
        ("tests.web.port", "typo", 'tests.web.port: the Service "web" has no port "typo"; it has: http'),
        ("tests.web.env", {"A": {"service": "web"}}, "tests.web.env: only a test with from has it"),
        ("tests.web.volumes", True, "tests.web.volumes: only a test with from has it"),
        ("tests.smoke.path", "/", "tests.smoke.path: only a test with service has it"),
        ("tests.web.pod", {"labels": {"app.kubernetes.io/component": "a"}}, "tests.web.pod.labels: app.kubernetes.io/component belongs"),
        ("tests.smoke.command", None, "tests.smoke.command is missing"),
        ("tests.smoke.from", "api/typo", 'tests.smoke.from: there is no container "api/typo"'),
        ("tests.smoke.command", ["a", "postgres://u:canary@db/x"], "tests.smoke.command: holds a password"),
        ("extraObjects.claim.kind", None, "extraObjects.claim.kind is missing"),
        ("extraObjects.claim.kind", 7, "extraObjects.claim.kind: has to be text"),
        ("extraObjects.claim.apiVersion", [None], "extraObjects.claim.apiVersion: has to be text"),
        ("extraObjects.claim.metadata", 7, "extraObjects.claim.metadata: has to be a map"),
        ("extraObjects.claim.metadata", {"labels": [1]}, "extraObjects.claim.metadata.labels: has to be a map"),
        ("extraObjects.claim.metadata", {"labels": {"a": {}}}, "extraObjects.claim.metadata.labels.a: has to be text"),
        ("extraObjects.claim.metadata", {"name": 7}, "extraObjects.claim.metadata.name: has to be text"),
        ("extraObjects.claim", "a: [", "extraObjects.claim: is no YAML"),
        ("extraObjects.claim.metadata", {"annotations": {"helm.sh/hook": "pre-install"}}, "extraObjects.claim: a PersistentVolumeClaim as a hook"),
        ("extraObjects.claim", {"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "redis://u:canary@r/0"}}, "extraObjects.claim: holds a password"),
        ("extraObjects.claim", {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "shop-web"}}, 'the Service "shop-web" is made by'),
        ("configMaps.feature-flags", {"data": {"A": "b"}}, "configMaps.feature-flags: featureFlags makes the ConfigMap of that key"),
        ("workloads.web.containers.app.image", "example/shop", "workloads.web.containers.app.image: example/shop may be another image tomorrow"),
        ("workloads.web.containers.app.image", "host:5000/shop", "host:5000/shop may be another image tomorrow"),
        ("cronJobs.mail.image", "example/mail:latest", "cronJobs.mail.image: example/mail:latest may be another image tomorrow"),
        ("policy.requireLiveness", True, "workloads.api.containers.app.livenessProbe is missing: policy.requireLiveness"),
    ],
)
def test_refused_001_6_001_12(helm, path, value, said):
    error = helm.refused(changed(MORE, path, value))
    assert said in error and "canary" not in error, error


def test_pinned_images(helm):
    for image in ("example/shop@sha256:" + "a" * 64, "example/shop:latest@sha256:" + "a" * 64, "host:5000/shop:1.2"):
        helm.render(changed(MORE, "workloads.web.containers.app.image", image))
