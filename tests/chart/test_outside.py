"""The named templates for charts that make their objects themselves: a small one of them uses each."""

import json

import pytest
from kinds import SCHEMAS, problems
from rig import VERSION, containers, flags, named, parent, variables

DEPLOYMENT = """
{{- $env := list (dict "name" "DATABASE_URL" "valueFrom" (dict "secretKeyRef" (dict "name" "shop" "key" "url"))) }}
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      initContainers:
        - {{ include "release-runtime.healthdSidecar" (dict "ctx" . "checks" (dict "app" "http://localhost:8080/up") "env" $env) }}
      containers:
        - {name: app, image: "example/shop:1"}
"""
CRON = """
apiVersion: batch/v1
kind: CronJob
metadata: {name: mail}
spec:
  schedule: "*/5 * * * *"
  jobTemplate:
    spec:
      activeDeadlineSeconds: 50
      template:
        spec:
          restartPolicy: Never
          initContainers:
            - {{ include "release-runtime.copyContainer" (dict "ctx" . "program" "cronrun") }}
          containers:
            - name: mail
              image: example/shop:1
              command: {{ include "release-runtime.cronCommand" (dict "ctx" . "job" "mail" "words" (list "mail" 5) "lock" "postgres"
                "activeDeadlineSeconds" 50) }}
              env: [{name: DATABASE_HOST, value: db}]
              volumeMounts: [{name: release-runtime, mountPath: /release-runtime}]
          volumes: [{name: release-runtime, emptyDir: {}}]
"""
JOB = '{{- $env := list (dict "name" "PGHOST" "value" "db") }}\n{{ include "release-runtime.migrateJob" (dict "ctx" . "env" $env %s) }}\n'
FILES = {"templates/cron.yaml": CRON, "templates/job.yaml": JOB % '"name" "schema" "configMap" "sql"'}


def foreign(folder, template=DEPLOYMENT, files=FILES, values=()):
    return parent(folder, dict(values), template, files=files)


def made(helm, folder, words):
    """The Job that these words of a call give."""
    return named(helm.render({}, chart=foreign(folder, JOB % words, {})), "Job", "schema")


def test_a_chart_of_another_shape_uses_each(both, tmp_path):
    chart = foreign(tmp_path, values={"replicaCount": 2, "global": {"releaseRuntime": {"registry": "r.example/rr"}}})
    texts = set()
    for helm in both:
        objects = helm.render({}, chart=chart)
        assert {(o["kind"], o["metadata"]["name"]) for o in objects} == {("Deployment", "web"), ("CronJob", "mail"), ("Job", "schema")}
        texts.add(json.dumps(objects, sort_keys=True))
        ours = [c for o in objects for c in containers(pod(o)) if "r.example/rr/" in c["image"]]
        assert {c["image"] for c in ours} == {f"r.example/rr/{program}:{VERSION}" for program in ("healthd", "cronrun", "migrate")}
        for c in ours:
            assert c["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
                "readOnlyRootFilesystem": True,
            }
    assert len(texts) == 1


def pod(thing):
    spec = thing["spec"]["jobTemplate"]["spec"] if thing["kind"] == "CronJob" else thing["spec"]
    return spec["template"]["spec"]


def test_the_sidecar(helm, tmp_path):
    (c,) = pod(named(helm.render({}, chart=foreign(tmp_path)), "Deployment", "web"))["initContainers"]
    assert c["name"] == "healthd" and c["restartPolicy"] == "Always" and flags(c)["--drain"] == "0s"
    assert variables(c)["HEALTHD_CHECKS"] == "app http://localhost:8080/up"
    assert variables(c)["DATABASE_URL"] == {"secretKeyRef": {"name": "shop", "key": "url"}}
    assert c["readinessProbe"]["httpGet"]["path"] == "/health/ready"
    words = '(dict "ctx" . "checks" (dict "app" "tcp://localhost:80") "native" false "service" (dict "name" "shop"))'
    text = '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": [%s]}}'
    chart = foreign(tmp_path / "plain", text % ('{{ include "release-runtime.healthdSidecar" ' + words + " }}"), {})
    (c,) = named(helm.render({}, chart=chart), "Pod", "a")["spec"]["containers"]
    assert "restartPolicy" not in c and flags(c)["--drain"] == "8s" and flags(c)["--service-name"] == "shop"


def test_a_cron_command(helm, tmp_path):
    spec = pod(named(helm.render({}, chart=foreign(tmp_path)), "CronJob", "mail"))
    words = spec["containers"][0]["command"]
    assert words[:2] == ["/release-runtime/cronrun", "run"] and words[words.index("--") :] == ["--", "mail", "5"]
    # What is left of 50 s, less 2 s to start, 5 s of grace, and 3 s to report.
    assert flags(spec["containers"][0]) == {
        "--name": "prod/shop/mail", "--lock": "postgres", "--deadline": "40s", "--grace": "5s", "--job-deadline": "50s",
    }
    assert spec["initContainers"][0]["args"] == ["copy", "/release-runtime/cronrun"]


def test_a_migration(helm, tmp_path):
    job = named(helm.render({}, chart=foreign(tmp_path)), "Job", "schema")
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    assert job["spec"]["podFailurePolicy"]["rules"][1]["onExitCodes"]["containerName"] == "migrate"
    if SCHEMAS.exists():
        assert not problems(job, "1.34")
    spec = pod(job)
    (c,) = spec["containers"]
    assert c["args"][:3] == ["up", "--dir", "/migrations"] and variables(c) == {"PGHOST": "db"}
    assert spec["volumes"] == [{"name": "migrations", "configMap": {"name": "sql"}}] and spec["serviceAccountName"] == "default"
    assert spec["securityContext"]["runAsNonRoot"] is True


def test_a_migration_in_the_applications_image(helm, tmp_path):
    spec = pod(made(helm, tmp_path / "dir", '"name" "schema" "image" "example/shop:1" "dir" "/app/sql" "when" "post"'))
    (c,) = spec["containers"]
    assert c["command"] == ["/release-runtime/migrate"] and flags(c)["--dir"] == "/app/sql"
    assert spec["initContainers"][0]["args"] == ["copy", "/release-runtime/migrate"]
    spec = pod(made(helm, tmp_path / "words", '"name" "schema" "image" "example/shop:1" "words" (list "alembic" "upgrade" "head")'))
    (c,) = spec["containers"]
    assert c["args"] == ["run", *"--deadline 240s --wait 30s --lock-wait 60s -- alembic upgrade head".split()] and c["image"] == "example/shop:1"
    spec = pod(made(helm, tmp_path / "own", '"name" "schema" "image" "example/migrations:1"'))
    assert "initContainers" not in spec and "command" not in spec["containers"][0]


CALL = '{{ include "release-runtime.%s" (dict "ctx" . %s) }}'


@pytest.mark.parametrize(
    "template, words, said",
    [
        ("healthdSidecar", "", "release-runtime.healthdSidecar: there is nothing to check: give checks or env"),
        ("healthdSidecar", '"check" 1', 'release-runtime.healthdSidecar: unknown key "check"; it takes ctx, checks, env,'),
        ("healthdSidecar", '"checks" (dict "a" "gopher://x")', "release-runtime.healthdSidecar.checks.a: begins with no URL"),
        ("copyContainer", '"program" "curl"', 'release-runtime.copyContainer.program: "curl" is none of healthd, migrate, cronrun'),
        ("cronCommand", '"job" "a" "words" (list "a")', "release-runtime.cronCommand: lock is missing"),
        ("cronCommand", '"job" "a" "words" (list "a") "lock" "file"', "release-runtime.cronCommand.lock"),
        ("cronCommand", '"job" "a" "words" (list "redis://u:canary@r") "lock" "none"', "release-runtime.cronCommand.words: holds a password"),
        ("cronCommand", '"job" "a" "words" (list "a") "lock" "none" "deadline" "1h" "activeDeadlineSeconds" 60', "do not fit into"),
        ("migrateJob", '"name" "a" "configMap" "sql"', "release-runtime.migrateJob: env is missing"),
        ("migrateJob", '"name" "a" "env" (list 1)', "release-runtime.migrateJob: where are the migrations?"),
        ("migrateJob", '"name" "a" "env" (list 1) "image" "a" "configMap" "b"', "release-runtime.migrateJob: configMap stands alone"),
        ("migrateJob", '"name" "a" "env" (list 1) "image" "a" "words" (list "a") "role" "b"', "release-runtime.migrateJob.role: another"),
        ("migrateJob", '"name" "a" "env" (list 1) "image" "a" "when" "init"', 'release-runtime.migrateJob.when: "init" is none of'),
        ("migrateJob", '"name" "a" "env" (list 1) "image" "a" "deadline" "10m"', "do not fit into activeDeadlineSeconds"),
    ],
)
def test_refused(helm, tmp_path, template, words, said):
    error = helm.refused({}, chart=foreign(tmp_path, CALL % (template, words), {}))
    assert said in error and "canary" not in error, error
