"""Objects against the API's own schemas, and those of the kinds that others define."""

import shutil
import subprocess
import sys
from importlib.util import find_spec

import pytest
from kinds import DATA, MISSING, MORE, SCHEMAS, problems
from rig import FULL, ROOT



def missing():
    """Why there are no schemas of the API; None when there are."""
    if not find_spec("jsonschema"):
        return "nothing validates objects against the API's schemas: apt-get install python3-jsonschema"
    if not SCHEMAS.exists():
        return f"no schemas of the API: {MISSING.read_text().strip() if MISSING.exists() else 'run tests/chart/schemas'}"
    return None


def versions():
    """Kubernetes' versions, as parameters of a test; without schemas one alone, which is skipped and says why."""
    reason = missing()
    if reason:
        return [pytest.param("none", marks=pytest.mark.skip(reason=reason))]
    return ["1.28", "1.31", "1.34", "1.37"]


VERSIONS = versions()


def test_without_a_registry_they_are_missing_as_a_whole(tmp_path):
    program = tmp_path / "tests" / "chart" / "schemas"
    program.parent.mkdir(parents=True)
    shutil.copy(ROOT / "tests" / "chart" / "schemas", program)
    unreachable = {"PATH": str(tmp_path), "HOME": str(tmp_path), "PIP_INDEX_URL": "http://127.0.0.1:1/simple"}
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, env=unreachable, timeout=300)
    chart = tmp_path / "build" / "chart"
    assert done.returncode == 77 and "Go is needed" in (chart / "schemas.missing").read_text(), done.stderr
    assert [path.name for path in chart.iterdir()] == ["schemas.missing"]


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
