"""Values that may be said in more than one way, or of which a part may be left out or switched off."""

import pytest

from rig import FULL, changed, container, containers, named, pods, variables

APP = {"image": "example/shop:1", "port": 8080}
DIGEST = "sha256:" + "0123456789abcdef" * 4


def small(app=None, **workload):
    return {"workloads": {"web": {"containers": {"app": {**APP, **(app or {})}}, **workload}}}


def app_of(helm, values, *more):
    return container(named(helm.render(values, *more), "Deployment", "shop-web")["spec"]["template"]["spec"], "app")


# --- Images ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "image, wanted",
    [
        ("example/shop", "example/shop"),
        ({"repository": "example/shop", "tag": "1.4"}, "example/shop:1.4"),
        ({"repository": "example/shop", "tag": 7}, "example/shop:7"),
        ({"repository": "example/shop"}, "example/shop:abc"),
        ({"repository": "example/shop", "tag": "1.4", "digest": DIGEST}, f"example/shop@{DIGEST}"),
    ],
)
def test_an_image_in_parts(helm, image, wanted):
    values = {**small({"image": image}), "global": {"image": {"tag": "abc"}}}
    assert app_of(helm, values)["image"] == wanted


def test_one_tag_for_all(helm):
    image = {"repository": "example/shop"}
    values = changed(FULL, "workloads.web.containers.app.image", image)
    for path in ("cronJobs.mail.image", "migrations.image.image", "workloads.web.healthd.image"):
        values = changed(values, path, image)
    objects = helm.render(values, "--set", "global.image.tag=1234567")
    images = {c["image"] for _, t in pods(objects) for c in containers(t["spec"])}
    assert "example/shop:1234567" in images and "example/shop" not in images
    error = helm.refused(changed(values, "workloads.web.containers.app.image", "x:1"))
    assert "migrations.image.image: example/shop has neither tag nor digest; give one, or global.image.tag" in error or "healthd" in error
    error = helm.refused(small({"image": {"tag": "1"}}))
    assert "workloads.web.containers.app.image.repository is missing" in error


@pytest.mark.parametrize("path", ["workloads.web.healthd.image", "migrations.image.image", "cronJobs.mail.image"])
def test_an_image_without_a_tag(helm, path):
    error = helm.refused(changed(FULL, path, {"repository": "example/x"}))
    assert f"{path}: example/x has neither tag nor digest" in error


# --- Switched off ---------------------------------------------------------------------------------------------------------

OFF = ["workloads.worker", "cronJobs.mail", "migrations.kept", "workloads.web.containers.nginx", "secrets.mail"]
OFF += ["workloads.web.containers.app.envFrom.mail", "workloads.web.containers.app.writable./tmp", "services.admin"]


@pytest.mark.parametrize("path", OFF)
def test_what_is_switched_off_is_as_if_it_were_not_there(helm, path):
    values = FULL
    if path == "workloads.worker":
        for other in ("cronJobs.sweep", "migrations.image"):
            values = changed(values, other, None)
    if path.endswith("nginx"):
        values = changed(values, "workloads.web.volumes.uploads.containers.nginx", None)
    keep, at = path.split("."), values
    for word in keep:
        at = at[word]
    assert helm.text(changed(values, path, {**at, "enabled": True})) == helm.text(values)
    if path != "secrets.mail":
        assert helm.text(changed(values, path, {**at, "enabled": False})) == helm.text(changed(values, path, None)) != helm.text(values)


# --- envFrom --------------------------------------------------------------------------------------------------------------


def test_env_from_in_its_order(helm):
    sources = {
        "z": {"configMap": "config", "order": 1},
        "b": {"secret": "mine", "prefix": "B_", "optional": True},
        "a": {"secret": "theirs"},
        "none": None,
    }
    values = {**small({"envFrom": sources}), "configMaps": {"config": {"data": {"A": 1}}}}
    values["secrets"] = {"mine": {"stringData": {"A": "x"}}, "theirs": {"existingSecret": "theirs", "keys": {}}}
    assert app_of(helm, values)["envFrom"] == [
        {"configMapRef": {"name": "shop-config"}},
        {"secretRef": {"name": "theirs"}},
        {"secretRef": {"name": "shop-mine", "optional": True}, "prefix": "B_"},
    ]


def test_a_prefix_makes_other_variables(helm):
    values = small({"envFrom": {"pg": {"secret": "pg", "prefix": "DATABASE_"}}})
    values["secrets"] = {"pg": {"existingSecret": "pg", "keys": {"URL": {}, "DATABASE_URL": {}}}}
    pod = named(helm.render(values), "Deployment", "shop-web")["spec"]["template"]["spec"]
    assert set(variables(container(pod, "healthd"))) == {"DATABASE_URL_FILE", "HEALTHD_CHECKS"}
    (source,) = next(v for v in pod["volumes"] if "projected" in v)["projected"]["sources"]
    assert source["secret"]["items"] == [{"key": "URL", "path": "pg/DATABASE_URL"}]


def test_what_may_be_missing_holds_no_pod_up(helm):
    values = small({"envFrom": {"pg": {"secret": "pg", "optional": True}}})
    given = variables(container(named(helm.render(values), "Deployment", "shop-web")["spec"]["template"]["spec"], "healthd"))
    assert given["DATABASE_URL"] == {"secretKeyRef": {"name": "pg", "key": "DATABASE_URL", "optional": True}}
    values["configMaps"] = {"map": {"data": {"REDIS_HOST": "r"}}}
    values["workloads"]["web"]["containers"]["app"]["envFrom"] = {"map": {"configMap": "map", "optional": True}}
    given = variables(container(named(helm.render(values), "Deployment", "shop-web")["spec"]["template"]["spec"], "healthd"))
    assert given["REDIS_HOST"]["configMapKeyRef"]["optional"] is True


# --- Addresses of Services ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "reference, text",
    [
        ({"service": "api"}, "shop-api"),
        ({"service": "api", "port": "http"}, "shop-api:80"),
        ({"service": "api", "port": 9000}, "shop-api:9000"),
        ({"service": "api", "scheme": "http"}, "http://shop-api:80"),
        ({"service": "api", "port": "admin", "scheme": "https", "path": "/v1"}, "https://shop-api:9000/v1"),
        ({"service": "api", "path": "/v1?x=$(Y)"}, "http://shop-api:80/v1?x=$(Y)"),
    ],
)
def test_an_address_of_a_service(helm, reference, text):
    values = small({"env": {"API": reference}})
    values["workloads"]["api"] = {"containers": {"app": {**APP, "ports": {"admin": 9000}}}}
    assert variables(app_of(helm, values))["API"] == text


@pytest.mark.parametrize(
    "reference, said",
    [
        ({"service": "ap"}, 'env.API.service: there is no Service "ap"; there are: api, web'),
        ({"service": "api", "port": 81}, 'env.API.port: the Service "api" has no port 81; it has: http (80)'),
        ({"service": "api", "port": "htp"}, 'env.API.port: the Service "api" has no port htp; it has: http (80)'),
        ({"port": 80}, "env.API: of which service? Give workloads.web.containers.app.env.API.service"),
        ({"service": "api", "valueFrom": {"fieldRef": {"fieldPath": "a"}}}, "env.API: give one of service and valueFrom"),
    ],
)
def test_an_address_that_is_none(helm, reference, said):
    values = small({"env": {"API": reference}})
    values["workloads"]["api"] = {"containers": {"app": APP}}
    assert f"workloads.web.containers.app.{said}" in helm.refused(values)


def test_a_database_that_is_named_so(helm):
    """healthd and migrate read it as the text that it is; a first install's migration would look for it in vain."""
    password = {"valueFrom": {"secretKeyRef": {"name": "pg", "key": "pw"}}}
    values = small({"env": {"DATABASE_HOST": {"service": "pg"}, "DATABASE_PASSWORD": password}})
    values["workloads"]["pg"] = {"containers": {"app": {"image": "pg:1", "port": 5432}}}
    pod = named(helm.render(values), "Deployment", "shop-web")["spec"]["template"]["spec"]
    assert variables(container(pod, "healthd"))["DATABASE_HOST"] == "shop-pg"
    values["migrations"] = {"schema": {"from": "web/app", "files": {"0001_a.sql": "SELECT 1;"}, "when": "pre"}}
    assert 'migrations.schema: DATABASE_HOST names the Service "shop-pg" of this release' in helm.refused(values)


# --- Writable folders -----------------------------------------------------------------------------------------------------


def test_writable_folders(helm):
    folders = {"/tmp": {"sizeLimit": "64Mi"}, "/app/.next/cache": {"medium": "Memory"}, "/app/next-cache": {}, "/gone": None}
    values = small({"writable": folders})
    pod = named(helm.render(values), "Deployment", "shop-web")["spec"]["template"]["spec"]
    mounts = {m["mountPath"]: m["name"] for m in container(pod, "app")["volumeMounts"]}
    volumes = {v["name"]: v["emptyDir"] for v in pod["volumes"]}
    assert {path: volumes[name] for path, name in mounts.items()} == {p: f for p, f in folders.items() if f is not None}
    assert mounts["/tmp"] == "writable-app-tmp" and len(set(mounts.values())) == 3
    # A folder more or less moves none of the others.
    again = app_of(helm, small({"writable": {"/a": {}, **folders}}))
    assert mounts.items() <= {m["mountPath"]: m["name"] for m in again["volumeMounts"]}.items()


# --- Ports and Services ---------------------------------------------------------------------------------------------------


def service(helm, values, name="shop-web"):
    return named(helm.render(values), "Service", name)["spec"]


def ports(spec):
    return {p["name"]: {k: v for k, v in p.items() if k != "name"} for p in spec["ports"]}


@pytest.mark.parametrize("number, name", [(8080, "http"), (5432, "tcp-postgresql"), (6379, "tcp-redis"), (9000, "tcp-9000")])
def test_what_a_lone_port_is_called(helm, number, name):
    """A mesh takes what is called http for HTTP. Only that is 80 outside."""
    spec = service(helm, small({"port": number}))
    outside = 80 if name == "http" else number
    assert ports(spec) == {name: {"port": outside, "targetPort": name, "protocol": "TCP"}}
    assert app_of(helm, small({"port": number}))["ports"] == [{"name": name, "containerPort": number}]


def test_no_port_of_another_protocol_is_called_http(helm):
    """Each that is known, in one render: the number, and what its name ends with."""
    known = {5432: "postgresql", 6379: "redis", 3306: "mysql", 27017: "mongo", 5672: "amqp", 9092: "kafka", 4222: "nats", 9000: "9000"}
    known |= {11211: "memcached", 1883: "mqtt", 25: "smtp", 587: "smtp", 1025: "smtp"}
    workloads = {f"p{number}": {"containers": {"app": {"image": "a:1", "port": number}}} for number in (8080, *known)}
    found = {o["metadata"]["name"]: list(ports(o["spec"])) for o in helm.render({"workloads": workloads}) if o["kind"] == "Service"}
    assert found == {"shop-p8080": ["http"], **{f"shop-p{number}": [f"tcp-{name}"] for number, name in known.items()}}


def test_a_port_in_parts(helm):
    port = {"number": 9000, "name": "grpc-api", "appProtocol": "kubernetes.io/h2c"}
    values = small({"port": port, "ports": {"dns": {"containerPort": 53, "protocol": "UDP", "appProtocol": "x"}}})
    assert app_of(helm, values)["ports"] == [
        {"name": "grpc-api", "containerPort": 9000},
        {"name": "dns", "containerPort": 53, "protocol": "UDP"},
    ]
    assert ports(service(helm, values)) == {
        "grpc-api": {"port": 9000, "targetPort": "grpc-api", "protocol": "TCP", "appProtocol": "kubernetes.io/h2c"},
        "dns": {"port": 53, "targetPort": "dns", "protocol": "UDP", "appProtocol": "x"},
    }
    assert "containers.app.port.number is missing" in helm.refused(small({"port": {"name": "x"}}))


def test_ports_of_a_service(helm):
    said = {"http": {"port": 8000, "nodePort": 30001, "appProtocol": "http"}, "fpm": False, "admin": 81}
    values = small({"ports": {"fpm": 9000, "admin": 8081, "more": 7000}})
    values["services"] = {"web": {"type": "NodePort", "ports": said}}
    spec = service(helm, values)
    assert ports(spec) == {
        "http": {"port": 8000, "nodePort": 30001, "appProtocol": "http", "targetPort": "http", "protocol": "TCP"},
        "admin": {"port": 81, "targetPort": "admin", "protocol": "TCP"},
        "more": {"port": 7000, "targetPort": "more", "protocol": "TCP"},
    }
    assert "fpm" in ports(service(helm, changed(values, "services.web.ports.fpm", True)))


def test_headless(helm):
    """Its clients come to the pods themselves, on the containers' own ports."""
    spec = service(helm, {**small(), "services": {"web": {"clusterIP": "None", "publishNotReadyAddresses": True}}})
    assert spec["clusterIP"] == "None" and spec["publishNotReadyAddresses"] is True and ports(spec)["http"]["port"] == 8080


def test_fields_as_in_kubernetes(helm):
    fields = {"externalTrafficPolicy": "Local", "loadBalancerClass": "x", "loadBalancerSourceRanges": ["10.0.0.0/8"]}
    fields |= {"type": "LoadBalancer", "sessionAffinity": "ClientIP", "ipFamilyPolicy": "PreferDualStack"}
    values = {**small(podLabels={"app": "web-app"}), "services": {"web": {**fields, "selector": {"app": "web-app"}, "labels": {"a": 1}}}}
    spec = service(helm, values)
    assert {k: v for k, v in spec.items() if k not in ("ports", "selector")} == fields
    assert spec["selector"]["app"] == "web-app" and len(spec["selector"]) == 3
    outside = {"type": "ExternalName", "externalName": "db.example.com"}
    assert service(helm, {**small(), "services": {"db": outside}}, "shop-db") == outside


@pytest.mark.parametrize(
    "given, said",
    [
        ({"ports": {"http": {"nodePort": 30001}}}, "services.web.ports.http.nodePort: a Service of the type ClusterIP has none"),
        ({"ports": {"http": False}}, "services.web.ports: no port is left"),
        ({"type": "ExternalName"}, "services.web.externalName is missing"),
        ({"selector": {"app": "x"}}, "services.web.selector: it would select no pod"),
        ({"port": 80}, "/services/web"),
        ({"ports": {"http": {"typo": 1}}}, "/services/web/ports/http"),
    ],
)
def test_services_that_are_none(helm, given, said):
    assert said in helm.refused({**small(), "services": {"web": given}})


def test_one_node_port_for_two(helm):
    one = {"type": "NodePort", "ports": {"http": {"nodePort": 30001}}}
    error = helm.refused({**small(), "services": {"web": one, "b": {**one, "workload": "web"}}})
    assert "services.web.ports.http.nodePort: services.b.ports.http has 30001 already" in error


# --- healthd --------------------------------------------------------------------------------------------------------------


def healthd(helm, values):
    return container(named(helm.render(values), "Deployment", "shop-web")["spec"]["template"]["spec"], "healthd")


def two(**healthd):
    """nginx asks php-fpm, which has the variables."""
    php = {"image": "example/php:1", "port": 9000, "env": {"PGHOST": "db"}}
    containers = {"nginx": {"image": "example/nginx:1", "port": 8080, "order": 1}, "php": php}
    return {"workloads": {"web": {"containers": containers, "healthd": {"database": True, **healthd}}}}


def test_whose_variables_and_which_port_are_two_things(helm):
    lines = lambda **h: variables(healthd(helm, two(**h)))["HEALTHD_CHECKS"]  # noqa: E731
    assert lines(container="php") == "app fcgi://127.0.0.1:9000/ping"
    assert lines(container="php", app={"port": "http", "path": "/health"}) == "app http://localhost:8080/health"
    assert lines(app={"port": 9000}) == "app fcgi://127.0.0.1:9000/ping"
    assert variables(healthd(helm, two(container="php")))["PGHOST"] == "db"
    assert "PGHOST" not in variables(healthd(helm, two()))
    error = helm.refused(two(app={"port": "htp"}))
    assert "workloads.web.healthd.app: the workload has no such TCP port; it has: http, php" in error


def test_the_variables_of_another_workload(helm):
    values = two(container="api/app")
    values["workloads"]["api"] = {"containers": {"app": {"image": "a:1", "env": {"REDIS_HOST": "r"}}}}
    given = variables(healthd(helm, values))
    assert given["REDIS_HOST"] == "r" and "PGHOST" not in given
    assert 'workloads.web.healthd.container: there is no container "api/ap"' in helm.refused(
        changed(values, "workloads.web.healthd.container", "api/ap")
    )


def test_what_its_pages_name(helm):
    words = healthd(helm, two(service={"name": "todo-chatbot-api", "version": "3.0.0"}))["args"]
    assert words[-4:] == ["--service-name", "todo-chatbot-api", "--service-version", "3.0.0"]
