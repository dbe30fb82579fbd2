"""Figures that the stories measured, and the page made of them.

`record` keeps rounds of one figure in a file of build/cluster/evidence (stories run side by side; rounds of one name are put
together); `page` makes build/cluster/evidence.md of them, which `make evidence` copies to docs/evidence.md.
"""

import json
import os
import re
import statistics
import uuid
from pathlib import Path

from .cluster import ROOT

FOLDER = ROOT / "build" / "cluster" / "evidence"
PAGE = ROOT / "build" / "cluster" / "evidence.md"


def clear():
    FOLDER.mkdir(parents=True, exist_ok=True)
    for file in FOLDER.glob("*.json"):
        file.unlink()
    PAGE.unlink(missing_ok=True)


def record(name, values, unit="s", **more):
    """Keeps the rounds of one figure; `more` are facts that belong to it (how many requests, which version)."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    file = FOLDER / f"{name}.{uuid.uuid4().hex[:8]}.json"
    file.write_text(json.dumps({"name": name, "values": list(values), "unit": unit, **more}) + "\n")


def quote(name, text):
    """Keeps words that were seen: what another program shows. Times, and what is random in names, are left out."""
    text = re.sub(r"\d\d:\d\d:\d\d", "HH:MM:SS", re.sub(r"e2e-\w+-[0-9a-f]{5}", "NAMESPACE", text))
    record(f"said-{name}", [], "", said=text.strip())


def figures():
    known = {}
    for file in sorted(FOLDER.glob("*.json")):
        one = json.loads(file.read_text())
        if one["name"] in known:
            known[one["name"]]["values"] += one["values"]
        else:
            known[one["name"]] = one
    return known


# --- The page -----------------------------------------------------------------------------------------------------------

# (name of the figure, what it is)
TABLE = [
    ("out-closed", "PostgreSQL stopped (connections refused): its Service's endpoints are empty after"),
    ("back-closed", "PostgreSQL started again: back in the endpoints after"),
    ("out-hung", "PostgreSQL frozen (SIGSTOP, no answer): out of the endpoints after"),
    ("back-hung", "PostgreSQL thawed: back in the endpoints after"),
    ("out-app", "the application's process stopped (its port accepts, nobody answers): its pod is out of the endpoints after"),
    ("back-app", "and back after"),
    ("killed-back", "healthd killed by SIGKILL: pod Ready again after"),
    ("ended-with", "pod deleted until all its containers have ended, with the sidecar (1 s of it is preStop)"),
    ("ended-without", "the same pod without the sidecar"),
    ("gone-with", "pod deleted until it is gone from the API, with the sidecar"),
    ("gone-without", "the same pod without the sidecar"),
    ("memory-rss", "healthd's resident memory (VmRSS)"),
    ("memory-set", "the sidecar container's working set (cgroup: usage less inactive file pages)"),
    ("hook-job", "migration hook: Job created until complete, three files pending"),
    ("hook-work", "of that, migrate itself (its own report)"),
    ("hook-helm", "helm install without --wait until it returns, with the hook"),
    ("plain-helm", "the same without a migration"),
    ("upgrade-requests", "requests through the Service while an upgrade replaced its only pod"),
    ("upgrade-failures", "of these, failed"),
    ("install-todo-app", "todo-app: `helm install` with its development overlay from an empty namespace until all is ready"),
    ("install-todo-chatbot", "the same of the todo chatbot"),
    ("install-taskpilot", "the same of TaskPilot, with its PostgreSQL"),
    ("install-kairoflow", "the same of KairoFlow, with four claims"),
    ("install-kubechat", "the same of KubeChat, with PostgreSQL, Redis and their claims"),
    ("rollback", "`helm rollback --wait` of a system to the release before (asked: 60, at most 20 wanted)"),
    ("system-requests", "requests to a system's back end and front end during an upgrade and its rollback"),
    ("system-lost", "of these, lost"),
    ("rollouts-requests", "requests to the todo chatbot's back end, one pod, during 20 rollouts"),
    ("rollouts-lost", "of these, lost"),
    ("todo-out-closed", "todo-app: PostgreSQL stopped: out of the endpoints after (at most 12)"),
    ("todo-back-closed", "and back after"),
    ("todo-out-hung", "todo-app: PostgreSQL frozen: out of the endpoints after (asked: 15)"),
    ("todo-back-hung", "and back after"),
    ("taskpilot-out-stop", "TaskPilot, with the chart's own readiness: PostgreSQL stopped: out of the endpoints after (at most 6)"),
    ("taskpilot-back-stop", "and back after"),
    ("taskpilot-out-freeze", "TaskPilot: PostgreSQL frozen: out of the endpoints after (at most 10)"),
    ("taskpilot-back-freeze", "and back after"),
    ("kubechat-out-stop", "KubeChat, with the chart's own readiness: its Redis scaled to none: the API is out of the endpoints after (at most 10)"),
    ("kubechat-back-stop", "and back after"),
    ("kubechat-out-freeze", "KubeChat: Redis frozen: out of the endpoints after (at most 10)"),
    ("kubechat-back-freeze", "and back after"),
    ("rotated", "a new password in the Secret: until healthd, which is not started again, has it and the pod is back in the endpoints"),
    ("rehearsal", "a rehearsal: Job created until the newest dump is restored into a PostgreSQL of its own"),
    ("scaled", "todo chatbot: under load until the autoscaler has asked for more back ends (asked: 60)"),
    ("health-took", "KairoFlow: `/health` of nginx while PostgreSQL hangs, median of the requests (asked: 100)"),
    ("mail-life", "KairoFlow: a mail job that hangs, with a child that ignores TERM: ended, of the Job's life, after (asked: 50)"),
]


HOW = [
    "Out of and back into the endpoints: from the command that disturbs (`kubectl exec` takes a few tenths of it) until the watch of the "
    "EndpointSlices shows no ready address, or all of them. Two replicas; the chart's own readiness (every 2 s, two failures).",
    "After its first end the kubelet starts the sidecar again at once, then after 10 s, then after 20 s: that is its back-off.",
    "Pods are deleted one at a time, with and without the sidecar in turns, when they have been Ready for some seconds: one that has only "
    "just become Ready ends up to two seconds later, because the kubelet is still busy starting it.",
    "Memory of three sidecars: one fresh, two after PostgreSQL went away and came back six times.",
    "Requests: a new connection every tenth of a second from a pod inside, each page a query of the database.",
    "The systems are those of `chart/examples`, installed by their own commands; their images are stand-ins that use PostgreSQL, Redis and "
    "the claims (tests/cluster/images).",
]


def number(value, unit):
    """Seconds to the tenth, or to the hundredth below one."""
    if unit in ("s", "MiB"):
        return f"{value:.2f}" if value < 1 else f"{value:.1f}"
    return f"{value:.0f}"


def row(figure, text):
    values, unit = figure["values"], figure["unit"]
    cells = [number(f(values), unit) for f in (min, statistics.median, max)]
    return f"| {text} | {' | '.join(cells)} | {unit} | {len(values)} |"


def machine():
    """What the figures were measured on, without names or dates."""
    if os.environ.get("CLUSTER_KUBECONFIG"):
        return "a cluster that was given"
    memory = int(re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())[1]) / 1024**2
    system = re.search(r'PRETTY_NAME="(.*)"', Path("/etc/os-release").read_text())[1]
    kernel = os.uname().release.split("-")[0]
    return f"{os.cpu_count()} cores, {memory:.0f} GB of memory, {system}, Linux {kernel}; the cluster and the stories share it"


def page(versions, counts):
    """The text: versions = {"Kubernetes": "v1.34.4", …}, counts = "N passed, N failed, N skipped"."""
    known = {name: figure for name, figure in figures().items() if figure["values"] or "said" in figure}
    lines = [
        "# Evidence",
        "",
        "What the stories of `tests/cluster` measured on a real kubelet. This page is written by `make evidence`, which",
        "copies what `make e2e` found; nothing in it is typed by hand.",
        "",
        f"- Machine: {machine()}.",
        *[f"- {name}: {value}" for name, value in versions.items()],
        f"- Stories: {counts}",
        "",
        "| what | min | median | max | unit | rounds |",
        "|---|---|---|---|---|---|",
        *[row(known[name], text) for name, text in TABLE if name in known],
        "",
    ]
    missing = [text for name, text in TABLE if name not in known]
    if missing:
        lines += ["Not measured in this run: " + "; ".join(missing) + ".", ""]
    said = {name.removeprefix("said-"): figure["said"] for name, figure in known.items() if "said" in figure}
    if said:
        lines += ["## What Helm shows of a failing migration", ""]
    for name, text in said.items():
        lines += [f"{name}:", "", "```", text, "```", ""]
    lines += ["## How it was measured", "", *[f"- {note}" for note in HOW], ""]
    return "\n".join(lines)
