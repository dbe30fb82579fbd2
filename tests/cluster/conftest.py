"""Fixtures of the stories; what they hand out is described in rig/.

    cluster      kubectl, both Helms and the API of the cluster
    new_place    factory: a namespace of one's own, restricted, with PostgreSQL, Redis and Services of awkward names
    measured     measured("name", values, …): a figure for docs/evidence.md

The cluster is the project's own, or with CLUSTER_KUBECONFIG=file any other (`KUBECONFIG=file make e2e` sets it). That one
has to have our images and the stand-in's; E2E_REGISTRY=registry/path says where ours are (localhost/release-runtime).
Stories that need the node itself are skipped there, with that reason. E2E_CHART=path tries another chart than chart/.

What a failed story leaves is told: pods, events, the end of the logs.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from rig import evidence, traefik  # noqa: E402
from rig.cluster import IN, ROOT, Cluster  # noqa: E402
from rig.place import Place  # noqa: E402

# TERM and HUP end the session as Ctrl-C does: namespaces are removed first.
signal.signal(signal.SIGTERM, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.default_int_handler)


# The longest first: four work side by side, and the last to begin should be a short one.
LONGEST = (
    *("test_systems", "test_resident", "test_todo_app", "test_kairoflow", "test_taskpilot", "test_tour", "test_todo_chatbot"),
    *("test_kubechat", "test_rotation", "test_sidecar", "test_release", "test_outage", "test_statefulset", "test_cron"),
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: LONGEST.index(item.path.stem) if item.path.stem in LONGEST else len(LONGEST))


@pytest.fixture(scope="session")
def cluster():
    one = Cluster()
    yield one.open()
    one.close()


@pytest.fixture(scope="module")
def new_place(cluster, request, tmp_path_factory):
    """new_place(word, servers=True) -> place.Place; removed with all it holds after the module's stories. `servers` may name
    some of place.SERVERS, or be False."""
    made = []

    def make(word, servers=True):
        place = Place(cluster, word)
        place.folder = tmp_path_factory.mktemp(word)
        made.append(place)
        request.node.places = made
        return place.open(servers)

    yield make
    for place in made:
        if not os.environ.get("RR_KEEP"):
            place.close()


@pytest.fixture(scope="session")
def measured():
    return evidence.record


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Says what the namespaces of a failed story hold."""
    outcome = yield
    report = outcome.get_result()
    if not report.failed or call.when == "teardown" or "needs what" in str(report.longrepr):
        return
    for place in getattr(item.getparent(pytest.Module), "places", []):
        try:
            report.sections.append((place.name, place.describe()))
        except (OSError, AssertionError, KeyError) as error:
            report.sections.append((place.name, f"cannot be asked: {error}"))


# --- The page of figures: written by the session that runs the workers, not by each of them --------------------------------


def pytest_sessionstart(session):
    if not hasattr(session.config, "workerinput"):
        evidence.clear()


def command_line(*words):
    given = subprocess.run((IN, *words), capture_output=True, text=True, cwd=ROOT)
    return given.stdout.strip().split("\n")[-1]


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    if hasattr(session.config, "workerinput"):
        return
    if os.environ.get("CLUSTER_KUBECONFIG"):
        traefik.forget_kinds()
    if not evidence.figures():
        return
    stats = session.config.pluginmanager.get_plugin("terminalreporter").stats
    counts = ", ".join(f"{len(stats.get(word, []))} {word}" for word in ("passed", "failed", "skipped"))
    server = command_line("kubectl", "version").removeprefix("Server Version: ")
    helms = [command_line(name, "version", "--short").split("+")[0] for name in ("helm", "helm4")]
    versions = {"Kubernetes": server, "Helm": " and ".join(helm for helm in helms if helm)}
    evidence.PAGE.write_text(evidence.page(versions, counts))
