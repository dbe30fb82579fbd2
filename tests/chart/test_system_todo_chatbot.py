"""Todo chatbot: Next.js and FastAPI that scale by themselves behind an Ingress."""

import re

import yaml
from kinds import kind, kinds
from rig import container, named, pods
from systems import EXAMPLES, pod_of, rendered

DEV, PROD = ["values-dev.yaml"], ["values-prod.yaml"]


todo = rendered("todo-chatbot", PROD)


def pod(objects, name):
    return pod_of(objects, f"todo-app-{name}")


def test_two_pods_each_and_three_probes_002_2(todo):
    objects = todo()
    for name, port in (("frontend", "web"), ("backend", "api")):
        spec = named(objects, "Deployment", f"todo-app-{name}")["spec"]
        assert spec["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
        main = container(spec["template"]["spec"], port)
        assert main["startupProbe"] and main["livenessProbe"]
        assert container(spec["template"]["spec"], "healthd")["readinessProbe"]["httpGet"]["path"] == "/health/ready"


def test_they_scale_by_themselves_002_3(todo):
    objects = todo()
    found = {o["metadata"]["name"]: o["spec"] for o in kinds(objects, "HorizontalPodAutoscaler")}
    assert {name: (s["minReplicas"], s["maxReplicas"]) for name, s in found.items()} == {
        "todo-app-frontend": (2, 10),
        "todo-app-backend": (2, 20),
    }
    for name, spec in found.items():
        (metric,) = spec["metrics"]
        assert metric["resource"] == {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}
        assert "replicas" not in named(objects, "Deployment", name)["spec"]
    assert not kinds(todo(DEV), "HorizontalPodAutoscaler")


def test_one_host_for_both_002_4(todo):
    spec = kind(todo(), "Ingress")["spec"]
    (rule,) = spec["rules"]
    assert spec["ingressClassName"] == "nginx" and rule["host"] == "todo.local"
    assert [(p["path"], p["pathType"], p["backend"]["service"]["name"]) for p in rule["http"]["paths"]] == [
        ("/api", "Prefix", "todo-app-backend"),
        ("/", "Prefix", "todo-app-frontend"),
    ]


def test_settings_and_secrets_002_5(todo):
    words = ("--set", "app.secrets.app.stringData.OPENAI_API_KEY=from-the-command-line")
    objects = todo(DEV, *words)
    assert {"LOG_LEVEL", "ENVIRONMENT", "NEXT_PUBLIC_API_URL"} <= set(named(objects, "ConfigMap", "todo-app-config")["data"])
    made = named(objects, "Secret", "todo-app-app")["stringData"]
    assert set(made) == {"DATABASE_URL", "BETTER_AUTH_SECRET", "OPENAI_API_KEY"} and made["OPENAI_API_KEY"] == "from-the-command-line"
    assert not kinds(todo(), "Secret")


def test_pods_keep_apart_002_7(todo):
    for name in ("frontend", "backend"):
        (one,) = pod(todo(), name)["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
        assert one["podAffinityTerm"]["topologyKey"] == "kubernetes.io/hostname"


def test_policies_in_production_alone_002_8(todo):
    assert {o["metadata"]["name"] for o in kinds(todo(), "NetworkPolicy")} == {"todo-app-default", "todo-app-frontend", "todo-app-backend"}
    assert not kinds(todo(DEV), "NetworkPolicy")


def test_users_and_ports_002_9_002_10(todo):
    objects = todo()
    assert pod(objects, "frontend")["securityContext"]["runAsUser"] == 1001
    assert pod(objects, "backend")["securityContext"]["runAsUser"] == 1000
    for name, main, port in (("frontend", "web", 3000), ("backend", "api", 8000)):
        assert container(pod(objects, name), main)["ports"] == [{"containerPort": port, "name": "http"}]
        assert container(pod(objects, name), main)["livenessProbe"]["httpGet"]["path"] == "/api/health"


def test_a_compose_file_whose_health_checks_are_healthd_002_12():
    text = (EXAMPLES / "todo-chatbot" / "compose.yaml").read_text()
    told = yaml.safe_load(text)
    for name, port in (("frontend", 3000), ("backend", 8000)):
        service = told["services"][name]
        words = service["healthcheck"]["test"]
        assert words[:3] == ["CMD", "/usr/local/bin/healthd", "probe"] and words[3].endswith(f":{port}/api/health")
        assert service["build"]["dockerfile"] == f"${{PWD}}/images/{name}/Dockerfile"
        assert all(one["condition"] == "service_healthy" for one in service["depends_on"].values())
    assert told["services"]["database"]["volumes"] == ["data:/var/lib/postgresql/data"] and "data" in told["volumes"]
    asked = set(re.findall(r"\$\{(\w+)", text)) - {"PWD"}
    offered = set(re.findall(r"^(\w+)=", (EXAMPLES / "todo-chatbot" / ".env.example").read_text(), re.M))
    assert asked == offered


def test_logs_go_to_stdout_and_the_end_is_graceful_002_14(todo):
    """No volume for logs; the pause before TERM and what follows it fit into the grace period."""
    for thing, template in pods(todo()):
        spec = template["spec"]
        assert not [m["mountPath"] for c in spec["containers"] for m in c.get("volumeMounts", []) if "log" in m["mountPath"]]
        if thing["kind"] == "Deployment":
            (main,) = [c for c in spec["containers"] if c["name"] in ("web", "api")]
            assert 0 < main["lifecycle"]["preStop"]["sleep"]["seconds"] < spec["terminationGracePeriodSeconds"] == 30
