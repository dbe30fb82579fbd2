"""Where PostgreSQL and Redis are: what would be lost, or waited for, without a word is refused."""

import json
import re

import pytest

from rig import FULL, ROOT, changed, container, flags, hooked, named, variables

APP = {"image": "example/shop:1", "port": 8080}
FILES = {"0001_a.sql": "SELECT 1;"}
PARTS = {"DATABASE_HOST": "db", "DATABASE_NAME": "shop", "DATABASE_USER": "shop"}
SECRET = {"DATABASE_PASSWORD": "canary", "REDIS_PASSWORD": "canary"}


def shop(secret, **more):
    """The host stands in a ConfigMap, the password in a Secret, as most do it."""
    app = {**APP, "envFrom": {"config": {"configMap": "config"}, "shop": {"secret": "shop"}}}
    values = {"workloads": {"web": {"containers": {"app": app}}}, "configMaps": {"config": {"data": PARTS}}}
    return {**values, "secrets": {"shop": secret}, "migrations": {"schema": {"from": "web/app", "files": FILES}}, **more}


def healthd(helm, values, workload="web", *more):
    pod = named(helm.render(values, *more), "Deployment", f"shop-{workload}")["spec"]["template"]["spec"]
    return variables(container(pod, "healthd"))


def migrate(helm, values):
    return variables(container(named(helm.render(values), "Job", "shop-schema")["spec"]["template"]["spec"], "migrate"))


# --- A Secret whose mode an overlay switches ------------------------------------------------------------------------------


def test_a_switched_mode_loses_no_password(helm, tmp_path):
    base = tmp_path / "base.yaml"
    base.write_text(json.dumps(shop({"stringData": SECRET})))
    overlay = {"secrets": {"shop": {"stringData": None, "existingSecret": "prod"}}}
    error = helm.refused(overlay, "-f", base)
    assert "app.envFrom: does shop hold the password for DATABASE_HOST?" in error
    assert "secrets.shop: {existingSecret: shop, keys: {DATABASE_PASSWORD: {}, …}}" in error
    overlay["secrets"]["shop"]["keys"] = {"DATABASE_PASSWORD": {}}
    given = healthd(helm, overlay, "web", "-f", base)
    assert given["DATABASE_PASSWORD_FILE"] == "/run/release-runtime/prod/DATABASE_PASSWORD"


def test_the_keys_said_once_hold_in_every_mode(helm):
    """keys stand in the base file, whichever way an overlay has it made."""
    keys = {"DATABASE_PASSWORD": {}, "JWT_SECRET": {}, "SMTP_PASSWORD": {"optional": True}}
    plain = {"DATABASE_PASSWORD": "canary", "JWT_SECRET": "canary"}
    modes = [{"stringData": plain}, {"data": dict.fromkeys(plain, "eA==")}, {"existingSecret": "prod"}]
    modes += [{"external": {"store": "vault", "from": "shop/prod"}}]
    for secret in modes:
        values = shop({**secret, "keys": keys})
        for given in (healthd(helm, values), migrate(helm, values)):
            assert given["DATABASE_PASSWORD_FILE"] and not {"JWT_SECRET_FILE", "JWT_SECRET", "REDIS_PASSWORD_FILE"} & set(given)
    error = helm.refused(shop({"stringData": SECRET, "keys": {**dict.fromkeys(SECRET, {}), "DATABASE_URL": {}}}))
    assert "secrets.shop.keys: DATABASE_URL is not given; give it, or say secrets.shop.keys.DATABASE_URL: {optional" in error
    error = helm.refused(shop({"stringData": SECRET, "keys": {"DATABASE_PASSWORD": {}}}))
    assert "secrets.shop.keys: REDIS_PASSWORD is given and not named there" in error and "canary" not in error


@pytest.mark.parametrize("host", ["DATABASE_HOST", "PGHOST", "PGHOSTADDR", "REDIS_HOST"])
def test_a_host_beside_a_secret_whose_keys_are_unknown(helm, host):
    app = {**APP, "envFrom": {"x": {"secret": "elsewhere"}}, "env": {host: "db"}}
    values = {"workloads": {"web": {"containers": {"app": app}, "healthd": {"database": True}}}}
    error = helm.refused(values)
    assert f"workloads.web.containers.app.envFrom: does elsewhere hold the password for {host}?" in error
    values["secrets"] = {"elsewhere": {"existingSecret": "elsewhere", "keys": {}}}
    assert host in healthd(helm, values)
    # cronrun lives in the container and has all that it has.
    values["cronJobs"] = {"mail": {**FULL["cronJobs"]["mail"], "from": "web/app"}}
    del values["secrets"]
    values["workloads"]["web"]["healthd"] = {"enabled": False}
    job = named(helm.render(values), "CronJob", "shop-mail")["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert flags(container(job, "app"))["--lock"] in ("postgres", "redis")


def test_a_migration_beside_such_a_secret(helm):
    migration = {"files": FILES, "env": {"PGHOST": "db"}, "envFrom": {"x": {"secret": "elsewhere"}}}
    error = helm.refused({"migrations": {"schema": migration}})
    assert "migrations.schema.envFrom: does elsewhere hold the password for PGHOST?" in error
    del migration["envFrom"]
    assert migrate(helm, {"migrations": {"schema": migration}}) == {"PGHOST": "db"}


# --- Variables that are shared with those who do not use them -----------------------------------------------------------


def front(**healthd):
    """A front end that shares a ConfigMap with the back end, but not its Secret."""
    values = shop({"stringData": SECRET})
    web = {"containers": {"app": {**APP, "envFrom": {"config": {"configMap": "config"}}}}, "healthd": healthd}
    return changed(values, "workloads.front", web)


def test_a_front_end_waits_for_no_database_of_others(helm):
    error = helm.refused(front())
    assert "workloads.front.healthd: DATABASE_HOST says where PostgreSQL is, but nothing gives a password" in error
    assert "healthd.database: false" in error
    given = healthd(helm, front(database=False), "front")
    assert given == {"HEALTHD_CHECKS": "app tcp://localhost:8080"}
    assert set(PARTS) < set(healthd(helm, front(database=True), "front"))
    assert set(PARTS) < set(healthd(helm, front(database=False)))  # the back end's own


@pytest.mark.parametrize(
    "env, bare",
    [
        ({"DATABASE_URL": "postgres://shop@db/shop"}, True),
        ({"DATABASE_DSN": "host=db user=shop"}, True),
        ({"PGHOST": "db"}, True),
        ({"PGHOST": {"valueFrom": {"configMapKeyRef": {"name": "theirs", "key": "host"}}}}, True),
        ({"PGHOST": "db", "PGPASSFILE": {"valueFrom": {"configMapKeyRef": {"name": "theirs", "key": "file"}}}}, False),
        ({"PGSERVICE": "shop"}, False),
        ({"PGUSER": "shop"}, False),
        ({"REDIS_HOST": "redis"}, False),
        ({"DATABASE_URL": {"valueFrom": {"secretKeyRef": {"name": "s", "key": "url"}}}}, False),
        ({"DATABASE_URL": {"valueFrom": {"configMapKeyRef": {"name": "theirs", "key": "url"}}}}, False),
    ],
)
def test_what_counts_as_credentials(helm, env, bare):
    values = {"workloads": {"web": {"containers": {"app": {**APP, "env": env}}}}}
    if bare:
        assert "healthd.database: false" in helm.refused(values)
    else:
        healthd(helm, values)


def test_a_derived_check_switched_off(helm):
    values = changed(FULL, "workloads.web.healthd", {"database": False, "redis": False})
    assert set(healthd(helm, values)) == {"HEALTHD_CHECKS"}
    values = changed(FULL, "workloads.web.healthd", {"redis": False})
    assert not [name for name in healthd(helm, values) if name.startswith("REDIS")]
    for kind, line in (("database", "postgres:// role standby"), ("redis", "redis://"), ("database", "PostgreSQL://")):
        error = helm.refused(changed(FULL, "workloads.web.healthd", {kind: False, "checks": {"x": line}}))
        assert f"checks.x: asks what the variables name, and workloads.web.healthd.{kind}: false" in error
    healthd(helm, changed(FULL, "workloads.web.healthd", {"redis": False, "checks": {"x": "redis://other:6379"}}))


# --- Files that they name ---------------------------------------------------------------------------------------------------

CA = "/etc/ca/ca.pem"
PASSWORD = {"valueFrom": {"secretKeyRef": {"name": "pg", "key": "pw"}}}


def with_file(env, mount=None, volume=None, migration=None, **healthd):
    """An application, and its migration, whose variables name a file."""
    app = {**APP, "env": {"PGHOST": "db", "PGPASSWORD": PASSWORD, **env}}
    web = {"containers": {"app": app}, "healthd": healthd}
    if mount:
        app["volumeMounts"], web["volumes"] = {"ca": mount}, {"ca": volume} if volume else {}
    values = {"workloads": {"web": web}, "configMaps": {"ca": {"data": {"ca.pem": "x"}}}}
    return {**values, "migrations": {"schema": {"from": "web/app", **migration}} if migration else {}}


OWN = {"configMap": {"name": "ca"}}
NAMED = [
    {"PGSSLROOTCERT": CA},
    {"DATABASE_URL": f"postgres://db/x?sslmode=verify-full&sslrootcert={CA}"},
    {"DATABASE_URL": "postgres://db/x?sslrootcert=%2Fetc%2Fca%2Fca.pem&sslmode=require"},
    {"DATABASE_DSN": f"host=db sslrootcert = '{CA}'"},
    {"PGHOST": "/etc/ca"},
]


@pytest.mark.parametrize("env", NAMED)
def test_a_file_comes_with_its_mount(helm, env):
    (name,) = env
    values = with_file(env, {"mountPath": "/etc/ca/"}, OWN, {"files": FILES})
    objects = helm.render(values)
    pod = named(objects, "Deployment", "shop-web")["spec"]["template"]["spec"]
    mount = {"name": "ca", "mountPath": "/etc/ca", "readOnly": True}
    assert mount in container(pod, "healthd")["volumeMounts"]
    job = named(objects, "Job", "shop-schema")["spec"]["template"]["spec"]
    assert mount in container(job, "migrate")["volumeMounts"]
    volume = {"name": "ca", "configMap": {"name": hooked("ca"), "optional": True}}
    assert volume in job["volumes"] and named(objects, "ConfigMap", hooked("ca"))


def test_a_volume_of_the_users_is_none_of_the_charts(helm):
    """No name that a workload's volume may have is one that a hook's own has."""
    for name in ("migrations", "files", "connection"):
        values = with_file({"PGSSLROOTCERT": CA}, {"name": name, "mountPath": "/etc/ca"}, migration={"files": FILES})
        values["workloads"]["web"]["volumes"] = {name: OWN}
        job = named(helm.render(values), "Job", "shop-schema")["spec"]["template"]["spec"]
        names = [volume["name"] for volume in job["volumes"]]
        assert name in names and len(names) == len(set(names)), names


@pytest.mark.parametrize("env", NAMED)
def test_a_file_that_our_containers_do_not_have(helm, env):
    (name,) = env
    error = helm.refused(with_file(env))
    assert f"workloads.web.healthd: {name} names a file or folder of app, which healthd does not have" in error
    error = helm.refused(with_file(env, migration={"files": FILES}, enabled=False))
    assert f"migrations.schema: {name} names a file or folder, which the image of migrate does not have" in error
    # Another image may have it, and what is not used needs none.
    helm.render(with_file(env, migration={"dir": "/m"}, database=False))
    helm.render(with_file(env, migration={"image": "mine:1"}, database=False))
    beside = with_file(env, {"mountPath": "/etc/cap"}, OWN)
    assert "which healthd does not have" in helm.refused(beside)


def test_a_file_on_what_a_hook_cannot_have(helm):
    claim = {"persistentVolumeClaim": {"claimName": "ca", "readOnly": True}}
    for how in ({"files": FILES}, {"dir": "/m"}):
        error = helm.refused(with_file({"PGSSLROOTCERT": CA}, {"mountPath": "/etc/ca"}, claim, how))
        assert "migrations.schema: a variable names a file in /etc/ca, and a hook has only volumes of Secrets" in error
    healthd(helm, with_file({"PGSSLROOTCERT": CA}, {"mountPath": "/etc/ca"}, claim))


@pytest.mark.parametrize("folder", ["/release-runtime", "/run/release-runtime", "/run/release-runtime/ca", "/migrations", "/migrations/ca"])
def test_a_file_where_the_chart_mounts_its_own(helm, folder):
    """The API refuses a second mount there, and the runtime one below it, which is read-only."""
    values = with_file({"PGSSLROOTCERT": f"{folder}/ca.pem"}, {"mountPath": f"{folder}/"}, OWN, {"files": FILES})
    where = "migrations.schema" if "migr" in folder else "workloads.web.containers.app.volumeMounts.ca.mountPath"
    assert f"{where}: {folder} is the chart's own; choose another" in helm.refused(values)
    if "migr" not in folder:
        values = changed(with_file({}), "workloads.web.containers.app.writable", {"/tmp": {}, folder: {}})
        assert f"containers.app.writable: {folder} is the chart's own" in helm.refused(values)
    # Where nothing else is mounted there it is the user's.
    if where == "migrations.schema":
        values["migrations"]["schema"] = {"from": "web/app", "dir": "/m"}
        helm.render(values)


def test_files_that_are_there(helm):
    for path in ("system", "/etc/ssl/certs/ca-certificates.crt"):
        helm.render(with_file({"PGSSLROOTCERT": path}, migration={"files": FILES}))


# --- Check lines ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", ["postgress://db", "db:5432", "mysql://db", "/healthz", "redis+x://r", "grpc:1"])
def test_a_check_of_an_unknown_scheme(helm, line):
    error = helm.refused(changed(FULL, "workloads.web.healthd.checks", {"x": line}))
    assert "workloads.web.healthd.checks.x: begins with no URL that healthd knows; it knows postgres, " in error


def test_the_schemes_are_healthds(helm):
    """Those that its own page of formats lists."""
    error = helm.refused(changed(FULL, "workloads.web.healthd.checks", {"x": "x://"}))
    told = set(re.search(r"it knows ([a-z, ]+)", error)[1].split(", "))
    rows = re.findall(r"^\| `[a-z]+://.*$", (ROOT / "docs" / "formats.md").read_text(), re.M)
    assert told == set(re.findall(r"([a-z]+)://", " ".join(rows)))
    lines = {f"x{i}": f"{scheme}://other/x" for i, scheme in enumerate((*told, "postgresql+asyncpg", "HTTP"))}
    given = healthd(helm, changed(FULL, "workloads.web.healthd.checks", lines))
    assert given["HEALTHD_CHECKS"].count("://other/x") == len(lines)
