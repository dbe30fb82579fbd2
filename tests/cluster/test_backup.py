"""Backups of a release's database, by the manual's commands: a dump on a claim, its rehearsal, damage, and the way back. A dump that was
damaged itself is found out."""

import json

import pytest

from rig import shop
from rig.cluster import SLOW, wait_until
from rig.place import PASSWORD, STANDIN, pod
from rig.release import Release, newest
from rig.system import seconds

pytestmark = pytest.mark.xdist_group("backup")

# initdb wants its user to have a name, which the stand-in's image has for this one.
USER = 65532
DIGEST = "SELECT count(*) || ' ' || md5(string_agg(item::text, ',' ORDER BY id)) FROM item"


def values():
    app = {
        "image": STANDIN,
        "port": 8080,
        "env": {"DATABASE_HOST": "database", "DATABASE_NAME": "shop", "DATABASE_USER": "app"},
        "envFrom": {"login": {"secret": "login"}},
        "readOnlyRoot": True,
    }
    backup = {
        "from": "web/app",
        "image": STANDIN,
        "securityContext": {"runAsUser": USER, "runAsGroup": USER, "fsGroup": USER},
        "rehearsal": {"query": "SELECT count(*) = 3 FROM item"},
    }
    return {
        "workloads": {"web": {"containers": {"app": app}}},
        "secrets": {"login": {"stringData": {"DATABASE_PASSWORD": PASSWORD}}},
        "migrations": {"schema": {"from": "web/app", "files": shop.FIRST}},
        "persistence": {"backup": {"size": "64Mi"}},
        "backup": backup,
    }


@pytest.fixture(scope="module")
def place(new_place):
    place = new_place("backup", servers=("postgres", "tools"))
    Release(place, newest()).install(values())
    return place


def ended(place, job, condition="Complete"):
    """Waits until the Job has ended so; its log."""
    place.kubectl("wait", f"--for=condition={condition}", f"job/{job}", f"--timeout={90 * SLOW:.0f}s", timeout=100)
    return place.log(f"job/{job}", "--all-containers")


def run(place, cron_job, job, condition="Complete"):
    place.kubectl("create", "job", job, f"--from=cronjob/{cron_job}")
    return ended(place, job, condition)


def restore(place, job):
    """The same Job with another word."""
    made = place.kubectl("create", "job", job, "--from=cronjob/shop-backup", "--dry-run=client", "-o", "json").out
    assert made.count('"dump"\n') == 1, made
    place.kubectl("apply", "-f", "-", stdin=made.replace('"dump"\n', '"restore"\n'))
    return ended(place, job)


def test_wait_returns_although_nothing_was_dumped_001_15(place):
    """The class binds a claim when a pod uses it: a Job did, and has ended."""
    (claim,) = place.list("persistentvolumeclaims")
    how = place.cluster.get(f"/apis/storage.k8s.io/v1/storageclasses/{claim['spec']['storageClassName']}")["volumeBindingMode"]
    assert (claim["status"]["phase"], how) == ("Bound", "WaitForFirstConsumer")
    (job,) = [one for one in place.list("jobs") if "-claim-" in one["metadata"]["name"]]
    place.kubectl("wait", "--for=condition=Complete", f"job/{job['metadata']['name']}", f"--timeout={30 * SLOW:.0f}s")


def test_dumped_rehearsed_damaged_and_restored_001_15(place, measured):
    before = place.psql(DIGEST).out
    assert before.startswith("3 ")
    assert "backup: shop-" in run(place, "shop-backup", "dump-1")
    log, took = seconds(lambda: run(place, "shop-backup-rehearsal", "rehearsal-1"))
    assert "was restored, and the query returned t" in log, log
    measured("rehearsal", [took])

    place.psql("DELETE FROM item WHERE id > 1; UPDATE item SET name = 'nonsense'")
    assert place.psql(DIGEST).out != before
    place.kubectl("scale", "deployment/shop-web", "--replicas=0")
    wait_until(lambda: not place.pods("app.kubernetes.io/component=web"), 60, "what writes has stopped")
    assert "is restored" in restore(place, "restore-1")
    place.kubectl("scale", "deployment/shop-web", "--replicas=1")
    place.kubectl("rollout", "status", "deployment/shop-web", f"--timeout={60 * SLOW:.0f}s", timeout=70)
    assert place.psql(DIGEST).out == before
    assert PASSWORD not in json.dumps([place.list(kind) for kind in ("jobs", "cronjobs", "configmaps")])


def test_a_damaged_dump_is_found_out_001_15(place):
    """One byte more: the rehearsal fails and says which dump."""
    vandal = pod("vandal", ["sh", "-c", "for f in /backup/*.dump; do printf x >>$f; done"], restart="Never")
    vandal["spec"]["securityContext"].update(runAsUser=USER, runAsGroup=USER, fsGroup=USER)
    vandal["spec"]["volumes"] = [{"name": "dumps", "persistentVolumeClaim": {"claimName": "shop-backup"}}]
    vandal["spec"]["containers"][0]["volumeMounts"] = [{"name": "dumps", "mountPath": "/backup"}]
    place.apply(vandal)
    wait_until(lambda: place.get("pods/vandal")["status"].get("phase") == "Succeeded", 60, lambda: f"the dump is damaged: {place.describe()}")
    assert "does not match its checksum" in run(place, "shop-backup-rehearsal", "rehearsal-2", "Failed")
