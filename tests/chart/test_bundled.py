"""PostgreSQL and Redis of the release itself, for development, and the same elsewhere: one word in an overlay."""

import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from kinds import DATA, kinds

from rig import changed, container, named, variables

SHOP = {key: entry for key, entry in DATA.items() if key not in ("backup", "persistence", "monitoring")}


def spec(objects, kind, name):
    return named(objects, kind, name)["spec"]["template"]["spec"]


def test_001_3_a_postgresql_of_the_releases_own(helm):
    objects = helm.render(changed(SHOP, "postgresql.config", {"max_connections": 200, "work_mem": "8MB"}))
    server = named(objects, "StatefulSet", "shop-postgresql")
    pod = server["spec"]["template"]["spec"]
    own = container(pod, "postgresql")
    assert own["image"] == "postgres:16.10-bookworm" and own["args"] == ["-c", "max_connections=200", "-c", "work_mem=8MB"]
    given = variables(own)
    assert given["POSTGRES_DB"] == "shop" and given["POSTGRES_USER"] == "shopper"
    assert given["POSTGRES_PASSWORD"] == {"secretKeyRef": {"name": "shop-shop", "key": "DATABASE_PASSWORD"}}
    mounted = {m["mountPath"]: m["name"] for m in own["volumeMounts"]}
    assert Path(given["PGDATA"]).parent == Path("/data") and mounted["/data"] == "data"
    assert {"name": "data", "persistentVolumeClaim": {"claimName": "shop-postgresql"}} in pod["volumes"]
    claim = named(objects, "PersistentVolumeClaim", "shop-postgresql")
    assert claim["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    assert claim["spec"]["resources"]["requests"]["storage"] == "8Gi"
    service = named(objects, "Service", "shop-postgresql")["spec"]
    assert service["type"] == "ClusterIP" and "clusterIP" not in service and service["ports"][0]["port"] == 5432
    assert server["spec"]["serviceName"] == "shop-postgresql"
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        asked = " ".join(own[probe]["exec"]["command"])
        assert "pg_isready -q -h 127.0.0.1 -U shopper -d shop" in asked
    # A server that is starting or ending (1) is alive; one that does not answer (2) is not.
    assert own["livenessProbe"]["exec"]["command"][-1].endswith("; test $? -le 1")
    assert given["POSTGRES_INITDB_ARGS"] == "--data-checksums"
    assert [c["name"] for c in pod["containers"]] == ["postgresql"] and "lifecycle" not in own
    # What it writes to is what it needs; the rest of its root is read-only.
    assert own["securityContext"]["readOnlyRootFilesystem"] is True and set(mounted) == {"/data", "/tmp", "/var/run/postgresql", "/dev/shm"}
    assert own["resources"]["limits"] == {"memory": "512Mi"}


def test_001_3_a_redis_of_the_releases_own(helm):
    objects = helm.render(changed(SHOP, "redis.config", {"maxmemory": "100mb", "maxmemory-policy": "allkeys-lru"}))
    assert named(objects, "Deployment", "shop-redis")["spec"]["strategy"] == {"type": "Recreate"}
    pod = spec(objects, "Deployment", "shop-redis")
    own = container(pod, "redis")
    words = own["args"]
    config = dict(zip(words[::2], words[1::2], strict=True))
    assert config == {"--appendonly": "no", "--dir": "/data", "--maxmemory": "100mb", "--maxmemory-policy": "allkeys-lru", "--save": ""}
    assert own["image"] == "redis:7.4.5-bookworm" and {"name": "data", "emptyDir": {}} in pod["volumes"]
    assert variables(own) == {"REDISCLI_AUTH": {"secretKeyRef": {"name": "shop-shop", "key": "REDIS_PASSWORD"}}}
    assert "PONG" in json.dumps(own["readinessProbe"]) and "PONG" not in json.dumps(own["livenessProbe"])
    # With a claim it keeps its data.
    objects = helm.render(changed(SHOP, "persistence", {"redis": {"size": "1Gi"}}))
    pod = spec(objects, "StatefulSet", "shop-redis")
    assert {"name": "data", "persistentVolumeClaim": {"claimName": "shop-redis"}} in pod["volumes"]
    words = container(pod, "redis")["args"]
    assert words[words.index("--appendonly") + 1] == "yes" and "--save" not in words


@pytest.mark.parametrize("key, kind, user", [("postgresql", "StatefulSet", 999), ("redis", "Deployment", 999)])
def test_it_is_restricted(helm, key, kind, user):
    security = spec(helm.render(SHOP), kind, f"shop-{key}")["securityContext"]
    assert security == {
        "runAsUser": user,
        "runAsGroup": user,
        "fsGroup": user,
        "fsGroupChangePolicy": "OnRootMismatch",
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    # Where the cluster chooses the user, it chooses all of it.
    free = helm.render(changed(SHOP, "podSecurity", {"runAsUser": None, "runAsGroup": None}))
    assert spec(free, kind, f"shop-{key}")["securityContext"] == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}


def test_another_image_has_another_user(helm):
    values = changed(SHOP, "postgresql.image", "postgres:17.6-alpine")
    pod = spec(helm.render(values), "StatefulSet", "shop-postgresql")
    assert pod["securityContext"]["runAsUser"] == 70 and container(pod, "postgresql")["image"] == "postgres:17.6-alpine"
    values = changed(SHOP, "postgresql.image", {"repository": "registry.example.com/postgres", "tag": 16})
    pod = spec(helm.render(values), "StatefulSet", "shop-postgresql")
    assert container(pod, "postgresql")["image"] == "registry.example.com/postgres:16"


def test_entries_of_its_key_change_it(helm):
    values = changed(SHOP, "workloads.postgresql", {"nodeSelector": {"disk": "fast"}, "containers": {"postgresql": {"readOnlyRoot": False}}})
    values["workloads"]["postgresql"]["volumes"] = {"init": {"configMap": {"name": "init"}, "mountPath": "/docker-entrypoint-initdb.d"}}
    values["services"] = {"postgresql": {"nameOverride": "postgres", "clusterIP": "None"}}
    values["persistence"] = {"postgresql": {"size": "20Gi", "storageClass": "fast"}}
    values["configMaps"] = {"postgresql": {"data": {"PGSSLMODE": "disable"}}, "init": {"data": {"a.sql": "SELECT 1"}}}
    objects = helm.render(values)
    pod = spec(objects, "StatefulSet", "shop-postgresql")
    own = container(pod, "postgresql")
    assert pod["nodeSelector"] == {"disk": "fast"} and "readOnlyRootFilesystem" not in own["securityContext"]
    assert "/docker-entrypoint-initdb.d" in {m["mountPath"] for m in own["volumeMounts"]}
    assert named(objects, "PersistentVolumeClaim", "shop-postgresql")["spec"]["storageClassName"] == "fast"
    assert named(objects, "Service", "postgres")["spec"]["clusterIP"] == "None"
    data = named(objects, "ConfigMap", "shop-postgresql")["data"]
    assert data["DATABASE_HOST"] == "postgres" and data["PGSSLMODE"] == "disable"
    # A claim that exists already, and none.
    objects = helm.render(changed(SHOP, "persistence", {"postgresql": {"existingClaim": "theirs"}}))
    volumes = spec(objects, "StatefulSet", "shop-postgresql")["volumes"]
    assert {"name": "data", "persistentVolumeClaim": {"claimName": "theirs"}} in volumes
    objects = helm.render(changed(SHOP, "persistence", {"postgresql": {"enabled": False}}))
    assert {"name": "data", "emptyDir": {}} in spec(objects, "StatefulSet", "shop-postgresql")["volumes"]
    assert not kinds(objects, "PersistentVolumeClaim")


def test_workloads_are_told_where_it_is(helm):
    objects = helm.render(SHOP)
    wanted = {"DATABASE_HOST": "shop-postgresql", "DATABASE_PORT": "5432", "DATABASE_NAME": "shop", "DATABASE_USER": "shopper"}
    assert named(objects, "ConfigMap", "shop-postgresql")["data"] == wanted
    assert named(objects, "ConfigMap", "shop-redis")["data"] == {"REDIS_HOST": "shop-redis", "REDIS_PORT": "6379"}
    pod = spec(objects, "Deployment", "shop-web")
    assert {"configMapRef": {"name": "shop-postgresql"}} in container(pod, "app")["envFrom"]
    given = variables(container(pod, "healthd"))
    assert given["DATABASE_HOST"]["configMapKeyRef"]["name"] == "shop-postgresql" and "DATABASE_PASSWORD_FILE" in given
    assert given["REDIS_HOST"]["configMapKeyRef"]["name"] == "shop-redis"
    # Its migration runs in the pods, for the database is not there before the first install.
    assert "migrate-schema" in {c["name"] for c in pod["initContainers"]} and not kinds(objects, "Job")


def test_an_external_one_is_an_overlay_of_one_line(helm):
    overlay = {"postgresql": {"enabled": False, "host": "db.example.com", "port": 6432}, "redis": {"enabled": False, "host": "cache"}}
    values = json.loads(json.dumps(SHOP))
    for key, entry in overlay.items():
        values[key] |= entry
    objects = helm.render(values)
    assert not kinds(objects, "StatefulSet") and not kinds(objects, "PersistentVolumeClaim")
    assert {o["metadata"]["name"] for o in kinds(objects, "Deployment")} == {"shop-web"}
    data = named(objects, "ConfigMap", "shop-postgresql")["data"]
    assert (data["DATABASE_HOST"], data["DATABASE_PORT"], data["DATABASE_NAME"]) == ("db.example.com", "6432", "shop")
    assert named(objects, "ConfigMap", "shop-redis")["data"] == {"REDIS_HOST": "cache", "REDIS_PORT": "6379"}
    # Its migration is a hook again.
    assert len(kinds(objects, "Job")) == 1
    values["policy"] = {"production": True}
    helm.render(values)


def test_none_is_none(helm):
    values = {"workloads": {"web": {"containers": {"app": {"image": "example/shop:1", "port": 80}}}}}
    for entry in ({}, None, {"enabled": False}, {"enabled": False, "database": "x"}):
        assert helm.text({**values, "postgresql": entry, "redis": entry if not entry or len(entry) < 2 else {}}) == helm.text(values)


@pytest.mark.parametrize(
    "path, value, words",
    [
        ("postgresql.password", None, "postgresql.password is missing: it is a key of an entry of secrets; add "
         "postgresql: {password: {secret: shop, key: DATABASE_PASSWORD}}\n"),
        ("redis.password.key", None, "redis.password is missing: it is a key of an entry of secrets; add "
         "redis: {password: {secret: shop, key: REDIS_PASSWORD}}\n"),
        ("postgresql.password.secret", "other", 'postgresql.password.secret: there is no "other" in secrets; there are: shop'),
        ("postgresql.password.key", "PW", 'postgresql.password.key: secrets.shop has no key "PW"; it has: DATABASE_PASSWORD, REDIS_PASSWORD'),
        ("policy", {"production": True}, "postgresql.enabled: a bundled PostgreSQL is for development, and policy.production is set"),
        ("postgresql.host", "db", "postgresql: enabled makes a server, host names another one"),
        ("postgresql.enabled", False, "workloads.web.containers.app.envFrom.database: where is it? Say postgresql.host, or "
         "postgresql.enabled: true"),
        ("redis.enabled", None, "workloads.web.containers.app.envFrom.cache: where is it? Say redis.host"),
    ],
)
def test_refused(helm, path, value, words):
    assert words in helm.refused(changed(SHOP, path, value))


def test_the_line_to_add_when_there_is_no_secret(helm):
    values = changed(changed(SHOP, "secrets", {}), "postgresql.password", None)
    error = helm.refused(changed(values, "workloads.web.containers.app.envFrom", {}))
    assert "postgresql: {password: {secret: postgresql, key: DATABASE_PASSWORD}}" in error
    assert "secrets: {postgresql: {stringData: {DATABASE_PASSWORD: …}}}" in error


def test_a_password_in_the_values_is_refused(helm):
    error = helm.refused(changed(SHOP, "postgresql.password", "canary"))
    assert "/postgresql/password'" in error and "canary" not in error


def test_it_is_watched_and_closed_like_any_workload(helm):
    objects = helm.render({**SHOP, "networkPolicy": {"enabled": True}, "monitoring": {"rules": {}}})
    alerts = {r["alert"]: r["expr"] for r in kinds(objects, "PrometheusRule")[0]["spec"]["groups"][0]["rules"]}
    assert "shop-postgresql" in alerts["ReplicasUnavailable"] and "shop-redis" in alerts["ReplicasUnavailable"]
    # Nobody but the release's own pods comes to it.
    assert {p["metadata"]["name"].split("-")[1] for p in kinds(objects, "NetworkPolicy")} == {"default"}


def test_no_argument_shows_a_password(helm):
    values = changed(SHOP, "policy", {"requireLiveness": False})
    for thing in helm.render(values):
        if thing["kind"] != "Secret":
            assert "canary" not in json.dumps(thing)


def ask(socket, password, *words):
    env = {"PATH": os.environ["PATH"], **({"REDISCLI_AUTH": password} if password else {})}
    return subprocess.run(["redis-cli", "-s", socket, *words], capture_output=True, text=True, env=env, timeout=30).stdout.strip()


@pytest.mark.skipif(not shutil.which("redis-server"), reason="no redis-server")
@pytest.mark.parametrize("password", ["canary", "a\"b\\c'd $HOME `x` #"])
def test_redis_reads_its_password_and_shows_it_nobody(helm, password):
    """The rendered command, run."""
    own = container(spec(helm.render(SHOP), "Deployment", "shop-redis"), "redis")
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        socket = f"{folder}/s"
        words = [folder if word == "/data" else word for word in own["args"]]
        command = [*own["command"], *words, "--port", "0", "--unixsocket", socket]
        env = {"PATH": os.environ["PATH"], "REDISCLI_AUTH": password}
        with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL) as server:
            try:
                until = time.monotonic() + 30
                while ask(socket, password, "ping") != "PONG":
                    assert server.poll() is None and time.monotonic() < until
                    time.sleep(0.02)
                assert "NOAUTH" in ask(socket, None, "ping") and "NOAUTH" in ask(socket, "wrong", "ping")
                # The pod's first process is the server itself, and its arguments are all that ps shows.
                shown = Path(f"/proc/{server.pid}/cmdline").read_bytes()
                assert b"redis-server" in shown and password.encode() not in shown
                assert ask(socket, password, "config", "get", "maxmemory").split()[1] == str(192 * 2**20)
            finally:
                server.terminate()


def test_two_renders_are_the_same(both):
    assert len({helm.text(SHOP) for helm in both for _ in range(2)}) == 1


@pytest.mark.parametrize("path", ["postgresql.config", "postgresql.image", "postgresql.database", "postgresql", "redis.config", "redis", "policy"])
def test_null_is_as_if_it_were_not_there(both, path):
    *parents, last = path.split(".")
    without = json.loads(json.dumps(SHOP))
    at = without
    for word in parents:
        at = at[word]
    at.pop(last, None)
    for helm in both:
        expected, done = helm.template(without), helm.template(changed(SHOP, path, None))
        assert (done.returncode, done.stdout, done.stderr) == (expected.returncode, expected.stdout, expected.stderr)


@pytest.mark.parametrize("path", ["postgresql", "postgresql.password", "redis", "redis.password"])
def test_an_unknown_key_is_refused_by_its_path(helm, path):
    error = helm.refused(changed(SHOP, f"{path}.typo", 1))
    assert "typo" in error and f"/{path.replace('.', '/')}'" in error
