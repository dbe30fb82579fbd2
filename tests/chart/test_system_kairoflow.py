"""KairoFlow: PHP-FPM behind nginx in one pod, four claims, mail each minute."""

import pytest
from kinds import kind, kinds
from rig import container, flags, named, variables
from systems import pod_of, rendered

DEV, STAGING, PROD = ["values-dev.yaml"], ["values-staging.yaml"], ["values-prod.yaml"]


flow = rendered("kairoflow", PROD)


def pod(objects):
    return pod_of(objects, "kairoflow-web")


def mounts(c):
    return {m["mountPath"]: m for m in c["volumeMounts"]}


def test_overlays_for_each_environment_000_2(flow):
    hosts = [kind([o for o in flow(v) if o["metadata"]["name"] == "kairoflow-public"], "IngressRoute")["spec"]["routes"] for v in (DEV, STAGING, PROD)]
    assert [
        (r["match"].split("`")[1] for r in routes).__next__() for routes in hosts
    ] == ["kairoflow.localhost", "staging.kairoflow.example.com", "kairoflow.example.com"]


def test_one_pod_of_nginx_and_php_000_3_000_4(flow):
    spec = pod(flow())
    nginx, php = container(spec, "nginx"), container(spec, "php")
    assert nginx["ports"] == [{"containerPort": 8080, "name": "http"}] and php["ports"] == [{"containerPort": 9000, "name": "fpm"}]
    assert nginx["image"] == "ghcr.io/example/kairoflow/nginx:1.0.0" and php["image"] == "ghcr.io/example/kairoflow/php:1.0.0"
    commit = pod(flow(PROD, "--set", "app.global.image.tag=4e7d19e"))
    assert container(commit, "nginx")["image"].endswith("/nginx:4e7d19e") and container(commit, "php")["image"].endswith("/php:4e7d19e")
    assert container(pod(flow(DEV)), "php")["image"].endswith("/php:latest")


def test_nginx_is_configured_by_files_000_5(flow):
    objects = flow()
    data = named(objects, "ConfigMap", "kairoflow-nginx-config")["data"]
    assert set(data) == {"nginx.conf", "default.conf"}
    for words in ("client_max_body_size 500M", "600s", "worker_processes", "worker_connections"):
        assert words in data["nginx.conf"]
    for words in ("server 127.0.0.1:9000", "root /var/www/html/www/", "fastcgi_pass", "location /health", "proxy_pass http://127.0.0.1:9180"):
        assert words in data["default.conf"]
    found = mounts(container(pod(objects), "nginx"))
    assert found["/etc/nginx/nginx.conf"]["subPath"] == "nginx.conf" and found["/etc/nginx/conf.d/default.conf"]["subPath"] == "default.conf"
    assert "checksum/configmaps" in named(objects, "Deployment", "kairoflow-web")["spec"]["template"]["metadata"]["annotations"]


def test_php_gets_its_settings_000_6_000_14_000_15_000_16_000_17_000_18(flow):
    php = container(pod(flow()), "php")
    assert {e["secretRef"]["name"] for e in php["envFrom"]} == {f"kairoflow-{n}" for n in ("app", "database", "minio", "openai", "redis")}
    assert variables(php) == {
        "NETTE_ENV": "prod",
        "NETTE_DEBUG": "0",
        "DATABASE_PORT": "5432",
        "REDIS_PORT": "6379",
        "MINIO_USE_SSL": "true",
        "PHP_MAX_EXECUTION_TIME": "600",
        "PHP_MEMORY_LIMIT": "512M",
        "PHP_POST_MAX_SIZE": "500M",
        "PHP_UPLOAD_MAX_FILESIZE": "500M",
    }
    told = variables(container(pod(flow()), "healthd"))
    assert told["REDIS_PASSWORD"]["secretKeyRef"]["optional"] is True
    assert told["DATABASE_PASSWORD_FILE"].endswith("/DATABASE_PASSWORD") and "MINIO_SECRET_KEY_FILE" not in told


def test_migrations_run_by_the_console_000_7(flow):
    job = kind(flow(), "Job")
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    (migrate,) = job["spec"]["template"]["spec"]["containers"]
    command = ["php", "bin/console", "migrations:migrate", "--no-interaction", "--allow-no-migration"]
    assert migrate["command"][migrate["command"].index("--") + 1 :] == command
    assert migrate["resources"]["limits"]["memory"] == "512Mi"


def test_claims_and_where_they_are_mounted_000_8_000_9_000_10(flow):
    objects = flow()
    found = {o["metadata"]["name"]: o["spec"] for o in kinds(objects, "PersistentVolumeClaim")}
    sizes = {name: s["resources"]["requests"]["storage"] for name, s in found.items()}
    assert sizes == {"kairoflow-uploads": "5Gi", "kairoflow-sessions": "2Gi", "kairoflow-recordings": "10Gi", "kairoflow-transcriptions": "5Gi"}
    assert found["kairoflow-recordings"]["storageClassName"] == "slow"
    for name in ("nginx", "php"):
        where = mounts(container(pod(objects), name))
        assert where["/var/www/html/www/uploads"]["name"] == "uploads"
        assert where["/var/www/html/var/tmp/session"]["name"] == "sessions"
        assert where["/var/www/html/var/tmp/recordings"]["name"] == "recordings"
        assert where["/var/www/html/var/tmp/transcriptions"]["name"] == "transcriptions"
        assert where["/var/www/html/var/log"]["name"] == "log"
    php = mounts(container(pod(objects), "php"))
    assert [php[f"/var/www/html/www/uploads/{n}"]["subPath"] for n in ("qr-codes", "attachments")] == ["qr-codes", "attachments"]


def test_resources_000_11(flow):
    for name in ("nginx", "php"):
        wanted = {"requests": {"cpu": "250m", "memory": "256Mi"}, "limits": {"cpu": "500m", "memory": "512Mi"}}
        assert container(pod(flow()), name)["resources"] == wanted


def test_pull_secret_and_node_000_12_000_13(flow):
    objects = flow()
    assert pod(objects)["imagePullSecrets"] == [{"name": "ghcr"}] and pod(objects)["serviceAccountName"] == "kairoflow"
    assert pod(objects)["nodeSelector"] == {"kubernetes.io/hostname": "node-1"}
    assert kind(objects, "Job")["spec"]["template"]["spec"]["imagePullSecrets"] == [{"name": "ghcr"}]


def test_reached_through_traefik_000_20_000_21_000_22_000_23(flow):
    objects = flow()
    routes = {o["metadata"]["name"]: o["spec"] for o in kinds(objects, "IngressRoute")}
    main = routes["kairoflow-public"]
    assert main["entryPoints"] == ["websecure"] and main["tls"]["secretName"] == "kairoflow-tls"
    (route,) = main["routes"]
    assert "Host(`kairoflow.example.com`)" in route["match"] and route["services"][0]["name"] == "kairoflow-web"
    assert [s["entryPoints"] for name, s in routes.items() if name != "kairoflow-public"] == [["web"]]
    specs = {key for o in kinds(objects, "Middleware") for key in o["spec"]}
    assert specs == {"redirectScheme", "headers", "rateLimit"}
    certificate = named(objects, "Certificate", "kairoflow-tls")["spec"]
    assert certificate["issuerRef"]["name"] == "letsencrypt-prod" and certificate["dnsNames"] == ["kairoflow.example.com"]
    service = named(objects, "Service", "kairoflow-web")["spec"]
    assert [(p["port"], p["targetPort"]) for p in service["ports"]] == [(80, "http")] and service["type"] == "ClusterIP"
    assert service["selector"]["app"] == "web-app"


def test_mail_each_minute_000_24(flow):
    job = named(flow(), "CronJob", "kairoflow-email")["spec"]
    assert job["schedule"] == "*/1 * * * *" and job["concurrencyPolicy"] == "Forbid"
    inner = job["jobTemplate"]["spec"]
    assert inner["activeDeadlineSeconds"] == 50
    (mail,) = inner["template"]["spec"]["containers"]
    assert mail["command"][-4:] == ["--", "php", "bin/console", "app:email:process"]
    assert flags(mail)["--deadline"] == "41s" and flags(mail)["--grace"] == "4s" and flags(mail)["--lock"] == "postgres"
    assert mail["resources"]["requests"]["memory"] == "128Mi" and mail["resources"]["limits"] == {"memory": "256Mi"}
    assert "/var/www/html/www/uploads" in mounts(mail)


def test_the_other_jobs_000_25(flow):
    found = {o["metadata"]["name"]: o["spec"] for o in kinds(flow(), "CronJob")}
    commands = {n: s["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["command"][-1] for n, s in found.items()}
    assert commands == {
        "kairoflow-email": "app:email:process",
        "kairoflow-invoice": "app:invoice:generate",
        "kairoflow-cleanup": "app:cleanup",
        "kairoflow-schema-check": "orm:schema:validate",
    }
    weekly, daily = found["kairoflow-invoice"]["schedule"].split(), found["kairoflow-cleanup"]["schedule"].split()
    assert weekly[4] == "1" and daily[2:] == ["*", "*", "*"]


def test_probes_000_26(flow):
    nginx = container(pod(flow()), "nginx")["livenessProbe"]
    assert nginx == {"httpGet": {"path": "/health", "port": "http"}, "initialDelaySeconds": 30, "periodSeconds": 10}
    ready = container(pod(flow()), "healthd")["readinessProbe"]
    assert (ready["initialDelaySeconds"], ready["periodSeconds"], ready["httpGet"]["path"]) == (5, 5, "/health/ready")
    assert variables(container(pod(flow()), "healthd"))["HEALTHD_CHECKS"].splitlines() == [
        "app tcp://localhost:8080",
        "fpm fcgi://127.0.0.1:9000/ping",
    ]


def test_one_pod_at_a_time_000_28(helm, flow):
    assert named(flow(), "Deployment", "kairoflow-web")["spec"]["strategy"] == {"type": "Recreate"}
    # Two are possible because they are pinned to the node that has the disks.
    assert named(flow(PROD, "--set", "app.workloads.web.replicas=2"), "Deployment", "kairoflow-web")["spec"]["replicas"] == 2
    with pytest.raises(AssertionError, match="replicas"):
        flow(STAGING, "--set", "app.workloads.web.replicas=2")


def test_times_that_were_asked_for_are_watched_000_32(flow):
    alerts = {rule["alert"]: rule["expr"] for group in kind(flow(), "PrometheusRule")["spec"]["groups"] for rule in group["rules"]}
    (page,) = [expr for name, expr in alerts.items() if name.lower() == "slowpage"]
    assert "0.95" in page and page.endswith("> 2")
    assert alerts["ApiSlow"].endswith("> 0.2") and alerts["MailSlow"].endswith("> 30")
