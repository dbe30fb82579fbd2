"""The schema is the one description of the values: complete, and what the documents show."""

import json
import re
import subprocess

import pytest
import yaml

from rig import CHART, FULL, ROOT, changed, containers, flags, named, pods

SCHEMA = json.loads((CHART / "values.schema.json").read_text())
KUBE = "As in Kubernetes."


def nodes(node, path=""):
    """(path, schema) of every property there is, inside the definitions too."""
    for key, child in node.get("properties", {}).items():
        yield f"{path}.{key}", child
        yield from nodes(child, f"{path}.{key}")
    if isinstance(node.get("additionalProperties"), dict):
        yield from nodes(node["additionalProperties"], f"{path}.*")
    if isinstance(node.get("items"), dict):
        yield from nodes(node["items"], f"{path}[]")


def everything():
    yield from nodes(SCHEMA)
    for name, definition in SCHEMA["definitions"].items():
        yield from nodes(definition, name)


def test_table():
    done = subprocess.run([ROOT / "scripts" / "chart-docs", "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def skeleton():
    """values.yaml as it is when every key that it shows is there."""
    lines = (CHART / "values.yaml").read_text().splitlines()[8:]
    shown = [re.sub(r"^# (?=\s*(#|[\w-]+:( |$)))", "", line) for line in lines]
    # An entry below one that is in force and empty, or has a default of its own, takes its place.
    for i, line in enumerate(shown):
        follow = next((l for l in shown[i + 1 :] if l.strip() and not l.lstrip().startswith("#")), "")
        if line.endswith(": {}") and len(follow) - len(follow.lstrip()) > len(line) - len(line.lstrip()):
            shown[i] = line.removesuffix(" {}")
    return yaml.safe_load("\n".join(shown))


def keys(node, path=""):
    for key, child in node.items():
        yield f"{path}.{key}"
        if isinstance(child, dict):
            yield from keys(child, f"{path}.{key}")


def test_values_file_shows_every_key():
    """What a newcomer opens first: each row of the documents' table is there, and is YAML when # is taken away."""
    table = re.findall(r"^\| `([^`]+)`", (ROOT / "docs" / "chart.md").read_text().split("<!-- values begin -->")[1], flags=re.M)
    shown = set(keys(skeleton()))
    assert len(table) > 100 and not [row for row in table if f".{row}" not in shown]


def test_every_key_has_a_description():
    # What lies inside a list of Kubernetes' own (items, headers) is its business.
    missing = [path for path, node in everything() if "description" not in node and "[]" not in path]
    assert not missing


def test_every_map_refuses_what_it_does_not_know():
    open_ones = set()
    for path, node in everything():
        if "object" in (node.get("type") or []) and "additionalProperties" not in node:
            open_ones.add(path)
    assert open_ones == {".global"}


def test_every_key_may_be_null():
    strict = [
        path
        for path, node in everything()
        if "type" in node and "null" not in node["type"] and "[]" not in path or None not in node.get("enum", [None])
    ]
    assert not strict


def test_defaults_are_those_of_the_templates(helm):
    """Each default of the schema, written out, changes nothing."""
    plain = helm.text(FULL)
    definitions = SCHEMA["definitions"]
    places = {
        "workloads.web": definitions["workload"],
        "workloads.web.healthd": definitions["workload"]["properties"]["healthd"],
        "workloads.web.containers.app": {"properties": {"order": {"default": 100}}},
        "services.web": definitions["service"],
        "migrations.schema": definitions["migration"],
        "cronJobs.mail": definitions["cronJob"],
        "persistence.uploads": SCHEMA["properties"]["persistence"]["additionalProperties"],
        "secrets.mail": SCHEMA["properties"]["secrets"]["additionalProperties"],
        "policy": SCHEMA["properties"]["policy"],
        "global.releaseRuntime": SCHEMA["properties"]["global"]["properties"]["releaseRuntime"],
    }
    written = FULL
    for path, node in places.items():
        at = FULL
        for word in path.split("."):
            at = at.get(word, {})
        for key, child in node["properties"].items():
            if "default" in child and key not in at:
                written = changed(written, f"{path}.{key}", child["default"])
    assert helm.text(written) == plain


def test_options_that_the_chart_gives_are_ours(helm):
    """Every flag that is rendered is one that the program's manual page knows."""
    values = changed(FULL, "migrations.schema.statementTimeout", "10s")
    values["migrations"]["schema"] |= {"table": "x", "role": "x", "searchPath": "x", "contract": "pre", "layout": "golang"}
    wraps = {"from": "web/app", "command": ["up"], "table": "x", "exportUrl": "URL", "grace": "1s"}
    values["migrations"]["wraps"] = wraps
    seen = set()
    for _, template in pods(helm.render(values)):
        for c in containers(template["spec"]):
            words = c.get("command", []) + c.get("args", [])
            program = "cronrun" if words[:1] == ["/release-runtime/cronrun"] else c["name"]
            if program not in ("healthd", "migrate", "cronrun"):
                continue
            seen.add(program)
            page = (ROOT / "docs" / "man" / f"{program}.1").read_text().replace("\\-", "-")
            unknown = [flag for flag in flags(c) if flag not in page]
            assert not unknown, (program, unknown)
    assert seen == {"healthd", "migrate", "cronrun"}
    assert named(helm.render(values), "Job", "shop-schema")


@pytest.mark.parametrize(
    "path, value, missing",
    [
        ("hostAliases", [{"hostnames": ["a"]}], "ip"),
        ("securityContext", {"sysctls": [{"name": "a"}]}, "value"),
        ("securityContext", {"seccompProfile": {"localhostProfile": "a"}}, "type"),
        ("containers.app.env.A", {"valueFrom": {"fieldRef": {"apiVersion": "v1"}}}, "fieldPath"),
        ("containers.app.env.A", {"valueFrom": {"resourceFieldRef": {"divisor": "1"}}}, "resource"),
        ("containers.app.livenessProbe.httpGet", {"httpHeaders": [{"value": "a"}]}, "name"),
        ("affinity", {"podAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1}]}}, "podAffinityTerm"),
        ("affinity", {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"namespaces": ["a"]}]}}, "topologyKey"),
        ("affinity", {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {}}}, "nodeSelectorTerms"),
    ],
)
def test_what_kubernetes_requires_is_asked_for(helm, path, value, missing):
    """Else the API refuses it, in the middle of an install."""
    error = helm.refused(changed(FULL, f"workloads.web.{path}", value))
    assert f"/workloads/web/{path.split('.')[0]}" in error and re.search(rf"'{missing}'|\b{missing} is required", error), error
