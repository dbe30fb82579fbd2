"""Values with one thing wrong: a small and fixed share of `make chart-mutants`, and that it finds what it looks for."""

import re
from subprocess import CompletedProcess

import pytest
from rig import FULL, as_pointer, changed

mutants = pytest.importorskip("mutants", reason="apt-get install python3-jsonschema")
pytest.importorskip("jsonschema", reason="apt-get install python3-jsonschema")

SHARE = 300
REFUSED = "Error: execution error at (release-runtime/templates/all.yaml:1:4): "
OBJECT = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n"


def test_each_is_refused_by_its_path_or_renders(both):
    wrong = list(mutants.run(mutants.chosen(SHARE, seed=1), both, jobs=2))
    assert not wrong, "\n".join(f"{case}: {what}" for case, what in wrong)


def test_the_order_is_the_seeds():
    few, many = mutants.chosen(40, seed=3), mutants.chosen(400, seed=3)
    assert many[:40] == few != mutants.chosen(40, seed=4)
    assert {mutants.kind(case) for case in few} == {"left out", "misspelt", "null", "of another kind", "added"}
    assert len(mutants.every()) == len(set(mutants.every())) > 20000


@pytest.mark.parametrize(
    "values, status, stderr, stdout, said",
    [
        (FULL, 0, "", OBJECT, None),
        (FULL, 1, REFUSED + "workloads.web.containers is empty", "", None),
        (FULL, 1, REFUSED + "something is empty", "", "refused without a path"),
        (FULL, 1, "Error: cannot connect", "", "refused without a path"),
        (FULL, 1, 'Error: template: x: executing "a" at <.b>: nil pointer evaluating', "", "a template's own error"),
        (FULL, 1, "Error: YAML parse error on x: line 3", "", "a template's own error"),
        (FULL, 0, "", OBJECT + "spec: {a: <nil>}\n", "renders"),
        (FULL, 0, "", OBJECT + "spec: {a: '%!s(int=5)'}\n", "renders"),
        (FULL, 0, "", "a: [\n", "renders what is no YAML"),
        (FULL, 0, "", "kind: Service\n", "renders what is no object"),
        (changed(FULL, "workloads.web.replicas", "two"), 0, "", OBJECT, "does not allow /workloads/web/replicas, and it renders"),
        (changed(FULL, "workloads.web.replicas", "two"), 1, "- at '/workloads/web/replicas': got string", "", None),
        (changed(FULL, "workloads.web.replicas", "two"), 1, "- workloads.web.replicas: got string", "", None),
        (changed(FULL, "workloads.web.replicas", "two"), 1, "- at '/workloads': got string", "", "refused without the path"),
    ],
)
def test_the_verdict(values, status, stderr, stdout, said):
    found = mutants.verdict(values, None, CompletedProcess([], status, stdout, stderr))
    assert found is None if said is None else said in found, found


def test_a_misspelt_key_is_named():
    values = changed(FULL, "workloads.web.relpicas", 2)
    done = CompletedProcess([], 1, "", "- at '/workloads/web': additional properties 'relpicas' not allowed")
    assert mutants.verdict(values, "relpicas", done) is None
    done.stderr = "- at '/workloads/web': not allowed"
    assert "refused without the key relpicas" in mutants.verdict(values, "relpicas", done)
    assert re.sub(r"^- ([^\s:']+):", as_pointer, "- a.b: x", flags=re.M) == "- at '/a/b': x"
