"""When a migration runs and what runs: another migrator in the application's image, an init container, a Job after the upgrade."""

import pytest

from rig import changed, container, containers, flags, hooked, named, pod_template, pods, references, variables, weight

FILES = {"0001_a.sql": "SELECT 1;", "0002_b.sql": "-- migrate: phase=contract\nDROP TABLE a;"}
PASSWORD = {"valueFrom": {"secretKeyRef": {"name": "pg", "key": "pw"}}}
APP = {
    "image": "example/api:1",
    "port": 8000,
    "envFrom": {"config": {"configMap": "config"}, "api": {"secret": "api"}},
    "env": {"DATABASE_URL": "postgresql+psycopg2://$(DATABASE_USER):$(DATABASE_PASSWORD)@db/x", "API_KEY": {"valueFrom": {"secretKeyRef": {"name": "api", "key": "KEY"}}}},
    "resources": {"limits": {"memory": "512Mi"}},
    "workingDir": "/app",
    "readOnlyRoot": True,
    "writable": {"/tmp": {}},
}
ALEMBIC = {"from": "api/app", "command": ["alembic", "upgrade", "head"]}


def system(migration=ALEMBIC, app=APP, **more):
    api = {"containers": {"app": app}, "healthd": {"enabled": False}}
    values = {"workloads": {"api": api}, "migrations": {"schema": migration}}
    values["secrets"] = {"api": {"stringData": {"DATABASE_PASSWORD": "canary", "KEY": "canary"}}}
    values["configMaps"] = {"config": {"data": {"DATABASE_USER": "shop"}}}
    return {**values, **more}


def job(objects, name="shop-schema"):
    return named(objects, "Job", name)["spec"]["template"]["spec"]


# --- Another migrator -----------------------------------------------------------------------------------------------------


def test_another_migrator_in_the_applications_image(helm):
    objects = helm.render(system({**ALEMBIC, "exportUrl": "DATABASE_URL=postgresql+psycopg2", "deadline": "2m"}))
    pod = job(objects)
    own = container(pod, "migrate")
    words = own["command"]
    assert words[:2] == ["/release-runtime/migrate", "run"] and words[words.index("--") :] == ["--", *ALEMBIC["command"]]
    assert flags(own)["--export-url"] == "DATABASE_URL=postgresql+psycopg2" and flags(own)["--deadline"] == "2m"
    assert "args" not in own and "--phase" not in words and "--dir" not in words
    # It is the application's container: image, variables, resources, directories.
    assert own["image"] == "example/api:1" and own["workingDir"] == "/app" and own["resources"] == APP["resources"]
    assert own["securityContext"]["readOnlyRootFilesystem"] is True
    assert {"/tmp", "/release-runtime"} == {m["mountPath"] for m in own["volumeMounts"]}
    # Its Secrets and ConfigMaps are the copies, for nothing else is there yet.
    assert own["envFrom"] == [{"secretRef": {"name": hooked("api")}}, {"configMapRef": {"name": hooked("config")}}]
    assert variables(own)["API_KEY"]["secretKeyRef"]["name"] == hooked("api")
    copy = container(pod, "copy-migrate")
    assert copy["args"] == ["copy", "/release-runtime/migrate"] and copy in pod["initContainers"]
    there = {(o["kind"], o["metadata"]["name"]) for o in objects if (weight(o) or 0) < 0}
    assert references(pod) <= there


def test_its_root_follows_the_applications(helm):
    own = container(job(helm.render(system(app={**APP, "readOnlyRoot": False}))), "migrate")
    assert "readOnlyRootFilesystem" not in own["securityContext"]
    more = {**ALEMBIC, "image": "example/tools:2", "resources": {"limits": {"memory": "1Gi"}}, "env": {"X": 1}}
    own = container(job(helm.render(system(more))), "migrate")
    assert own["image"] == "example/tools:2" and own["resources"] == more["resources"] and variables(own)["X"] == "1"


# --- Before, after, or in the pods ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("migration", [ALEMBIC, {"from": "api/app", "files": FILES}], ids=["command", "files"])
def test_in_an_init_container(helm, migration):
    app = {**APP, "env": {"PGHOST": "db"}}
    objects = helm.render(system({**migration, "when": "init"}, app))
    assert not [o for o in objects if weight(o) is not None or o["kind"] == "Job"]
    pod = pod_template(named(objects, "Deployment", "shop-api"))["spec"]
    own = container(pod, "migrate-schema")
    names = [c["name"] for c in pod["initContainers"]]
    assert names.index("migrate-schema") == len(names) - 1 and pod["containers"][0]["name"] == "app"
    volumes = {v["name"] for v in pod["volumes"]}
    assert len(volumes) == len(pod["volumes"]) and {m["name"] for m in own["volumeMounts"]} <= volumes
    if "command" in migration:
        assert own["envFrom"][0] == {"secretRef": {"name": "shop-api"}} and names[0] == "copy-migrate"
    else:
        files = named(objects, "ConfigMap", "shop-schema-files")
        assert files["data"] == FILES and "annotations" not in files["metadata"]
        assert variables(own)["DATABASE_PASSWORD_FILE"] == "/run/release-runtime/api/DATABASE_PASSWORD"
        # New files make new pods.
        sums = lambda v: pod_template(named(helm.render(v), "Deployment", "shop-api"))["metadata"]["annotations"]  # noqa: E731
        other = changed(system({**migration, "when": "init"}, app), "migrations.schema.files", {"0001_a.sql": "SELECT 2;"})
        assert sums(other)["checksum/migrations"] != sums(system({**migration, "when": "init"}, app))["checksum/migrations"]


def test_beside_healthd_and_another_migration(helm):
    app = {**APP, "env": {"PGHOST": "db"}}
    values = system({"from": "api/app", "files": FILES, "when": "init"}, app)
    values["workloads"]["api"]["healthd"] = {}
    values["migrations"]["other"] = {**ALEMBIC, "when": "init"}
    pod = pod_template(named(helm.render(values), "Deployment", "shop-api"))["spec"]
    assert [c["name"] for c in pod["initContainers"]] == ["copy-migrate", "migrate-other", "migrate-schema", "healthd"]
    assert len({v["name"] for v in pod["volumes"]}) == len(pod["volumes"])


def own_database(**migration):
    app = {**APP, "envFrom": {}, "env": {"DATABASE_HOST": {"service": "pg"}, "DATABASE_PASSWORD": PASSWORD}}
    values = system({"from": "api/app", "files": FILES, **migration}, app)
    values["workloads"]["pg"] = {"containers": {"app": {"image": "pg:1", "port": 5432}}}
    return values


def test_a_database_of_the_release_is_there_when_the_pods_are(helm):
    """auto: not before the release, with which its database comes."""
    for more in ((), ("--is-upgrade",)):
        objects = helm.render(own_database(), *more)
        pod = pod_template(named(objects, "Deployment", "shop-api"))["spec"]
        assert container(pod, "migrate-schema") and not [o for o in objects if o["kind"] == "Job"]
    error = helm.refused(own_database(when="pre"))
    assert 'migrations.schema: DATABASE_HOST names the Service "shop-pg" of this release' in error
    assert "say migrations.schema.when: init" in error
    assert job(helm.render(own_database(when="pre"), "--is-upgrade"))
    # One of another place is there before.
    assert weight(named(helm.render(system()), "Job", "shop-schema")) == 0


def test_after_the_upgrade(helm):
    objects = helm.render(system({"from": "api/app", "files": FILES, "when": "post"}, {**APP, "env": {"PGHOST": "db"}}))
    post = named(objects, "Job", "shop-schema")
    assert post["metadata"]["annotations"]["helm.sh/hook"] == "post-install,post-upgrade"
    # The release is there: no copies.
    assert [o["metadata"]["name"] for o in objects if weight(o) is not None] == ["shop-schema"]
    real = {(o["kind"], o["metadata"]["name"]) for o in objects}
    assert references(post["spec"]["template"]["spec"]) <= real
    values = system({**ALEMBIC, "when": "post"}, {**APP, "env": {"PGHOST": "db"}})
    values["workloads"]["api"]["healthd"] = {"checks": {"schema": "postgres:// schema 0003"}}
    error = helm.refused(values)
    assert "migrations.schema.when: post runs when the pods are ready, and workloads.api.healthd.checks.schema" in error


# --- What takes something away --------------------------------------------------------------------------------------------


def phases(objects):
    return {o["metadata"]["name"]: flags(container(o["spec"]["template"]["spec"], "migrate")).get("--phase") for o in objects if o["kind"] == "Job"}


def test_contract_phases(helm):
    files = {"from": "api/app", "files": FILES}
    app = {**APP, "env": {"PGHOST": "db"}}
    assert phases(helm.render(system(files, app))) == {"shop-schema": None}
    later = helm.render(system(files, app), "--set", "migrations.schema.contract=pre")
    assert phases(later) == {"shop-schema": "all"}
    values = system({**files, "contract": "post"}, app)
    error = helm.refused(values)
    assert "migrations.schema.contract: post takes away what old pods may still use" in error and "policy.helmWaits: true" in error
    values["policy"] = {"helmWaits": True}
    objects = helm.render(values)
    assert phases(objects) == {"shop-schema": None, "shop-schema-contract": "contract"}
    left = named(objects, "Job", "shop-schema-contract")
    assert left["metadata"]["annotations"]["helm.sh/hook"] == "post-install,post-upgrade"
    pod = left["spec"]["template"]["spec"]
    real = {(o["kind"], o["metadata"]["name"]) for o in objects if weight(o) is None}
    assert references(pod) <= real and named(objects, "ConfigMap", "shop-schema-files")["data"] == FILES
    # In an init container the files are there already; after the upgrade one Job does both.
    objects = helm.render(changed(values, "migrations.schema.when", "init"))
    assert phases(objects) == {"shop-schema-contract": "contract"}
    assert len([o for o in objects if o["kind"] == "ConfigMap" and o["metadata"]["name"] == "shop-schema-files"]) == 1
    assert phases(helm.render(changed(values, "migrations.schema.when", "post"))) == {"shop-schema": "all"}


def test_every_pod_is_restricted_here_too(helm):
    values = system({**ALEMBIC, "when": "init"}, migrations={"a": ALEMBIC, "b": {**ALEMBIC, "when": "init"}, "c": {**ALEMBIC, "when": "post"}})
    for _, template in pods(helm.render(values)):
        for c in containers(template["spec"]):
            assert c["securityContext"]["allowPrivilegeEscalation"] is False and c["securityContext"]["capabilities"] == {"drop": ["ALL"]}


@pytest.mark.parametrize(
    "migration, said",
    [
        ({"command": ["x"]}, "migrations.schema.from is missing: WORKLOAD/CONTAINER, whose image and variables command gets"),
        ({**ALEMBIC, "dir": "/m"}, "migrations.schema: give one of files"),
        ({**ALEMBIC, "files": FILES}, "migrations.schema: give one of files"),
        ({**ALEMBIC, "lockTimeout": "1s"}, "migrations.schema.lockTimeout: only files, dir or image has it"),
        ({**ALEMBIC, "layout": "golang"}, "migrations.schema.layout: only files, dir or image has it"),
        ({**ALEMBIC, "contract": "pre"}, "migrations.schema.contract: another migrator has no such files"),
        ({"from": "api/app", "dir": "/m", "grace": "1s"}, "migrations.schema.grace: only command has it"),
        ({"files": FILES, "env": {"PGHOST": "db"}, "when": "init"}, "migrations.schema.from is missing: WORKLOAD/CONTAINER, in whose pods"),
        ({**ALEMBIC, "when": "init", "pod": {"priorityClassName": "x"}}, "migrations.schema.pod: with when: init it runs in the pods"),
        ({**ALEMBIC, "command": ["x", "postgres://u:canary@db/x"]}, "migrations.schema.command: holds a password in a URL"),
        ({**ALEMBIC, "env": {"PGPASSWORD": "canary"}}, "migrations.schema.env.PGPASSWORD: a password belongs into a Secret"),
        ({**ALEMBIC, "deadline": "5m"}, "do not fit into activeDeadlineSeconds (280)"),
        ({**ALEMBIC, "when": "sometimes"}, "/migrations/schema/when"),
    ],
)
def test_refused(helm, migration, said):
    error = helm.refused(system(migration))
    assert said in error and "canary" not in error


def test_a_command_without_a_database(helm):
    error = helm.refused(system(app={**APP, "env": {}, "envFrom": {}}))
    assert "migrations.schema: nothing says where PostgreSQL is" in error
