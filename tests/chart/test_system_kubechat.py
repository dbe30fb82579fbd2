"""KubeChat: an API and a front end in three environments, with golang-migrate's files and read-only rights in the cluster."""

import json
import re

import yaml
from kinds import kind, kinds
from rig import ROOT, container, containers, flags, named, pods, variables, weight
from systems import EXAMPLES, folder, pod_of, rendered
from systems import flags as overlays

DEV, STAGING, PROD = ["values-dev.yaml"], ["values-staging.yaml"], ["values-production.yaml"]
SEALED = [*PROD, "values-sealed.yaml"]
HERE = EXAMPLES / "kubechat"


chat = rendered("kubechat", PROD)


def pod(objects, name):
    return pod_of(objects, f"kubechat-{name}")


def hook(objects, event):
    return [o for o in objects if event in o["metadata"].get("annotations", {}).get("helm.sh/hook", "").split(",")]


def paths(values, definition, definitions):
    """Every key of values, as the table of values names it."""
    while "$ref" in definition:
        definition = definitions[definition["$ref"].rsplit("/", 1)[1]]
    for key, value in (values or {}).items():
        inside = definition.get("properties", {}).get(key)
        name, inside = (key, inside) if inside else ("NAME", definition.get("additionalProperties"))
        yield [name]
        if isinstance(value, dict) and isinstance(inside, dict):
            yield from ([name, *rest] for rest in paths(value, inside, definitions))


def test_three_environments_whose_options_are_documented_001_2(chat):
    settings = [named(chat(v), "ConfigMap", "kubechat-config")["data"] for v in (DEV, STAGING, PROD)]
    assert [data["ENVIRONMENT"] for data in settings] == ["development", "staging", "production"]
    schema = json.loads((ROOT / "chart" / "values.schema.json").read_text())
    rows = set(re.findall(r"^\| `([^`]+)` \|", (ROOT / "docs" / "chart.md").read_text(), re.M))
    for file in HERE.glob("values*.yaml"):
        for path in paths(yaml.safe_load(file.read_text())["app"], schema, schema["definitions"]):
            known = [".".join(path[:n]) for n in range(len(path), 0, -1)]
            assert any(name in rows for name in known), path
            assert known[0] in rows or path[-1] == "NAME" or {"env", "data", "featureFlags", "image"} & set(path) or kubernetes(path), path


def kubernetes(path):
    """Whether a part above it is one entry of the table, being Kubernetes' or another project's own shape."""
    whole = {"resources", "startupProbe", "livenessProbe", "securityContext", "volumes", "clusterRules", "rules", "hard", "egress"}
    whole |= {"solvers", "ingressController", "monitoring", "limits", "affinity", "topologySpreadConstraints", "metrics"}
    return bool(whole & set(path[:-1]))


def test_postgresql_16_and_redis_7_4_in_development_alone_001_3(chat):
    objects = chat(DEV)
    servers = {o["metadata"]["name"]: o["spec"]["template"]["spec"] for o in kinds(objects, "StatefulSet")}
    assert container(servers["kubechat-postgresql"], "postgresql")["image"].startswith("postgres:16.")
    assert container(servers["kubechat-redis"], "redis")["image"].startswith("redis:7.4.")
    hosts = {DEV[0]: "kubechat-{}", STAGING[0]: "staging-{}.databases.svc", PROD[0]: "{}.databases.svc"}
    for overlay, host in hosts.items():
        maps = {o["metadata"]["name"]: o["data"] for o in kinds(chat([overlay]), "ConfigMap")}
        assert maps["kubechat-postgresql"]["DATABASE_HOST"] == host.format("postgresql")
        assert maps["kubechat-redis"]["REDIS_HOST"] == host.format("redis")
        assert bool(kinds(chat([overlay]), "StatefulSet")) == (overlay in DEV)


def test_hooks_and_tests_001_4(chat):
    objects = chat()
    before = sorted((o for o in hook(objects, "pre-install") if o["kind"] == "Job"), key=lambda o: (weight(o), o["metadata"]["name"]))
    assert all(o in hook(objects, "pre-upgrade") for o in before)
    parts = [o["metadata"]["labels"]["app.kubernetes.io/component"] for o in before]
    assert parts == ["check-config.hook", "db-init.migration", "schema.migration"]
    (last,) = hook(objects, "pre-delete")
    assert last["spec"]["template"]["spec"]["containers"][0]["command"] == ["/app/kubechat", "end-sessions"]
    assert {o["metadata"]["name"] for o in hook(objects, "test")} == {"kubechat-api-test", "kubechat-web-test", "kubechat-schema-test"}


def test_services_of_three_types_001_5(chat):
    found = {o["metadata"]["name"]: o["spec"] for o in kinds(chat(DEV), "Service")}
    ports = {name: spec["ports"][0]["nodePort"] for name, spec in found.items() if spec.get("type") == "NodePort"}
    assert ports == {"kubechat-web": 30001, "kubechat-api": 30080, "kubechat-pgadmin": 30050, "kubechat-redis-commander": 30081}
    assert {o["spec"]["type"] for o in kinds(chat(), "Service")} == {"ClusterIP"}
    outside = named(chat(PROD, "--set", "app.services.web.type=LoadBalancer"), "Service", "kubechat-web")["spec"]
    assert outside["type"] == "LoadBalancer" and outside["ports"][0]["port"] == 80
    assert not [o for o in chat() if o["kind"] == "Deployment" and o["metadata"]["name"] not in ("kubechat-api", "kubechat-web")]


def test_images_of_the_day_and_exact_ones_001_6(chat, helm, tmp_path):
    api = container(pod(chat(DEV), "api"), "api")
    assert api["image"] == "ghcr.io/example/kubechat/api:dev" and api["imagePullPolicy"] == "IfNotPresent"
    for overlay in (STAGING, PROD):
        theirs = {c["image"] for _, template in pods(chat(overlay)) for c in containers(template["spec"]) if "kubechat" in c["image"]}
        assert theirs == {f"ghcr.io/example/kubechat/{name}:1.0.0" for name in ("api", "web", "migrations")}
    said = helm.refused(None, *overlaid(tmp_path, "app.global.image.tag=latest"), release="kubechat", chart=tmp_path / "kubechat")
    assert "policy.requirePinnedImages" in said


def overlaid(tmp_path, *sets):
    return [*overlays(folder("kubechat", tmp_path), PROD), *(word for one in sets for word in ("--set", one))]


def test_sql_that_prepares_the_database_001_7(chat):
    objects = chat()
    data = named(objects, "ConfigMap", "kubechat-db-init-configmap")["data"]
    assert set(data) == {"0001_extensions.sql"} and data["0001_extensions.sql"].count("IF NOT EXISTS") == 2
    (job,) = [o for o in kinds(objects, "Job") if o["metadata"]["labels"]["app.kubernetes.io/component"] == "db-init.migration"]
    spec = job["spec"]["template"]["spec"]
    (copied,) = [v["configMap"]["name"] for v in spec["volumes"] if "configMap" in v]
    assert named(objects, "ConfigMap", copied)["data"] == data and flags(spec["containers"][0])["--table"] == "db_init_history"


def test_no_secret_is_readable_in_the_repository_001_8(chat):
    for overlay in (STAGING, PROD):
        assert not kinds(chat(overlay), "Secret") and len(kinds(chat(overlay), "ExternalSecret")) == 6
    objects = chat(SEALED)
    assert not kinds(objects, "Secret") and not kinds(objects, "ExternalSecret")
    sealed = {o["metadata"]["name"]: o["spec"]["encryptedData"] for o in kinds(objects, "SealedSecret")}
    assert {name: set(keys) for name, keys in sealed.items()} == {
        "kubechat-database": {"DATABASE_PASSWORD"},
        "kubechat-redis": {"REDIS_PASSWORD"},
        "kubechat-app": {"JWT_SECRET"},
    }
    page = (HERE / "README.md").read_text()
    assert "encryption-provider-config" in page and "etcdctl" in page


def test_rights_of_the_api_alone_001_9(chat):
    objects = chat()
    rules = [rule for o in objects if o["kind"] in ("Role", "ClusterRole") for rule in o["rules"]]
    assert rules and not any("*" in rule[part] for rule in rules for part in ("apiGroups", "resources", "verbs"))
    assert not any({"secrets", "pods/exec"} & set(rule["resources"]) for rule in rules)
    assert all(set(rule["verbs"]) <= {"get", "list", "watch"} for rule in kind(objects, "ClusterRole")["rules"])
    assert kind(objects, "Role")["metadata"]["namespace"] == "kubechat"
    for o in [kind(objects, "RoleBinding"), kind(objects, "ClusterRoleBinding")]:
        assert o["subjects"] == [{"kind": "ServiceAccount", "name": "kubechat-api", "namespace": "kubechat"}]
    assert [pod(objects, name)["automountServiceAccountToken"] for name in ("api", "web")] == [True, False]


def test_claims_for_data_001_10(chat):
    objects = chat(DEV)
    claims = {o["metadata"]["name"]: o for o in kinds(objects, "PersistentVolumeClaim")}
    sizes = {name: o["spec"]["resources"]["requests"]["storage"] for name, o in claims.items()}
    assert sizes == {"kubechat-postgresql": "8Gi", "kubechat-redis": "2Gi", "kubechat-pgadmin": "256Mi"}
    kept = {name for name, o in claims.items() if o["metadata"].get("annotations", {}).get("helm.sh/resource-policy") == "keep"}
    assert kept == {"kubechat-postgresql", "kubechat-redis"}
    mounts = container(pod(objects, "pgadmin"), "pgadmin")["volumeMounts"]
    assert {m["mountPath"] for m in mounts if m["name"] == "pgadmin"} == {"/var/lib/pgadmin"}


def test_ingress_with_tls_001_11(chat):
    objects = chat()
    main = named(objects, "IngressRoute", "kubechat-public")["spec"]
    where = {route["match"]: route["services"][0]["name"] for route in main["routes"]}
    assert len(where) == 2 and all("Host(`kubechat.example.com`)" in match for match in where)
    assert [name for match, name in where.items() if "/api" in match] == ["kubechat-api"]
    assert main["tls"] == {"secretName": "kubechat-tls", "options": {"name": "kubechat-modern"}}
    ciphers = kind(objects, "TLSOption")["spec"]
    assert ciphers["minVersion"] == "VersionTLS12" and all("ECDHE" in one for one in ciphers["cipherSuites"])
    assert {key for o in kinds(objects, "Middleware") for key in o["spec"]} == {"redirectScheme", "headers"}
    certificate = named(objects, "Certificate", "kubechat-tls")["spec"]
    assert certificate["dnsNames"] == ["kubechat.example.com"] and certificate["renewBefore"] == "720h"
    assert certificate["issuerRef"]["name"] == kind(objects, "Issuer")["metadata"]["name"]
    (solver,) = kind(objects, "Issuer")["spec"]["acme"]["solvers"]
    assert set(solver) == {"dns01"}
    assert not kinds(chat(DEV), "IngressRoute")
    # The same by the other two dialects, by one word.
    plain = chat(PROD, "--set", "app.exposure.public.dialect=ingress", "--set", "app.exposure.public.ingress.className=traefik")
    assert kind(plain, "Ingress")["spec"]["tls"] == [{"hosts": ["kubechat.example.com"], "secretName": "kubechat-tls"}]


def test_every_container_is_asked_whether_it_lives_001_12(chat):
    for overlay in (DEV, STAGING, PROD):
        for one in kinds(chat(overlay), "Deployment") + kinds(chat(overlay), "StatefulSet"):
            spec = one["spec"]["template"]["spec"]
            running = spec["containers"] + [c for c in spec.get("initContainers", []) if c.get("restartPolicy") == "Always"]
            assert all("livenessProbe" in c for c in running), one["metadata"]["name"]
            assert any(c.get("readinessProbe", {}).get("timeoutSeconds") for c in running), one["metadata"]["name"]
    assert container(pod(chat(), "api"), "api")["startupProbe"]["failureThreshold"] * 5 == 60


def test_metrics_and_dashboards_001_13(chat):
    objects = chat()
    (endpoint,) = kind(objects, "ServiceMonitor")["spec"]["endpoints"]
    assert endpoint["path"] == "/metrics" and kind(objects, "PodMonitor")
    found = [o for o in kinds(objects, "ConfigMap") if o["metadata"]["labels"].get("grafana_dashboard") == "1"]
    titles = {json.loads(text)["title"] for o in found for text in o["data"].values()}
    assert "KubeChat" in titles and len(titles) == 2


def test_golang_migrates_history_and_a_way_back_001_14(chat):
    objects = chat()
    job = named(objects, "Job", "kubechat-schema")
    (migrate,) = job["spec"]["template"]["spec"]["containers"]
    assert migrate["image"] == "ghcr.io/example/kubechat/migrations:1.0.0" and flags(migrate)["--layout"] == "golang"
    back = named(objects, "CronJob", "kubechat-schema-down")["spec"]
    (down,) = back["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert back["suspend"] is True and down["command"][-7:] == ["down", "--dir", "/migrations", "--layout", "golang", "--steps", "1"]
    assert not [o for o in objects if "rollback" in o["metadata"].get("annotations", {}).get("helm.sh/hook", "")]
    names = {path.name for path in (HERE / "files" / "migrations").iterdir()}
    assert names == {name.replace(".down.", ".up.") for name in names} | {name.replace(".up.", ".down.") for name in names}
    first = [c["name"] for c in pod(chat(DEV), "api")["initContainers"]]
    assert first.index("migrate-db-init") < first.index("migrate-schema") < first.index("healthd")


def test_backups_and_their_rehearsal_001_15(chat):
    for overlay, size in ((STAGING, "10Gi"), (PROD, "50Gi")):
        objects = chat(overlay)
        jobs = {o["metadata"]["name"]: o["spec"]["schedule"] for o in kinds(objects, "CronJob")}
        assert jobs["kubechat-backup"] == "0 2 * * *" and "kubechat-backup-rehearsal" in jobs
        claim = named(objects, "PersistentVolumeClaim", "kubechat-backup")
        assert claim["spec"]["resources"]["requests"]["storage"] == size
        assert claim["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    assert "kubechat-backup" not in {o["metadata"]["name"] for o in chat(DEV)}


def test_alerts_001_15(chat):
    alerts = {rule["alert"]: rule for group in kind(chat(), "PrometheusRule")["spec"]["groups"] for rule in group["rules"]}
    assert {"HealthdNotReady", "HealthdCheckFails", "JobFailed", "CertificateExpires", "BackupFailed", "BackupLate"} < set(alerts)
    assert any(name.lower() == "slowapi" for name in alerts)
    assert all(rule["labels"]["team"] == "kubechat" for rule in alerts.values())


def test_nothing_passes_but_what_is_named_001_16(chat):
    for overlay in (STAGING, PROD):
        policies = {o["metadata"]["name"]: o["spec"] for o in kinds(chat(overlay), "NetworkPolicy")}
        assert {"kubechat-default", "kubechat-api", "kubechat-web"} < set(policies)
        assert set(policies["kubechat-default"]["policyTypes"]) == {"Ingress", "Egress"}
        assert [p["port"] for p in policies["kubechat-api"]["egress"][0]["ports"]] == [443, 6443] and not policies["kubechat-web"]["egress"]
    assert not kinds(chat(DEV), "NetworkPolicy")


def test_environments_are_their_own_001_17_001_21(chat):
    switches = [named(chat(v), "ConfigMap", "kubechat-feature-flags")["data"]["FEATURE_WRITE_COMMANDS"] for v in (DEV, STAGING, PROD)]
    assert switches == ["true", "true", "false"]
    dev, staging = chat(DEV), chat(STAGING)
    assert [named(o, "Deployment", "kubechat-api")["spec"].get("replicas") for o in (dev, staging, chat())] == [1, 2, None]
    assert named(dev, "ConfigMap", "kubechat-config")["data"]["LOG_LEVEL"] == "debug" and not kinds(dev, "IngressRoute")
    assert "staging.kubechat.example.com" in named(staging, "IngressRoute", "kubechat-public")["spec"]["routes"][0]["match"]
    assert {o["spec"]["data"][0]["remoteRef"]["key"] for o in kinds(staging, "ExternalSecret") if "data" in o["spec"]} == {
        "kubechat/staging/database",
        "kubechat/staging/redis",
    }
    scales = {o["metadata"]["name"]: (o["spec"]["minReplicas"], o["spec"]["maxReplicas"]) for o in kinds(chat(), "HorizontalPodAutoscaler")}
    assert scales == {"kubechat-api": (3, 12), "kubechat-web": (3, 6)} and len(kinds(chat(), "PodDisruptionBudget")) == 2
    for name in ("api", "web"):
        assert container(pod(chat(), name), name)["securityContext"]["readOnlyRootFilesystem"] is True


def test_an_upgrade_is_guarded_and_gradual_001_18(chat):
    objects = chat(PROD, "--is-upgrade")
    assert {"check-config.hook", "schema.migration"} < {
        o["metadata"]["labels"]["app.kubernetes.io/component"] for o in hook(objects, "pre-upgrade") if o["kind"] == "Job"
    }
    for one in kinds(objects, "Deployment"):
        assert one["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
        assert "preStop" in container(one["spec"]["template"]["spec"], one["metadata"]["name"].removeprefix("kubechat-"))["lifecycle"]


def test_quota_and_limits_001_22(chat):
    for overlay, cpu in ((STAGING, "4"), (PROD, "16")):
        objects = chat(overlay)
        assert str(kind(objects, "ResourceQuota")["spec"]["hard"]["requests.cpu"]) == cpu and kind(objects, "LimitRange")
        for _, template in pods(objects):
            for c in containers(template["spec"]):
                assert c["resources"]["requests"] and c["resources"]["limits"]["memory"]


def test_logs_are_lines_of_json_001_23(chat):
    objects = chat()
    assert named(objects, "ConfigMap", "kubechat-config")["data"]["LOG_FORMAT"] == "json"
    assert variables(container(pod(objects, "web"), "web"))["LOG_FORMAT"] == "json"
    for o in kinds(objects, "Job"):
        (c,) = o["spec"]["template"]["spec"]["containers"]
        assert c["name"] != "migrate" or flags(c)["--log"] == "json"
    for name in ("api", "web"):
        template = named(objects, "Deployment", f"kubechat-{name}")["spec"]["template"]
        assert template["metadata"]["annotations"]["fluentbit.io/parser"] == "json"
        assert "--log" not in container(template["spec"], "healthd").get("args", [])
