"""What stands in a pod beside its containers: init containers, which end before them, and sidecars, which outlast them."""

import pytest
from rig import changed, container, containers, named, variables

APP = {"image": "example/shop:1", "port": 8080, "env": {"DATABASE_HOST": "pg", "DATABASE_PASSWORD": {"valueFrom": {
    "secretKeyRef": {"name": "db", "key": "password"}}}}}
PROXY = {"image": "example/proxy:1", "port": 5433, "livenessProbe": {"tcpSocket": {}}}
FETCH = {
    "image": {"repository": "example/fetch", "tag": 1},
    "command": ["fetch", 5],
    "env": {"API": {"service": "web"}, "COUNT": 1000000},
    "envFrom": {"shop": {"secret": "shop"}},
    "resources": {"requests": {"cpu": "10m"}},
    "readOnlyRoot": True,
    "writable": {"/tmp": {"sizeLimit": "8Mi"}},
    "volumeMounts": {"deep": {"name": "pages", "mountPath": "/deep", "subPath": "deep"}},
}
VALUES = {
    "featureFlags": {"NEW": True},
    "secrets": {"shop": {"stringData": {"TOKEN": "canary"}}},
    "workloads": {"web": {
        "containers": {"app": APP},
        "initContainers": {"fetch": FETCH, "early": {"image": "example/early:1", "order": 5}},
        "sidecars": {"proxy": PROXY, "logs": {"image": "example/logs:1"}},
        "volumes": {"pages": {"emptyDir": {}, "mountPath": "/pages"}},
    }},
    "migrations": {"schema": {"from": "web/app", "dir": "/sql", "when": "init"}},
}
WEB = "workloads.web"


def pod(helm, values=VALUES, kube="1.34.0"):
    return named(helm.render(values, kube=kube), "Deployment", "shop-web")["spec"]["template"]["spec"]


def names(list_of):
    return [c["name"] for c in list_of]


def test_sidecars_start_first_and_stay(helm):
    """Of one order: sidecars, migrations, init containers; a proxy is there for a migration."""
    spec = pod(helm)
    assert names(spec["initContainers"]) == ["copy-migrate", "early", "logs", "proxy", "migrate-schema", "fetch", "healthd"]
    assert names(spec["containers"]) == ["app"]
    stays = [c["name"] for c in spec["initContainers"] if c.get("restartPolicy") == "Always"]
    assert stays == ["logs", "proxy", "healthd"]
    later = changed(VALUES, f"{WEB}.sidecars.logs.order", 200)
    assert names(pod(helm, later)["initContainers"])[-2:] == ["logs", "healthd"]


def test_before_native_sidecars_they_are_ordinary_containers(helm):
    spec = pod(helm, kube="1.28.0")
    assert names(spec["initContainers"]) == ["copy-migrate", "copy-healthd", "early", "migrate-schema", "fetch"]
    assert names(spec["containers"]) == ["app", "logs", "proxy", "healthd"]
    assert not [c for c in containers(spec) if "restartPolicy" in c]
    # Then it ends with the application, and clients are still sent to its port.
    assert container(spec, "proxy")["lifecycle"]["preStop"]["exec"]["command"][1] == "sleep"


def test_a_native_sidecar_needs_no_pause(helm):
    """It gets TERM after the application has ended."""
    spec = pod(helm)
    assert "lifecycle" in container(spec, "app") and "lifecycle" not in container(spec, "proxy")


def test_they_have_what_a_container_has(helm):
    spec = pod(helm)
    fetch = container(spec, "fetch")
    assert (fetch["image"], fetch["command"]) == ("example/fetch:1", ["fetch", "5"])
    assert variables(fetch)["API"] == "shop-web" and variables(fetch)["COUNT"] == "1000000"
    assert variables(fetch)["NEW"]["configMapKeyRef"]["name"] == "shop-feature-flags"
    assert fetch["envFrom"] == [{"secretRef": {"name": "shop-shop"}}] and fetch["resources"] == FETCH["resources"]
    mounts = {m["mountPath"]: m["name"] for m in fetch["volumeMounts"]}
    assert mounts == {"/deep": "pages", "/pages": "pages", "/tmp": "writable-fetch-tmp"}
    assert {"name": "writable-fetch-tmp", "emptyDir": {"sizeLimit": "8Mi"}} in spec["volumes"]
    assert fetch["securityContext"]["readOnlyRootFilesystem"] is True
    for c in containers(spec):
        assert c["securityContext"]["allowPrivilegeEscalation"] is False and c["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container(spec, "proxy")["livenessProbe"] == {"tcpSocket": {"port": 5433}}


def test_a_sidecars_port_is_the_services_too(helm):
    objects = helm.render(VALUES)
    ports = {p["name"]: (p["port"], p["targetPort"]) for p in named(objects, "Service", "shop-web")["spec"]["ports"]}
    assert ports == {"http": (80, "http"), "proxy": (5433, "proxy")}


@pytest.mark.parametrize("field", ["initContainers", "sidecars"])
@pytest.mark.parametrize("none", [None, {"enabled": False}], ids=["null", "disabled"])
def test_an_entry_that_is_none_is_skipped(both, field, none):
    key = {"initContainers": "fetch", "sidecars": "logs"}[field]
    gone = changed(VALUES, f"{WEB}.{field}.{key}", none)
    kept = changed(VALUES, f"{WEB}.{field}", {k: v for k, v in VALUES["workloads"]["web"][field].items() if k != key})
    texts = {helm.text(values) for helm in both for values in (gone, kept)}
    assert len(texts) == 1 and f"name: {key}\n" not in texts.pop()
    for helm in both:
        assert helm.text(VALUES, "--set", f"{WEB}.{field}.{key}=null") == helm.text(kept)


@pytest.mark.parametrize(
    "path, value, said",
    [
        (f"{WEB}.initContainers.fetch.image", None, f"{WEB}.initContainers.fetch.image is missing"),
        (f"{WEB}.sidecars.app", {"image": "a:1"}, f"{WEB}.sidecars.app: {WEB}.containers.app has the same name"),
        (f"{WEB}.initContainers.proxy", {"image": "a:1"}, f"{WEB}.initContainers.proxy: {WEB}.sidecars.proxy has the same name"),
        (f"{WEB}.sidecars.healthd", {"image": "a:1"}, f"{WEB}.sidecars.healthd: the chart has a container of that name"),
        (f"{WEB}.initContainers.migrate-schema", {"image": "a:1"}, "the init container of migrations.schema has the same name"),
        (f"{WEB}.containers", None, f"{WEB}.containers is empty"),
        (f"{WEB}.sidecars.proxy.port", 8080, f'{WEB}.sidecars.proxy: a second port with the number 8080/TCP in one pod'),
        (f"{WEB}.initContainers.fetch.port", 80, "/initContainers/fetch"),
        (f"{WEB}.initContainers.fetch.env.PGPASSWORD", "canary", f"{WEB}.initContainers.fetch.env.PGPASSWORD: a password"),
        (f"{WEB}.initContainers.fetch.volumeMounts.other", {"mountPath": "/x"}, f"{WEB}.initContainers.fetch.volumeMounts.other"),
        (f"{WEB}.initContainers.fetch.securityContext", {"runAsUser": 0}, f"{WEB}.initContainers.fetch.securityContext.runAsUser: 0 is root"),
        ("policy", {"requireLiveness": True}, f"{WEB}.containers.app.livenessProbe is missing"),
        ("policy", {"requirePinnedImages": True}, None),
        ("quota", {"hard": {"requests.cpu": 1}}, f"{WEB}.containers.app.resources.requests.cpu is missing"),
    ],
)
def test_refused(helm, path, value, said):
    values = changed(VALUES, path, value)
    if said is None:
        helm.render(values)
        values = changed(values, f"{WEB}.initContainers.early.image", "example/early")
        said = f"{WEB}.initContainers.early.image: example/early may be another image tomorrow"
    error = helm.refused(values)
    assert said in error and "canary" not in error, error


def test_what_stays_needs_a_liveness_probe(helm):
    values = changed(changed(VALUES, "policy", {"requireLiveness": True}), f"{WEB}.containers.app.livenessProbe", {"tcpSocket": {}})
    assert f"{WEB}.sidecars.logs.livenessProbe is missing" in helm.refused(values)
    helm.render(changed(values, f"{WEB}.sidecars.logs.livenessProbe", {"exec": {"command": ["alive"]}}))
