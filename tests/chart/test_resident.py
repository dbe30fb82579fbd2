"""Cron jobs that cronrun's daemon starts in a pod that stays."""

import pytest
from kinds import problems
from rig import FULL, changed, container, named
from test_kinds_api import VERSIONS

MAIL = {**FULL["cronJobs"]["mail"], "mode": "resident"}
SWEEP = {"mode": "resident", "from": "web/app", "schedule": "0 3 * * *", "command": ["sweep"], "lock": "none", "volumes": True}
NAME = "shop-web-app-cron"


def with_jobs(**jobs):
    return changed(FULL, "cronJobs", jobs)


def lines(helm, **jobs):
    return named(helm.render(with_jobs(**jobs)), "ConfigMap", NAME)["data"]["crontab"].splitlines()


def test_one_pod_for_the_jobs_of_a_container(helm):
    objects = helm.render(with_jobs(mail=MAIL, sweep=SWEEP))
    assert not [thing for thing in objects if thing["kind"] == "CronJob"]
    spec = named(objects, "Deployment", NAME)["spec"]
    assert spec["strategy"] == {"type": "Recreate"} and "replicas" not in spec
    pod = spec["template"]["spec"]
    assert container(pod, "copy-cronrun")["args"] == ["copy", "/release-runtime/cronrun"]
    (one,) = pod["containers"]
    assert one["image"] == "example/shop:1" and one["command"][:2] == ["/release-runtime/cronrun", "daemon"]
    assert one["command"][-1] == "/etc/release-runtime/crontab" and "args" not in one
    assert [one[probe]["httpGet"]["path"] for probe in ("livenessProbe", "readinessProbe")] == ["/health/live", "/health/ready"]
    assert {"name": "crontab", "configMap": {"name": NAME}} in pod["volumes"]
    assert pod["terminationGracePeriodSeconds"] == 40
    # What it starts needs all of the application's variables.
    assert len(one["envFrom"]) == 3


@pytest.mark.parametrize("slow", ["mail", "sweep"])
def test_its_pod_has_the_time_that_the_slowest_needs(helm, slow):
    """30 s for runs under way, the longest grace, and 5 s."""
    jobs = {"mail": MAIL, "sweep": SWEEP}
    objects = helm.render(with_jobs(**{**jobs, slow: {**jobs[slow], "grace": "20s"}}))
    assert named(objects, "Deployment", NAME)["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] == 55


def test_the_crontab(helm):
    odd = {**SWEEP, "command": ["sh", "-c", "echo 'a b' $HOME"], "args": [5, "50%"], "concurrencyPolicy": "Replace"}
    odd.update(startingDeadlineSeconds=60, deadline="42s", grace="4s")
    assert lines(helm, mail=MAIL, odd=odd) == [
        "*/5 * * * * [name=prod/shop/mail policy=forbid tz=Europe/Berlin lock=postgres deadline=1h grace=5s] mail 5",
        "0 3 * * * [name=prod/shop/odd policy=replace starting_deadline=60s lock=none deadline=42s grace=4s] "
        "sh -c 'echo '\\''a b'\\'' $HOME' 5 50%",
    ]


def test_a_suspended_one_is_left_out(helm):
    assert len(lines(helm, mail=MAIL, sweep={**SWEEP, "suspend": True})) == 1
    objects = helm.render(with_jobs(mail={**MAIL, "suspend": True}))
    assert NAME not in [thing["metadata"]["name"] for thing in objects]


def test_a_changed_schedule_needs_no_new_pod(helm):
    one, other = (helm.render(with_jobs(mail={**MAIL, "schedule": text})) for text in ("1 * * * *", "2 * * * *"))
    assert named(one, "Deployment", NAME) == named(other, "Deployment", NAME)
    assert named(one, "ConfigMap", NAME) != named(other, "ConfigMap", NAME)


def test_both_modes_beside_each_other(helm):
    objects = helm.render(with_jobs(mail=MAIL, sweep={**SWEEP, "mode": "cronjob"}))
    assert named(objects, "CronJob", "shop-sweep") and named(objects, "Deployment", NAME)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"activeDeadlineSeconds": 50}, "cronJobs.mail.activeDeadlineSeconds: only a CronJob has it"),
        ({"nameOverride": "x"}, "cronJobs.mail.nameOverride: only a CronJob has it"),
        ({"command": ["sh", "-c", "a\nb"]}, "cronJobs.mail.command: a resident job is one line of a crontab"),
        ({"args": ["a\n"]}, "cronJobs.mail.command: a resident job is one line of a crontab"),
        ({"env": {"A": "1"}}, "cronJobs.mail.env differs from that of cronJobs.sweep, with which it shares a pod"),
        ({"image": "other:1"}, "cronJobs.mail.image differs from that of cronJobs.sweep"),
        ({"lock": "redis", "from": "worker/app", "volumes": None}, "cronJobs.mail.lock: redis, but the container is given no variable"),
        ({"schedule": "TZ=UTC * * * * *"}, "the time zone goes into timeZone"),
    ],
)
def test_refused(helm, change, message):
    assert message in helm.refused(with_jobs(mail={**MAIL, **change}, sweep=SWEEP))


def test_its_name_is_nobody_elses(helm):
    values = with_jobs(mail=MAIL)
    values["configMaps"] = {**values.get("configMaps", {}), "web-app-cron": {"data": {"a": "b"}}}
    assert "the pod of the resident cron jobs from web/app" in helm.refused(values)


@pytest.mark.parametrize("kube", VERSIONS)
def test_every_object_is_valid(helm, kube):
    found = [line for thing in helm.render(with_jobs(mail=MAIL, sweep=SWEEP), kube=f"{kube}.0") for line in problems(thing, kube)]
    assert not found, "\n".join(found)
