"""Objects against the API's own schemas, and those of the kinds that others define."""

from importlib.util import find_spec

import pytest
from kinds import DATA, MORE, SCHEMAS, problems
from rig import FULL

THERE = SCHEMAS.exists() and find_spec("jsonschema")
VERSIONS = ("1.28", "1.31", "1.34", "1.37") if THERE else ()


def test_schemas_are_there():
    if not THERE:
        pytest.skip("nothing to hold objects against: tests/chart/schemas makes it, with pip and go; apt-get install python3-jsonschema")


@pytest.mark.parametrize("kube", VERSIONS)
@pytest.mark.parametrize("values", [FULL, MORE, DATA], ids=["full", "more", "data"])
def test_every_object_is_valid(helm, values, kube):
    found = [line for thing in helm.render(values, kube=f"{kube}.0") for line in problems(thing, kube)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("kube", VERSIONS[:1])
def test_they_would_find_a_mistake(kube):
    meta = {"name": "a"}
    broken = [
        {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": {"port": 1}},
        {"apiVersion": "traefik.io/v1alpha1", "kind": "IngressRoute", "metadata": meta, "spec": {"routes": [{"match": 1}]}},
    ]
    assert all(problems(thing, kube) for thing in broken)
