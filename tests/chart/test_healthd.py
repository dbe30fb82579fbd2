"""healthd beside the application, and how a pod ends."""

import pytest

from rig import FULL, KUBE, changed, container, flags, named, variables

APP = {"image": "example/shop:1", "port": 8080}


def web(helm, values=FULL, **how):
    return named(helm.render(values, **how), "Deployment", "shop-web")["spec"]["template"]["spec"]


def small(**workload):
    return {"workloads": {"web": {"containers": {"app": APP}, **workload}}}


@pytest.mark.parametrize("kube", KUBE)
def test_native_sidecar_from_1_29(helm, kube):
    pod = web(helm, kube=kube)
    healthd = container(pod, "healthd")
    native = kube != "1.28.0"
    assert (healthd in pod.get("initContainers", [])) == native
    assert healthd.get("restartPolicy") == ("Always" if native else None)
    # A native sidecar gets TERM when the application has ended: there is nothing left to drain.
    assert flags(healthd)["--drain"] == ("0s" if native else "8s")


def test_mode_by_hand(helm):
    pod = web(helm, changed(FULL, "workloads.web.healthd", {"mode": "container"}))
    assert "healthd" in [c["name"] for c in pod["containers"]]
    error = helm.refused(changed(FULL, "workloads.web.healthd", {"mode": "native"}), kube="1.28.0")
    assert "workloads.web.healthd.mode: native sidecars came with Kubernetes 1.29" in error


def test_kube_version_of_the_values_wins(helm):
    pod = web(helm, changed(FULL, "global.kubeVersion", "1.28.3"))
    assert "restartPolicy" not in container(pod, "healthd")
    assert "exec" in container(pod, "app")["lifecycle"]["preStop"]


def test_probes(helm):
    pod = web(helm)
    healthd, app = container(pod, "healthd"), container(pod, "app")
    ready = {"periodSeconds": 2, "timeoutSeconds": 1, "failureThreshold": 2}
    assert healthd["readinessProbe"] == {"httpGet": {"path": "/health/ready", "port": 9180}, **ready}
    assert healthd["livenessProbe"]["httpGet"] == {"path": "/health/live", "port": 9180}
    assert "startupProbe" not in healthd  # it would gate the application's start
    assert app["livenessProbe"] == {"httpGet": {"path": "/healthz", "port": 8080}}
    assert "readinessProbe" not in app


def test_it_checks_the_first_port(helm):
    """By localhost: an application may listen on IPv6 alone."""
    assert variables(container(web(helm), "healthd"))["HEALTHD_CHECKS"] == "app http://localhost:8080/healthz"
    assert variables(container(web(helm, small()), "healthd"))["HEALTHD_CHECKS"] == "app tcp://localhost:8080"
    more = small(healthd={"checks": {"replica": "postgres:// role standby", "gone": None}})
    lines = variables(container(web(helm, more), "healthd"))["HEALTHD_CHECKS"]
    assert lines == "app tcp://localhost:8080\nreplica postgres:// role standby"


def test_it_gets_the_connections_and_nothing_else(helm):
    pod = web(helm)
    healthd = container(pod, "healthd")
    given = variables(healthd)
    del given["HEALTHD_CHECKS"]
    assert given == {
        "DATABASE_NAME": {"configMapKeyRef": {"name": "shop-settings", "key": "DATABASE_NAME"}},
        "DATABASE_URL_FILE": "/run/release-runtime/shop/DATABASE_URL",
        "PGHOST": "pg",
        "REDIS_HOST": "cache",
        "REDIS_PASSWORD_FILE": "/run/release-runtime/smtp/REDIS_PASSWORD",
    }
    assert "envFrom" not in healthd
    (mount,) = healthd["volumeMounts"]
    assert mount["mountPath"] == "/run/release-runtime" and "subPath" not in mount
    sources = next(v for v in pod["volumes"] if v["name"] == mount["name"])["projected"]["sources"]
    assert [(s["secret"]["name"], [i["key"] for i in s["secret"]["items"]]) for s in sources] == [
        ("smtp", ["REDIS_PASSWORD"]),
        ("shop-shop", ["DATABASE_URL"]),
    ]


def test_the_rule_for_a_secret_made_elsewhere(helm):
    password = {"valueFrom": {"secretKeyRef": {"name": "pg", "key": "pw"}}}
    app = {**APP, "envFrom": {"shop": {"secret": "shop"}}, "env": {"PGPASSWORD": password}}
    given = variables(container(web(helm, small(containers={"app": app})), "healthd"))
    assert given["DATABASE_URL_FILE"] and given["PGPASSWORD_FILE"] == "/run/release-runtime/pg/PGPASSWORD"
    values = small(containers={"app": app})
    values["secrets"] = {"shop": {"existingSecret": "real", "keys": {"REDIS_URL": {}}}}
    given = variables(container(web(helm, values), "healthd"))
    assert "REDIS_URL_FILE" in given and "DATABASE_URL_FILE" not in given
    # A key of another name is no connection; env gives it one.
    values["secrets"]["shop"]["keys"] = {"uri": {}}
    assert variables(container(web(helm, values), "healthd")).keys() == {"PGPASSWORD_FILE", "HEALTHD_CHECKS"}


def test_where_there_is_nothing_to_check_there_is_no_healthd(helm):
    idle = {"containers": {"app": {"image": "example/shop:1"}}}
    assert "initContainers" not in web(helm, {"workloads": {"web": idle}})
    error = helm.refused({"workloads": {"web": {**idle, "healthd": {"enabled": True}}}})
    assert "workloads.web.healthd: there is nothing to check" in error
    assert "initContainers" not in web(helm, small(healthd={"enabled": False}))


@pytest.mark.parametrize(
    "env, said",
    [
        ({"DATABASE_URL": "postgres://$(U):$(P)@db/shop"}, "give DATABASE_HOST"),
        ({"DATABASE_PASSWORD_FILE": "/secrets/password"}, "the chart mounts it for them"),
        ({"DATABASE_URL": "postgres://shop:pw@db/shop"}, "a password belongs into a Secret"),
        ({"DATABASE_URL": {}}, "env.DATABASE_URL: give a value, valueFrom, or service"),
        ({"OTHER": {"valueFrom": {"secretKeyRef": {"name": "x"}}}}, "env.OTHER.valueFrom.secretKeyRef: name and key"),
        ({"A": "$(B)", "B": "$(C)", "C": "$(A)"}, "these refer to each other in a circle: A, B, C"),
    ],
)
def test_refused_variables(helm, env, said):
    error = helm.refused(small(containers={"app": {**APP, "env": env}}))
    assert "workloads.web.containers.app.env" in error and said in error
    assert "shop:pw" not in error


def test_variables_come_behind_those_they_refer_to(helm):
    env = {"A": "$(Z)/$(M)", "M": "$(Z)", "Z": "z", "K": "$$(A)", "B": "x$(NOT_OURS)"}
    names = list(variables(container(web(helm, small(containers={"app": {**APP, "env": env}})), "app")))
    assert sorted(names) == ["A", "B", "K", "M", "Z"]
    assert names.index("Z") < names.index("M") < names.index("A")


@pytest.mark.parametrize("kube", KUBE)
def test_pause_before_term(helm, kube):
    pod = web(helm, kube=kube)
    app = container(pod, "app")
    if kube in ("1.28.0", "1.29.0"):
        assert app["lifecycle"]["preStop"] == {"exec": {"command": ["/release-runtime/healthd", "sleep", "3s"]}}
        copy = container(pod, "copy-healthd")
        assert pod["initContainers"][0] == copy and copy["args"] == ["copy", "/release-runtime/healthd"]
        assert {"name": "release-runtime", "emptyDir": {"sizeLimit": "32Mi"}} in pod["volumes"]
        assert {"name": "release-runtime", "mountPath": "/release-runtime", "readOnly": True} in app["volumeMounts"]
    else:
        assert app["lifecycle"]["preStop"] == {"sleep": {"seconds": 3}}
        assert "copy-healthd" not in [c["name"] for c in pod["initContainers"]]


def test_a_pause_of_ones_own(helm):
    own = {"preStop": {"exec": {"command": ["quit"]}}}
    assert container(web(helm, small(containers={"app": {**APP, "lifecycle": own}})), "app")["lifecycle"] == own
    assert "lifecycle" not in container(web(helm, small(preStopSeconds=0)), "app")


def test_the_end_has_to_fit(helm):
    error = helm.refused(small(preStopSeconds=29))
    assert "workloads.web: preStopSeconds (29)" in error and "terminationGracePeriodSeconds (30)" in error
    web(helm, small(preStopSeconds=28))
    error = helm.refused(small(terminationGracePeriodSeconds=10), kube="1.28.0")
    assert "healthd's drain (8)" in error
    web(helm, small(terminationGracePeriodSeconds=11), kube="1.28.0")
    web(helm, small(terminationGracePeriodSeconds=10))


@pytest.mark.parametrize(
    "change, where",
    [
        ({"containers": {"healthd": APP}}, "workloads.web.containers.healthd"),
        ({"volumes": {"release-runtime": {"emptyDir": {}}}}, "workloads.web.volumes.release-runtime"),
        ({"containers": {"app": {**APP, "port": 9180}}}, "port 9180 is healthd's"),
    ],
)
def test_what_the_chart_needs_for_itself(helm, change, where):
    assert where in helm.refused(small(**change))


def test_rollout_loses_no_pod(helm):
    spec = named(helm.render(FULL), "Deployment", "shop-web")["spec"]
    assert spec["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    assert spec["replicas"] == 2
    assert named(helm.render(small(replicas=0)), "Deployment", "shop-web")["spec"]["replicas"] == 0


def test_changed_data_changes_the_pods_that_use_it(helm):
    def sums(values):
        return {
            o["metadata"]["name"]: o["spec"]["template"]["metadata"].get("annotations")
            for o in helm.render(values)
            if o["kind"] == "Deployment"
        }

    before = sums(FULL)
    assert set(before["shop-web"]) == {"checksum/secrets", "checksum/configmaps"} and before["shop-worker"] is None
    for path, annotation in (
        ("secrets.shop.stringData.TOKEN", "checksum/secrets"),
        ("configMaps.settings.data.LIMIT", "checksum/configmaps"),
    ):
        after = sums(changed(FULL, path, "changed"))
        assert {k for k in before["shop-web"] if before["shop-web"][k] != after["shop-web"][k]} == {annotation}


@pytest.mark.parametrize(
    "port, app, asked",
    [
        (9000, {}, "fcgi://127.0.0.1:9000/ping"),
        ({"number": 9000, "protocol": "TCP"}, {}, "fcgi://127.0.0.1:9000/ping"),
        ({"number": 9001, "appProtocol": "fastcgi"}, {}, "fcgi://127.0.0.1:9001/ping"),
        ({"number": 9003, "name": "php-fpm"}, {"path": "/up"}, "fcgi://127.0.0.1:9003/up"),
        (8080, {"scheme": "fcgi"}, "fcgi://127.0.0.1:8080/ping"),
        # Something else may be there, and says so.
        ({"number": 9000, "name": "http"}, {}, "tcp://localhost:9000"),
        ({"number": 9000, "appProtocol": "http"}, {}, "tcp://localhost:9000"),
        (9000, {"path": "/minio/health/live"}, "http://localhost:9000/minio/health/live"),
        (9000, {"scheme": "tcp"}, "tcp://localhost:9000"),
        (9000, {"scheme": "http"}, "http://localhost:9000/"),
    ],
)
def test_php_fpm_is_asked_in_its_own_words(helm, port, app, asked):
    web = {"containers": {"php": {"image": "example/php:1", "port": port}}, "healthd": {"app": app}}
    objects = helm.render({"workloads": {"web": web}})
    c = container(named(objects, "Deployment", "shop-web")["spec"]["template"]["spec"], "healthd")
    assert variables(c)["HEALTHD_CHECKS"] == f"app {asked}"


def test_a_connection_has_no_path(helm):
    web = {"containers": {"php": {"image": "example/php:1", "port": 9000}}, "healthd": {"app": {"scheme": "tcp", "path": "/ping"}}}
    assert "workloads.web.healthd.app: a connection (scheme: tcp) asks for no path" in helm.refused({"workloads": {"web": web}})
