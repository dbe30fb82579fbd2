"""What holds for each of the example systems, whichever overlay it is installed with."""

import re
import subprocess

import pytest
import yaml
from kinds import SCHEMAS, problems
from rig import CHART, ROOT, VERSION, containers, pods, references, weight
from systems import EVERY, EXAMPLES, IDS, OVERLAYS, RELEASES, flags, folder, render
from test_kinds_api import VERSIONS

COMPONENT = "app.kubernetes.io/component"

each = pytest.mark.parametrize(("system", "overlay"), EVERY, ids=IDS)


@each
def test_lint_says_nothing_000_31(helm, system, overlay, tmp_path):
    chart = folder(system, tmp_path)
    done = helm.run("lint", "--strict", chart, *flags(chart, overlay))
    assert done.returncode == 0 and "WARN" not in done.stdout + done.stderr, done.stdout + done.stderr


@each
def test_it_renders_the_same_twice_and_under_both_majors(both, system, overlay, tmp_path):
    chart = folder(system, tmp_path)
    texts = [one.text(None, *flags(chart, overlay), release=system, chart=chart) for one in both for _ in range(2)]
    assert len(set(texts)) == 1


@each
@pytest.mark.parametrize("kube", VERSIONS)
def test_every_object_is_valid(helm, system, overlay, kube, tmp_path):
    found = [line for thing in render(helm, system, overlay, tmp_path, kube=f"{kube}.0") for line in problems(thing, kube)]
    assert SCHEMAS.exists() and not found, "\n".join(found)


@each
def test_no_hook_is_blind(helm, system, overlay, tmp_path):
    """What one before the install refers to is a hook of less weight, or no object of the release."""
    objects = render(helm, system, overlay, tmp_path)
    release = {(o["kind"], o["metadata"]["name"]): weight(o) for o in objects}
    for thing, template in pods(objects):
        if "pre-install" not in thing["metadata"].get("annotations", {}).get("helm.sh/hook", ""):
            continue
        for what in references(template["spec"]):
            assert what not in release or release[what] is not None and release[what] < weight(thing), (thing["metadata"]["name"], what)


@each
def test_every_pod_is_restricted_001_16_002_6(helm, system, overlay, tmp_path):
    objects = render(helm, system, overlay, tmp_path)
    bindings = [o for o in objects if o["kind"] in ("RoleBinding", "ClusterRoleBinding")]
    entitled = {subject["name"] for o in bindings for subject in o["subjects"]}
    for thing, template in pods(objects):
        spec = template["spec"]
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["automountServiceAccountToken"] is (spec["serviceAccountName"] in entitled)
        assert spec["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault"
        for c in containers(spec):
            capabilities = c["securityContext"]["capabilities"]
            # The one capability that the standard lets a container have.
            assert capabilities["drop"] == ["ALL"] and set(capabilities.get("add", [])) <= {"NET_BIND_SERVICE"}, c["name"]
            assert c["securityContext"]["allowPrivilegeEscalation"] is False


@each
def test_the_selectors_pick_their_own_pods_alone(helm, system, overlay, tmp_path):
    objects = render(helm, system, overlay, tmp_path)
    for service in (o for o in objects if o["kind"] == "Service" and o["spec"].get("selector")):
        chosen = [t["metadata"]["name"] for t, p in pods(objects) if service["spec"]["selector"].items() <= p["metadata"]["labels"].items()]
        assert len(chosen) == 1 and chosen[0].removeprefix(f"{RELEASES.get(system, system)}-") == service["spec"]["selector"][COMPONENT]


@each
def test_placeholders_are_for_development_alone_000_19_003_23(helm, system, overlay, tmp_path):
    text = yaml.safe_dump_all(render(helm, system, overlay, tmp_path))
    made = [o for o in yaml.safe_load_all(text) if o["kind"] == "Secret"]
    assert bool(made) == ("change-me" in text) == ("values-dev.yaml" in overlay)
    rest = yaml.safe_dump_all(o for o in yaml.safe_load_all(text) if o["kind"] != "Secret")
    assert "change-me" not in rest


# Keys and tokens that can be told by their looks; the pieces keep this file out of what is found.
LOOKS = (
    "-----BEGIN [A-Z ]*" + "PRIVATE KEY-----", r"\bAKIA[0-9A-Z]{16}\b", r"\bgh[oprsu]_\w{36}\b", r"\bsk-[A-Za-z0-9]{32,}", r"\bxox[abprs]-\d",
    r"\beyJ[\w-]{20,}\.eyJ",
)  # fmt: skip
SECRET = re.compile("|".join(LOOKS).encode())


def test_no_secret_is_in_the_repository_004_15():
    words = ("git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    listed = subprocess.run(words, capture_output=True, text=True)
    if listed.returncode != 0:
        pytest.skip("this is no checkout of a repository")
    files = [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]
    assert len(files) > 500 and [str(file) for file in files if SECRET.search(file.read_bytes())] == []
    assert SECRET.search(b"-----BEGIN EC " + b"PRIVATE KEY-----\n") and SECRET.search(b"token: ghp_" + 36 * b"a")


@pytest.mark.parametrize("system", OVERLAYS)
def test_the_chart_is_the_systems_own_000_1_001_1_002_1_003_7_004_1(helm, system, tmp_path):
    told = yaml.safe_load((EXAMPLES / system / "Chart.yaml").read_text())
    lock = yaml.safe_load((EXAMPLES / system / "Chart.lock").read_text())
    (ours,) = told["dependencies"]
    assert lock["dependencies"] == [{key: ours[key] for key in ("name", "repository", "version")}] and ours["version"] == VERSION
    assert told["kubeVersion"] == ">=1.28.0-0"
    for thing in render(helm, system, ["values-dev.yaml"], tmp_path):
        labels = thing["metadata"]["labels"]
        assert labels["helm.sh/chart"] == f"{told['name']}-{told['version']}"
        assert labels["app.kubernetes.io/name"] == told["name"] and labels["app.kubernetes.io/version"] == told["appVersion"]
        assert labels["app.kubernetes.io/instance"] == RELEASES.get(system, system) and labels["app.kubernetes.io/managed-by"] == "Helm"
        assert thing["metadata"].get("namespace") == (None if thing["kind"].startswith("Cluster") else system)


@pytest.mark.parametrize("system", OVERLAYS)
def test_it_packages_with_what_it_depends_on(helm, system, tmp_path):
    """By the commands of the page, in a copy of the tree."""
    subprocess.run(["cp", "-a", CHART, tmp_path / "chart"], check=True)
    chart = tmp_path / "chart" / "examples" / system
    for words in (("dependency", "build", chart), ("package", chart, "--destination", tmp_path)):
        done = helm.run(*words)
        assert done.returncode == 0, done.stderr
    (packed,) = tmp_path.glob("*.tgz")
    name = yaml.safe_load((EXAMPLES / system / "Chart.yaml").read_text())["name"]
    listed = subprocess.run(["tar", "-tf", packed], capture_output=True, text=True, check=True).stdout
    assert f"{name}/charts/release-runtime/Chart.yaml" in listed and "/examples/" not in listed and "/images/" not in listed
    assert packed.stat().st_size < 300 * 1024


@pytest.mark.parametrize("system", OVERLAYS)
def test_notes_say_how_to_reach_it_003_14(helm, system, tmp_path):
    chart = folder(system, tmp_path)
    # Without a cluster Helm 3 shows no notes; another template of the chart does.
    shows = '{{ dict "kind" "Notes" "text" (include (print .Chart.Name "/templates/NOTES.txt") .) | toJson }}'
    (chart / "templates" / "notes.yaml").write_text(shows)
    objects = helm.render(None, "-f", chart / "values-dev.yaml", release=system, chart=chart)
    (notes,) = [o["text"] for o in objects if o["kind"] == "Notes"]
    for words in ("get deployments,", "logs -l", "Open it", "helm uninstall"):
        assert words in notes, notes
    assert "change-me" not in notes
