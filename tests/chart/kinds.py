"""For tests of the kinds of objects beside workloads, migrations and cron jobs.

    MORE                   more.yaml: values that use every one of them
    DATA                   data.yaml: bundled servers and backups
    kind(objects, name)    the only object of a kind; kinds(…) all of them
    problems(object, kube) what the API of that version, or the definition of a custom kind, says against an object
"""

import json
from functools import cache

import yaml

from rig import ROOT

MORE = yaml.safe_load((ROOT / "tests" / "chart" / "more.yaml").read_text())
DATA = yaml.safe_load((ROOT / "tests" / "chart" / "data.yaml").read_text())
SCHEMAS = ROOT / "build" / "chart" / "schemas"
MISSING = SCHEMAS.with_suffix(".missing")  # says why there are none


def kinds(objects, name):
    return [thing for thing in objects if thing["kind"] == name]


def kind(objects, name):
    found = kinds(objects, name)
    assert len(found) == 1, [(o["kind"], o["metadata"]["name"]) for o in objects]
    return found[0]


@cache
def custom():
    return json.loads((SCHEMAS / "crds.json").read_text())


@cache
def definitions(kube):
    file = SCHEMAS / kube / "_definitions.json"
    return {file.as_uri(): json.loads(file.read_text())}


@cache
def validator(kube, api, name):
    import jsonschema

    group, _, version = api.rpartition("/")
    part = f"-{group.split('.')[0]}" if group else ""
    file = SCHEMAS / kube / f"{name.lower()}{part}-{version}.json"
    if not file.exists():
        return jsonschema.Draft202012Validator(custom()[f"{api}/{name}"])
    schema = json.loads(file.read_text())
    where = jsonschema.RefResolver(base_uri=file.as_uri(), referrer=schema, store=definitions(kube))
    return jsonschema.Draft202012Validator(schema, resolver=where)


def problems(thing, kube):
    found = validator(kube, thing["apiVersion"], thing["kind"]).iter_errors(thing)
    return [f"{thing['kind']} {'.'.join(map(str, error.absolute_path))}: {error.message}" for error in found]
