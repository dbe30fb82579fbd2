"""Service accounts and their rights; what jobs take over of their workload's pod."""

import pytest

from rig import FULL, changed, container, hooked, named, pod_template, pods, weight

RULE = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}
APP = {"image": "example/shop:1", "env": {"PGHOST": "db"}}
JOB = {"from": "api/app", "schedule": "* * * * *", "command": ["x"]}


def system(**more):
    api, web = ({"containers": {"app": APP}, "healthd": {"enabled": False}} for _ in range(2))
    values = {"workloads": {"api": {**api, "serviceAccount": "api"}, "web": web}}
    values["serviceAccounts"] = {"api": {"annotations": {"eks": "role"}}}
    return {**values, "cronJobs": {"mail": JOB}, "migrations": {"schema": {"from": "api/app", "dir": "/m"}}, **more}


def spec(objects, kind, name):
    return pod_template(named(objects, kind, name))["spec"]


def test_an_account_for_each(helm):
    objects = helm.render(system(rbac={"api": {"rules": [RULE], "clusterRules": [RULE]}}))
    accounts = {o["metadata"]["name"]: o["metadata"].get("annotations") for o in objects if o["kind"] == "ServiceAccount"}
    copy = hooked("api")
    assert set(accounts) == {"shop", "shop-api", copy} and accounts["shop-api"] == {"eks": "role"} and accounts[copy]["eks"] == "role"
    for kind, name, account, token in (
        ("Deployment", "shop-api", "shop-api", True),
        ("Deployment", "shop-web", "shop", False),
        ("CronJob", "shop-mail", "shop-api", True),
        ("Job", "shop-schema", copy, False),
    ):
        pod = spec(objects, kind, name)
        assert (pod["serviceAccountName"], pod["automountServiceAccountToken"]) == (account, token), name
    for kind, name in (("Role", "shop-api"), ("ClusterRole", "prod-shop-api")):
        assert named(objects, kind, name)["rules"] == [RULE]
        binding = named(objects, f"{kind}Binding", name)
        assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "shop-api", "namespace": "prod"}]
        assert binding["roleRef"] == {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name}
        assert ("namespace" in binding["metadata"]) == (kind == "Role")


def test_accounts_that_exist_already(helm):
    values = changed(system(), "workloads.web.serviceAccount", "theirs")
    values["serviceAccounts"] = {"api": {"existingAccount": "given", "automountServiceAccountToken": True}}
    objects = helm.render(values)
    assert not [o for o in objects if o["kind"] == "ServiceAccount"]
    assert spec(objects, "Deployment", "shop-web")["serviceAccountName"] == "theirs"
    pod = spec(objects, "Deployment", "shop-api")
    assert (pod["serviceAccountName"], pod["automountServiceAccountToken"]) == ("given", True)
    assert spec(objects, "Job", "shop-schema")["serviceAccountName"] == "given"


@pytest.mark.parametrize(
    "rbac, said",
    [
        ({"typo": {"rules": [RULE]}}, 'rbac.typo: there is no account "typo" in serviceAccounts'),
        ({"api": {}}, "rbac.api: give rules or clusterRules"),
        ({"api": {"rules": [{**RULE, "verbs": ["*"]}]}}, "rbac.api.rules: verbs contains *; name what is needed"),
        ({"x": {"serviceAccount": "api", "clusterRules": [{**RULE, "resources": ["*"]}]}}, "rbac.x.clusterRules: resources contains *"),
        ({"api": {"rules": [{"resources": ["pods"]}]}}, "/rbac/api/rules/0"),
    ],
)
def test_refused_rights(helm, rbac, said):
    error = helm.refused(system(rbac=rbac))
    assert said in error
    if "*" in said:
        helm.render(system(rbac=rbac, policy={"allowWildcardRules": True}))


POD = {
    "podLabels": {"team": "shop", "mesh": "on"},
    "podAnnotations": {"inject": "true"},
    "securityContext": {"runAsUser": 1001, "fsGroup": 1001},
    "imagePullSecrets": [{"name": "ghcr"}],
    "nodeSelector": {"disk": "fast", "zone": "a"},
    "tolerations": {"gpu": {"key": "gpu", "operator": "Exists"}},
    "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}}},
    "priorityClassName": "high",
    "runtimeClassName": "gvisor",
    "schedulerName": "mine",
    "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["a"]}],
    "dnsPolicy": "Default",
    "dnsConfig": {"nameservers": ["10.0.0.2"]},
}


def of(objects):
    return [t for t in pods(objects) if t[0]["metadata"]["name"] in ("shop-api", "shop-mail", "shop-schema")]


def test_jobs_take_over_their_workloads_pod(helm):
    values = system()
    values["workloads"]["api"].update(POD)
    found = of(helm.render(values))
    assert len(found) == 3
    for thing, template in found:
        pod, meta = template["spec"], template["metadata"]
        assert meta["labels"].items() >= POD["podLabels"].items() and meta["annotations"].items() >= POD["podAnnotations"].items()
        assert pod["securityContext"]["runAsUser"] == 1001 and pod["securityContext"]["fsGroup"] == 1001
        for field in POD:
            wanted = list(POD[field].values()) if field == "tolerations" else POD[field]
            if field not in ("podLabels", "podAnnotations", "securityContext"):
                assert pod[field] == wanted, (thing["metadata"]["name"], field)


def test_and_may_have_some_of_it_otherwise(helm):
    over = {"labels": {"mesh": "off", "team": None}, "annotations": {"inject": "false"}, "nodeSelector": {"zone": "b"}}
    over.update({"tolerations": {"gpu": None, "b": {"operator": "Exists"}}, "priorityClassName": "low", "serviceAccount": "own", "securityContext": {"runAsUser": 7}})
    values = system()
    values["workloads"]["api"].update(POD)
    for job in (values["cronJobs"]["mail"], values["migrations"]["schema"]):
        job["pod"] = over
    for thing, template in of(helm.render(values)):
        if thing["kind"] == "Deployment":
            continue
        pod, meta = template["spec"], template["metadata"]
        assert meta["labels"]["mesh"] == "off" and meta["labels"]["team"] == "shop" and meta["annotations"]["inject"] == "false"
        assert pod["nodeSelector"] == {"disk": "fast", "zone": "b"} and pod["priorityClassName"] == "low"
        assert pod["serviceAccountName"] == "own" and pod["securityContext"]["runAsUser"] == 7
        assert pod["securityContext"]["fsGroup"] == 1001 and len(pod["tolerations"]) == 2


def test_a_jobs_pod_is_none_of_a_service(helm):
    label = {"app.kubernetes.io/component": "web"}
    for path in ("cronJobs.mail", "migrations.schema"):
        error = helm.refused(changed(FULL, f"{path}.pod", {"labels": label}))
        assert f"{path}.pod.labels: app.kubernetes.io/component belongs to the chart" in error
        error = helm.refused(changed(FULL, f"{path}.pod", {"securityContext": {"runAsUser": 0}}))
        assert f"{path}.pod.securityContext.runAsUser: 0 is root" in error


def test_no_account_without_a_pod(helm):
    assert [o["kind"] for o in helm.render({"configMaps": {"a": {"data": {"b": "c"}}}})] == ["ConfigMap"]
    objects = helm.render({"migrations": {"schema": {"files": {"0001_a.sql": "SELECT 1;"}, "env": {"PGHOST": "db"}}}})
    (account,) = [o for o in objects if o["kind"] == "ServiceAccount"]
    assert account["metadata"]["name"] == hooked("") and weight(account) == -20
    assert container(spec(objects, "Job", "shop-schema"), "migrate")
