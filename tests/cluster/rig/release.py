"""One Helm release in a place, driven as a user would: by the command line of Helm 3 or Helm 4."""

import os

import pytest
import yaml

from .cluster import ROOT, SLOW, Done

# Another chart than this folder's, for instance a packaged one.
CHART = os.environ.get("E2E_CHART") or ROOT / "chart"
PROGRAM = {3: "helm", 4: "helm4"}
# Holds the reason where Helm 4 could not be had.
NO_HELM4 = ROOT / "build" / "cluster" / "helm4.missing"


def newest():
    """The Helm for stories to which it is all the same."""
    return 3 if NO_HELM4.exists() else 4


class Release:
    chart = CHART
    overlays = ()  # files of values, under those that are given
    prefix = ""  # of the chart's own values

    def __init__(self, place, major=3, wait=True, name="shop"):
        if major == 4 and NO_HELM4.exists():
            pytest.skip(NO_HELM4.read_text().strip())
        self.place = place
        self.major = major
        self.wait = wait
        self.name = name
        self.program = PROGRAM[major]

    def helm(self, *words, **options) -> Done:
        done = self.place.cluster.run(self.program, "-n", self.place.name, *words, **options)
        assert "would violate" not in done.text, f"not admitted by the restricted level:\n{done.text}"
        return done

    def _apply(self, verb, values, *flags, timeout=90, **options):
        file = self.place.folder / f"{self.name}-{verb}.yaml"
        file.write_text(yaml.safe_dump(values, sort_keys=False))
        words = [verb, self.name, self.chart, *self.overlays, "-f", file, f"--timeout={timeout * SLOW:.0f}s", *flags]
        words += ["--wait"] if self.wait else []
        if os.environ.get("E2E_REGISTRY"):
            words += ["--set", f"{self.prefix}global.releaseRuntime.registry={os.environ['E2E_REGISTRY']}"]
        return self.helm(*words, timeout=timeout + 30, **options)

    def install(self, values, *flags, **options):
        return self._apply("install", values, *flags, **options)

    def upgrade(self, values, *flags, **options):
        return self._apply("upgrade", values, *flags, **options)

    def rollback(self, revision, timeout=90, **options):
        words = ["rollback", self.name, str(revision), f"--timeout={timeout * SLOW:.0f}s"] + (["--wait"] if self.wait else [])
        return self.helm(*words, timeout=timeout + 30, **options)

    def uninstall(self, **options):
        return self.helm("uninstall", self.name, "--wait", f"--timeout={60 * SLOW:.0f}s", **options)

    def history(self):
        """[(revision, status)]"""
        records = yaml.safe_load(self.helm("history", self.name, "-o", "json").out)
        return [(one["revision"], one["status"]) for one in records]

    def remains(self):
        """Kind and name of every object that bears the release's label, of every kind that can be listed, and Helm's records."""
        kinds = self.place.cluster.kubectl("api-resources", "--namespaced", "--verbs=list", "-o", "name").out.split()
        kinds = [kind for kind in kinds if not kind.startswith("events") and not kind.endswith(".metrics.k8s.io")]
        found = self.place.kubectl("get", ",".join(kinds), "-l", f"app.kubernetes.io/instance={self.name}", "-o", "name").out.split()
        return sorted(found + self.place.kubectl("get", "secrets", "-l", f"owner=helm,name={self.name}", "-o", "name").out.split())
