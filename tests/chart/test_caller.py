"""The chart as another chart's: by an alias, or by the one line with which a thin chart includes it."""

import json

import pytest

from rig import FULL, ROOT, VERSION, changed, named, parent, pods

ALL = '{{ include "release-runtime.all" (dict "ctx" . "values" .Values.app) }}\n'
NOTES = '{{ dict "kind" "Notes" "text" (include "release-runtime.notes" (dict "ctx" . "values" .Values.app)) | toJson }}\n'
APP = {"image": "example/shop:1", "port": 8080}
SMALL = {"workloads": {"web": {"containers": {"app": APP}}}}
THIN = {"library": True}


def without_labels(objects):
    out = json.loads(json.dumps([o for o in objects if o["kind"] != "Notes"]))
    for thing in out:
        thing["metadata"].pop("labels")
    return out


def test_a_thin_chart_makes_the_same_objects_under_its_own_name(both, tmp_path):
    chart = parent(tmp_path, {"app": {**THIN, **FULL}}, ALL, files={"templates/notes.yaml": NOTES})
    texts = set()
    for helm in both:
        objects = helm.render({}, chart=chart)
        assert without_labels(objects) == without_labels(helm.render(FULL))
        for thing in objects:
            if thing["kind"] == "Notes":
                assert "shop-web: Deployment" in thing["text"]
                continue
            labels = {k.removeprefix("app.kubernetes.io/"): v for k, v in thing["metadata"]["labels"].items()}
            assert labels["helm.sh/chart"] == "parent-3.2.1" and labels["version"] == "9.9.9"
            assert (labels["name"], labels["part-of"], labels["instance"]) == ("parent", "parent", "shop")
        assert f"/healthd:{VERSION}" in str(objects)
        texts.add(helm.text({}, chart=chart))
    assert len(texts) == 1


def test_a_thin_charts_values_are_checked_and_merged(helm, tmp_path):
    chart = parent(tmp_path, {"app": {**THIN, **FULL}}, ALL)
    error = helm.refused({"app": {"workloads": {"web": {"typo": 1}}}}, chart=chart)
    assert "/workloads/web" in error and "typo" in error
    names = [o["metadata"]["name"] for o in helm.render({"app": {"cronJobs": {"mail": None}}}, chart=chart)]
    assert "shop-sweep" in names and "shop-mail" not in names


def test_objects_are_not_made_twice(helm, tmp_path):
    chart = parent(tmp_path, {"app": FULL}, ALL)
    assert "app.library: true is missing: the dependency app makes its objects itself" in helm.refused({}, chart=chart)
    # What the parent has itself is another matter.
    own = ALL.replace(".Values.app", ".Values.own")
    chart = parent(tmp_path / "own", {"own": FULL}, own)
    assert without_labels(helm.render({}, chart=chart)) == without_labels(helm.render(FULL))


def test_there_for_its_named_templates_alone_it_makes_nothing(helm, tmp_path):
    assert helm.render({}) == []
    assert helm.render({}, chart=parent(tmp_path, {}, "")) == []
    assert helm.render({}, chart=parent(tmp_path / "thin", {"app": {**THIN, **FULL}}, "")) == []


def test_files_of_the_chart_that_calls(helm, tmp_path):
    files = {"files/nginx/nginx.conf": "worker_processes 1;\n", "files/nginx/default.conf": "x", "files/sql/0001_a.sql": "SELECT 1;\n"}
    maps = {"nginx": {"files": "files/nginx/*", "data": {"default.conf": "own"}}, "sql": {"files": "files/sql/*.sql"}}
    migration = {"schema": {"files": "sql", "env": {"PGHOST": "db"}}}
    chart = parent(tmp_path, {"app": {**THIN, **SMALL, "configMaps": maps, "migrations": migration}}, ALL, files=files)
    objects = helm.render({}, chart=chart)
    assert named(objects, "ConfigMap", "shop-nginx")["data"] == {"nginx.conf": "worker_processes 1;\n", "default.conf": "own"}
    copies = [o["data"] for o in objects if o["kind"] == "ConfigMap" and o["metadata"]["name"].endswith("-hook")]
    assert copies == [{"0001_a.sql": "SELECT 1;\n"}]
    error = helm.refused({"app": {"configMaps": {"nginx": {"files": "files/none/*"}}}}, chart=chart)
    assert "configMaps.nginx.files: the chart that calls this one (parent) has no file files/none/*" in error
    assert "(release-runtime) has no file files/x" in helm.refused({"configMaps": {"a": {"files": "files/x"}}})


@pytest.mark.parametrize("text, said", [("a: postgres://u:canary@db/x", "holds a password"), ("a\x7f", "holds a control character")])
def test_files_are_looked_at_as_data_is(helm, tmp_path, text, said):
    values = {"app": {**THIN, **SMALL, "configMaps": {"a": {"files": "files/*"}}}}
    error = helm.refused({}, chart=parent(tmp_path, values, ALL, files={"files/x": text}))
    assert "configMaps.a.data.x" in error and said in error and "canary" not in error


def test_two_aliases_in_one_release(helm, tmp_path):
    one, two = ({**SMALL, "fullnameOverride": name} for name in ("one", "two"))
    objects = helm.render({}, chart=parent(tmp_path, {"a": one, "b": two}, "", aliases=("a", "b")))
    marks = [(o["kind"], o["metadata"]["name"]) for o in objects]
    assert len(marks) == len(set(marks)) and ("Deployment", "one-web") in marks and ("Deployment", "two-web") in marks
    for service in (o for o in objects if o["kind"] == "Service"):
        taken = [t["metadata"]["name"] for t, p in pods(objects) if service["spec"]["selector"].items() <= p["metadata"]["labels"].items()]
        assert taken == [service["metadata"]["name"]]


def test_names_and_labels_of_ones_own(helm):
    values = {**FULL, "fullnameOverride": "kairoflow", "nameOverride": "Kairo.Flow"}
    for thing in helm.render(values):
        labels = thing["metadata"]["labels"]
        assert thing["metadata"]["name"].removeprefix("prod-").startswith("kairoflow")
        assert labels["app.kubernetes.io/instance"] == "kairoflow" and labels["app.kubernetes.io/name"] == "Kairo.Flow"
        assert "app.kubernetes.io/version" not in labels and labels["helm.sh/chart"] == f"release-runtime-{VERSION}"
    assert "/fullnameOverride" in helm.refused(changed(FULL, "fullnameOverride", "A b"))


def test_the_lines_in_the_documents_are_these():
    text = (ROOT / "docs" / "chart.md").read_text()
    assert ALL in text and '{{ include "release-runtime.notes" (dict "ctx" . "values" .Values.app) }}' in text
