"""Where PostgreSQL and Redis are: what would be lost, or waited for, without a word is refused."""

import json
import re

import pytest

from rig import FULL, ROOT, changed, container, flags, named, variables

APP = {"image": "example/shop:1", "port": 8080}
FILES = {"0001_a.sql": "SELECT 1;"}
PARTS = {"DATABASE_HOST": "db", "DATABASE_NAME": "shop", "DATABASE_USER": "shop"}
SECRET = {"DATABASE_PASSWORD": "canary", "REDIS_PASSWORD": "canary"}


def shop(secret, **more):
    """The host stands in a ConfigMap, the password in a Secret, as most do it."""
    app = {**APP, "envFromConfigMap": "config", "envFromSecret": "shop"}
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
    assert "envFromSecret: does shop hold the password for DATABASE_HOST?" in error
    assert "secrets.shop.connectionKeys: [DATABASE_PASSWORD, …]" in error
    overlay["secrets"]["shop"]["connectionKeys"] = ["DATABASE_PASSWORD"]
    given = healthd(helm, overlay, "web", "-f", base)
    assert given["DATABASE_PASSWORD_FILE"] == "/run/release-runtime/DATABASE_PASSWORD"


def test_the_keys_said_once_hold_in_every_mode(helm):
    """connectionKeys may stand in the base file, beside stringData too."""
    keys = ["DATABASE_PASSWORD"]
    for secret in ({"stringData": SECRET}, {"data": {"DATABASE_PASSWORD": "eA=="}}, {"existingSecret": "prod"}):
        values = shop({**secret, "connectionKeys": keys})
        for given in (healthd(helm, values), migrate(helm, values)):
            assert given["DATABASE_PASSWORD_FILE"] and "REDIS_PASSWORD_FILE" not in given
    error = helm.refused(shop({"stringData": SECRET, "connectionKeys": ["DATABASE_URL"]}))
    assert "secrets.shop.connectionKeys: DATABASE_URL is neither in stringData nor in data" in error


@pytest.mark.parametrize("host", ["DATABASE_HOST", "PGHOST", "PGHOSTADDR", "REDIS_HOST"])
def test_a_host_beside_a_secret_whose_keys_are_unknown(helm, host):
    app = {**APP, "envFromSecret": "elsewhere", "env": {host: "db"}}
    values = {"workloads": {"web": {"containers": {"app": app}, "healthd": {"database": True}}}}
    error = helm.refused(values)
    assert f"workloads.web.containers.app.envFromSecret: does elsewhere hold the password for {host}?" in error
    values["secrets"] = {"elsewhere": {"existingSecret": "elsewhere", "connectionKeys": []}}
    assert host in healthd(helm, values)
    # cronrun lives in the container and has all that it has.
    values["cronJobs"] = {"mail": {**FULL["cronJobs"]["mail"], "from": "web/app"}}
    del values["secrets"]
    values["workloads"]["web"]["healthd"] = {"enabled": False}
    job = named(helm.render(values), "CronJob", "shop-mail")["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert flags(container(job, "app"))["--lock"] in ("postgres", "redis")


def test_a_migration_beside_such_a_secret(helm):
    migration = {"files": FILES, "env": {"PGHOST": "db"}, "envFromSecret": "elsewhere"}
    error = helm.refused({"migrations": {"schema": migration}})
    assert "migrations.schema.envFromSecret: does elsewhere hold the password for PGHOST?" in error
    del migration["envFromSecret"]
    assert migrate(helm, {"migrations": {"schema": migration}}) == {"PGHOST": "db"}


# --- Variables that are shared with those who do not use them -----------------------------------------------------------


def front(**healthd):
    """A front end that shares a ConfigMap with the back end, but not its Secret."""
    values = shop({"stringData": SECRET})
    web = {"containers": {"app": {**APP, "envFromConfigMap": "config"}}, "healthd": healthd}
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
        ({"PGHOST": "db", "PGPASSFILE": "/home/shop/.pgpass"}, False),
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
    for kind, line in (("database", "postgres:// role standby"), ("redis", "redis://"), ("database", "postgresql://")):
        error = helm.refused(changed(FULL, "workloads.web.healthd", {kind: False, "checks": {"x": line}}))
        assert f"checks.x: asks what the variables name, and workloads.web.healthd.{kind}: false" in error
    healthd(helm, changed(FULL, "workloads.web.healthd", {"redis": False, "checks": {"x": "redis://other:6379"}}))


# --- Check lines ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", ["postgress://db", "db:5432", "mysql://db", "/healthz", "HTTP://x", "redis+x://r", "grpc:1"])
def test_a_check_of_an_unknown_scheme(helm, line):
    error = helm.refused(changed(FULL, "workloads.web.healthd.checks", {"x": line}))
    assert "workloads.web.healthd.checks.x: begins with no URL that healthd knows; it knows postgres, " in error


def test_the_schemes_are_healthds(helm):
    """Those of its own message for an unknown one."""
    error = helm.refused(changed(FULL, "workloads.web.healthd.checks", {"x": "x://"}))
    told = set(re.search(r"it knows ([a-z, ]+)", error)[1].split(", "))
    source = (ROOT / "healthd" / "checkline.c").read_text()
    assert told == set(re.findall(r'\{"([a-z]+)", CHECK_[A-Z]+\}', source))
    for scheme in (*told, "postgresql+asyncpg"):
        healthd(helm, changed(FULL, "workloads.web.healthd.checks", {"x": f"{scheme}://other/x"}))
