"""Cron jobs of the chart: on time, one at a time, not longer than their deadline, and nothing of them is left."""

import re

import pytest

from rig import shop
from rig.cluster import wait_until
from rig.release import Release

pytestmark = pytest.mark.xdist_group("cron")
NEVER = "0 0 1 1 *"


@pytest.fixture(scope="module")
def place(new_place):
    place = new_place("cron")
    jobs = {
        "tick": {"schedule": "* * * * *", "command": ["/standin/job", "--row", "tick"]},
        "report": {"schedule": NEVER, "command": ["/standin/job", "--row", "report", "--sleep", "20"]},
        "stubborn": {
            "schedule": NEVER,
            "command": ["/standin/job", "--row", "stubborn", "--ignore-term", "--orphan", "--sleep", "3600"],
            "deadline": "4s",
            "grace": "1s",
        },
    }
    values = shop.values(existing=True, cronJobs={name: {"from": "web/app", **job} for name, job in jobs.items()})
    Release(place, 3, wait=False).install(values)
    return place


def start(place, name, cron):
    place.kubectl("create", "job", name, f"--from=cronjob/shop-{cron}")


def pod_of(place, job):
    (pod,) = place.pods(f"job-name={job}")
    return pod


def ended(place, job, what, timeout=40):
    """Waits for the Job's condition; its pod's container as it ended, and the condition."""

    def found():
        conditions = place.get(f"jobs/{job}")["status"].get("conditions", [])
        return next((c for c in conditions if c["type"] == what and c["status"] == "True"), None)

    condition = wait_until(found, timeout, lambda: f"{job} {what}: {place.get(f'jobs/{job}')['status']}")
    return pod_of(place, job)["status"]["containerStatuses"][0]["state"]["terminated"], condition


def runs(place, name):
    """Rows that the job has written: [(pod, whether it came to its end)]"""
    made = place.psql("SELECT to_regclass('job_run') IS NOT NULL").out == "t"
    rows = place.psql(f"SELECT pod, ended IS NOT NULL FROM job_run WHERE name = '{name}' ORDER BY id").out if made else ""
    return [tuple(row.split("|")) for row in rows.splitlines()]


def locks(place):
    return int(place.psql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted").out)


def test_two_at_once(place):
    """The second is skipped, with status 0, and says who holds the lock; afterwards the lock is free."""
    start(place, "one", "report")
    wait_until(lambda: runs(place, "report"), 40, lambda: f"the first works: {place.describe()}", every=0.2)
    start(place, "two", "report")
    second, _ = ended(place, "two", "Complete")
    holder = pod_of(place, "one")
    assert re.search(rf"skipped.*{holder['metadata']['name']}", place.log("job/two")), place.log("job/two")
    assert second["exitCode"] == 0
    first, _ = ended(place, "one", "Complete")
    assert first["exitCode"] == 0
    assert runs(place, "report") == [(holder["metadata"]["name"], "t")]
    assert locks(place) == 0


def processes(place, pod):
    """Command lines on the node that belong to the pod, whatever their parents and sessions."""
    script = (
        'for p in /proc/[0-9]*; do grep -q "$1" $p/cgroup 2>/dev/null && tr "\\0" " " <$p/cmdline && echo; done; true'
    )
    return place.cluster.run("bash", "-c", script, "bash", pod["metadata"]["uid"]).out.splitlines()


def test_over_the_deadline(place):
    """A job that ignores TERM, with an orphan in a session of its own: 124, a failed Job, no process and no lock left."""
    start(place, "late", "stubborn")
    wait_until(lambda: '"orphan"' in place.log("job/late"), 40, lambda: f"it works: {place.describe()}", every=0.2)
    assert locks(place) == 1
    if place.cluster.own:
        pod = pod_of(place, "late")
        assert sum("/standin/job" in line for line in processes(place, pod)) >= 3  # cronrun with its words, job, orphan
    last, condition = ended(place, "late", "Failed")
    assert last["exitCode"] == 124
    assert condition["reason"] == "BackoffLimitExceeded", "the Job's own deadline came first"
    log = place.log("job/late")
    assert "took longer than its deadline" in log and "killing the remaining processes" in log, log
    assert [(ended_well) for _, ended_well in runs(place, "stubborn")] == ["f"]
    wait_until(lambda: locks(place) == 0, 5, "the lock is free")
    if place.cluster.own:
        assert processes(place, pod) == []


def test_on_time(place):
    """By its schedule, not by hand: each full minute one run, to its end."""
    wait_until(lambda: ("t" in [ok for _, ok in runs(place, "tick")]), 80, lambda: f"a run: {place.describe()}", every=0.5)
    made = [job for job in place.list("jobs") if job["metadata"]["name"].startswith("shop-tick-")]
    assert made and all("ownerReferences" in job["metadata"] for job in made)
