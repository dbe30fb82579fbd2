"""What the chart renders, judged by a real API server: strictly validated, and admitted by the restricted level."""

import re

import pytest

from rig.cluster import ROOT
from rig.release import CHART

FULL = ROOT / "tests" / "chart" / "full.yaml"
KINDS = {"serviceaccount": 5, "secret": 2, "configmap": 3, "service": 2, "deployment.apps": 2, "job.batch": 4, "cronjob.batch": 2}
RIGHTS = ("role", "rolebinding", "clusterrole", "clusterrolebinding")
KINDS |= {"persistentvolumeclaim": 1, **{f"{kind}.rbac.authorization.k8s.io": 1 for kind in RIGHTS}}


@pytest.fixture(scope="module")
def place(new_place):
    return new_place("chart", servers=False)


@pytest.mark.parametrize("kube", ["1.28.0", "1.29.0", "1.34.0"])
def test_the_api_accepts_all_of_it(place, kube):
    words = ("template", "shop", CHART, "-n", place.name, "--kube-version", kube, "-f", FULL)
    rendered = place.cluster.run("helm", *words).out
    done = place.kubectl("apply", "--dry-run=server", "--validate=strict", "-f", "-", stdin=rendered)
    assert "arning" not in done.err, done.err
    accepted = [line.split("/")[0] for line in done.out.splitlines() if re.search(r"created \(server dry run\)$", line)]
    assert {kind: accepted.count(kind) for kind in set(accepted)} == KINDS
