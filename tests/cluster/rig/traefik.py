"""What stands before a system: kinds of other projects as the API server takes them, Traefik itself from the cluster's cache, and a
client that asks it as a browser would."""

import json
import subprocess
from contextlib import contextmanager

import pytest

from .cluster import IN, ROOT, SLOW, wait_until

HERE = ROOT / "tests" / "cluster"
GROUPS = {
    ("traefik.io", "v1alpha1"): (
        "IngressRoute", "IngressRouteTCP", "IngressRouteUDP", "Middleware", "MiddlewareTCP", "ServersTransport", "ServersTransportTCP",
        "TLSOption", "TLSStore", "TraefikService",
    ),
    ("cert-manager.io", "v1"): ("Certificate", "Issuer"),
}  # fmt: skip

OURS = "release-runtime-test"  # what is made here bears this label

# Connects to Traefik whatever the host is, as behind a name server that leads there.
CLIENT = """
import http.client, json, socket, ssl, sys
asked = json.load(sys.stdin)
host, ca = asked["host"], asked.get("ca")
try: line = socket.create_connection(("traefik.traefik", 443 if ca else 80), asked["patience"])
except OSError as error:
    print(json.dumps([{"status": 0, "headers": {}, "text": str(error)}]))
    sys.exit()
if ca:
    context = ssl.create_default_context(cadata=ca)
    if asked.get("ciphers"):
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(asked["ciphers"])
    try: line = context.wrap_socket(line, server_hostname=host)
    except ssl.SSLError as error:
        print(json.dumps([{"status": 0, "headers": {}, "text": str(error)}]))
        sys.exit()
answers = []
for _ in range(asked.get("times", 1)):
    connection = http.client.HTTPConnection(host, timeout=asked["patience"])
    connection.sock = line
    connection.request("GET", asked["path"])
    answer = connection.getresponse()
    headers = {name.lower(): value for name, value in answer.getheaders()}
    answers.append({"status": answer.status, "headers": headers, "text": answer.read().decode()})
print(json.dumps(answers))
"""


def definition(group, version, kind):
    """A kind's definition, in which every object is right."""
    plural = kind.lower() + "s"
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}", "labels": {OURS: "yes"}},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural},
            "versions": [{"name": version, "served": True, "storage": True, "schema": {"openAPIV3Schema": anything}}],
        },
    }


def make_kinds(cluster):
    """Those of GROUPS that the cluster has not. They stay: other stories, beside this one, need them, too."""
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    every = [definition(*group, kind) for group, names in GROUPS.items() for kind in names]
    missing = [one for one in every if cluster.get(f"{path}/{one['metadata']['name']}") is None]
    if missing:
        cluster.kubectl("apply", "-f", "-", stdin="\n---\n".join(map(json.dumps, missing)))
    names = [f"crd/{one['metadata']['name']}" for one in every]
    cluster.kubectl("wait", "--for=condition=Established", *names, f"--timeout={20 * SLOW:.0f}s")


def forget_kinds():
    """On a cluster that was given, after all stories."""
    subprocess.run((IN, "kubectl", "delete", "crd", "-l", OURS, "--wait=false"), capture_output=True, cwd=ROOT)


def call(*words):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, cwd=ROOT, timeout=300 * SLOW)


@contextmanager
def traefik(cluster):
    """with traefik(cluster): it runs, and serves what the kinds of make_kinds() say. Skips the story where it cannot be had."""
    if not cluster.own:
        pytest.skip("Traefik's image is put on the nodes of the cluster that make cluster-up starts alone")
    missing = call(HERE / "build", "--cached", "traefik")
    if missing.returncode != 0:
        pytest.skip(f"{missing.stdout.strip()}; tests/cluster/build traefik builds it")
    for words in ((HERE / "build", "traefik"), (HERE / "load", ROOT / "build/cluster/parts/traefik.tar")):
        done = call(*words)
        assert done.returncode == 0, done.stdout + done.stderr
    cluster.kubectl("apply", "-f", HERE / "traefik.yaml")
    try:
        cluster.kubectl("-n", "traefik", "rollout", "status", "deployment/traefik", f"--timeout={60 * SLOW:.0f}s", timeout=70)
        yield
    finally:
        cluster.kubectl("delete", "-f", HERE / "traefik.yaml", "--wait=false")


def certify(place):
    """Does what cert-manager would: a Secret for each Certificate of the place. What the issuer's certificate is, as PEM."""
    (asked,) = place.cluster.get(f"/apis/cert-manager.io/v1/namespaces/{place.name}/certificates")["items"]
    key, certificate = place.folder / "tls.key", place.folder / "tls.crt"
    names = asked["spec"]["dnsNames"]
    done = call(
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", f"/CN={names[0]}",
        "-addext", "subjectAltName=" + ",".join(f"DNS:{name}" for name in names), "-keyout", key, "-out", certificate,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    place.kubectl("create", "secret", "tls", asked["spec"]["secretName"], f"--cert={certificate}", f"--key={key}")
    return certificate.read_text()


class Browser:
    """Asks for one host from a pod of the place, through Traefik; with a certificate that is trusted, by TLS."""

    def __init__(self, place, host, ca=None):
        self.place = place
        self.asked = {"host": host, "ca": ca, "patience": 10 * SLOW}

    def get(self, path, **how):
        """{status, headers, text}, status 0 where there is no connection, or TLS is refused; `ciphers` are TLS 1.2's, `times` makes a list of as many answers."""
        asked = json.dumps({**self.asked, "path": path, **how})
        answers = json.loads(self.place.exec("tools", "python3", "-c", CLIENT, stdin=asked).out)
        return answers if "times" in how else answers[0]

    def until(self, status, path):
        """The first answer of that status: Traefik hears of what is new a moment later."""
        answers = []
        wait_until(lambda: answers.append(self.get(path)) or answers[-1]["status"] == status, 30, lambda: f"{status} of {path}: {answers[-2:]}", every=0.3)
        return answers[-1]
