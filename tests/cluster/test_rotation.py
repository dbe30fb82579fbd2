"""A password is changed: the Secret is a mounted file for our programs, so healthd has the new one without being started again."""

import pytest

from rig import shop
from rig.cluster import SLOW
from rig.place import DATABASE_URL, PASSWORD, REDIS_URL, statuses
from rig.release import Release, newest

pytestmark = pytest.mark.xdist_group("rotation")
NEW = "n3w-s3cret"
WEB = "app.kubernetes.io/component=web"


def running(place):
    return {(pod["metadata"]["uid"], s["name"]): s["containerID"] for pod in place.pods(WEB) for s in statuses(pod)}


def test_a_new_password_needs_no_restart(new_place, measured):
    """With the old one the pod leaves its Service, for the server refuses it; it returns when the kubelet has brought the new one."""
    place = new_place("rotation")
    Release(place, newest()).install(shop.values(existing=True))
    before = running(place)
    as_superuser = ("/standin/psql", "-d", "shop", "-c")
    with place.follow_endpoints("shop-web") as endpoints:
        endpoints.wait(1, 20)
        place.exec("postgres", *as_superuser, f"ALTER ROLE app PASSWORD '{NEW}'")
        place.exec("postgres", *as_superuser, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'")
        endpoints.wait(0, 60)
        secret = {"DATABASE_URL": DATABASE_URL.replace(PASSWORD, NEW), "REDIS_URL": REDIS_URL}
        place.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "credentials"}, "stringData": secret})
        took = endpoints.wait(1, 150)
    measured("rotated", [took])
    assert took <= 150 * SLOW and running(place) == before, "something was started again"
    (pod,) = place.pods(WEB)
    log = place.log(pod["metadata"]["name"], "healthd")
    assert '"reason":"auth"' in log and NEW not in log and PASSWORD not in log, log
