"""Jobs that run at a moment of a release's life."""

import pytest
from kinds import MORE
from rig import changed, hooked, named, pod_template, pods, references, variables, weight

ELSEWHERE = {("Secret", "quay-login")}


def job(helm, key, values=MORE):
    return named(helm.render(values), "Job", f"shop-{key}")


def test_hooks_001_4(helm):
    warm, drop = job(helm, "warm"), job(helm, "drop")
    meta = warm["metadata"]["annotations"]
    assert meta["helm.sh/hook"] == "post-install,post-upgrade" and meta["helm.sh/hook-weight"] == "3"
    assert meta["helm.sh/hook-delete-policy"] == "before-hook-creation" and meta["helm.sh/hook-output-log-policy"] == "hook-failed"
    assert drop["metadata"]["annotations"]["helm.sh/hook"] == "pre-delete"
    assert drop["metadata"]["annotations"]["helm.sh/hook-delete-policy"] == "before-hook-creation,hook-succeeded"
    spec = warm["spec"]
    assert (spec["activeDeadlineSeconds"], spec["backoffLimit"], spec["ttlSecondsAfterFinished"]) == (280, 0, 86400)
    (runs,) = spec["template"]["spec"]["containers"]
    assert runs["command"] == ["warm", "3"] and runs["image"] == "example/shop:1"
    # The application's requests and its place hold for it, too.
    assert runs["resources"] == {"requests": {"cpu": "100m"}} and spec["template"]["spec"]["nodeSelector"]["disk"] == "ssd"


def test_what_a_hook_says_of_its_job(helm):
    own = changed(changed(MORE, "hooks.warm.ttlSecondsAfterFinished", 0), "hooks.warm.backoffLimit", 2)
    spec = job(helm, "warm", own)["spec"]
    assert (spec["backoffLimit"], spec["ttlSecondsAfterFinished"]) == (2, 0)


def test_none_is_blind(helm):
    """Before the release exists it gets copies; afterwards the objects themselves."""
    objects = helm.render(MORE)
    there = {(o["kind"], o["metadata"]["name"]): weight(o) for o in objects}
    for thing, template in pods(objects):
        if weight(thing) is None:
            continue
        before = "pre-install" in thing["metadata"]["annotations"]["helm.sh/hook"]
        for what in references(template["spec"]) - ELSEWHERE:
            assert what in there, (thing["metadata"]["name"], what)
            if before:
                assert there[what] is not None and there[what] < weight(thing), (thing["metadata"]["name"], what)
            else:
                assert there[what] is None, (thing["metadata"]["name"], what)
    check, warm = (job(helm, key)["spec"]["template"]["spec"] for key in ("check", "warm"))
    assert variables(check["containers"][0])["TOKEN"]["secretKeyRef"]["name"] == hooked("shop")
    assert variables(check["containers"][0])["LIMIT"]["configMapKeyRef"]["name"] == hooked("feature-flags")
    assert variables(warm["containers"][0])["LIMIT"]["configMapKeyRef"]["name"] == "shop-feature-flags"
    assert check["serviceAccountName"] == hooked("") and warm["serviceAccountName"] == "shop"


def test_it_needs_no_migration(helm):
    objects = helm.render(changed(MORE, "migrations", None))
    assert named(objects, "ServiceAccount", hooked("")) and named(objects, "NetworkPolicy", hooked("default"))


def test_restricted(helm):
    for key in ("warm", "check", "drop"):
        spec = job(helm, key)["spec"]["template"]["spec"]
        assert spec["restartPolicy"] == "Never" and spec["automountServiceAccountToken"] is False
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["containers"][0]["securityContext"]["capabilities"] == {"drop": ["ALL"]}


INHERITS = {
    "workloads": {"web": {
        "podLabels": {"team": "shop"},
        "podAnnotations": {"sidecar.istio.io/inject": "true"},
        "nodeSelector": {"disk": "ssd"},
        "containers": {"app": {"image": "example/shop:1", "port": 8080, "writable": {"/tmp": {}}}},
        "volumes": {
            "uploads": {"persistentVolumeClaim": {"claimName": "old-uploads"}, "mountPath": "/up"},
            "log": {"emptyDir": {}, "mountPath": "/log"},
            "keys": {"secret": {"secretName": "keys"}, "mountPath": "/keys"},
        },
    }},
    "secrets": {"keys": {"stringData": {"key": "canary"}}},
}
MORE_OF_IT = {
    "from": "web/app",
    "command": ["warm"],
    "image": {"repository": "example/other", "tag": 2},
    "imagePullPolicy": "Always",
    "env": {"API": {"service": "web"}},
    "volumes": {"uploads": {"readOnly": True}, "keys": {}},
    "pod": {"labels": {"more": 1}, "annotations": {"sidecar.istio.io/inject": "false"}, "nodeSelector": {"speed": "slow"}},
}


def job_pod(helm, kind):
    """(metadata, spec) of the pod of a job of that kind which has all that it can have otherwise."""
    also = {"hooks": {"events": {"post-install": True}}, "cronJobs": {"schedule": "@daily", "lock": "none"}}.get(kind, {})
    objects = helm.render({**INHERITS, kind: {"warm": {**MORE_OF_IT, **also}}})
    if kind == "tests":
        pod = named(objects, "Pod", "shop-warm-test")
        return pod["metadata"], pod["spec"]
    thing = named(objects, *(("CronJob" if kind == "cronJobs" else "Job"), "shop-warm"))
    template = pod_template(thing)
    return template["metadata"], template["spec"]


@pytest.mark.parametrize("kind", ["hooks", "tests", "cronJobs"])
def test_they_inherit_alike(helm, kind):
    """What is taken from a container and its workload, and how it is changed, is the same for each kind of job."""
    meta, spec = job_pod(helm, kind)
    assert meta["labels"]["team"] == "shop" and meta["labels"]["more"] == "1"
    assert meta["annotations"]["sidecar.istio.io/inject"] == "false"
    assert spec["nodeSelector"] == {"disk": "ssd", "speed": "slow"}
    (runs,) = spec["containers"]
    assert (runs["image"], runs["imagePullPolicy"]) == ("example/other:2", "Always") and variables(runs)["API"] == "shop-web"
    mounts = {m["mountPath"]: m for m in runs["volumeMounts"]}
    assert mounts["/up"]["readOnly"] is True and "/tmp" in mounts and "/keys" in mounts and "/log" not in mounts
    volumes = {v["name"]: v for v in spec["volumes"]}
    assert volumes["uploads"] == {"name": "uploads", "persistentVolumeClaim": {"claimName": "old-uploads"}}
    assert volumes["keys"]["secret"]["secretName"] == "shop-keys"
    # Where the claim is.
    assert "podAffinity" in spec["affinity"]


def test_a_volume_before_the_release_is_a_copy(helm):
    hook = {"from": "web/app", "command": ["a"], "events": {"pre-install": True, "pre-upgrade": True}, "volumes": {"keys": {}}}
    objects = helm.render({**INHERITS, "hooks": {"warm": hook}})
    spec = named(objects, "Job", "shop-warm")["spec"]["template"]["spec"]
    assert [v["secret"]["secretName"] for v in spec["volumes"] if "secret" in v] == [hooked("keys")]
    assert named(objects, "Secret", hooked("keys"))["stringData"] == {"key": "canary"}


BEFORE = {"from": "web/app", "command": ["a"], "events": {"pre-install": True, "pre-upgrade": True}}


@pytest.mark.parametrize(
    "workload, also, what",
    [
        ({"envFrom": {"shop": {"secret": "shop"}}}, {}, "hooks.warm: it needs secrets.shop, which is sealed"),
        ({"env": {"T": {"valueFrom": {"secretKeyRef": {"name": "shop", "key": "T"}}}}}, {}, "hooks.warm: it needs secrets.shop"),
        ({}, {"volumes": True}, "hooks.warm.volumes: the claim of persistence.up is not there before the first install"),
    ],
)
def test_before_a_first_install_it_is_not_blind(helm, workload, also, what):
    """Of a sealed Secret no copy can be made, and a claim is not there yet."""
    app = {"image": "example/shop:1", **workload}
    values = {
        "workloads": {"web": {"containers": {"app": app}, "volumes": {"up": {"persistence": "up", "mountPath": "/up"}}}},
        "persistence": {"up": {"size": "1Gi"}},
        "secrets": {"shop": {"sealed": {"T": "AgBy3i"}}},
        "hooks": {"warm": {**BEFORE, **also}},
    }
    error = helm.refused(values)
    assert what in error and "say hooks.warm.events.post-install instead" in error
    assert "install with --set hooks.warm.enabled=false, then upgrade without it" in error
    # Both remedies, and a later upgrade.
    helm.render(values, "--set", "hooks.warm.enabled=false")
    helm.render(changed(values, "hooks.warm.events", {"post-install": True}))
    helm.render(values, "--is-upgrade")
    helm.render(changed(values, "hooks.warm.events", {"pre-upgrade": True}))


@pytest.mark.parametrize(
    "path, value, said",
    [
        ("warm.volumes", {"typo": {}}, "hooks.warm.volumes.typo: the workload of web/app has no such volume"),
        ("warm.pod", {"labels": {"app.kubernetes.io/component": "web"}}, "hooks.warm.pod.labels: app.kubernetes.io/component belongs"),
        ("warm.pod", {"securityContext": {"runAsUser": 0}}, "hooks.warm.pod.securityContext.runAsUser: 0 is root"),
        ("warm.env", {"A": "$(B)", "B": "$(A)"}, "hooks.warm.env: these refer to each other in a circle: A, B"),
        ("warm.image", {"repository": "example/warm"}, "hooks.warm.image: example/warm has neither tag nor digest"),
        ("warm.from", None, "hooks.warm.from is missing"),
        ("warm.from", "web/typo", 'hooks.warm.from: there is no container "web/typo"'),
        ("warm.command", None, "hooks.warm.command is missing"),
        ("warm.events", {"post-install": False}, "hooks.warm.events is empty: give at least {post-install: true}"),
        ("warm.events.pre-upgrade", True, "hooks.warm.events: pre-install and pre-upgrade are before the release's objects"),
        ("warm.events", {"post-delete": True}, "hooks.warm.events: at post-delete nothing is left"),
        ("warm.events.typo", True, "/hooks/warm/events"),
        ("warm.weight", -20, "/hooks/warm/weight"),
        ("warm.deletePolicy", "never", "/hooks/warm/deletePolicy"),
        ("warm.activeDeadlineSeconds", 300, "hooks.warm.activeDeadlineSeconds: Helm waits for 300 s alone"),
        ("warm.command", ["a", "redis://u:canary@r/0"], "hooks.warm.command: holds a password"),
        ("warm.env", {"PGPASSWORD": "canary"}, "hooks.warm.env.PGPASSWORD: a password belongs into a Secret"),
        ("warm.image", "example/warm:latest", "hooks.warm.image: example/warm:latest may be another image tomorrow"),
        ("schema", {"from": "web/app", "command": ["a"], "events": {"post-install": True}}, 'the Job "shop-schema" is made by'),
    ],
)
def test_refused(helm, path, value, said):
    error = helm.refused(changed(MORE, f"hooks.{path}", value))
    assert said in error and "canary" not in error, error
