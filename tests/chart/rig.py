"""Renders the chart with real Helm, and reads what came out.

    Helm(major).render(values, …)   the objects; refused(values) the error of a render that has to fail
    FULL                            full.yaml: values that use every template
    pods(objects)                   every pod spec with the object that makes it
    hooked(key)                     the name of a hook's copy
    parent(folder, …)               a chart that has this one as a dependency
"""

import copy
import hashlib
import json
import lzma
import os
import re
import shutil
import subprocess
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "chart"
VERSION = (ROOT / "VERSION").read_text().strip()
KUBE = ("1.28.0", "1.29.0", "1.30.0", "1.34.0")

FULL = yaml.safe_load((ROOT / "tests" / "chart" / "full.yaml").read_text())

# Where every input is written, for scripts/chart-diff.
CASES = os.environ.get("CHART_CASES")


def keep(case):
    text = json.dumps(case, sort_keys=True)
    (Path(CASES) / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.json").write_text(text)


def find(name):
    """The program of that name: from PATH, the test cluster, or the cache that was given for it; None without it."""
    on_path = shutil.which(name)
    for candidate in ([Path(on_path)] if on_path else []) + [ROOT / "build" / "cluster" / "bin" / name]:
        if os.access(candidate, os.X_OK):
            return candidate
    packed = Path(os.environ.get("CLUSTER_CACHE") or ROOT.parent / "shared" / "cluster" / "cache") / f"{name}.xz"
    return unpacked(packed, name) if packed.exists() else None


def unpacked(packed, name):
    target = ROOT / "build" / "chart" / name
    if not target.exists() or target.stat().st_mtime < packed.stat().st_mtime:
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_suffix(".part")
        part.write_bytes(lzma.decompress(packed.read_bytes()))
        part.chmod(0o755)
        part.rename(target)
    return target


def programs():
    """{major: program} of every Helm there is."""
    found = {}
    for program in filter(None, (find("helm"), find("helm4"), find("helm3"))):
        done = subprocess.run([program, "version", "--template", "{{.Version}}"], capture_output=True, text=True)
        if done.returncode == 0:
            found.setdefault(int(done.stdout.lstrip("v").split(".")[0]), program)
    return found


class Helm:
    """quick: without collecting garbage, a third of the time of so short a run. Its users' Helm does collect it."""

    def __init__(self, major, program, home, quick=True):
        self.major = major
        self.program = program
        self.env = {"PATH": os.environ["PATH"], "HOME": str(home), "KUBECONFIG": "/dev/null"}
        if quick:
            self.env |= {"GOGC": "off", "GOMEMLIMIT": "1GiB"}

    def run(self, *words, values=None):
        given = json.dumps(values) if values is not None else None
        files = ["-f", "-"] if values is not None else []
        command = [str(self.program), *map(str, words), *files]
        return subprocess.run(command, input=given, capture_output=True, text=True, env=self.env, timeout=240)

    def template(self, values, *more, release="shop", kube="1.34.0", chart=CHART):
        words = ("-n", "prod", "--kube-version", kube, *map(str, more))
        if CASES and chart == CHART and "-f" not in words:
            keep({"release": release, "words": words, "values": values})
        return self.run("template", release, chart, *words, values=values)

    def text(self, values, *more, **how):
        done = self.template(values, *more, **how)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def render(self, values, *more, **how):
        documents = yaml.load_all(self.text(values, *more, **how), Loader=yaml.CSafeLoader)
        return [document for document in documents if document]

    def refused(self, values, *more, **how):
        done = self.template(values, *more, **how)
        assert done.returncode != 0, "this was to be refused"
        assert "nil pointer" not in done.stderr and "wrong type" not in done.stderr, done.stderr
        return re.sub(r"^- ([^\s:']+):", as_pointer, done.stderr, flags=re.M)


def as_pointer(match):
    """Helm up to 3.18.0 names a value "- a.b:", later ones "- at '/a/b':"."""
    return f"- at '{'' if match[1] == '(root)' else '/' + match[1].replace('.', '/')}':"


def changed(values, path, value):
    """A copy of values with the entry at a dotted path set; DELETE removes it."""
    out = copy.deepcopy(values)
    at = out
    *parents, last = path.split(".")
    for word in parents:
        at = at.setdefault(word, {})
    at[last] = value
    return out


def parent(folder, values, template="", aliases=("app",), files=()):
    """A chart of another name and version that has ours as dependencies; files: {path: text}."""
    chart = folder / "parent"
    (chart / "charts").mkdir(parents=True)
    (chart / "charts" / "release-runtime").symlink_to(CHART)
    ours = [f"{{name: release-runtime, version: {VERSION}, repository: 'file://../chart', alias: {a}}}" for a in aliases]
    (chart / "Chart.yaml").write_text(
        f"apiVersion: v2\nname: parent\nversion: 3.2.1\nappVersion: '9.9.9'\ndependencies: [{', '.join(ours)}]\n"
    )
    (chart / "values.yaml").write_text(json.dumps(values))
    for path, text in {"templates/one.yaml": template, **dict(files)}.items():
        (chart / path).parent.mkdir(parents=True, exist_ok=True)
        (chart / path).write_text(text)
    return chart


def named(objects, kind, name):
    found = [o for o in objects if o["kind"] == kind and o["metadata"]["name"] == name]
    assert len(found) == 1, [(o["kind"], o["metadata"]["name"]) for o in objects]
    return found[0]


def mark(key, release="shop"):
    """What tells the hook objects of two releases apart."""
    return hashlib.sha256(f"{release}/{key}".encode()).hexdigest()[:8]


def hooked(key, tail="", release="shop"):
    """The name of a hook's copy of the object of that key; "" is the account."""
    return "-".join(filter(None, [release, key + tail, mark(key, release), "hook"]))


def pod_template(thing):
    """The pod template of an object, or None."""
    if thing["kind"] == "CronJob":
        return thing["spec"]["jobTemplate"]["spec"]["template"]
    return thing["spec"]["template"] if thing["kind"] in ("Deployment", "StatefulSet", "DaemonSet", "Job") else None


def pods(objects):
    return [(thing, pod_template(thing)) for thing in objects if pod_template(thing)]


def containers(spec):
    return spec.get("initContainers", []) + spec["containers"]


def container(spec, name):
    return next(c for c in containers(spec) if c["name"] == name)


def variables(c):
    """{name: value or valueFrom} of a container."""
    return {e["name"]: e.get("value", e.get("valueFrom")) for e in c.get("env", [])}


def flags(c):
    """{--flag: word} of one of our programs."""
    words = c.get("command", []) + c.get("args", [])
    words = words[: words.index("--")] if "--" in words else words
    return {word: words[i + 1] for i, word in enumerate(words) if word.startswith("--")}


def weight(thing):
    """The hook's weight; None for what is no hook."""
    annotations = thing["metadata"].get("annotations", {})
    return int(annotations.get("helm.sh/hook-weight", 0)) if "helm.sh/hook" in annotations else None


def references(spec):
    """(kind, name) of every Secret, ConfigMap and ServiceAccount that a pod refers to, optional ones not."""
    found = {("ServiceAccount", spec["serviceAccountName"])}
    found |= {("Secret", pull["name"]) for pull in spec.get("imagePullSecrets", [])}
    sources = list(spec.get("volumes", []))
    for volume in spec.get("volumes", []):
        sources += volume.get("projected", {}).get("sources", [])
    for c in containers(spec):
        sources += c.get("envFrom", []) + [e["valueFrom"] for e in c.get("env", []) if "valueFrom" in e]
    for source in sources:
        for key, target in source.items():
            kind = {"secret": "Secret", "configMap": "ConfigMap"}.get(key.removesuffix("KeyRef").removesuffix("Ref"))
            if kind and not target.get("optional"):
                found.add((kind, target.get("secretName") or target["name"]))
    return found
