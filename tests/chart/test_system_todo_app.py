"""todo-app: Next.js and FastAPI with alembic, on an external PostgreSQL."""

from kinds import kind, kinds
from rig import container, flags, named, variables
from systems import pod_of, rendered

DEV, PROD = ["values-dev.yaml"], ["values-prod.yaml"]


todo = rendered("todo-app", DEV)


def pod(objects, name):
    return pod_of(objects, f"todo-app-{name}")


def test_healthd_names_the_service_and_its_version_003_2_003_3(todo):
    told = flags(container(pod(todo(), "backend"), "healthd"))
    assert told["--service-name"] == "todo-chatbot-api" and told["--service-version"] == "3.0.0"
    checks = variables(container(pod(todo(), "backend"), "healthd"))["HEALTHD_CHECKS"]
    assert "database postgres:// every 1s" in checks


def test_names_and_labels_003_7(todo):
    objects = todo()
    assert {o["metadata"]["name"] for o in kinds(objects, "Deployment")} == {"todo-app-backend", "todo-app-frontend"}
    labels = named(objects, "Deployment", "todo-app-backend")["spec"]["template"]["metadata"]["labels"]
    assert labels["app.kubernetes.io/component"] == "backend"
    assert {"app": "todo-app", "component": "backend", "version": "3.0.0"}.items() <= labels.items()
    # Which must not be among the selectors, for they can never change.
    assert set(named(objects, "Deployment", "todo-app-backend")["spec"]["selector"]["matchLabels"]) == {
        "app.kubernetes.io/instance",
        "app.kubernetes.io/component",
    }


def test_everything_is_in_the_namespace_003_8(todo):
    assert {o["metadata"]["namespace"] for o in todo()} == {"todo-app"}


def test_settings_and_secrets_003_9(todo):
    objects = todo(["values-dev.yaml"])
    assert set(named(objects, "ConfigMap", "todo-app-config")["data"]) == {"LOG_LEVEL", "LOG_FORMAT", "ALLOWED_ORIGINS", "ENVIRONMENT"}
    assert set(named(objects, "Secret", "todo-app-app")["stringData"]) == {
        "DATABASE_URL",
        "OPENROUTER_API_KEY",
        "BETTER_AUTH_SECRET",
        "VAPID_PRIVATE_KEY",
        "VAPID_PUBLIC_KEY",
    }
    api = container(pod(objects, "backend"), "api")
    assert api["envFrom"] == [{"configMapRef": {"name": "todo-app-config"}}, {"secretRef": {"name": "todo-app-app"}}]
    existing = container(pod(todo(PROD), "backend"), "api")
    assert existing["envFrom"][1] == {"secretRef": {"name": "todo-app-credentials"}}


def test_the_back_end_003_10(todo):
    objects = todo(PROD)
    spec = named(objects, "Deployment", "todo-app-backend")["spec"]
    assert spec["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    api = container(pod(objects, "backend"), "api")
    assert api["resources"] == {"requests": {"cpu": "250m", "memory": "256Mi"}, "limits": {"cpu": "500m", "memory": "512Mi"}}
    assert pod(objects, "backend")["terminationGracePeriodSeconds"] == 10
    service = named(objects, "Service", "todo-app-backend")["spec"]
    assert service["type"] == "ClusterIP" and [p["port"] for p in service["ports"]] == [7860]
    assert api["ports"] == [{"containerPort": 7860, "name": "http"}]


def test_the_front_end_003_11(todo):
    objects = todo(PROD)
    web = container(pod(objects, "frontend"), "web")
    assert web["resources"] == {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"cpu": "250m", "memory": "256Mi"}}
    assert web["livenessProbe"]["httpGet"] == {"path": "/api/health", "port": "http"}
    assert (web["livenessProbe"]["periodSeconds"], web["livenessProbe"]["timeoutSeconds"]) == (10, 2)
    service = named(objects, "Service", "todo-app-frontend")["spec"]
    assert service["type"] == "LoadBalancer" and [p["port"] for p in service["ports"]] == [3000]
    assert pod(objects, "frontend")["terminationGracePeriodSeconds"] == 10


def numbers(probe):
    return tuple(probe.get(f"{word}") for word in ("periodSeconds", "timeoutSeconds", "failureThreshold"))


def test_probes_003_12_003_16_003_17(todo):
    api = container(pod(todo(PROD), "backend"), "api")
    assert api["livenessProbe"]["httpGet"]["path"] == "/health/live" and numbers(api["livenessProbe"]) == (10, 2, 3)
    assert api["startupProbe"]["httpGet"]["path"] == "/health/live" and numbers(api["startupProbe"]) == (5, None, 6)
    # healthd's, within the 15 s that are asked for; the numbers that were asked for, too, come with an overlay of their own.
    ready = container(pod(todo(PROD), "backend"), "healthd")["readinessProbe"]
    assert ready["httpGet"]["path"] == "/health/ready" and numbers(ready) == (5, 2, 2)
    literal = container(pod(todo([*PROD, "values-literal.yaml"]), "backend"), "healthd")["readinessProbe"]
    assert numbers(literal) == (5, 5, 3)


def test_alembic_runs_before_install_and_upgrade_003_13(todo):
    job = kind(todo(PROD), "Job")
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    assert job["spec"]["backoffLimit"] == 3 and job["spec"]["template"]["spec"]["restartPolicy"] == "Never"
    (migrate,) = job["spec"]["template"]["spec"]["containers"]
    assert migrate["command"][-4:] == ["--", "alembic", "upgrade", "head"] and migrate["image"] == "todo-backend:3.0.0"
    assert {"secretRef": {"name": "todo-app-credentials"}} in migrate["envFrom"]
    assert flags(migrate)["--export-url"] == "DATABASE_URL"


def test_development_is_small_and_scales_003_15(todo):
    small = container(pod(todo(), "backend"), "api")["resources"]
    assert small["limits"] == {"cpu": "250m", "memory": "256Mi"}
    assert named(todo(), "ConfigMap", "todo-app-config")["data"]["LOG_LEVEL"] == "debug"
    assert named(todo(), "Deployment", "todo-app-backend")["spec"]["replicas"] == 1
    two = todo(DEV, "--set", "app.workloads.backend.replicas=2")
    assert named(two, "Deployment", "todo-app-backend")["spec"]["replicas"] == 2


def test_a_new_pod_comes_before_the_old_one_goes_003_20(todo):
    for kube in ("1.28.0", "1.34.0"):
        for one in kinds(todo(kube=kube), "Deployment"):
            spec = one["spec"]
            assert spec["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
            main = spec["template"]["spec"]["containers"][-1 if kube == "1.34.0" else 0]
            assert "preStop" in main["lifecycle"]
