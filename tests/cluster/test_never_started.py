"""A migration whose pod never runs: Helm says that the Job failed and no more; what the notes tell to look at names the cause."""

import re
import shlex

import pytest

from rig.place import PASSWORD, STANDIN
from rig.release import Release, newest

NO_SUCH = "localhost/no/such:1"


def values():
    """The shortest deadlines that the chart allows: 30 s to pull the image, 2 s to migrate, 10 s to end."""
    app = {"image": STANDIN, "port": 8080, "envFrom": {"login": {"secret": "login"}}, "readOnlyRoot": True}
    limits = {"deadline": "2s", "wait": "1s", "lockWait": "1s", "lockTimeout": "1s", "activeDeadlineSeconds": 42}
    docker = {"type": "kubernetes.io/dockerconfigjson", "stringData": {".dockerconfigjson": '{"auths": {}}'}}
    return {
        "global": {"imagePullSecrets": [{"name": "registry"}]},
        "workloads": {"web": {"containers": {"app": app}}},
        "secrets": {"login": {"stringData": {"DATABASE_URL": f"postgres://app:{PASSWORD}@database/shop"}}, "registry": docker},
        "migrations": {"schema": {"from": "web/app", "image": NO_SUCH, **limits}},
    }


@pytest.mark.parametrize("major", [3, 4])
def test_why_a_migration_never_started(new_place, major):
    place = new_place("never", servers=False)
    release = Release(place, major)
    done = release.install(values(), check=False)
    assert done.status != 0 and {3: "DeadlineExceeded", 4: "Job Failed"}[major] in done.text, done.text
    # The notes of a release that failed are kept, too.
    (look,) = re.findall(r"^ +(kubectl .*events.*)$", release.helm("status", "shop").out, re.M)
    command, word = look.split(" | grep ")
    lines = [line for line in place.cluster.run(*shlex.split(command)).out.splitlines() if word in line]
    assert any(NO_SUCH in line and "Failed" in line for line in lines), lines
    # The registry's password was there before the hook, under the copy's name.
    assert not [line for line in lines if "FailedToRetrieveImagePullSecret" in line], lines


def test_what_is_missing_is_named(new_place):
    """A Secret or a ConfigMap that nobody made: the pod does not wait for it, and migrate says which one."""
    place = new_place("missing", servers=False)
    missing = {"valueFrom": {"configMapKeyRef": {"name": "nobody-made", "key": "host"}}}
    for name, given in (("map", {"env": {"PGHOST": missing}}), ("secret", {"envFrom": {"x": {"secret": "nobody-made"}}})):
        migration = {"files": {"0001_a.sql": "SELECT 1;"}, **given}
        release = Release(place, newest(), name=name)
        done = release.install({"migrations": {"schema": migration}}, check=False)
        assert done.status != 0 and re.search(r"cannot read /run/release-runtime/nobody-made/(PGHOST|DATABASE_URL)", done.text)
