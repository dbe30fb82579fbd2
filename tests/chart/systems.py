"""The five example systems, as charts of their own.

    OVERLAYS               {system: [the values files of each way to install it]}; a list may be empty
    folder(system, into)   a copy of the system's chart in which the dependency is there, as `helm dependency build` puts it
    render(helm, …)        its objects, installed as its own page says
"""

import copy
import shutil

import pytest

from rig import CHART, named

EXAMPLES = CHART / "examples"

OVERLAYS = {
    "kairoflow": [["values-dev.yaml"], ["values-staging.yaml"], ["values-prod.yaml"]],
    "kubechat": [
        ["values-dev.yaml"],
        ["values-staging.yaml"],
        ["values-production.yaml"],
        ["values-production.yaml", "values-sealed.yaml"],
    ],
    "todo-chatbot": [["values-dev.yaml"], ["values-prod.yaml"]],
    "taskpilot": [["values-dev.yaml"], ["values-prod.yaml"], ["values-dev.yaml", "values-post.yaml"]],
    "todo-app": [["values-dev.yaml"], ["values-prod.yaml"], ["values-prod.yaml", "values-literal.yaml"]],
}
EVERY = [(system, overlay) for system, overlays in OVERLAYS.items() for overlay in overlays]
IDS = ["+".join([system, *(file.removesuffix(".yaml") for file in overlay)]) for system, overlay in EVERY]

# The name that each system's own commands give the release.
RELEASES = {"todo-chatbot": "todo-app", "taskpilot": "taskpilot-ai"}

# What was rendered already, by what was asked for.
MADE = {}


def folder(system, into):
    chart = into / system
    if not chart.exists():
        shutil.copytree(EXAMPLES / system, chart, ignore=shutil.ignore_patterns("charts"))
        (chart / "charts").mkdir()
        (chart / "charts" / "release-runtime").symlink_to(CHART)
    return chart


def rendered(system, usual):
    """A fixture: called with an overlay (`usual` without), further words and render's options, the system's objects."""

    @pytest.fixture
    def objects(helm, tmp_path):
        return lambda overlay=usual, *more, **how: render(helm, system, overlay, tmp_path, *more, **how)

    return objects


def pod_of(objects, deployment):
    return named(objects, "Deployment", deployment)["spec"]["template"]["spec"]


def flags(chart, overlay):
    return [word for file in overlay for word in ("-f", chart / file)]


def render(helm, system, overlay, into, *more, kube="1.34.0"):
    asked = (helm.major, system, *overlay, *more, kube)
    if asked not in MADE:
        chart = folder(system, into)
        words = (*flags(chart, overlay), "--namespace", system, *more)
        MADE[asked] = helm.render(None, *words, release=RELEASES.get(system, system), chart=chart, kube=kube)
    return copy.deepcopy(MADE[asked])
