"""/metrics as Prometheus reads it; migrate and cronrun have no metrics of their own."""

import shutil
import subprocess

import pytest
from rig.healthd import Healthd, slow


def test_promtool_finds_nothing(start, pg, redis_server):
    """Debian's package prometheus brings it: names, units, HELP and TYPE, histograms, escapes."""
    promtool = shutil.which("promtool")
    if not promtool:
        pytest.skip("promtool is not installed (Debian's package prometheus)")
    redis = redis_server()
    h = Healthd(start, "--check", f"database {pg.url}", "--check", f"cache {redis.url()}", "--check", "nobody redis://127.0.0.1:1")
    h.until("[+]database ok", slow(1))
    h.until("failed: refused", slow(1), "nobody")
    page = h.get("/metrics").body
    told = subprocess.run([promtool, "check", "metrics"], input=page, capture_output=True, text=True, timeout=60)
    assert (told.returncode, told.stdout + told.stderr) == (0, ""), told
    broken = subprocess.run([promtool, "check", "metrics"], input=page.replace("# HELP", "# HELL"), capture_output=True, text=True, timeout=60)
    assert broken.returncode != 0
