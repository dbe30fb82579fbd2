"""scripts/doctor: what a cluster lacks for a release. kubectl is a stand-in that answers from a table and notes what it is asked."""

import json
import os
import subprocess
import sys

import pytest

import systems
from rig import ROOT

KUBECTL = """#!/usr/bin/python3
import json, sys
from pathlib import Path
here = Path(__file__).parent
with open(here / "asked", "a") as file:
    print(*sys.argv[1:], file=file)
status, text = json.loads((here / "answers.json").read_text()).get(" ".join(sys.argv[1:]), (0, "yes" if sys.argv[1:3] == ["auth", "can-i"] else ""))
print(text, end="")
sys.exit(status)
"""
PLAIN = """\
configmaps cm v1 true ConfigMap
secrets v1 true Secret
serviceaccounts sa v1 true ServiceAccount
services svc v1 true Service
persistentvolumeclaims pvc v1 true PersistentVolumeClaim
deployments deploy apps/v1 true Deployment
statefulsets sts apps/v1 true StatefulSet
jobs batch/v1 true Job
cronjobs cj batch/v1 true CronJob
pods po v1 true Pod
horizontalpodautoscalers hpa autoscaling/v2 true HorizontalPodAutoscaler
poddisruptionbudgets pdb policy/v1 true PodDisruptionBudget
networkpolicies netpol networking.k8s.io/v1 true NetworkPolicy
ingresses ing networking.k8s.io/v1 true Ingress
"""
MORE = """\
ingressroutes traefik.io/v1alpha1 true IngressRoute
middlewares traefik.io/v1alpha1 true Middleware
certificates cert-manager.io/v1 true Certificate
podmonitors monitoring.coreos.com/v1 true PodMonitor
prometheusrules monitoring.coreos.com/v1 true PrometheusRule
pods metrics.k8s.io/v1beta1 true PodMetrics
"""
CLASSES = {"items": [{"metadata": {"name": "fast", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}}]}
FULL = {
    "version -o json": json.dumps({"serverVersion": {"major": "1", "minor": "34"}}),
    "api-resources --no-headers": PLAIN + MORE,
    "get storageclasses -o json": json.dumps(CLASSES),
    "get storageclasses -o name": "storageclass.storage.k8s.io/fast\nstorageclass.storage.k8s.io/slow\n",
    "get ingressclasses -o name": "ingressclass.networking.k8s.io/nginx\n",
    "get clusterissuers.cert-manager.io -o name": "clusterissuer.cert-manager.io/letsencrypt-prod\n",
}


@pytest.fixture
def doctor(helm, tmp_path):
    """doctor(system, overlay, changed answers) -> (status, lines); each answer is text, or (status, text)."""
    kubectl = tmp_path / "kubectl"
    kubectl.write_text(KUBECTL)
    kubectl.chmod(0o755)

    def ask(system, overlay, **changes):
        answers = {**FULL, **changes.pop("answers", {})}
        table = {words: answer if isinstance(answer, tuple) else (0, answer) for words, answer in answers.items() if answer is not None}
        (tmp_path / "answers.json").write_text(json.dumps(table))
        chart = systems.folder(system, tmp_path)
        env = {**os.environ, "KUBECTL": str(kubectl), "HELM": str(helm.program), "HOME": str(tmp_path), "KUBECONFIG": "/dev/null"}
        words = [sys.executable, ROOT / "scripts" / "doctor", "-n", "prod", system, chart, "-f", chart / overlay, *changes.pop("flags", ())]
        done = subprocess.run(words, env=env, capture_output=True, text=True, timeout=120)
        return done.returncode, (done.stdout + done.stderr).splitlines()

    ask.asked = lambda: (tmp_path / "asked").read_text().splitlines()
    return ask


def test_nothing_is_missing_and_nothing_is_changed_000_34(doctor):
    status, lines = doctor("todo-app", "values-dev.yaml")
    assert (status, lines) == (0, ["nothing is missing for todo-app in prod"])
    assert {words.split()[0] for words in doctor.asked()} <= {"version", "api-resources", "get", "auth"}
    assert not [words for words in doctor.asked() if words.startswith("get secret") and not words.endswith("-o name")]


def test_what_other_projects_bring_000_34(doctor):
    status, lines = doctor("kairoflow", "values-prod.yaml", answers={"api-resources --no-headers": PLAIN})
    assert status == 1
    assert "Certificate (cert-manager.io/v1): the cluster does not know this kind; it comes with cert-manager" in lines
    assert "IngressRoute (traefik.io/v1alpha1): the cluster does not know this kind; it comes with Traefik" in lines


def test_secrets_storage_and_issuers_000_34(doctor):
    """Those that are to exist already, by their names; of optional ones nothing is said."""
    lacks = {"get storageclasses -o name": "storageclass.storage.k8s.io/fast\n", "get clusterissuers.cert-manager.io -o name": ""}
    status, lines = doctor("kairoflow", "values-prod.yaml", answers=lacks)
    assert status == 1
    assert "StorageClass slow: there is none of this name" in lines
    assert "ClusterIssuer letsencrypt-prod: there is none of this name" in lines
    secrets = [line.split(":")[0].split()[1] for line in lines if line.startswith("Secret ")]
    assert secrets and all(line.endswith(": to be made in prod before the install") for line in lines if line.startswith("Secret "))
    there = {"get secrets -n prod -o name": "".join(f"secret/{name}\n" for name in secrets)}
    assert doctor("kairoflow", "values-prod.yaml", answers=there)[0] == 0


def test_claims_of_the_default_class_000_34(doctor):
    """TaskPilot's StatefulSet has one."""
    assert doctor("taskpilot", "values-dev.yaml")[0] == 0
    status, lines = doctor("taskpilot", "values-dev.yaml", answers={"get storageclasses -o json": '{"items": []}'})
    assert (status, lines) == (1, ["there is no default StorageClass, which claims without storageClass need"])


def test_classes_rights_versions_and_metrics_000_34(doctor):
    answers = {
        "version -o json": json.dumps({"serverVersion": {"major": "1", "minor": "27+"}}),
        "get ingressclasses -o name": "",
        "api-resources --no-headers": PLAIN,
        "auth can-i create deployments.apps -n prod": (1, "no\n"),
    }
    status, lines = doctor("todo-chatbot", "values-prod.yaml", answers=answers)
    assert status == 1
    assert "Kubernetes 1.27: the chart needs 1.28 or newer" in lines
    assert "IngressClass nginx: there is none of this name" in lines
    assert "Deployment: the user of kubectl may not make one in prod" in lines
    assert "there is no metrics server: nobody measures for the autoscalers" in lines


def test_what_cannot_be_found_out_000_34(doctor):
    status, lines = doctor("todo-app", "values-dev.yaml", answers={"version -o json": (1, "no route to host\n")})
    assert (status, lines) == (2, ["doctor: kubectl version: no route to host"])
    status, lines = doctor("todo-app", "values-dev.yaml", flags=["--set", "app.workloads.nothing=1"])
    assert status == 2 and any("nothing" in line for line in lines), lines
