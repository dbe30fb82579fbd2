"""Backups as cron jobs: of which database, onto what, and who is told. What the script does: tests/scenarios/cronrun/test_chart_backup.py."""

import json
import re
import shutil
import subprocess

import pytest
from kinds import DATA, kind, kinds

from rig import CHART, ROOT, VERSION, changed, container, flags, named, parent, pods, variables

DATABASE = {"DATABASE_HOST": {"service": "db"}, "DATABASE_NAME": "shop", "DATABASE_USER": "app"}
SHOP = {
    "workloads": {
        "web": {
            "containers": {
                "app": {
                    "image": "example/shop:1",
                    "port": 8080,
                    "env": {**DATABASE, "JWT": {"valueFrom": {"secretKeyRef": {"name": "shop", "key": "JWT"}}}},
                    "envFrom": {"shop": {"secret": "shop"}},
                }
            }
        },
        "db": {"containers": {"pg": {"image": "postgres:16", "port": 5432}}},
    },
    "secrets": {"shop": {"stringData": {"DATABASE_PASSWORD": "canary", "REDIS_HOST": "canary", "JWT": "canary"}}},
    "persistence": {"backup": {"size": "20Gi"}},
    "backup": {"from": "web/app"},
}
PASSWORD = {"secretKeyRef": {"name": "shop-shop", "key": "DATABASE_PASSWORD"}}


def job(objects, name="shop-backup"):
    return named(objects, "CronJob", name)["spec"]


def pod(objects, name="shop-backup"):
    return job(objects, name)["jobTemplate"]["spec"]["template"]["spec"]


def alerts(objects):
    return {rule["alert"]: rule["expr"] for rule in kind(objects, "PrometheusRule")["spec"]["groups"][0]["rules"]}


def test_001_15_004_13_backup_of_a_containers_database(helm):
    values = changed(SHOP, "backup", {"from": "web/app", "schedule": "30 1 * * *", "timeZone": "Europe/Berlin", "keep": {"count": 7, "days": 30}})
    objects = helm.render(values)
    assert (job(objects)["schedule"], job(objects)["timeZone"]) == ("30 1 * * *", "Europe/Berlin")
    assert job(objects)["concurrencyPolicy"] == "Forbid"
    own = container(pod(objects), "dump")
    words = own["command"]
    assert words[words.index("--") :] == ["--", "sh", "/script/backup.sh", "dump"]
    assert flags(own)["--lock"] == "postgres" and flags(own)["--name"] == "prod/shop/backup" and flags(own)["--deadline"] == "1h"
    # What names the database, and nothing else that the container has.
    given = variables(own)
    assert {k: v for k, v in given.items() if not k.startswith("BACKUP_")} == {
        "DATABASE_HOST": "shop-db",
        "DATABASE_NAME": "shop",
        "DATABASE_USER": "app",
        "DATABASE_PASSWORD": PASSWORD,
    }
    assert (given["BACKUP_DIR"], given["BACKUP_NAME"]) == ("/backup", "shop") and "envFrom" not in own
    assert (given["BACKUP_KEEP_COUNT"], given["BACKUP_KEEP_DAYS"]) == ("7", "30")
    preset = variables(container(pod(helm.render(changed(SHOP, "backup", {"from": "web/app"}))), "dump"))
    assert (preset["BACKUP_KEEP_COUNT"], preset["BACKUP_KEEP_DAYS"]) == ("14", "0")
    mounted = {m["mountPath"]: m for m in own["volumeMounts"]}
    assert set(mounted) == {"/backup", "/script", "/tmp", "/release-runtime"} and mounted["/script"]["readOnly"] is True
    volumes = {v["name"]: v for v in pod(objects)["volumes"]}
    assert volumes[mounted["/backup"]["name"]]["persistentVolumeClaim"] == {"claimName": "shop-backup"}
    assert volumes[mounted["/script"]["name"]]["configMap"] == {"name": "shop-backup"}
    # What it is made of is no workload; its claim is nobody else's, so that it may run anywhere.
    assert {o["metadata"]["name"] for o in kinds(objects, "Deployment")} == {"shop-web", "shop-db"} and "affinity" not in pod(objects)
    assert len(kinds(objects, "CronJob")) == 1 and "canary" not in json.dumps([o for o in objects if o["kind"] != "Secret"])


def test_its_script_is_the_one_that_is_tried(helm):
    text = (CHART / "templates" / "model" / "_backupScript.tpl").read_text()
    script = text.split('"release-runtime.backupScript" -}}\n')[1].removesuffix("\n{{- end }}\n")
    assert named(helm.render(SHOP), "ConfigMap", "shop-backup")["data"] == {"backup.sh": script}


def test_its_image_has_the_programs_and_their_user(helm):
    spec = pod(helm.render(SHOP))
    assert container(spec, "dump")["image"] == "postgres:16.10-bookworm"
    assert spec["securityContext"]["runAsUser"] == spec["securityContext"]["fsGroup"] == 999
    spec = pod(helm.render(changed(SHOP, "backup.image", "postgres:17.6-alpine")))
    assert container(spec, "dump")["image"] == "postgres:17.6-alpine" and spec["securityContext"]["runAsUser"] == 70
    values = changed(changed(SHOP, "backup.image", {"repository": "me/pg", "tag": 17}), "backup.securityContext", {"runAsUser": 26})
    spec = pod(helm.render(values))
    assert container(spec, "dump")["image"] == "me/pg:17" and spec["securityContext"]["runAsUser"] == 26


@pytest.mark.parametrize(
    "env, source, wanted",
    [
        # A Secret that exists already, whose keys nobody named.
        ({}, {"secret": "outside"}, {"DATABASE_URL": {"secretKeyRef": {"name": "outside", "key": "DATABASE_URL"}}}),
        ({"PGHOST": "pg", "PGPASSWORD": {"valueFrom": PASSWORD}}, None, {"PGHOST": "pg", "PGPASSWORD": PASSWORD}),
        ({"DATABASE_HOST": "a"}, {"secret": "shop", "enabled": False}, {"DATABASE_HOST": "a"}),
        ({"DATABASE_HOST": "a"}, {"secret": "shop"}, {"DATABASE_HOST": "a", "DATABASE_PASSWORD": PASSWORD}),
        ({}, {"configMap": "c"}, {"PGHOST": {"configMapKeyRef": {"name": "shop-c", "key": "PGHOST"}}}),
    ],
)
def test_connections_of_every_kind(helm, env, source, wanted):
    values = changed(SHOP, "workloads.web.containers.app", {"image": "a:1", "env": env, "envFrom": {"x": source} if source else {}})
    values["workloads"]["web"]["healthd"] = {"enabled": False}
    values["configMaps"] = {"c": {"data": {"PGHOST": "pg"}}}
    given = variables(container(pod(helm.render(values)), "dump"))
    assert {k: v for k, v in given.items() if not k.startswith("BACKUP_")} == wanted


def test_the_database_of_postgresql_is_the_default(helm):
    """Bundled or external."""
    values = {key: entry for key, entry in DATA.items()}
    for entry in (values["postgresql"], {**values["postgresql"], "enabled": False, "host": "db"}):
        objects = helm.render({**values, "postgresql": entry})
        own = container(pod(objects), "dump")
        assert own["envFrom"] == [{"configMapRef": {"name": "shop-postgresql"}}]
        assert variables(own)["DATABASE_PASSWORD"] == PASSWORD and flags(own)["--lock"] == "postgres"
    values = changed(values, "postgresql.image", "postgres:15.14-bookworm")
    assert container(pod(helm.render(values)), "dump")["image"] == "postgres:15.14-bookworm"


def test_001_15_rehearsal_never_asks_the_source(helm):
    objects = helm.render(DATA)
    spec = pod(objects, "shop-backup-rehearsal")
    own = container(spec, "rehearse")
    assert own["command"][-3:] == ["sh", "/script/backup.sh", "rehearse"] and flags(own)["--lock"] == "none"
    assert {k: v for k, v in variables(own).items() if not k.startswith("BACKUP_")} == {
        "REHEARSAL_DIR": "/rehearsal",
        "REHEARSAL_QUERY": "SELECT count(*) > 0 FROM item",
    }
    assert "envFrom" not in own and "shop-postgresql" not in json.dumps(spec) and "secret" not in json.dumps(spec).lower()
    mounted = {m["mountPath"]: m for m in own["volumeMounts"]}
    volumes = {v["name"]: v for v in spec["volumes"]}
    assert mounted["/backup"]["readOnly"] is True
    assert volumes[mounted["/rehearsal"]["name"]]["emptyDir"] == {"sizeLimit": "10Gi"}
    assert job(objects, "shop-backup-rehearsal")["schedule"] == "0 5 * * 0"
    assert not kinds(helm.render(changed(DATA, "backup.rehearsal.enabled", False)), "CronJob")[1:]


def test_a_dump_is_handed_over(helm):
    objects = helm.render(DATA)
    spec = pod(objects)
    assert [c["name"] for c in spec["initContainers"]] == ["copy-cronrun", "dump"] and [c["name"] for c in spec["containers"]] == ["hand-over"]
    theirs = container(spec, "hand-over")
    assert theirs["image"] == "rclone/rclone:1.71" and theirs["command"] == ["rclone", "copy", "/backup", "remote:shop"]
    assert theirs["envFrom"] == [{"secretRef": {"name": "remote"}}] and "env" not in theirs
    (mount,) = theirs["volumeMounts"]
    assert mount == {"name": "backup", "mountPath": "/backup", "readOnly": True}
    # The time of both.
    limit = job(objects)["jobTemplate"]["spec"]["activeDeadlineSeconds"]
    assert 3600 + 1800 < limit <= 3600 + 1800 + 90 and flags(container(spec, "dump"))["--job-deadline"] == f"{limit}s"
    values = changed(changed(DATA, "backup.handOver.deadline", "2h"), "backup.deadline", "10m")
    assert 600 + 7200 < job(helm.render(values))["jobTemplate"]["spec"]["activeDeadlineSeconds"] <= 600 + 7200 + 90
    # Without a claim the dump goes with the pod.
    values = changed(changed(DATA, "persistence.backup", None), "backup.rehearsal", None)
    volumes = {v["name"]: v for v in pod(helm.render(values))["volumes"]}
    assert volumes["backup"] == {"name": "backup", "emptyDir": {}}


def test_cron_jobs_of_these_keys_change_them(helm):
    values = {**DATA, "cronJobs": {"backup": {"suspend": True, "pod": {"nodeSelector": {"disk": "slow"}}}, "backup-rehearsal": {"lock": None}}}
    objects = helm.render(values)
    assert job(objects)["suspend"] is True and pod(objects)["nodeSelector"] == {"disk": "slow"}
    assert "suspend" not in job(objects, "shop-backup-rehearsal")


def test_the_documented_restore_changes_one_word(helm):
    """kubectl create job --from=… -o json, piped through the manual's sed."""
    page = (ROOT / "docs" / "chart.md").read_text()
    job_text = json.dumps(job(helm.render(DATA))["jobTemplate"], indent=4)
    for script, old, new in (
        (re.search(r"sed '(s/\"dump\"[^']*)'", page)[1], '"dump"', '"restore"'),
        (re.search(r"sed '(s/\"newest\"[^']*)'", page)[1], '"newest"', '"shop-20261128T020000Z.dump"'),
    ):
        done = subprocess.run(["sed", script], input=job_text, capture_output=True, text=True, check=True).stdout
        lines = [pair for pair in zip(job_text.splitlines(), done.splitlines(), strict=True) if pair[0] != pair[1]]
        assert [(before.strip().removeprefix('"value": '), after.strip().removeprefix('"value": ')) for before, after in lines] == [(old, new)]


def test_another_claim(helm):
    values = changed(changed(SHOP, "persistence", {"vault": {"existingClaim": "nfs"}}), "backup.persistence", "vault")
    assert {"name": "backup", "persistentVolumeClaim": {"claimName": "nfs"}} in pod(helm.render(values))["volumes"]


def claim_jobs(objects):
    return {job["metadata"]["name"]: job["spec"]["template"]["spec"] for job in kinds(objects, "Job")}


def test_its_claim_is_used_once_with_the_install(helm):
    """Else a class that binds with the first consumer would keep helm --wait waiting for the first dump."""
    placed = {**DATA, "cronJobs": {"backup": {"pod": {"nodeSelector": {"disk": "slow"}}}}}
    objects = helm.render(placed)
    ((name, spec),) = claim_jobs(objects).items()
    assert re.fullmatch(r"shop-backup-claim-[0-9a-f]{8}", name)
    assert [v["persistentVolumeClaim"] for v in spec["volumes"]] == [{"claimName": "shop-backup"}]
    dumping = pod(objects)
    assert spec["nodeSelector"] == {"disk": "slow"} and spec["securityContext"] == dumping["securityContext"]
    (own,) = spec["containers"]
    assert own["image"] == container(dumping, "copy-cronrun")["image"] and own["args"] == ["--version"]
    assert own["securityContext"]["readOnlyRootFilesystem"] is True and own["resources"]["limits"]["memory"]
    (hooked,) = [job for job in kinds(objects, "Job")]
    assert "annotations" not in hooked["metadata"], "a hook would come too late, or before the claim"
    # Kubernetes takes no other spec for a Job that is there: any difference makes another one.
    names = {name}
    for values in (DATA, changed(placed, "global.releaseRuntime.tag", "2"), changed(placed, "global.releaseRuntime.resources", {})):
        names |= set(claim_jobs(helm.render(values)))
    assert len(names) == 4


def test_another_version_makes_another_job(helm, tmp_path):
    """Its image is another one, and so may be what it runs."""
    chart = shutil.copytree(CHART, tmp_path / "chart", ignore=shutil.ignore_patterns("examples"))
    names = chart / "templates" / "model" / "_names.tpl"
    names.write_text(names.read_text().replace(f"-}}}}{VERSION}{{{{-", "-}}99.0.0{{-"))
    before, after = (claim_jobs(helm.render(SHOP, chart=one)) for one in (CHART, chart))
    assert set(before) != set(after) and [c["image"] for c in after.popitem()[1]["containers"]] == ["localhost/release-runtime/cronrun:99.0.0"]


def test_no_other_claim_is_used_by_a_job(helm):
    """One that exists already, that a workload has, or that is not there."""
    assert not claim_jobs(helm.render(changed(SHOP, "persistence.backup", {"existingClaim": "nfs"})))
    shared = changed(SHOP, "workloads.web.volumes", {"dumps": {"persistence": "backup", "mountPath": "/dumps", "readOnly": True}})
    assert not claim_jobs(helm.render(shared))
    resident = {**changed(SHOP, "backup.rehearsal", {}), "cronJobs": {"backup": {"mode": "resident"}}}
    assert not claim_jobs(helm.render(resident)), "the pod that stays has it, too"
    assert not claim_jobs(helm.render(changed(changed(DATA, "persistence.backup", None), "backup.rehearsal", None)))
    assert len(claim_jobs(helm.render(SHOP))) == 1


def test_001_15_alerts_when_it_fails_or_is_late(helm):
    found = alerts(helm.render(DATA))
    assert 'job_name=~"(shop-backup|shop-backup-rehearsal)-[0-9]+"' in found["BackupFailed"]
    late = found["BackupLate"].split(" or time()")
    assert 'last_successful_time{namespace="prod",cronjob="shop-backup"}' in late[0] and late[0].endswith("> 93600")
    assert 'kube_cronjob_created{namespace="prod",cronjob="shop-backup"}' in late[0]
    assert 'cronjob="shop-backup-rehearsal"' in late[1] and late[1].endswith(f"> {8 * 86400}")
    assert "shop-backup" not in found["JobFailed"] and "shop-backup" in found["CronJobLate"]
    values = changed(DATA, "cronJobs", {"mail": {"from": "web/app", "schedule": "* * * * *", "command": ["mail"]}})
    assert 'shop-mail-[0-9]+' in alerts(helm.render(values))["JobFailed"]
    weekly = changed(changed(DATA, "backup.schedule", "0 2 * * 0"), "backup.alertAfter", "8d")
    assert alerts(helm.render(weekly))["BackupLate"].split(" or time()")[0].endswith(f"> {8 * 86400}")
    assert not {"BackupFailed", "BackupLate"} & set(alerts(helm.render({**SHOP, "backup": None, "monitoring": {"rules": {}}})))


@pytest.mark.parametrize("kube", ["1.28.0", "1.34.0"])
def test_every_pod_is_restricted(helm, kube):
    found = [(thing, template["spec"]) for thing, template in pods(helm.render(DATA, kube=kube))]
    assert len(found) == 6
    for thing, spec in found:
        assert spec["securityContext"]["runAsNonRoot"] is True and spec["automountServiceAccountToken"] is False
        for c in spec.get("initContainers", []) + spec["containers"]:
            own = c["securityContext"]
            assert own["allowPrivilegeEscalation"] is False and own["capabilities"] == {"drop": ["ALL"]}, c["name"]
            if c["name"] in ("dump", "rehearse", "postgresql", "redis"):
                assert own["readOnlyRootFilesystem"] is True and c["resources"]["limits"]["memory"], c["name"]


@pytest.mark.parametrize(
    "path, value, words",
    [
        ("backup.from", None, "backup.from is missing: WORKLOAD/CONTAINER"),
        ("backup.from", "web/ap", 'backup.from: there is no container "web/ap" (WORKLOAD/CONTAINER); there are: db/pg, web/app'),
        ("backup.from", "db/pg", "backup.from: nothing says where PostgreSQL is: give db/pg DATABASE_URL"),
        ("workloads.web.containers.app.env.DATABASE_HOST", "/run/pg", "DATABASE_HOST names a file or folder of web/app"),
        ("workloads.web.containers.app.env.DATABASE_URL", "postgres://$(JWT)@db/x", "workloads.web.containers.app.env.DATABASE_URL: "),
        ("workloads.web.containers.app.envFrom", {"x": {"secret": "smtp"}}, "workloads.web.containers.app.envFrom: does smtp hold the password"),
        ("persistence.backup", None, "backup: where to? Add persistence: {backup: {size: 20Gi}}"),
        ("backup.persistence", "vault", 'backup.persistence: there is no "vault" in persistence; there are: backup'),
        ("backup.handOver", {"command": ["x"]}, "backup.handOver.image is missing"),
        ("backup.handOver", {"image": "a:1", "command": ["s3", "https://u:canary@s3"]}, "backup.handOver.command: holds a password"),
        ("backup.deadline", "0s", "backup.deadline: 0s would be none"),
        ("monitoring", {"rules": {}}, None),
    ],
)
def test_refused(helm, path, value, words):
    values = changed(SHOP, path, value)
    values["workloads"]["web"]["healthd"] = {"enabled": False}
    if words is None:
        helm.render(values)
        values["backup"]["schedule"] = "0 * * * *"
        words = "backup.alertAfter is missing: how long this schedule may go without a success"
    error = helm.refused(values)
    assert words in error and "canary" not in error, error


def test_refused_rehearsal_of_nothing(helm):
    error = helm.refused(changed(DATA, "persistence.backup", None))
    assert "backup.rehearsal: there is no dump to restore" in error
    external = {"database": "shop", "host": "db"}
    assert "postgresql.password is missing: it is a key of an entry of secrets; add postgresql: {password: {secret: shop, key: " in helm.refused(
        {**DATA, "postgresql": external}
    )


def entries(values, path=()):
    for key, value in values.items():
        yield (*path, key)
        if isinstance(value, dict):
            yield from entries(value, (*path, key))


@pytest.mark.parametrize("path", list(entries({"backup": DATA["backup"]})), ids=".".join)
def test_null_is_as_if_it_were_not_there(both, path):
    without = json.loads(json.dumps(DATA))
    at = without
    for word in path[:-1]:
        at = at[word]
    del at[path[-1]]
    for helm in both:
        expected, done = helm.template(without), helm.template(changed(DATA, ".".join(path), None))
        assert (done.returncode, done.stdout, done.stderr) == (expected.returncode, expected.stdout, expected.stderr)
        assert "error calling include" not in done.stderr or "execution error" in done.stderr


@pytest.mark.parametrize("path", ["backup", "backup.keep", "backup.handOver", "backup.rehearsal"])
def test_an_unknown_key_is_refused_by_its_path(helm, path):
    error = helm.refused(changed(DATA, f"{path}.typo", 1))
    assert "typo" in error and f"/{path.replace('.', '/')}'" in error


def test_as_another_charts(helm, tmp_path):
    """The script is not a file, which a chart that calls could not read."""
    call = '{{ include "release-runtime.all" (dict "ctx" . "values" .Values.app) }}\n'
    objects = helm.render({}, chart=parent(tmp_path, {"app": {"library": True, **DATA}}, call))
    assert named(objects, "ConfigMap", "shop-backup")["data"]["backup.sh"].startswith("#!/bin/sh\n") and len(kinds(objects, "CronJob")) == 2
