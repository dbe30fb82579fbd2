"""What holds for a namespace, and with what images are pulled."""

import json

import pytest
from kinds import MORE, kind, kinds
from rig import changed, hooked, named, pods


def test_quota_and_limits_001_22(helm):
    objects = helm.render(MORE)
    quota = kind(objects, "ResourceQuota")
    assert quota["metadata"]["name"] == "shop" and quota["spec"]["scopes"] == ["NotTerminating"]
    assert quota["spec"]["hard"] == {"requests.cpu": "4", "limits.memory": "8Gi", "pods": "20"}
    (limit,) = kind(objects, "LimitRange")["spec"]["limits"]
    assert limit == {"type": "Container", "default": {"memory": "256Mi"}, "defaultRequest": {"cpu": "0.1"}, "max": {"memory": "1Gi"}}
    values = changed(changed(MORE, "quota.enabled", False), "limitRange.enabled", False)
    assert not kinds(helm.render(values), "ResourceQuota") + kinds(helm.render(values), "LimitRange")


def test_a_quota_of_some_pods(helm):
    """Kubernetes' own fields go through as they are."""
    chosen = {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "In", "values": ["high"]}]}
    spec = kind(helm.render(changed(changed(MORE, "quota.scopes", None), "quota.scopeSelector", chosen)), "ResourceQuota")["spec"]
    assert spec["scopeSelector"] == chosen and "scopes" not in spec


def test_a_further_namespace_000_12_003_8(helm):
    namespace = kind(helm.render(MORE), "Namespace")["metadata"]
    assert namespace["name"] == "shop-jobs" and "namespace" not in namespace
    # An uninstall would delete everything in it.
    assert namespace["annotations"] == {"helm.sh/resource-policy": "keep"}
    labels = namespace["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "baseline" and labels["pod-security.kubernetes.io/warn"] == "restricted"
    assert labels["team"] == "shop"


def test_the_releases_own_namespace(helm):
    error = helm.refused(changed(MORE, "namespace.name", "prod"))
    assert "namespace.create: prod is the release's own namespace" in error and "--create-namespace" in error
    assert "kubectl label namespace prod pod-security.kubernetes.io/enforce=restricted" in error
    assert "namespace.name is missing" in helm.refused(changed(MORE, "namespace.name", None))


@pytest.mark.parametrize(
    "path, value, said",
    [
        ("quota.hard", {}, "quota.hard is missing"),
        ("limitRange.limits", {}, "limitRange.limits is missing"),
        ("limitRange", None, "resources.limits.memory is missing: quota.hard counts limits.memory; or say limitRange.limits.Container.default.memory"),
        ("quota.hard", {"limits.cpu": 4}, "resources.limits.cpu is missing: quota.hard counts limits.cpu"),
        ("quota.hard", {"memory": "4Gi"}, None),
        ("limitRange.limits.Container.default.cpu", "1", None),
    ],
)
def test_what_a_quota_counts_is_said(helm, path, value, said):
    values = changed(MORE, path, value)
    if said is None:
        helm.render(values)
    else:
        assert said in helm.refused(values)


def test_our_own_containers_meet_a_quota(helm):
    app = {"image": "a", "resources": {"limits": {"cpu": 1}}}
    values = {"workloads": {"web": {"containers": {"app": app}}}, "quota": {"hard": {"limits.cpu": 4}}}
    assert "global.releaseRuntime.resources.limits.cpu is missing" in helm.refused(values)
    helm.render({**values, "global": {"releaseRuntime": {"resources": {"limits": {"cpu": "50m"}}}}})


def test_registry_credentials_000_12(helm):
    objects = helm.render(MORE)
    secret = named(objects, "Secret", "shop-ghcr")
    assert secret["type"] == "kubernetes.io/dockerconfigjson"
    login = json.loads(secret["stringData"][".dockerconfigjson"])["auths"]["ghcr.io"]
    assert login == {"username": "me", "password": "canary", "auth": "bWU6Y2FuYXJ5"}
    for thing, template in pods(objects):
        names = [pull["name"] for pull in template["spec"]["imagePullSecrets"]]
        # A hook pulls before the release exists.
        before = "pre-install" in thing["metadata"].get("annotations", {}).get("helm.sh/hook", "")
        assert names == [hooked("ghcr") if before else "shop-ghcr", "quay-login"]
    assert named(objects, "Secret", hooked("ghcr"))["stringData"] == secret["stringData"]
    assert json.dumps(objects).count('\\"canary\\"') == 2


@pytest.mark.parametrize(
    "path, value, said",
    [
        ("registryCredentials.ghcr.password", None, "registryCredentials.ghcr.password is missing (or existingSecret"),
        ("registryCredentials.ghcr.existingSecret", "x", "registryCredentials.ghcr: existingSecret and registry, username, password"),
        ("secrets.ghcr", {"stringData": {"A": "b"}}, "registryCredentials.ghcr: secrets.ghcr has the same key"),
    ],
)
def test_registry_credentials_that_are_none(helm, path, value, said):
    error = helm.refused(changed(MORE, path, value))
    assert said in error and "canary" not in error, error
