"""README's tour on Kubernetes, as it stands there: its files are written, its commands run in order, their output compared.

In the README's text a line … stands for any lines and … in a line for any text. Times, durations, ages and the letters that
Kubernetes puts behind names may differ; nothing else.
"""

import os
import re

import pytest

from rig.cluster import ROOT, wait_until
from rig.place import DATABASE_URL, PASSWORD

pytestmark = pytest.mark.xdist_group("tour")
LIMIT_LINES = 15

# What may differ: how it looks in the README, and what is accepted there.
VARIES = [
    (r"\d\d:\d\d:\d\d", r"\d\d:\d\d:\d\d"),  # time of day
    (r"\bin \d+m?s?\b", r"in \d+(?:m?s)?"),  # duration
    (r"(?<=shop-schema-)[a-z0-9]{5}\b", r"[a-z0-9]{5}"),  # a Job's pod
    (r"(?<=shop-web-)[a-z0-9]{8,10}-[a-z0-9]{5}\b", r"[a-z0-9]{8,10}-[a-z0-9]{5}"),  # a Deployment's pod
    (r"\b\d+s$", r"(?:\d+m)?(?:\d+s)?"),  # age
    (r" +", r"\s+"),  # width of columns
    (r"…", r".*"),
]


def section():
    text = (ROOT / "README.md").read_text()
    return re.search(r"<!-- tour kubernetes begin.*?-->\n(.*)<!-- tour kubernetes end -->", text, re.S)[1]


def steps():
    """[("file", name, text) | ("command", line, [expected lines])]"""
    found = []
    for language, block in re.findall(r"^```(\w+)\n(.*?)^```$", section(), re.M | re.S):
        if language == "yaml":
            name = re.match(r"# (\S+)\n", block)
            assert name, f"a file without a name: {block}"
            found.append(("file", name[1], block))
            continue
        assert language == "console", f"nobody runs a block of {language}"
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append(("command", line[2:], []))
            else:
                found[-1][2].append(line)
    return found


def pattern(lines):
    """The expected lines as one regular expression."""
    varying = re.compile("|".join(f"({looks})" for looks, _ in VARIES))
    out = ""
    for line in lines:
        if line == "…":
            out += r"(?:.*\n)*?"
            continue
        end = 0
        for match in varying.finditer(line):
            out += re.escape(line[end : match.start()]) + VARIES[match.lastindex - 1][1]
            end = match.end()
        out += re.escape(line[end:]) + r"\s*\n"
    return out


@pytest.fixture(scope="module")
def tour(new_place):
    """run(command): as at a shell in the project's folder, with the namespace as the current one."""
    place = new_place("tour", servers=False)
    (place.folder / "database.env").write_text(f"POSTGRES_PASSWORD={PASSWORD}\n")
    (place.folder / "shop.env").write_text(f"DATABASE_URL={DATABASE_URL}\n")
    (place.folder / "chart").symlink_to(ROOT / "chart")
    config = place.folder / "kubeconfig"
    config.write_text(place.cluster.kubectl("config", "view", "--raw", "--flatten", "--minify").out)
    config.chmod(0o600)

    def run(command):
        script = 'cd "$1" && export KUBECONFIG="$1/kubeconfig" && eval "$2"'
        return place.cluster.run("bash", "-c", script, "bash", place.folder, command, check=False)

    assert run(f"kubectl config set-context --current --namespace={place.name}").status == 0
    return place, run


def test_values_are_short():
    (values,) = [text for kind, name, text in steps() if (kind, name) == ("file", "values.yaml")]
    assert len(values.splitlines()) - 1 <= LIMIT_LINES


def test_patterns_can_fail():
    """The comparison accepts what varies and refuses what does not."""
    line = "shop-web-6d9969bf76-j6k4w   2/2     Running     0          3s"
    assert re.fullmatch(pattern([line]), "shop-web-867bffcd74-hhtmc 2/2 Running 0 1m12s\n")
    assert not re.fullmatch(pattern([line]), "shop-web-867bffcd74-hhtmc 1/2 Running 0 12s\n")
    assert not re.fullmatch(pattern([line]), "shop-web-867bffcd74-hhtmc 2/2 Running 1 12s\n")


def test_tour(tour):
    place, run = tour
    done = 0
    for kind, name, content in steps():
        if kind == "file":
            registry = os.environ.get("E2E_REGISTRY") if name in ("database.yaml", "values.yaml") else None
            more = f"global: {{releaseRuntime: {{registry: {registry}}}}}\n" if registry else ""
            (place.folder / name).write_text(content + more)
            continue
        expected = pattern(content)

        def matches(command=name, expected=expected):
            result = run(command)
            said.append(result.text)
            return re.fullmatch(expected, result.text)

        said = []
        if name.startswith("kubectl get"):  # what is seen settles within a moment: a pod that ends, a Job's last state
            wait_until(matches, 20, lambda: f"$ {name}\n{said[-1]}\nis not\n" + "\n".join(content), every=0.5)
        else:
            assert matches(), f"$ {name}\n{said[-1]}\nis not\n" + "\n".join(content)
        done += 1
    assert done >= 10, "hardly anything was found in the README"
