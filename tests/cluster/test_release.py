"""A release from its first install to its removal, with each major of Helm, with --wait and without.

The stories of one combination share a namespace and follow each other; each says which one it needs.
"""

import base64
import json
import re

import pytest

from rig import evidence, shop
from rig.client import Client
from rig.cluster import wait_until
from rig.evidence import record as measured
from rig.place import PASSWORD, ready
from rig.release import Release


def combination(major, wait):
    name = f"helm{major}-{'wait' if wait else 'nowait'}"
    return pytest.param((major, wait), id=name, marks=pytest.mark.xdist_group(name))


@pytest.fixture(scope="module", params=[combination(major, wait) for wait in (True, False) for major in (3, 4)])
def story(request, new_place):
    return Story(new_place("release"), *request.param)


class Story:
    """A release in its place, and how far its stories came."""

    def __init__(self, place, major, wait):
        self.place = place
        self.release = Release(place, major, wait)
        self.tried, self.done = set(), set()

    def begin(self, step, needs=None):
        """A story that is run alone (K=rollback) first plays those that it needs."""
        self.tried.add(step)
        if needs and needs not in self.done:
            if needs in self.tried:
                pytest.fail(f"needs what `{needs}` leaves, and that failed", pytrace=False)
            STEPS[needs](self)
        self.step = step

    def end(self):
        self.done.add(self.step)

    def pods(self):
        return self.place.pods("app.kubernetes.io/instance=shop,app.kubernetes.io/component=web")

    def front(self):
        status, text = self.place.fetch("http://shop-web/")
        return (status, json.loads(text)) if status == 200 else (status, text)

    def serves(self, version):
        """Waits until the only pod is of that version, and Ready."""

        def settled():
            pods = self.pods()
            return len(pods) == 1 and ready(pods[0]) and env(pods[0])["APP_VERSION"] == version and pods[0]

        pod = wait_until(settled, 60, lambda: f"one pod of version {version}: {self.place.describe()}")
        status, page = wait_until(lambda: (lambda a: a[0] == 200 and a)(self.front()), 10, "the Service answers", every=0.2)
        assert page["version"] == version
        return pod, page

    def job(self):
        return self.place.get("jobs/shop-schema")

    def job_pods(self):
        return self.place.pods("job-name=shop-schema")


def env(pod):
    return {one["name"]: one.get("value") for one in pod["spec"]["containers"][0]["env"]}


def condition(job, name):
    return any(c["type"] == name and c["status"] == "True" for c in job["status"].get("conditions", []))


def no_restart(place):
    assert {name: count for name, count in place.restarts().items() if count} == {}


def test_install(story):
    """From an empty namespace: the migrations are applied before the application starts; it answers; healthd says so."""
    story.begin("install")
    place = story.place
    with place.cluster.watch(place.path("jobs")) as jobs:
        helm = story.release.install(shop.values())
        seen = [(at, kind, job) for at, kind, job in list(jobs.events)]
    if story.release.wait:
        assert all(ready(pod) for pod in story.pods()), "helm --wait returned before the pod was Ready"
    pod, page = story.serves("1")
    assert page["rows"] == 3

    job = story.job()
    assert condition(job, "Complete")
    assert job["status"]["completionTime"] <= pod["metadata"]["creationTimestamp"], "the application came before the schema"
    assert place.psql("SELECT string_agg(version, ' ' ORDER BY version) FROM schema_history").out == "0001 0002 0003"
    log = place.log("job/shop-schema")
    assert len(re.findall(r"applied 000\d_\w+\.sql", log)) == 3, log

    status, text = place.fetch(f"http://{pod['status']['podIP']}:9180/health/ready")
    checks = {"app": "connected", "database": "connected", "redis": "connected"}
    assert (status, json.loads(text)) == (200, {"status": "ready", **checks})
    no_restart(place)

    created = next(at for at, kind, one in seen if one["metadata"]["name"] == "shop-schema")
    complete = next(at for at, kind, one in seen if condition(one, "Complete"))
    measured("hook-job", [complete - created])
    work = re.search(r"applied 3 in (\d+)ms", log)
    measured("hook-work", [int(work[1]) / 1000])
    if not story.release.wait:
        measured("hook-helm", [helm.seconds])
    story.end()


def test_no_service_variables(story):
    """The Services `database`, `redis`, `migrate`, `healthd` leave no variable in any of the release's containers."""
    story.begin("variables", needs="install")
    given = story.place.exec("deploy/shop-web", "env", container="app").out.split()
    assert [v for v in given if "tcp://" in v and not v.startswith("KUBERNETES_")] == []
    assert [v for v in given if v.startswith(("MIGRATE_", "HEALTHD_", "DATABASE_SERVICE", "REDIS_SERVICE"))] == []
    for pod in story.pods() + story.job_pods():
        assert pod["spec"]["enableServiceLinks"] is False
    story.end()


def test_upgrade(story):
    """A new migration and a new version: the old pod serves on until the new one is Ready."""
    story.begin("upgrade", needs="install")
    place = story.place
    old = story.pods()[0]["metadata"]["name"]
    with place.follow_endpoints("shop-web") as endpoints, Client(place, "http://shop-web/") as client:
        story.release.upgrade(shop.values("2", {**shop.FIRST, **shop.SECOND}))
        pod, page = story.serves("2")
        wait_until(lambda: place.get(f"pods/{old}") is None, 30, "the old pod is gone")
        client.wait_for(lambda a: a["status"] == 200, 5, "an answer of the new pod alone")
    assert page["rows"] == 4
    assert story.job()["status"]["completionTime"] <= pod["metadata"]["creationTimestamp"]

    history = endpoints.history()
    assert history and all(addresses for _, addresses in history), f"the Service had no pod: {history}"
    pages = [json.loads(a["text"]) for a in client.answers if a["status"] == 200]
    assert any(p["version"] == "1" and p["rows"] == 4 for p in pages), "the old pod did not serve on the new schema"
    failures = client.failures()
    measured("upgrade-requests", [len(client.answers)], "requests")
    measured("upgrade-failures", [len(failures)], "requests")
    assert client.lost() == []
    no_restart(place)
    story.end()


def test_failing_migration(story):
    """Helm itself shows file, line and SQLSTATE; the old version goes on serving; log and last words stay readable."""
    story.begin("failing", needs="upgrade")
    place = story.place
    before = [pod["metadata"]["name"] for pod in story.pods()]
    with Client(place, "http://shop-web/version") as client:
        helm = story.release.upgrade(shop.values("3", {**shop.FIRST, **shop.SECOND, **shop.FAULTY}), check=False)
        assert helm.status != 0
        client.wait_for(lambda a: a["status"] == 200, 5, "an answer after the failure")
    assert client.failures() == []
    assert {a["text"].strip() for a in client.answers} == {"2"}
    assert [pod["metadata"]["name"] for pod in story.pods()] == before

    assert re.search(r"0005_stock\.sql:2:\d+: .*amount.*sqlstate=42703", helm.text), helm.text
    if story.release.wait:
        evidence.quote(f"Helm {story.release.major}", helm.text)
    assert re.search(r"0005_stock\.sql:2:\d+: .*amount.*sqlstate=42703", place.log("job/shop-schema"))
    assert condition(story.job(), "Failed")
    (pod,) = story.job_pods()  # 20: another start would not help, and none was made
    ended = pod["status"]["containerStatuses"][0]["state"]["terminated"]
    assert ended["exitCode"] == 20
    words = json.loads(ended["message"])
    assert (words["file"], words["line"], words["sqlstate"]) == ("0005_stock.sql", 2, "42703"), words
    assert story.release.history()[-1][1] == "failed"
    assert place.psql("SELECT count(*) FROM pg_attribute WHERE attname = 'stock'").out == "0"
    story.end()


def test_corrected_upgrade(story):
    """After the failure nothing has to be cleaned up: the mended file and the same command."""
    story.begin("corrected", needs="failing")
    story.release.upgrade(shop.values("3", {**shop.FIRST, **shop.SECOND, **shop.MENDED}))
    story.serves("3")
    assert story.place.psql("SELECT count(*) FROM item WHERE stock = 0").out == "4"
    assert story.release.history()[-1][1] == "deployed"
    story.end()


def test_rollback(story):
    """helm rollback: the old code is Ready on the newer schema. An upgrade with the old files says what is ahead, and passes."""
    story.begin("rollback", needs="corrected")
    place = story.place
    revision = next(number for number, _ in story.release.history() if number == 2)
    story.release.rollback(revision)
    pod, page = story.serves("2")
    assert page["rows"] == 4
    status, _ = place.fetch(f"http://{pod['status']['podIP']}:9180/health/ready")
    assert status == 200
    assert place.psql("SELECT max(version) FROM schema_history").out == "0005"

    story.release.upgrade(shop.values("2", {**shop.FIRST, **shop.SECOND}))
    (done,) = story.job_pods()
    assert done["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 0
    assert re.search(r"ahead", place.log("job/shop-schema")), place.log("job/shop-schema")
    story.serves("2")
    no_restart(place)
    story.end()


def test_no_password(story):
    """After all of this the password is in Secrets, and nowhere else: objects, logs, last words, events, Helm's notes."""
    story.begin("password", needs="rollback")
    place = story.place
    pods = story.pods() + story.job_pods()
    places = {f"log of {p['metadata']['name']}": place.log(p["metadata"]["name"], "--all-containers") for p in pods}
    for kind in ("configmaps", "jobs", "deployments", "replicasets", "events"):
        places[kind] = json.dumps([one for one in place.list(kind) if "stand-in" not in one["metadata"].get("labels", {})])
    places["pods"] = json.dumps(pods)
    places["notes"] = story.release.helm("get", "notes", "shop").out
    assert all(places.values()), f"nothing was seen of {[name for name, text in places.items() if not text]}"
    assert PASSWORD in base64.b64decode(place.get("secrets/shop-login")["data"]["DATABASE_URL"]).decode()
    assert [name for name, text in places.items() if PASSWORD in text] == []
    story.end()


def test_uninstall(story):
    """What is left is what the documentation says: the last migration's Job with its pod, until the Job's time to live is over."""
    story.begin("uninstall", needs="install")
    place = story.place
    assert len(story.release.remains()) > 5, "nothing bears the label: this test sees nothing"
    story.release.uninstall()
    wait_until(lambda: not story.pods(), 20, "the pods are gone")
    pod = story.job_pods()[0]["metadata"]["name"]
    assert story.release.remains() == ["job.batch/shop-schema", f"pod/{pod}"]
    assert story.job()["spec"]["ttlSecondsAfterFinished"] == 86400
    story.end()


def test_install_without_migration(story):
    """Again from nothing, without a hook: what helm itself needs, to see what the hook adds."""
    story.begin("plain", needs="uninstall")
    plain = Release(story.place, story.release.major, wait=False)
    helm = plain.install(shop.values(files=None))
    story.serves("1")
    measured("plain-helm", [helm.seconds])
    plain.uninstall()
    story.end()


STEPS = {
    "install": test_install,
    "variables": test_no_service_variables,
    "upgrade": test_upgrade,
    "failing": test_failing_migration,
    "corrected": test_corrected_upgrade,
    "rollback": test_rollback,
    "password": test_no_password,
    "uninstall": test_uninstall,
    "plain": test_install_without_migration,
}
