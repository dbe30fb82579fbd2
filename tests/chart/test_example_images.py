"""The images of the example systems: one folder for each that the charts name, and what holds for their Dockerfiles."""

import json
import os
import re
import subprocess
from functools import cache

import pytest
import yaml
from rig import VERSION, containers, pods
from systems import EXAMPLES, OVERLAYS, render

IMAGES = sorted(path.parent for path in EXAMPLES.glob("*/images/*/Dockerfile"))
NAMES = ["/".join((path.parts[-3], path.name)) for path in IMAGES]
RUNNING = [path for path in IMAGES if path.name != "migrations"]  # that one runs and ends
each = pytest.mark.parametrize("image", IMAGES, ids=NAMES)
each_running = pytest.mark.parametrize("image", RUNNING, ids=[f"{path.parts[-3]}/{path.name}" for path in RUNNING])
SECRET = re.compile(r"PASSWORD|SECRET|TOKEN|(?:^|_)KEY|CREDENTIAL|DATABASE_URL", re.I)
PINNED = re.compile(r"^[a-z0-9./-]+:\d+\.\d+\.\d+[a-z0-9.-]*$")


@cache
def stages(image):
    """[{from, name, steps: [(WORD, rest)]}] of a Dockerfile; ARGs before the first FROM are the steps of a stage without one."""
    text = re.sub(r"\\\n\s*", "", re.sub(r"^\s*#.*\n", "", (image / "Dockerfile").read_text(), flags=re.M))
    found = [{"from": None, "name": None, "steps": []}]
    for line in filter(None, (line.strip() for line in text.splitlines())):
        word, _, rest = line.partition(" ")
        if word == "FROM":
            base, _, name = rest.partition(" AS ")
            found.append({"from": base, "name": name or None, "steps": []})
        else:
            found[-1]["steps"].append((word, rest.strip()))
    return found


def steps(image, word):
    """What the last stage says by that instruction."""
    return [rest for name, rest in stages(image)[-1]["steps"] if name == word]


def health(image):
    """(options, words) of the HEALTHCHECK."""
    (text,) = steps(image, "HEALTHCHECK")
    options, _, words = text.partition("CMD ")
    return dict(re.findall(r"--([a-z-]+)=(\S+)", options)), json.loads(words)


@pytest.mark.parametrize("system", OVERLAYS)
def test_every_image_of_a_systems_own_has_a_dockerfile(helm, system, tmp_path):
    text = yaml.safe_load((EXAMPLES / system / "values.yaml").read_text())["app"]
    given = [c["image"] for w in text["workloads"].values() for c in w["containers"].values()]
    given += [m["image"] for part in ("migrations", "cronJobs") for m in text.get(part, {}).values() if "image" in m]
    own = {one["repository"].rsplit("/", 1)[-1].removeprefix("todo-").removeprefix("taskpilot-") for one in given if isinstance(one, dict)}
    assert own == {path.name for path in IMAGES if path.parts[-3] == system} and own


@each
def test_every_base_is_pinned(image):
    names = set()
    for stage in stages(image)[1:]:
        base = stage["from"].replace("${RELEASE_RUNTIME}", "localhost/release-runtime")
        assert base in names or base == "scratch" or PINNED.match(base), base
        assert "release-runtime" not in base or base.endswith(f":{VERSION}")
        names.add(stage["name"])
    assert stages(image)[0]["steps"] == [("ARG", "RELEASE_RUNTIME=localhost/release-runtime")]


@each
def test_nothing_secret_is_built_in_003_23(image):
    for stage in stages(image):
        for word, rest in stage["steps"]:
            names = re.findall(r"(\w+)=", rest) or [rest] if word in ("ARG", "ENV") else []
            assert not [name for name in names if SECRET.search(name)], rest
    ignored = (image / "Dockerfile.dockerignore").read_text().split()
    # Either only what is named comes in, or what must not is named.
    assert ignored[0] == "*" or {".git", ".env", ".env.*", "**/*.pem", "**/*.key"} <= set(ignored)


@each_running
def test_it_runs_as_the_charts_user(helm, image, tmp_path):
    system = image.parts[-3]
    (user,) = steps(image, "USER")
    for thing, template in pods(render(helm, system, OVERLAYS[system][-1], tmp_path)):
        for c in containers(template["spec"]):
            if re.search(rf"[/-]{image.name}[:@]", c["image"]) and "release-runtime" not in c["image"]:
                context = {**template["spec"]["securityContext"], **c["securityContext"]}
                assert user == f"{context['runAsUser']}:{context['runAsGroup']}" and context["runAsUser"] > 0, thing["metadata"]["name"]


@each_running
def test_healthd_asks_what_the_chart_asks_004_10_000_29(helm, image, tmp_path):
    options, words = health(image)
    at = words.index("/usr/local/bin/healthd")
    assert words[:at] in ([], ["/usr/bin/env", "-i"]) and {"interval", "timeout", "start-period", "retries"} <= set(options)
    assert "--from=healthd /healthd /usr/local/bin/healthd" in steps(image, "COPY")
    (taken,) = [stage for stage in stages(image) if stage["name"] == "healthd"]
    assert taken["from"] == f"${{RELEASE_RUNTIME}}/healthd:{VERSION}"
    system = image.parts[-3]
    objects = render(helm, system, OVERLAYS[system][-1], tmp_path)
    theirs = [c for o in objects if o["kind"] == "Deployment" for c in o["spec"]["template"]["spec"]["containers"]]
    (one,) = [c for c in theirs if re.search(rf"[/-]{image.name}[:@]", c["image"])]
    (port,) = [p["containerPort"] for p in one["ports"]]
    assert f":{port}/" in words[-1] and steps(image, "EXPOSE") == [str(port)]
    if "livenessProbe" in one:
        assert words[-1].endswith(f":{port}{one['livenessProbe']['httpGet']['path']}")


@each
def test_sources_are_left_behind_002_11_003_5(image):
    """What builds is a stage of its own, with caches; the last one takes what runs."""
    built = [stage for stage in stages(image)[1:] if stage["name"] not in (None, "healthd")]
    last = stages(image)[-1]
    if any(word == "RUN" and re.search(r"npm|pip|go build", rest) for stage in built for word, rest in stage["steps"]):
        runs = [rest for stage in built for _, rest in stage["steps"] if re.search(r"npm ci|pip install|go build", rest)]
        assert runs and all("--mount=type=cache" in rest for rest in runs)
        assert any(rest.startswith("--from=") for rest in steps(image, "COPY"))
        assert not any(re.search(r"npm|pip|go build", rest) for word, rest in last["steps"] if word == "RUN")
    assert ". ." not in steps(image, "COPY")


def base(system, name):
    return stages(EXAMPLES / system / "images" / name)[-1]["from"]


def test_what_each_is_made_of_000_29_002_11_003_5_004_10():
    assert base("kairoflow", "php").startswith("php:8.") and base("kairoflow", "nginx").startswith("nginx:")
    (extensions,) = [rest for rest in steps(EXAMPLES / "kairoflow" / "images" / "php", "RUN") if "docker-php-ext-install" in rest]
    assert all(f" {name}" in extensions.split("docker-php-ext-install")[1] for name in ("pdo_pgsql", "pgsql", "intl", "zip", "gd"))
    for system in ("todo-chatbot", "todo-app", "taskpilot"):
        assert re.match(r"node:20\.[\d.]+-alpine", base(system, "frontend"))
        assert ["node", "server.js"] == json.loads(steps(EXAMPLES / system / "images" / "frontend", "CMD")[0])
    assert re.match(r"python:3\.13\.\d+-alpine", base("todo-chatbot", "backend"))
    assert re.match(r"python:3\.11\.\d+-slim", base("todo-app", "backend"))
    assert re.match(r"python:3\.13\.\d+-slim", base("taskpilot", "backend"))
    todo = EXAMPLES / "todo-app" / "images" / "backend"
    assert {"alembic.ini ./", "migrations ./migrations"} <= set(steps(todo, "COPY"))
    assert "PYTHONUNBUFFERED=1" in " ".join(steps(todo, "ENV")) and "PYTHONDONTWRITEBYTECODE=1" in " ".join(steps(todo, "ENV"))
    for name in ("frontend", "backend"):
        options, _ = health(EXAMPLES / "taskpilot" / "images" / name)
        assert options == {"interval": "30s", "timeout": "3s", "start-period": "40s", "retries": "3"}


@pytest.mark.parametrize("system", OVERLAYS)
def test_what_no_package_and_no_build_takes_along_003_1(system):
    left = set((EXAMPLES / system / ".helmignore").read_text().split())
    assert {".git", ".gitignore", ".DS_Store", "*.swp", "*.tmp", "/images"} <= left
    for name in ("backend", "frontend"):
        file = EXAMPLES / "todo-app" / "images" / name / "Dockerfile.dockerignore"
        assert {".git", ".gitignore", ".DS_Store", ".env", "tests", "*.md"} <= set(file.read_text().split())


# --- chart/examples/system -------------------------------------------------------------------------------------------------


def system(*words):
    """What it would have the engine do: (status, its lines, complaints)."""
    done = subprocess.run([EXAMPLES / "system", *words], capture_output=True, text=True, env={**os.environ, "ENGINE": "echo"})
    return done.returncode, done.stdout.splitlines(), done.stderr


@each
def test_build_makes_it_under_its_name_003_6(image):
    own, name = image.parts[-3], re.search(r"^# +docker build .* -t (\S+) \.$", (image / "Dockerfile").read_text(), re.M)[1]
    status, lines, _ = system("build", own, image.name, "/source", "--pull")
    assert (status, lines) == (0, [f"build -f {image}/Dockerfile -t {name} --pull /source", f"image ls {name}"])


@pytest.mark.parametrize(
    "words, said",
    [
        ([], "system COMMAND SYSTEM"),
        (["build", "todo"], "there is no system todo; there are: kairoflow kubechat taskpilot todo-app todo-chatbot"),
        (["build", "todo-app", "php", "."], "todo-app has no such image; it has: backend frontend"),
        (["build", "todo-app", "backend"], "build todo-app backend: the folder with its source is missing"),
        (["deploy", "todo-app", "staging"], "todo-app has no values-staging.yaml"),
        (["teardown", "todo-app", "--all"], "teardown has no option --all"),
        (["remove", "todo-app"], "system COMMAND SYSTEM"),
    ],
)
def test_what_system_refuses_003_6(words, said):
    status, lines, complaint = system(*words)
    assert status == 2 and lines == [] and said in complaint
