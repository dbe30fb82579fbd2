"""KairoFlow: nginx and PHP-FPM in one pod that writes to claims, its console as migration and mail job, by the commands of its page.

Its IngressRoute is taken by the API server alone, the pages are asked through the Service: Traefik is in test_systems.py.
"""

import calendar
import json
import time

import pytest

from rig import traefik
from rig.client import Client
from rig.cluster import SLOW, wait_until
from rig.place import PASSWORD, ready
from rig.release import newest
from rig.system import System, seconds

pytestmark = pytest.mark.xdist_group("kairoflow")

WEB = "http://kairoflow-web"
ORDERS = f"{WEB}/api/orders"
CLAIMS = ("recordings", "sessions", "transcriptions", "uploads")
SECRETS = {
    "database": {"DATABASE_HOST": "database", "DATABASE_NAME": "shop", "DATABASE_USER": "app", "DATABASE_PASSWORD": PASSWORD},
    "redis": {"REDIS_HOST": "redis"},
    "minio": {"MINIO_ENDPOINT": "minio:9000", "MINIO_ACCESS_KEY": PASSWORD, "MINIO_SECRET_KEY": PASSWORD},
    "openai": {"OPENAI_API_KEY": PASSWORD},
    "app": {"APP_SECRET": PASSWORD, "JWT_SECRET": PASSWORD},
}


def values(tag="latest"):
    """What a user's own file adds to the overlay: where things are, and that the images are on the node. Mail goes when a story says."""
    local = {"imagePullPolicy": "IfNotPresent"}
    containers = {"nginx": local, "php": {"image": {"tag": tag}, **local}}
    return {
        "app": {
            "secrets": {name: {"stringData": data} for name, data in SECRETS.items()},
            "workloads": {"web": {"containers": containers}},
            # on a slow machine a pod takes its time to start
            "cronJobs": {"email": {"suspend": True, "activeDeadlineSeconds": round(50 * SLOW)}},
        }
    }


@pytest.fixture(scope="module")
def kairo(new_place, cluster, measured):
    traefik.make_kinds(cluster)
    system = System(new_place("kairoflow"), "kairoflow", "kairoflow", major=newest())
    helm = system.install(values())
    measured("install-kairoflow", [helm.seconds])
    assert all(map(ready, system.pods())), "helm --wait returned before the pod was ready"
    return system


@pytest.fixture(scope="module")
def stuck(kairo):
    """A mail job that hangs in a program which ignores TERM, with an orphan in a session of its own; begun here, looked at last."""
    kairo.place.psql("INSERT INTO mail (recipient) VALUES ('stuck')")
    kairo.place.kubectl("create", "job", "stuck", "--from=cronjob/kairoflow-email")
    wait_until(lambda: '"orphan"' in kairo.place.log("job/stuck"), 40, lambda: f"the mail hangs: {kairo.place.describe()}", every=0.5)
    return "stuck"


def test_installed_000_3_000_7_000_9_000_26(kairo):
    """The console has migrated before the pod was made; nginx, PHP and healthd are ready; four claims are bound."""
    place = kairo.place
    (pod,) = kairo.pods()
    assert {"nginx", "php"} <= {c["name"] for c in pod["spec"]["containers"]}
    job = kairo.job("schema")
    assert job["status"]["completionTime"] <= pod["metadata"]["creationTimestamp"]
    assert kairo.job_log("schema").count('"event":"migrated"') == 2
    claims = {c["metadata"]["name"]: c["status"]["phase"] for c in place.list("persistentvolumeclaims")}
    assert claims == {f"kairoflow-{name}": "Bound" for name in CLAIMS}
    status, text = kairo.ask("GET", f"http://{pod['status']['podIP']}:9180/health/ready")
    assert (status, {"database", "fpm", "redis"} - set(json.loads(text))) == (200, set()), text


def test_it_works_000_6_000_14_000_15_000_16_000_17_000_18_000_23(kairo):
    """Through nginx: an order in PostgreSQL, visits in Redis, and PHP's limits as the environment has them."""
    assert kairo.place.get("services/kairoflow-web")["spec"]["ports"][0]["port"] == 80
    order = kairo.add(ORDERS, "Chairs")
    assert order in kairo.rows(ORDERS)["rows"]
    first, second = (json.loads(kairo.ask("GET", f"{WEB}/")[1]) for _ in range(2))
    assert second["hits"] == first["hits"] + 1
    assert json.loads(kairo.ask("GET", f"{WEB}/settings")[1]) == {
        "memory_limit": "512M",
        "max_execution_time": "600",
        "post_max_size": "500M",
        "upload_max_filesize": "500M",
        "NETTE_ENV": "dev",
        "NETTE_DEBUG": "0",
        "MINIO_ENDPOINT": "minio:9000",
        "MINIO_USE_SSL": "false",
    }


def test_uploads_are_on_the_claim_of_both_containers_000_5_000_8_000_10(kairo):
    """PHP keeps what was sent, more than nginx takes by itself; nginx has it, too, and gives it back without PHP."""
    assert kairo.ask("POST", f"{WEB}/uploads/attachments/large.txt", "x" * 2_000_000)[0] == 201
    assert kairo.ask("POST", f"{WEB}/uploads/attachments/small.txt", "small")[0] == 201
    assert kairo.ask("GET", f"{WEB}/uploads/attachments/small.txt") == (200, "small")
    (pod,) = kairo.pods()
    words = "cd /var/www/html && wc -c www/uploads/attachments/large.txt && ls www/uploads/qr-codes var/tmp/session var/tmp/recordings var/log"
    for container in ("nginx", "php"):
        seen = kairo.place.exec(pod["metadata"]["name"], "sh", "-c", words, container=container).out
        assert "2000000 " in seen and "sess_" in seen, seen


def test_mail_000_24_000_25(kairo):
    """The job has the claims and the environment of PHP: a mail is sent, and what was sent lies on the claim."""
    place = kairo.place
    kairo.add(ORDERS, "Tables")
    place.kubectl("create", "job", "mail", "--from=cronjob/kairoflow-email")
    place.kubectl("create", "job", "check", "--from=cronjob/kairoflow-schema-check")
    for job in ("mail", "check"):
        place.kubectl("wait", "--for=condition=Complete", f"job/{job}", f"--timeout={40 * SLOW:.0f}s")
    assert '"event":"sent"' in place.log("job/mail") and '"in_sync":true' in place.log("job/check")
    assert place.psql("SELECT count(*) FROM mail WHERE sent IS NULL").out == "0"
    (pod,) = kairo.pods()
    sent = place.exec(pod["metadata"]["name"], "cat", "/var/www/html/var/tmp/transcriptions/mail-1.txt", container="php")
    assert sent.out.startswith("To: customer of "), sent


def test_health_in_100_ms_000_26_000_27(kairo, measured):
    """/health of nginx comes from healthd: while PostgreSQL hangs, too; the pod leaves its Service, and comes back."""
    place, before = kairo.place, kairo.running()
    (pod,) = kairo.pods()
    own = f"http://{pod['status']['podIP']}:8080/health"
    with place.follow_endpoints("kairoflow-web") as endpoints, Client(place, own) as client:
        endpoints.wait(1, 20)
        _, out = seconds(lambda: place.exec("postgres", "/standin/freeze") and endpoints.wait(0, 40))
        client.wait_for(lambda a: a["status"] == 200, 5, "/health answers")
        _, back = seconds(lambda: place.exec("postgres", "/standin/thaw") and endpoints.wait(1, 40))
    took = sorted(a["took"] for a in client.answers)
    measured("health-took", [1000 * took[len(took) // 2]], "ms")
    assert client.failures() == [] and took[len(took) // 2] < 0.1 * SLOW, took[-10:]
    assert out <= 25 * SLOW and back <= 10 * SLOW and kairo.running() == before


def test_a_hanging_mail_is_there_000_24(stuck):
    """Here it begins; how it ends is told below."""
    assert stuck


def test_upgrade_and_rollback_keep_the_claims_000_7_000_9_000_28(kairo, stuck):
    """A newer PHP with one more migration, and back: never two pods at once, and what was uploaded and ordered is there."""
    place = kairo.place
    kairo.ask("POST", f"{WEB}/uploads/attachments/kept.txt", "kept")
    with place.cluster.watch(place.path("pods?labelSelector=app.kubernetes.io/component=web")) as pods:
        for act, version in ((lambda: kairo.upgrade(values("next")), "1.1.0"), (lambda: kairo.rollback(1), "1.0.0")):
            act()
            kairo.settled()
            found = kairo.rows(ORDERS)
            assert found["version"] == version and all(row["done"] is False for row in found["rows"])
            assert kairo.ask("GET", f"{WEB}/uploads/attachments/kept.txt") == (200, "kept")
        events = list(pods.events)
    assert at_once(events) == 1, "two pods wrote to the claims"


def at_once(events):
    """The most pods of which containers ran at the same time."""
    running, most = set(), 0
    for _, kind, pod in events:
        name = pod["metadata"]["name"]
        states = [s["state"] for s in pod["status"].get("containerStatuses", [])]
        alive = kind != "DELETED" and any("running" in state for state in states)
        running = running | {name} if alive else running - {name}
        most = max(most, len(running))
    return most


def when(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


def test_a_hanging_mail_is_ended_in_time_000_24(kairo, stuck, measured):
    """Its whole tree is gone by 50 s of the Job's life; Job, pod and log are kept, and the next run can begin."""
    place = kairo.place

    def failed():
        conditions = place.get(f"jobs/{stuck}")["status"].get("conditions", [])
        return [c for c in conditions if (c["type"], c["status"]) == ("Failed", "True")]

    wait_until(failed, 60, lambda: f"the Job has failed: {place.describe()}", every=0.5)
    job = place.get(f"jobs/{stuck}")
    (pod,) = place.pods(f"job-name={stuck}")
    ended = pod["status"]["containerStatuses"][0]["state"]["terminated"]
    life = when(ended["finishedAt"]) - when(job["status"]["startTime"])
    measured("mail-life", [life])
    assert ended["exitCode"] == 124 and life <= 50 * SLOW, (life, ended)
    log = place.log(f"job/{stuck}")
    assert '"recipient":"stuck"' in log and "took longer than its deadline" in log and "killing the remaining processes" in log, log
    assert place.psql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted").out == "0"


def test_uninstalled_000_9(kairo):
    """The claims are left with what is on them, and the last migration's Job; all else is gone."""
    place = kairo.place
    assert len(kairo.remains()) > 20, "hardly anything bears the label: this test sees nothing"
    kairo.uninstall()
    assert kairo.remains() == ["job.batch/kairoflow-schema", *(f"persistentvolumeclaim/kairoflow-{name}" for name in CLAIMS)]
