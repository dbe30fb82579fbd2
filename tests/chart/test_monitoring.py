"""What Prometheus and Grafana get."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
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


THRESHOLDS = {
    "restarts": "PodRestarts",
    "cpuPercent": "CpuHigh",
    "memoryPercent": "MemoryHigh",
    "cronLateSeconds": "CronJobLate",
    "certificateDays": "CertificateExpires",
}


def test_thresholds(helm):
    values = changed(MORE, "monitoring.rules.alerts.MemoryHigh", None)
    for number, threshold in enumerate(THRESHOLDS, 987650):
        values = changed(values, f"monitoring.rules.{threshold}", number)
    found = alerts(helm.render(values))
    for number, alert in enumerate(THRESHOLDS.values(), 987650):
        assert found[alert]["expr"].endswith((f" > {number}", f" < {number}")), found[alert]


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


ROOT = Path(__file__).resolve().parents[2]
# Labels that the scrape adds, and those of kube-state-metrics.
SCRAPED = {"namespace", "pod", "app_kubernetes_io_instance", "app_kubernetes_io_component", "le"}


def families():
    """What /metrics holds, by docs/formats.md, which healthd prints: name to type."""
    return dict(re.findall(r"^# TYPE (healthd_\w+) (\w+)$", (ROOT / "docs/formats.md").read_text(), re.M))


def used(expressions):
    """The families of healthd in these expressions; fails when there is no such series."""
    known, found = families(), set()
    series = {name: name for name, kind_ in known.items() if kind_ != "histogram"}
    series |= {f"{name}_{end}": name for name, kind_ in known.items() if kind_ == "histogram" for end in ("bucket", "sum", "count")}
    for text in expressions:
        names = re.findall(r"\bhealthd_\w+", text)
        assert set(names) <= set(series), f"no such series: {text}"
        found |= {series[name] for name in names}
    return found


def queries(board):
    asked = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    return asked + [v["query"] for v in board["templating"]["list"] if v["type"] == "query"]


def healthd_board():
    return json.loads((ROOT / "chart/dashboards/healthd.json").read_text())


def test_dashboards_ask_for_what_there_is(helm):
    """The dashboard of healthd shows all of its metrics; the chart's own, and its alerts, some."""
    assert len(families()) > 15 and used(queries(healthd_board())) == set(families())
    objects = helm.render(MORE)
    board = json.loads(named(objects, "ConfigMap", "shop-runtime-dashboard")["data"]["release-runtime.json"])
    assert len(used(queries(board))) == 5
    assert used(rule["expr"] for rule in alerts(objects).values()) == {"healthd_ready", "healthd_check_up"}
    with pytest.raises(AssertionError, match="no such series"):
        used(["max(healthd_check_duration_seconds)"])


def test_the_dashboard_of_healthd_holds_together():
    board = healthd_board()
    panels = board["panels"]
    assert len({p["id"] for p in panels}) == len(panels) and all(p["title"] and p["targets"] for p in panels)
    taken = set()
    for at in (p["gridPos"] for p in panels):
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24 and not cells & taken
        taken |= cells
    variables = {v["name"] for v in board["templating"]["list"]}
    text = json.dumps(board)
    assert set(re.findall(r"\$\{?(\w+)", text)) - {"__all", "__rate_interval"} == variables
    labels = SCRAPED | {"check", "state", "reason", "part", "version"}
    for query in queries(board):
        for group in re.findall(r"by \(([^)]*)\)", query):
            assert set(group.split(", ")) <= labels, query
        assert set(re.findall(r"(\w+)(?:=~|!=|=)\"", query)) <= labels, query


def test_promtool_reads_every_expression(helm, tmp_path):
    promtool = shutil.which("promtool")
    if not promtool:
        pytest.skip("promtool is not installed (Debian's package prometheus)")
    objects = helm.render(MORE)
    board = json.loads(named(objects, "ConfigMap", "shop-runtime-dashboard")["data"]["release-runtime.json"])
    asked = [q for b in (board, healthd_board()) for q in queries(b) if not q.startswith("label_values")]
    recorded = [{"record": f"panel:{n}", "expr": q.replace("$__rate_interval", "1m")} for n, q in enumerate(asked)]
    groups = kind(objects, "PrometheusRule")["spec"]["groups"] + [{"name": "dashboards", "rules": recorded}]
    rules = tmp_path / "rules.yaml"
    for wrong in ("", "("):
        rules.write_text(yaml.safe_dump({"groups": groups}).replace("sum by", "sum by" + wrong))
        told = subprocess.run([promtool, "check", "rules", rules], capture_output=True, text=True, timeout=60)
        assert (told.returncode == 0) == (not wrong), told


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
