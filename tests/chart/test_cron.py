"""Cron jobs under cronrun."""

import pytest

from rig import FULL, changed, container, flags, named, variables

JOB = FULL["cronJobs"]["mail"]


def cron(helm, change=None, values=FULL, **how):
    values = changed(values, "cronJobs", {"mail": {**JOB, **(change or {})}})
    return named(helm.render(values, **how), "CronJob", "shop-mail")["spec"]


def only(job):
    return job["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]


def test_the_cron_job(helm):
    spec = cron(helm)
    assert (spec["schedule"], spec["timeZone"], spec["concurrencyPolicy"]) == ("*/5 * * * *", "Europe/Berlin", "Forbid")
    job = spec["jobTemplate"]["spec"]
    assert job["backoffLimit"] == 0 and job["podReplacementPolicy"] == "Failed"
    pod = job["template"]["spec"]
    assert pod["restartPolicy"] == "Never"
    assert container(pod, "copy-cronrun")["args"] == ["copy", "/release-runtime/cronrun"]
    assert container(pod, "copy-cronrun") in pod["initContainers"]
    own = only(spec)
    assert own["image"] == "example/shop:1" and own["securityContext"]["readOnlyRootFilesystem"] is True
    assert own["command"][:2] == ["/release-runtime/cronrun", "run"]
    assert own["command"][own["command"].index("--") :] == ["--", "mail", "5"]
    assert flags(own)["--name"] == "prod/shop/mail"
    assert {"name": "release-runtime", "mountPath": "/release-runtime", "readOnly": True} in own["volumeMounts"]
    # What it wraps needs all of the application's variables.
    assert variables(own)["BATCH"] == "1000000" and len(own["envFrom"]) == 3


def test_pod_replacement_policy_only_where_it_is_known(helm):
    assert "podReplacementPolicy" not in cron(helm, kube="1.28.0")["jobTemplate"]["spec"]
    assert cron(helm, kube="1.29.0")["jobTemplate"]["spec"]["podReplacementPolicy"] == "Failed"


@pytest.mark.parametrize(
    "change, deadline, grace, active, pod_grace",
    [
        ({}, "1h", "5s", 3670, 8),
        ({"deadline": "41s", "grace": "4s", "activeDeadlineSeconds": 50}, "41s", "4s", 50, 7),
        ({"activeDeadlineSeconds": 50}, "40s", "5s", 50, 8),
        ({"deadline": "1500ms", "grace": "200ms"}, "1500ms", "200ms", 67, 4),
    ],
)
def test_times(helm, change, deadline, grace, active, pod_grace):
    spec = cron(helm, change)
    given = flags(only(spec))
    assert (given["--deadline"], given["--grace"], given["--job-deadline"]) == (deadline, grace, f"{active}s")
    job = spec["jobTemplate"]["spec"]
    assert job["activeDeadlineSeconds"] == active
    assert job["template"]["spec"]["terminationGracePeriodSeconds"] == pod_grace


def test_times_that_do_not_fit(helm):
    def refused(**change):
        return helm.refused(changed(FULL, "cronJobs", {"mail": {**JOB, **change}}))

    error = refused(deadline="42s", grace="5s", activeDeadlineSeconds=50)
    assert "cronJobs.mail: 2 s to start + deadline (42s) + grace (5s) + 3 s to report do not fit" in error
    assert "activeDeadlineSeconds (50): at least 52" in error
    assert "leaves no time" in refused(grace="5s", activeDeadlineSeconds=10)
    assert "the time zone goes into timeZone" in refused(schedule="CRON_TZ=UTC * * * * *")


@pytest.mark.parametrize(
    "given, lock",
    [
        ({"env": {"PGHOST": "pg", "REDIS_HOST": "r"}}, "postgres"),
        ({"env": {"DATABASE_URL": "postgres://$(U):$(P)@db/shop"}}, "postgres"),
        ({"env": {"DATABASE_URL_FILE": "/secrets/url"}}, "postgres"),
        ({"env": {"REDIS_URL": {"valueFrom": {"secretKeyRef": {"name": "r", "key": "url"}}}}}, "redis"),
        ({"envFrom": {"x": {"secret": "shop"}}}, "postgres"),
        ({"envFrom": {"x": {"secret": "elsewhere"}}}, "postgres"),
        ({"envFrom": {"x": {"secret": "mail"}}, "env": {"REDIS_HOST": "r"}}, "redis"),
    ],
)
def test_the_lock_follows_from_what_the_container_is_given(helm, given, lock):
    app = {"image": "example/shop:1", **given}
    values = changed(FULL, "workloads", {"web": {"containers": {"app": app}, "healthd": {"enabled": False}}})
    values["migrations"] = values["services"] = {}
    assert flags(only(cron(helm, values=values, change={})))["--lock"] == lock


def test_without_a_store_the_remedy_is_named(helm):
    values = {"workloads": {"web": {"containers": {"app": {"image": "a:1", "port": 80}}}}, "cronJobs": {"mail": JOB}}
    error = helm.refused(values)
    assert "cronJobs.mail" in error and "lock: none" in error
    assert flags(only(cron(helm, {"lock": "none"}, values)))["--lock"] == "none"
    values["cronJobs"] = {"mail": {**JOB, "lock": "redis"}}
    assert "cronJobs.mail.lock: redis" in helm.refused(values)


@pytest.mark.parametrize("key", ["from", "command", "schedule"])
def test_what_is_needed(helm, key):
    values = changed(FULL, "cronJobs", {"mail": {k: v for k, v in JOB.items() if k != key}})
    assert f"cronJobs.mail.{key}" in helm.refused(values)


def test_its_mode_is_a_cronjob(helm):
    plain = helm.text(FULL)
    assert helm.text(changed(FULL, "cronJobs.mail.mode", "cronjob")) == plain
    assert "/cronJobs/mail/mode" in helm.refused(changed(FULL, "cronJobs.mail.mode", "daemon"))
