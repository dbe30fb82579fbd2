"""Jobs that run at a moment of a release's life."""

import pytest
from kinds import MORE
from rig import changed, hooked, named, pods, references, variables, weight

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


@pytest.mark.parametrize(
    "path, value, said",
    [
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
