"""pytest plug-in: when a story fails, what the cluster says is written to build/cluster/failure/STORY before its fixtures
take everything away."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.failed and report.when in ("setup", "call"):
        folder = ROOT / "build" / "cluster" / "failure" / re.sub(r"[^\w.-]+", "_", item.name)
        try:
            subprocess.run([ROOT / "tests/cluster/logs", folder], stdin=subprocess.DEVNULL, capture_output=True, timeout=90)
            report.sections.append(("cluster", f"events, pods and logs are in {folder.relative_to(ROOT)}"))
        except subprocess.TimeoutExpired:
            report.sections.append(("cluster", "its logs could not be gathered in time"))
