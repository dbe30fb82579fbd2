"""What Prometheus and Grafana get."""

import json

import pytest
from kinds import MORE, kind, kinds
from rig import changed, named, parent

ALL = '{{ include "release-runtime.all" (dict "ctx" . "values" .Values.app) }}\n'
INSTANCE = {"app.kubernetes.io/instance": "shop"}
KEPT = [f"app.kubernetes.io/{word}" for word in ("instance", "component")]


def alerts(objects):
    (group,) = kind(objects, "PrometheusRule")["spec"]["groups"]
    return {rule["alert"]: rule for rule in group["rules"]}


def test_monitors_001_13(helm):
    objects = helm.render(MORE)
    monitor = kind(objects, "PodMonitor")
    assert monitor["metadata"]["labels"]["release"] == "prometheus" and monitor["spec"] == {
        "selector": {"matchLabels": INSTANCE},
        "podTargetLabels": KEPT,
        "podMetricsEndpoints": [{"port": "health", "interval": "15s"}],
    }
    web = named(objects, "ServiceMonitor", "shop-web")["spec"]
    assert web["endpoints"] == [{"port": "http", "path": "/internal/metrics", "scrapeTimeout": "5s"}]
    # It finds exactly that Service.
    chosen = web["selector"]["matchLabels"].items()
    found = [s["metadata"]["name"] for s in kinds(objects, "Service") if chosen <= s["metadata"]["labels"].items()]
    assert found == ["shop-web"] and named(objects, "ServiceMonitor", "shop-health")


def test_alerts_001_15_002_15(helm):
    objects = helm.render(MORE)
    found = alerts(objects)
    assert "MemoryHigh" not in found and found["CpuHigh"]["labels"] == {"severity": "critical", "team": "shop"}
    assert found["CpuHigh"]["expr"].endswith("> 60") and 'pod=~"(shop-api|shop-web)-.*"' in found["CpuHigh"]["expr"]
    assert 'job_name=~"shop-mail-[0-9]+|shop-schema"' in found["JobFailed"]["expr"]
    assert found["Queue"] == {"alert": "Queue", "expr": "queue > 5", "for": "5m", "annotations": {"summary": "long"}} | {
        "labels": {"severity": "warning", "team": "shop"}
    }
    assert 'name=~"shop-other|shop-shop"' in found["CertificateExpires"]["expr"]
    assert "histogram_quantile(0.95" in found["SlowApi"]["expr"] and found["SlowApi"]["expr"].endswith("> 0.5")
    assert all(rule["expr"].count("(") == rule["expr"].count(")") for rule in found.values())
    # A promise that nobody made is not watched; nor is what is not there.
    bare = alerts(helm.render({"workloads": {"web": MORE["workloads"]["api"]}, "monitoring": {"rules": {}}}))
    assert set(bare) == {"HealthdNotReady", "HealthdCheckFails", "PodRestarts", "ReplicasUnavailable", "CpuHigh", "MemoryHigh"}


def test_dashboards(helm, tmp_path):
    board = named(helm.render(MORE), "ConfigMap", "shop-runtime-dashboard")
    assert board["metadata"]["labels"]["grafana_dashboard"] == "1"
    panels = json.loads(board["data"]["release-runtime.json"])["panels"]
    assert len(panels) == 8 and panels[0]["targets"][0]["legendFormat"] == "{{app_kubernetes_io_component}}"
    values = {"workloads": MORE["workloads"], "monitoring": {"dashboards": {"shop": {"files": "boards/*.json"}}}}
    chart = parent(tmp_path, {"app": {"library": True, **values}}, ALL, files={"boards/a.json": '{"title": "A"}'})
    board = named(helm.render({}, chart=chart), "ConfigMap", "shop-shop-dashboard")
    assert board["data"] == {"a.json": '{"title": "A"}'}
    chart = parent(tmp_path / "bad", {"app": {"library": True, **values}}, ALL, files={"boards/a.json": '{"title"'})
    assert "monitoring.dashboards.shop.files: a.json is no JSON" in helm.refused({}, chart=chart)
    chart = parent(tmp_path / "none", {"app": {"library": True, **values}}, ALL)
    assert "monitoring.dashboards.shop.files: the chart that calls this one (parent) has no file boards/*.json" in helm.refused({}, chart=chart)


@pytest.mark.parametrize(
    "path, value, said",
    [
        ("serviceMonitors.typo", {}, 'monitoring.serviceMonitors.typo.service: there is no Service "typo"; there are: api, web'),
        ("serviceMonitors.web.port", "typo", 'monitoring.serviceMonitors.web.port: the Service "web" has no port "typo"; it has: http'),
        ("rules.alerts.Typo", {"for": "5m"}, "monitoring.rules.alerts.Typo.expr is missing; the preset's alerts are: Healthd"),
        ("slo.api", {"quantile": 0.9}, "monitoring.slo.api.seconds is missing"),
        ("podMonitor.typo", 1, "/monitoring/podMonitor"),
    ],
)
def test_refused(helm, path, value, said):
    error = helm.refused(changed(MORE, f"monitoring.{path}", value))
    assert said in error, error


def test_off(helm):
    values = changed(MORE, "monitoring", {"podMonitor": {"enabled": False}, "rules": {"enabled": False}, "dashboards": {"a": {"enabled": False}}})
    objects = helm.render(values)
    assert not [o for o in objects if o["apiVersion"].startswith("monitoring.") or "dashboard" in o["metadata"]["name"]]


def test_labels_of_alerts_are_text(helm):
    """The operator refuses any other, and says so of all the rules."""
    values = changed(changed(MORE, "monitoring.rules.alertLabels.team", 7), "monitoring.rules.alerts.Queue.labels", {"page": True})
    rules = kind(helm.render(values), "PrometheusRule")["spec"]["groups"][0]["rules"]
    assert {rule["labels"]["team"] for rule in rules} == {"7"}
    assert [rule["labels"]["page"] for rule in rules if rule["alert"] == "Queue"] == ["true"]
