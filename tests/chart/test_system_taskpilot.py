"""TaskPilot: Next.js, FastAPI, and their PostgreSQL as a StatefulSet."""

from kinds import kind, kinds
from rig import container, named, variables
from systems import pod_of, rendered

DEV, PROD, POST = ["values-dev.yaml"], ["values-prod.yaml"], ["values-dev.yaml", "values-post.yaml"]


pilot = rendered("taskpilot", PROD)


def pod(objects, name):
    return pod_of(objects, f"taskpilot-ai-{name}")


def test_the_front_end_004_2(pilot):
    web = container(pod(pilot(DEV), "frontend"), "web")
    assert web["image"] == "taskpilot-frontend:latest" and web["ports"] == [{"containerPort": 3000, "name": "http"}]
    assert web["livenessProbe"] == {"httpGet": {"path": "/", "port": "http"}, "periodSeconds": 30}
    assert web["resources"] == {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"cpu": "500m", "memory": "512Mi"}}
    ready = container(pod(pilot(DEV), "frontend"), "healthd")["readinessProbe"]
    assert ready["httpGet"]["path"] == "/health/ready" and "initialDelaySeconds" not in ready


def test_the_back_end_004_3(pilot):
    api = container(pod(pilot(), "backend"), "api")
    assert api["ports"] == [{"containerPort": 8000, "name": "http"}]
    assert api["livenessProbe"] == {"httpGet": {"path": "/health", "port": "http"}, "periodSeconds": 30}
    assert api["resources"] == {"requests": {"cpu": "250m", "memory": "512Mi"}, "limits": {"cpu": "1000m", "memory": "1024Mi"}}
    config = {"configMapRef": {"name": "taskpilot-ai-config"}}
    assert api["envFrom"] == [config, {"secretRef": {"name": "taskpilot-credentials"}}]


def test_the_database_004_4(pilot):
    objects = pilot()
    spec = named(objects, "StatefulSet", "taskpilot-ai-postgresql")["spec"]
    (claim,) = spec["volumeClaimTemplates"]
    assert claim["spec"]["resources"]["requests"]["storage"] == "10Gi" and spec["replicas"] == 1
    assert spec["serviceName"] == "postgresql-service" and named(objects, "Service", "postgresql-service")["spec"]["clusterIP"] == "None"
    postgres = container(spec["template"]["spec"], "postgres")
    assert postgres["image"] == "postgres:15-alpine" and postgres["livenessProbe"]["tcpSocket"] == {"port": 5432}
    (data,) = [m["mountPath"] for m in postgres["volumeMounts"] if m["name"] == "data"]
    env = variables(postgres)
    assert data == "/var/lib/postgresql/data" and env["PGDATA"].startswith(data + "/") and env["POSTGRES_DB"] == "taskpilot"
    assert env["POSTGRES_PASSWORD"] == {"secretKeyRef": {"name": "taskpilot-credentials", "key": "DATABASE_PASSWORD"}}


def test_services_of_their_own_names_004_5(pilot):
    objects = pilot()
    found = {o["metadata"]["name"]: o["spec"] for o in kinds(objects, "Service")}
    assert {name: [p["port"] for p in s["ports"]] for name, s in found.items()} == {
        "frontend-service": [80],
        "backend-service": [80],
        "postgresql-service": [5432],
    }
    assert {s["selector"]["app"] for s in found.values()} == {"taskpilot-frontend", "taskpilot-backend", "taskpilot-postgresql"}


def test_the_ingress_004_6(pilot):
    ingress = named(pilot(), "Ingress", "taskpilot-ingress")["spec"]
    (rule,) = ingress["rules"]
    assert ingress["ingressClassName"] == "nginx" and rule["host"] == "localhost"
    assert [(p["path"], p["pathType"]) for p in rule["http"]["paths"]] == [("/api", "Prefix"), ("/", "Prefix")]


def test_settings_and_secrets_004_7(pilot):
    objects = pilot(DEV)
    assert named(objects, "ConfigMap", "taskpilot-ai-config")["data"] == {
        "DATABASE_HOST": "postgresql-service",
        "DATABASE_PORT": "5432",
        "DATABASE_NAME": "taskpilot",
        "DATABASE_USER": "taskpilot",
        "DEBUG": "true",
    }
    assert set(named(objects, "Secret", "taskpilot-ai-app")["stringData"]) == {"DATABASE_PASSWORD", "OPENAI_API_KEY", "JWT_SECRET"}
    assert variables(container(pod(objects, "frontend"), "web"))["API_URL"] == "http://backend-service:80"


def test_the_schema_is_there_before_the_back_end_004_8(pilot):
    backend = pod(pilot(DEV), "backend")
    names = [c["name"] for c in backend["initContainers"]]
    assert names.index("migrate-schema") < names.index("healthd") and not kinds(pilot(DEV), "Job")
    job = kind(pilot(POST), "Job")
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "post-install,post-upgrade"


def test_it_scales_004_9(pilot):
    assert {o["spec"]["replicas"] for o in kinds(pilot(), "Deployment")} == {3}
    objects = pilot(DEV, "--set", "app.workloads.frontend.replicas=3")
    front = named(objects, "Deployment", "taskpilot-ai-frontend")["spec"]
    assert front["replicas"] == 3 and front["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    assert "preStop" in container(pod(objects, "frontend"), "web")["lifecycle"]


def test_policies_in_production_004_13(pilot):
    assert kinds(pilot(), "NetworkPolicy") and not kinds(pilot(DEV), "NetworkPolicy")


def test_one_digest_everywhere_004_14(pilot):
    objects = pilot(PROD, "--set", "app.workloads.backend.containers.api.image.digest=sha256:" + "0" * 64)
    images = {c["image"] for c in pod(objects, "backend")["initContainers"] + pod(objects, "backend")["containers"] if "taskpilot" in c["image"]}
    assert images == {"taskpilot-backend@sha256:" + "0" * 64}
