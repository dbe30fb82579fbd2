"""Cron jobs in one pod that stays: on time, one at a time, through a rotation of the pod and a change of the schedule."""

import pytest

from rig import shop
from rig.cluster import wait_until
from rig.release import Release

pytestmark = pytest.mark.xdist_group("resident")
PODS = "app.kubernetes.io/component=web.app.cron"


def values(**jobs):
    common = {"mode": "resident", "from": "web/app", "deadline": "25s", "grace": "1s"}
    return shop.values(existing=True, cronJobs={name: {**common, **job} for name, job in jobs.items()})


def runs(place, name):
    """[(pod, started, ended)] in seconds, in the order of their starts; ended is None while it runs, or when it was cut short."""
    if place.psql("SELECT to_regclass('job_run') IS NOT NULL").out != "t":
        return []
    sql = f"SELECT pod, extract(epoch FROM started), extract(epoch FROM ended) FROM job_run WHERE name = '{name}' ORDER BY id"
    rows = [row.split("|") for row in place.psql(sql).out.splitlines()]
    return [(pod, float(start), float(end) if end else None) for pod, start, end in rows]


def work(name, seconds=0):
    return ["/standin/job", "--row", name, "--sleep", str(seconds)]


def daemon(place):
    (pod,) = [one for one in place.pods(PODS) if "deletionTimestamp" not in one["metadata"]]
    return pod


@pytest.mark.parametrize("major", [3, 4])
def test_resident_jobs(new_place, major):
    place = new_place("resident")
    release = Release(place, major)
    release.install(values(tick={"schedule": "@every 2s", "command": work("tick")}, slow={"schedule": "@every 3s", "command": work("slow", 8)}))
    first = daemon(place)

    # Without a pod each: the runs of both jobs are in one.
    wait_until(lambda: len(runs(place, "tick")) >= 5, 40, lambda: f"five runs: {place.describe()}", every=0.5)
    assert {pod for pod, _, _ in runs(place, "tick")} == {first["metadata"]["name"]}

    # Rotated in the middle of a run: that comes to its end, the next pod goes on, and no two runs overlap.
    wait_until(lambda: [end for _, _, end in runs(place, "slow")][-1:] == [None], 20, "the slow job runs", every=0.2)
    began = len(runs(place, "slow"))
    place.kubectl("rollout", "restart", "deployment/shop-web-app-cron")
    wait_until(lambda: len(runs(place, "slow")) > began + 1, 60, lambda: f"it goes on: {place.describe()}", every=0.5)
    second = daemon(place)
    assert second["metadata"]["name"] != first["metadata"]["name"]
    slow = runs(place, "slow")
    assert slow[began - 1][0] == first["metadata"]["name"] and slow[began - 1][2] is not None, slow
    assert all(one[2] is not None and one[2] <= other[1] for one, other in zip(slow, slow[1:])), slow

    # Another schedule: read by the same pod.
    release.upgrade(values(tick={"schedule": "@every 2s", "command": work("tick")}, late={"schedule": "@every 1s", "command": work("late")}))
    wait_until(lambda: runs(place, "late"), 120, lambda: f"the new job runs: {place.describe()}", every=1)
    assert daemon(place)["metadata"]["uid"] == second["metadata"]["uid"] and not any(place.restarts().values())
    began = len(runs(place, "slow"))
    wait_until(lambda: len(runs(place, "late")) >= 5, 20, "it goes on", every=0.5)
    assert len(runs(place, "slow")) == began, "the job that is gone from the crontab is not started any more"

    release.uninstall()
    wait_until(lambda: not [one for one in release.remains() if "-cron" in one], 60, "nothing of it is left")
