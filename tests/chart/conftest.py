"""Every test that takes `helm` runs once for each major version of Helm that is there; one that takes `both` gets all
of them. A version that is missing is one skipped test (test_helm_is_there), not a hundred."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import rig  # noqa: E402

FOUND = rig.programs()


def pytest_generate_tests(metafunc):
    if "helm" in metafunc.fixturenames:
        metafunc.parametrize("helm", list(FOUND), indirect=True, ids=[f"helm{major}" for major in FOUND])


def pytest_collection_modifyitems(config, items):
    if not FOUND:
        kept = [item for item in items if item.originalname in ("test_helm_is_there", "test_table")]
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = kept


@pytest.fixture(scope="session")
def helm_home(tmp_path_factory):
    return tmp_path_factory.mktemp("helm")


@pytest.fixture
def helm(request, helm_home):
    return rig.Helm(request.param, FOUND[request.param], helm_home)


@pytest.fixture
def both(helm_home):
    return [rig.Helm(major, program, helm_home) for major, program in sorted(FOUND.items())]
