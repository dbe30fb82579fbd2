"""Values that Kubernetes would take, or take in half, and that would break a release later: each is refused by a
message that names the place and the remedy, or made right."""

import json

import pytest

from rig import FULL, changed, container, hooked, named, variables

APP = {"image": "example/shop:1", "port": 8080}
SCHEMA = FULL["migrations"]["schema"]


def small(app=None, **workload):
    return {"workloads": {"web": {"containers": {"app": {**APP, **(app or {})}}, **workload}}}


def pod(helm, values, **how):
    return named(helm.render(values, **how), "Deployment", "shop-web")["spec"]["template"]["spec"]


@pytest.mark.parametrize(
    "path, value, kind, both",
    [
        # before-hook-creation would delete the real one.
        ("secrets.z", {"nameOverride": hooked("shop"), "data": {"A": ""}}, "Secret", ("secrets.z", "secrets.shop (its copy")),
        ("configMaps.z", {"nameOverride": hooked("settings")}, "ConfigMap", ("configMaps.z", "configMaps.settings (")),
        ("configMaps.z", {"nameOverride": hooked("schema", "-files")}, "ConfigMap", ("migrations.schema.files", "configMaps.z")),
        ("secrets.a", {"nameOverride": "shop-shop", "data": {"A": "Yg=="}}, "Secret", ("secrets.a", "secrets.shop")),
        ("workloads.worker.nameOverride", "shop-web", "Deployment", ("workloads.web", "workloads.worker")),
        ("services.admin.nameOverride", "shop-web", "Service", ("services.web", "services.admin")),
        ("cronJobs.sweep.nameOverride", "shop-mail", "CronJob", ("cronJobs.sweep", "cronJobs.mail")),
        ("migrations.kept.nameOverride", "shop-image", "Job", ("migrations.kept", "migrations.image")),
    ],
)
def test_two_objects_of_one_name(helm, path, value, kind, both):
    error = helm.refused(changed(FULL, path, value))
    assert f"the {kind} " in error and "is made by" in error and all(one in error for one in both), error


@pytest.mark.parametrize("path", ["serviceAccounts.main", "secrets.shop", "configMaps.settings", "persistence.uploads"])
def test_no_object_of_the_release_is_made_a_hook(helm, path):
    error = helm.refused(changed(FULL, f"{path}.annotations", {"helm.sh/hook": "pre-install"}))
    assert f"{path}.annotations: helm.sh/hook would make it a hook" in error


@pytest.mark.parametrize(
    "path, value",
    [
        ("workloads.web.healthd.checks", {"pg": "postgres://u:canary@db/x"}),
        ("workloads.web.containers.app.command", ["serve", "--db=postgres://u:canary@db/x"]),
        ("workloads.web.containers.app.args", ["postgres://u:canary@db/x"]),
        ("workloads.web.containers.app.env.PGPASSWORD", "canary"),
        ("workloads.web.containers.app.env.DATABASE_DSN", "host=db password=canary"),
        ("workloads.web.containers.app.env.DATABASE_URL", "postgres://db/x?user=u&password=canary"),
        ("configMaps.settings.data.REDIS_PASSWORD", "canary"),
        ("migrations.schema.env", {"DATABASE_URL": "postgres://u:canary@db/x"}),
        ("migrations.schema.env", {"DATABASE_PASSWORD": "canary"}),
        ("migrations.schema.files", {"0001_a.sql": "-- postgres://u:canary@db/x"}),
        ("cronJobs.mail.command", ["mail", "redis://u:canary@r/0"]),
        ("cronJobs.mail.env", {"REDIS_PASSWORD": "canary"}),
    ],
)
def test_a_password_outside_of_a_secret(helm, path, value):
    error = helm.refused(changed(FULL, path, value))
    assert path in error and "password" in error and "canary" not in error, error


def test_a_password_of_another_variable_is_none(helm):
    env = {"PW": {"valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}, "PGPASSWORD": "$(PW)"}
    pod(helm, small({"env": env, "command": ["a", "redis://u:$(PW)@r/0"]}, healthd={"enabled": False}))


def test_variables_of_other_programs_stay_where_they_are(helm):
    env = {"PGHOST": "db", "PGSSLMODE": "require", "PGADMIN_DEFAULT_EMAIL": "me", "PGDATA": "/x", "PGBOUNCER_USER": "u"}
    given = variables(container(pod(helm, small({"env": env}, healthd={"database": True})), "healthd"))
    assert set(given) == {"PGHOST", "PGSSLMODE", "HEALTHD_CHECKS"}


def taken(helm, values):
    found = [v["projected"]["sources"] for v in pod(helm, values).get("volumes", []) if "projected" in v]
    return [(s["secret"]["name"], i["key"]) for sources in found for s in sources for i in s["secret"]["items"]]


def test_a_secret_that_names_no_database(helm):
    values = small({"envFrom": {"a": {"secret": "smtp"}}})
    assert taken(helm, values) == [("smtp", "DATABASE_URL")]
    # Its pod would wait for that key for ever.
    values["secrets"] = {"smtp": {"existingSecret": "smtp", "keys": {}}}
    assert taken(helm, values) == []
    password = {"valueFrom": {"secretKeyRef": {"name": "pg", "key": "pw"}}}
    values = small({"envFrom": {"a": {"secret": "smtp"}}, "env": {"PGHOST": "db", "PGPASSWORD": password}})
    assert taken(helm, values) == [("pg", "pw")]
    values = small({"envFrom": {"a": {"secret": "shop"}, "b": {"secret": "smtp"}}})
    values["secrets"] = {"shop": {"stringData": {"DATABASE_URL": "postgres://db/shop"}}}
    assert taken(helm, values) == [("shop-shop", "DATABASE_URL")]


def test_two_secrets_of_which_one_names_the_database(helm):
    values = small({"envFrom": {"a": {"secret": "shop"}, "b": {"secret": "smtp"}}})
    error = helm.refused(values)
    assert "workloads.web.containers.app.envFrom: which of shop, smtp has DATABASE_URL?" in error
    assert "secrets.smtp: {existingSecret: smtp, keys: {DATABASE_URL: {}}}, or keys: {}" in error
    values["secrets"] = {"smtp": {"existingSecret": "smtp", "keys": {}}}
    assert taken(helm, values) == [("shop", "DATABASE_URL")]


def test_an_optional_key_stays_optional(helm):
    ref = {"secretKeyRef": {"name": "s", "key": "k", "optional": True}}
    values = small({"env": {"PGHOST": "db", "PGPASSWORD": {"valueFrom": ref}}})
    assert taken(helm, values) == []
    assert variables(container(pod(helm, values), "healthd"))["PGPASSWORD"] == ref


def test_an_added_capability_keeps_the_others_dropped(helm):
    values = small({"securityContext": {"capabilities": {"add": ["NET_BIND_SERVICE"]}}})
    capabilities = container(pod(helm, values), "app")["securityContext"]["capabilities"]
    assert capabilities == {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]}


@pytest.mark.parametrize(
    "values, where",
    [
        (small(securityContext={"runAsUser": 0}), "workloads.web.securityContext"),
        (small({"securityContext": {"runAsUser": 0}}), "workloads.web.containers.app.securityContext"),
        ({**small(), "podSecurity": {"runAsUser": 0}}, "podSecurity"),
    ],
)
def test_root(helm, values, where):
    assert f"{where}.runAsUser: 0 is root" in helm.refused(values)


@pytest.mark.parametrize(
    "app, said",
    [
        ({"ports": {"http": 8081}}, 'containers.app: a second port called "http"'),
        ({"ports": {"admin": 8080}}, "containers.app: a second port with the number 8080/TCP"),
        ({"ports": {"dns": {"protocol": "UDP"}}}, "containers.app.ports.dns.containerPort is missing"),
        ({"ports": {"admin": 80}}, "services.web: http and admin would both have the port 80/TCP; say services.web"),
    ],
)
def test_ports(helm, app, said):
    assert said in helm.refused(small(app))
    pod(helm, small({"ports": {"udp": {"containerPort": 8080, "protocol": "UDP"}, "admin": 81}}))


def lines(helm, values):
    return variables(container(pod(helm, values), "healthd"))["HEALTHD_CHECKS"].split("\n")


def test_the_application_is_always_checked(helm):
    side = {"image": "example/side:1", "env": {"PGHOST": "db"}}
    values = small(healthd={"container": "side", "database": True})
    values["workloads"]["web"]["containers"]["side"] = side
    assert lines(helm, values) == ["app tcp://localhost:8080"]
    assert variables(container(pod(helm, values), "healthd"))["PGHOST"] == "db"
    # A check that no answer can meet would keep the pod out for ever.
    udp = {"dns": {"containerPort": 5353, "protocol": "UDP"}}
    assert lines(helm, small({"port": None, "ports": {**udp, "web": 8000}})) == ["app tcp://localhost:8000"]
    assert "initContainers" not in pod(helm, small({"port": None, "ports": udp}))
    # Two checks of one name, and healthd would not start.
    own = "http://127.0.0.1:8080/up every 1s"
    assert lines(helm, small(healthd={"checks": {"app": own}})) == [f"app {own}"]
    assert "app and checks.app" in helm.refused(small(healthd={"app": {"path": "/up"}, "checks": {"app": own}}))


@pytest.mark.parametrize("line", ["", " ", "tcp://a:1\nb tcp://b:1", "postgres://u:canary@db\nb tcp://b:1"])
def test_check_lines_are_lines(helm, line):
    error = helm.refused(small(healthd={"checks": {"a": line}}))
    # The schema would have shown the line.
    assert "workloads.web.healthd.checks.a: has to be one line" in error and "canary" not in error
    assert lines(helm, small(healthd={"checks": {"a": "tcp://a:1\n"}}))[1:] == ["a tcp://a:1"]


def test_a_path_has_no_spaces(helm):
    assert "/workloads/web/healthd/app/path" in helm.refused(small(healthd={"app": {"path": "/a b"}}))


@pytest.mark.parametrize("path", ["secrets.shop.stringData.PIN", "workloads.web.containers.app.env.ID"])
def test_a_number_that_loses_digits(helm, path):
    error = helm.refused(changed(FULL, path, 12345678901234567))
    assert f"{path}: so large a number loses digits; write it in quotes" in error and "1234567890" not in error
    assert "9007199254740991" in helm.text(changed(FULL, path, 9007199254740991))


@pytest.mark.parametrize("path", ["configMaps.settings.data.A", "workloads.web.containers.app.args", "secrets.shop.annotations.a"])
def test_a_character_that_yaml_has_no_place_for(helm, path):
    for character in "\x7f\x80\x85\x9f\ufffe":
        text = f"canary{character}"
        error = helm.refused(changed(FULL, path, [text] if path.endswith("args") else text))
        assert "canary" not in error
        # Helm 3.18 reads the values as YAML once more before any template runs, and refuses them itself, without a path.
        assert f"{path}: holds a control character" in error or "yaml: control characters are not allowed" in error
    kept = "a\x01\u2028\ufeffb"
    settings = named(helm.render(changed(FULL, "configMaps.settings.data.A", kept)), "ConfigMap", "shop-settings")
    assert settings["data"]["A"] == kept


@pytest.mark.parametrize(
    "mount, volume, said",
    [
        ({"mountPath": "/x"}, None, 'containers.app.volumeMounts.data: the workload has no volume "data"'),
        ({}, {"emptyDir": {}}, "containers.app.volumeMounts.data.mountPath is missing"),
        ({"mountPath": "/x"}, {}, "volumes.data: give one of emptyDir"),
        ({"mountPath": "/x"}, {"emptyDir": {}, "secret": {"secretName": "s"}}, "volumes.data: give one of emptyDir"),
        ({"mountPath": "/x"}, {"secret": {}}, "volumes.data.secret.secretName is missing"),
        ({"mountPath": "/x"}, {"configMap": {"optional": True}}, "volumes.data.configMap.name is missing"),
        ({"mountPath": "/x"}, {"persistentVolumeClaim": {}}, "volumes.data.persistentVolumeClaim.claimName is missing"),
    ],
)
def test_volumes(helm, mount, volume, said):
    values = small({"volumeMounts": {"data": mount}}, volumes={"data": volume} if volume is not None else {})
    assert f"workloads.web.{said}" in helm.refused(values)


@pytest.mark.parametrize("release", ["1shop", "shop.v2"])
def test_a_release_name_that_no_service_can_have(helm, release):
    error = helm.refused(small(), release=release)
    assert f'services.web: a Service cannot be called "{release}-web"' in error and "services.web.nameOverride" in error
    helm.render({**small(), "services": {"web": {"nameOverride": "shop"}}}, release=release)


def test_a_configmap_that_is_not_there_lets_migrate_speak(helm):
    values = changed(FULL, "migrations.kept.files", "elsewhere")
    job = named(helm.render(values), "Job", "shop-kept")["spec"]["template"]["spec"]
    assert {"name": "release-runtime-files", "configMap": {"name": "elsewhere", "optional": True}} in job["volumes"]


@pytest.mark.parametrize(
    "change, said",
    [
        ({"from": None, "env": {"DATABASE_URL": {}}}, "migrations.schema.env.DATABASE_URL: give a value"),
        ({"from": None, "env": {"DATABASE_URL": "postgres://$(X)/"}}, "migrations.schema.env.DATABASE_URL: healthd"),
        ({"env": {"DATABASE_URL": {}}}, "migrations.schema.env.DATABASE_URL: give a value"),
        ({"env": {"PGPASSWORD_FILE": "/x"}}, "migrations.schema.env.PGPASSWORD_FILE"),
    ],
)
def test_messages_name_the_migrations_own_variables(helm, change, said):
    error = helm.refused(changed(FULL, "migrations", {"schema": {**SCHEMA, **change}}))
    assert said in error, error


@pytest.mark.parametrize(
    "path, value, said",
    [
        ("cronJobs.mail.schedule", "* * * *", 'cronJobs.mail.schedule: "* * * *" has to have five fields'),
        ("cronJobs.mail.schedule", "0 0 3 * * *", "has to have five fields"),
        ("cronJobs.mail.startingDeadlineSeconds", 5, "/cronJobs/mail/startingDeadlineSeconds"),
        ("cronJobs.mail.deadline", "0s", "cronJobs.mail.deadline: 0s would be none"),
        ("cronJobs.mail.deadline", "99999999999999999999s", "cronJobs.mail.deadline: "),
        ("global.kubeVersion", "newest", "/global/kubeVersion"),
        ("global.releaseRuntime", {"tag": 1.1}, "/global/releaseRuntime/tag"),  # 1.10, as YAML reads it
    ],
)
def test_refused(helm, path, value, said):
    assert said in helm.refused(changed(FULL, path, value))


def test_schedules(helm):
    for schedule in ("@hourly", "@every 5m", "0  3 * * 1-5"):
        helm.render(changed(FULL, "cronJobs.mail.schedule", schedule))


BOOLEANS = ["workloads: {web: {containers: {app: {image: a, env: {n: 600}}}}}", "workloads: {y: {}}"]


@pytest.mark.parametrize("text", BOOLEANS, ids=["variable", "workload"])
def test_names_that_yaml_takes_for_booleans(helm, tmp_path, text):
    file = tmp_path / "values.yaml"
    file.write_text(text)
    error = helm.refused({}, "-f", file)
    assert "YAML takes n, y, no, yes, on and off for booleans" in error
    helm.render(changed(FULL, "configMaps.settings.data.true", "1"))


def test_a_slash_behind_the_registry(helm):
    values = {**small(), "global": {"releaseRuntime": {"registry": "example/"}}}
    assert container(pod(helm, values), "healthd")["image"].startswith("example/healthd:")


def test_what_is_said_about_a_secret_restarts_no_pod(helm):
    def sums(values):
        return named(helm.render(values), "Deployment", "shop-web")["spec"]["template"]["metadata"]["annotations"]

    assert sums(FULL) == sums(changed(FULL, "secrets.shop.annotations", {"a": "b"}))
    assert json.dumps(sums(FULL)).count("checksum/") == 2


@pytest.mark.parametrize(
    "values, said",
    [
        ({"workloads": {"web": {"containers": {"app": {}}}}}, "workloads.web.containers.app.image is missing"),
        (small({"livenessProbe": {"periodSeconds": 5}}), "containers.app.livenessProbe: give one of httpGet"),
        (small({"startupProbe": {}}), "workloads.web.containers.app.startupProbe: give one of httpGet"),
        (small({"envFrom": {"a": {"secret": ""}}}), "/workloads/web/containers/app/envFrom/a/secret"),
        (small({"envFrom": {"a": {}}}), "workloads.web.containers.app.envFrom.a: give one of secret and configMap"),
        (small({"envFrom": {"a": {"secret": "a", "configMap": "b"}}}), "app.envFrom.a: give one of secret and configMap"),
        (small({"writable": {"tmp": {}}}), "workloads.web.containers.app.writable: tmp has to begin with /"),
        (small({"writable": {"/tmp": {}, "/tmp/": {}}}), "workloads.web.containers.app.writable: /tmp is there twice"),
        (small(labels={"app.kubernetes.io/managed-by": "me"}), "labels: app.kubernetes.io/managed-by belongs"),
        (small(podLabels={"team": "Shop!"}), "/workloads/web/podLabels/team"),
        (changed(FULL, "cronJobs.mail.nameOverride", "x" * 49), "/cronJobs/mail/nameOverride"),  # it would be cut
        ({"secrets": {"s": {"data": {"A": "canary!"}}}}, "secrets.s.data.A: is not base64"),
    ],
)
def test_what_the_api_would_refuse_behind_the_migrations(helm, values, said):
    error = helm.refused(values)
    assert said in error and "canary" not in error, error


def test_two_mounts_on_one_path(helm):
    volumes = {"a": {"emptyDir": {}}, "b": {"emptyDir": {}}}
    mounts = {"a": {"mountPath": "/x"}, "b": {"mountPath": "/x"}}
    error = helm.refused(small({"volumeMounts": mounts}, volumes=volumes))
    assert "volumeMounts.b: something else is mounted on /x" in error
    mounts = {"a": {"mountPath": "/tmp"}}
    error = helm.refused(small({"volumeMounts": mounts, "writable": {"/tmp": {}}}, volumes=volumes))
    assert "volumeMounts.a: something else is mounted on /tmp" in error


def test_base64(helm):
    for text in ("", "Yg==", "YWJj\nZGVm\n"):
        helm.render({"secrets": {"s": {"data": {"A": text}}}})


@pytest.mark.parametrize("port", ["admin", "8080"])
def test_a_probe_of_a_port_that_is_not_there(helm, port):
    """As liveness it would restart a sound application for ever."""
    error = helm.refused(small({"livenessProbe": {"tcpSocket": {"port": port}}}))
    assert f'app.livenessProbe.tcpSocket.port: the container has no port called "{port}"; it has: http' in error
    pod(helm, small({"livenessProbe": {"tcpSocket": {"port": "http"}}, "readinessProbe": {"tcpSocket": {"port": 1}}}))


def test_the_charts_own_folder(helm):
    values = small({"volumeMounts": {"a": {"mountPath": "/release-runtime"}}}, volumes={"a": {"emptyDir": {}}})
    assert "volumeMounts.a.mountPath: /release-runtime is the chart's own" in helm.refused(values)
