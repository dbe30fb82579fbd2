#!/usr/bin/python3
"""mutants.py [N [SEED]]: values with one thing wrong, and whether the chart says so.

Each entry of the values of tests/chart and of the examples with their overlays is left out, misspelt, null, or of another kind, and each
key that the schema knows beside them is added, with something that it allows. What the schema does not allow is to be refused by the path of the entry; anything else renders objects, or is refused by a path of the values.
A template's own error never reaches the user.

N cases (5000; 0 is all of them) are taken in the order that SEED gives (1), so that a larger N begins with those of a smaller one, and
each Helm that is there gets its share. Prints those that are not as they should be; the status is 1 if there are any.
"""

import copy
import json
import os
import random
import re
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).parent))

import rig  # noqa: E402
from kinds import DATA, MORE  # noqa: E402
from systems import EVERY, EXAMPLES, IDS  # noqa: E402

SCHEMA = json.loads((rig.CHART / "values.schema.json").read_text())
OTHERS = ("", "typo", 0, 7, -1, 1.5, True, False, [], ["typo"], [None], [{}], {}, {"typo": 1}, {"typo": None}, {"typo": {}})
REFUSAL = re.compile(r"^Error: execution error at \([^)]*\): (.*)", re.S)
TEMPLATES_OWN = re.compile(r"error calling|executing \"|nil pointer|wrong type|YAML parse error|error unmarshaling|error converting", re.I)
LEAK = re.compile(r"%!|<nil>|<no value>|map\[")


def laid_over(below, above):
    """Values as Helm merges them."""
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return copy.deepcopy(above)
    out = {key: value for key, value in below.items() if above.get(key, value) is not None}
    return {**out, **{key: laid_over(below.get(key), value) for key, value in above.items() if value is not None}}


def of_system(system, overlay):
    """An example's values for this chart itself, which makes the objects and has no files of another one."""
    values = {}
    for file in ["values.yaml", *overlay]:
        values = laid_over(values, yaml.safe_load((EXAMPLES / system / file).read_text()) or {})
    values = values["app"]
    values.pop("library", None)
    for entry in values.get("configMaps", {}).values():
        if entry.pop("files", None):
            entry["data"] = {"file": "text"}
    for entry in values.get("monitoring", {}).get("dashboards", {}).values():
        entry.pop("files", None)
    return values


@cache
def sources():
    """{name: values}"""
    systems = {name: of_system(*one) for name, one in zip(IDS, EVERY)}
    return {"full": rig.FULL, "more": MORE, "data": DATA, **systems}


@dataclass(frozen=True)
class Case:
    source: str
    path: tuple
    change: str  # left out, misspelt, or the value as JSON
    added: bool = False  # whether the source has no such entry

    def __str__(self):
        return f"{self.source} {'.'.join(map(str, self.path))}: {self.change}"

    def values(self):
        out = copy.deepcopy(sources()[self.source])
        at = out
        for word in self.path[:-1]:
            at = at[word]
        last = self.path[-1]
        if self.change == "misspelt":
            at[misspelt(last)] = at.pop(last)
        elif self.change == "left out":
            del at[last]
        else:
            at[last] = json.loads(self.change)
        return out


def misspelt(key):
    """Two letters changed places, or one came twice."""
    for i in range(1, len(key) - 1):
        if key[i] != key[i + 1] and key[i].isalnum() and key[i + 1].isalnum():
            return key[:i] + key[i + 1] + key[i] + key[i + 2 :]
    return key + key[-1]


def entries(node, path=()):
    """(path, value) of every entry of a map, inside lists too."""
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        yield (*path, key), value
        if isinstance(value, (dict, list)):
            yield from entries(value, (*path, key))


def changes(path, value):
    yield from ("left out", "null")
    if isinstance(path[-1], str) and path[-1]:
        yield "misspelt"
    for other in OTHERS:
        if type(other) is not type(value) or other in ("", 0, -1, False, [], {}):
            yield json.dumps(other)


def resolved(node):
    for reference in [node.get("$ref"), *(part.get("$ref") for part in node.get("allOf", []))]:
        if reference:
            return {**SCHEMA["definitions"][reference.rsplit("/", 1)[1]], **node}
    return node


def allowed(node, depth=4):
    """Values that a node of the schema allows, each with at most one thing in it."""
    node = resolved(node)
    kinds = node.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if "enum" in node:
        yield from (value for value in node["enum"] if value is not None)
        return
    simple = {"string": "typo", "integer": node.get("minimum", 7), "number": 1.5, "boolean": True}
    yield from (simple[kind] for kind in kinds if kind in simple)
    if "array" in kinds:
        yield []
        yield from ([one] for one in allowed(node.get("items", {}), depth - 1) if depth)
    if "object" in kinds:
        yield {}
        more = node.get("additionalProperties")
        inside = {**node.get("properties", {}), **({"typo": more} if isinstance(more, dict) else {})}
        yield from ({key: one} for key, child in inside.items() if depth for one in allowed(child, depth - 1))


def absent(values, node, path=(), where=()):
    """(where in the schema, path, its node) of the keys that the schema knows and the values do not have."""
    node = resolved(node)
    if isinstance(values, list):
        for i, value in enumerate(values):
            yield from absent(value, node.get("items", {}), (*path, i), (*where, "[]"))
    if not isinstance(values, dict):
        return
    known = node.get("properties", {})
    for key, child in known.items():
        if key not in values:
            yield (*where, key), (*path, key), child
    for key, value in values.items():
        more = node.get("additionalProperties")
        child = known.get(key, more if isinstance(more, dict) else {})
        yield from absent(value, child, (*path, key), (*where, key if key in known else "*"))


def additions():
    """Each key of the schema in the first place that has none."""
    seen = set()
    for source, values in sources().items():
        for where, path, node in absent(values, SCHEMA):
            if where not in seen:
                seen.add(where)
                yield from (Case(source, path, json.dumps(value), added=True) for value in allowed(node))


@cache
def every():
    changed = [
        Case(source, path, change)
        for source, values in sources().items()
        for path, value in entries(values)
        for change in changes(path, value)
    ]
    return changed + list(additions())


def kind(case):
    other = "added" if case.added else "of another kind"
    return case.change if case.change in ("left out", "misspelt", "null") else other


def chosen(count, seed):
    """As many of each kind as there are."""
    cases = list(every())
    random.Random(seed).shuffle(cases)
    place = Counter()
    turns = []
    for case in cases:
        turns.append((place[kind(case)], kind(case)))
        place[kind(case)] += 1
    return [cases[i] for i in sorted(range(len(cases)), key=turns.__getitem__)[: count or len(cases)]]


@cache
def validator():
    import jsonschema

    return jsonschema.Draft7Validator(SCHEMA)


def faults(values):
    """Pointers to what the schema does not allow, and to what these lie in."""
    found = list(validator().iter_errors(values))
    while any(error.context for error in found):
        found = [error for one in found for error in (one.context or [one])]
    return ["".join("/" + str(word).replace("~", "~0").replace("/", "~1") for word in error.absolute_path) for error in found]


def verdict(values, misspelt_key, done):
    """What is wrong with how the chart took these values, or None: misspelt_key of a case, or None; done: Helm's process."""
    if TEMPLATES_OWN.search(done.stderr):
        return "a template's own error: " + done.stderr.strip()[-300:]
    wrong = faults(values)
    if wrong:
        said = re.sub(r"^- ([^\s:']+):", rig.as_pointer, done.stderr, flags=re.M)
        if done.returncode == 0:
            return f"the schema does not allow {wrong[0]}, and it renders"
        if not any(f"'{pointer}'" in said for pointer in wrong):
            return f"refused without the path {wrong[0]}: {said.strip()[-300:]}"
        if misspelt_key and "/" + misspelt_key not in "".join(wrong) and misspelt_key not in said:
            return f"refused without the key {misspelt_key}: {said.strip()[-300:]}"
        return None
    if done.returncode != 0:
        refusal = REFUSAL.match(done.stderr)
        named = refusal and re.match(r"\w+", refusal[1])
        if not (named and named[0] in SCHEMA["properties"]):
            return f"refused without a path: {done.stderr.strip()[-300:]}"
        return None
    return rendered(done.stdout)


def rendered(text):
    """What is wrong with rendered objects, or None."""
    leak = LEAK.search(text)
    if leak:
        return f"renders {text[max(0, leak.start() - 60) : leak.end() + 20]!r}"
    try:
        objects = [thing for thing in yaml.load_all(text, Loader=yaml.CSafeLoader) if thing]
    except yaml.YAMLError as e:
        return f"renders what is no YAML: {e}"
    for thing in objects:
        if not (thing.get("apiVersion") and thing.get("kind") and thing.get("metadata", {}).get("name")):
            return f"renders what is no object: {str(thing)[:200]}"
    return None


def judge(helm, case):
    values = case.values()
    key = misspelt(case.path[-1]) if case.change == "misspelt" else None
    return verdict(values, key, helm.template(values))


def run(cases, helms, jobs):
    """(case, what is wrong) of those that are not as they should be, in the order of cases: each Helm gets its share."""
    with ThreadPoolExecutor(jobs) as pool:
        said = pool.map(lambda numbered: judge(helms[numbered[0] % len(helms)], numbered[1]), enumerate(cases))
        yield from ((case, what) for case, what in zip(cases, said) if what)


def main():
    count, seed = [int(word) for word in sys.argv[1:3]] + [5000, 1][len(sys.argv) - 1 :]
    with tempfile.TemporaryDirectory() as home:
        helms = [rig.Helm(major, program, Path(home)) for major, program in sorted(rig.programs().items())]
        if not helms:
            sys.exit("no Helm: tests/cluster/build helm helm4 makes both")
        cases = chosen(count, seed)
        wrong = 0
        for case, what in run(cases, helms, int(os.environ.get("RR_JOBS") or os.cpu_count() or 2)):
            print(f"{case}\n    {what}", flush=True)
            wrong += 1
    shares = ", ".join(f"{number} {which}" for which, number in sorted(Counter(map(kind, cases)).items()))
    majors = " and ".join(str(helm.major) for helm in helms)
    print(f"{len(cases)} of {len(every())} cases ({shares}; Helm {majors}), {wrong} not as they should be")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
