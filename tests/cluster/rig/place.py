"""A namespace of a test's own, with what an application finds in one: its database, Redis, credentials.

Restricted Pod Security is enforced. The Services are named `database`, `redis`, `migrate` and `healthd`, so that the
kubelet would give every pod variables such as DATABASE_PORT=tcp://…, REDIS_PORT=tcp://…, HEALTHD_PORT=… and
MIGRATE_SERVICE_HOST=…. The servers are plain pods without probes: nothing but a story starts or stops them.
"""

import json
import time
import uuid

import yaml

from .cluster import wait_until

STANDIN = "localhost/release-runtime-test/standin:1"
PASSWORD = "c4nary-s3cret"
DATABASE_URL = f"postgres://app:{PASSWORD}@database:5432/shop"
REDIS_URL = "redis://redis:6379/0"
ALWAYS = {"imagePullPolicy": "IfNotPresent"}
SERVERS = ("postgres", "redis", "tools")


def restricted(uid=1000):
    """(pod's, container's) security context that the restricted level admits."""
    pod = {"runAsNonRoot": True, "runAsUser": uid, "runAsGroup": uid, "fsGroup": uid}
    pod["seccompProfile"] = {"type": "RuntimeDefault"}
    container = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
    return pod, container


def pod(name, command, image=STANDIN, env=None, folders=(), links=False, restart="Always", **more):
    """A pod as the restricted level wants it; `folders` are emptyDirs; `links`: service variables."""
    security, own = restricted()
    volumes = [{"name": f"v{i}", "emptyDir": {}} for i, _ in enumerate(folders)]
    container = {
        "name": name,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "env": [{"name": k, "value": v} for k, v in (env or {}).items()],
        "securityContext": own,
        "volumeMounts": [{"name": f"v{i}", "mountPath": folder} for i, folder in enumerate(folders)],
        **more,
    }
    if command:
        container["command"] = command
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"stand-in": name}},
        "spec": {
            "securityContext": security,
            "enableServiceLinks": links,
            "automountServiceAccountToken": False,
            "restartPolicy": restart,
            "terminationGracePeriodSeconds": 0,
            "volumes": volumes,
            "containers": [container],
        },
    }


def service(name, target, port, target_port=None):
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"selector": {"stand-in": target}, "ports": [{"port": port, "targetPort": target_port or port}]},
    }


def server_of(one):
    """The server that a pod is, or that a Service leads to."""
    return {**one["metadata"].get("labels", {}), **one.get("spec", {}).get("selector", {})}.get("stand-in")


class Place:
    def __init__(self, cluster, word):
        self.cluster = cluster
        self.name = f"e2e-{word}-{uuid.uuid4().hex[:5]}"
        self.core = f"/api/v1/namespaces/{self.name}"

    # --- Making and removing it ---------------------------------------------------------------------------------------

    def open(self, servers=True):
        labels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
        space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.name, "labels": labels}}
        self.cluster.kubectl("create", "-f", "-", stdin=yaml.safe_dump(space))
        wait_until(lambda: self.get("serviceaccounts/default"), 20, "the default service account")
        names = SERVERS if servers is True else servers or ()
        if names:
            self.apply(*[one for one in self._belongings() if server_of(one) in (*names, None)])
            self.wait_for_servers(names)
        return self

    def _belongings(self):
        database = {"POSTGRES_USER": "app", "POSTGRES_PASSWORD": PASSWORD, "POSTGRES_DB": "shop"}
        secret = {"DATABASE_URL": DATABASE_URL, "REDIS_URL": REDIS_URL}
        return [
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "credentials"}, "stringData": secret},
            service("database", "postgres", 5432),
            service("redis", "redis", 6379),
            service("migrate", "tools", 80),
            service("healthd", "tools", 80),
            pod("postgres", ["/standin/postgres"], env=database, folders=("/data", "/tmp")),
            pod("redis", ["/standin/redis"], folders=("/data", "/tmp")),
            pod("tools", ["sleep", "infinity"], folders=("/tmp",)),
        ]

    def wait_for_servers(self, names):
        wait_until(lambda: len(self.ready_pods()) == len(names), 60, lambda: f"stand-ins ready: {self.describe()}")
        if "postgres" in names:
            wait_until(lambda: self.psql("select 1", check=False).out == "1", 60, "PostgreSQL answers", every=0.2)

    def close(self):
        self.kubectl("delete", "namespace", self.name, "--wait=false", "--ignore-not-found", check=False)

    # --- Commands in it -----------------------------------------------------------------------------------------------

    def kubectl(self, *words, **options):
        return self.cluster.kubectl("-n", self.name, *words, **options)

    def apply(self, *objects):
        text = yaml.safe_dump_all([{**one, "metadata": {"namespace": self.name, **one["metadata"]}} for one in objects])
        return self.kubectl("apply", "-f", "-", stdin=text)

    def exec(self, pod_name, *command, container=None, **options):
        where = ["-c", container] if container else []
        return self.kubectl("exec", *(["-i"] if options.get("stdin") else []), pod_name, *where, "--", *command, **options)

    def psql(self, sql, **options):
        """Asks PostgreSQL as the application's role; .out is the answer, unaligned."""
        done = self.exec("tools", "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", DATABASE_URL + "?connect_timeout=3", "-c", sql, **options)
        done.out = done.out.strip()
        return done

    def fetch(self, url, timeout=3):
        """(status, text) of a GET from a pod inside; status 0 when there was no answer."""
        script = (
            "import sys, urllib.request as u, urllib.error as e\n"
            "try: a = u.urlopen(sys.argv[1], timeout=float(sys.argv[2]))\n"
            "except e.HTTPError as x: a = x\n"
            "except OSError as x: print(0, x); sys.exit()\n"
            "print(a.status, a.read().decode())\n"
        )
        done = self.exec("tools", "python3", "-c", script, url, str(timeout), check=False)
        status, _, text = done.out.partition(" ")
        return int(status or 0), text.strip() or done.err

    # --- Looking at it ------------------------------------------------------------------------------------------------

    def path(self, what):
        """deployments/x, jobs, cronjobs, endpointslices, pods … as a path of the API."""
        kind = what.split("/")[0].split("?")[0]
        group = {
            "deployments": "apps/v1",
            "replicasets": "apps/v1",
            "jobs": "batch/v1",
            "cronjobs": "batch/v1",
            "endpointslices": "discovery.k8s.io/v1",
        }.get(kind)
        return f"/apis/{group}/namespaces/{self.name}/{what}" if group else f"{self.core}/{what}"

    def get(self, what):
        return self.cluster.get(self.path(what))

    def list(self, what):
        return self.get(what)["items"]

    def pods(self, labels=None):
        """Those that bear the labels: "KEY=VALUE,…" """
        return self.list("pods" + (f"?labelSelector={labels}" if labels else ""))

    def ready_pods(self):
        return [one for one in self.pods() if ready(one)]

    def log(self, what, container=None, previous=False):
        """Of one container, of the first one, or with "--all-containers" of all."""
        where = ["-c", container] if container and container != "--all-containers" else [container] if container else []
        return self.kubectl("logs", what, *where, *(["--previous"] if previous else []), check=False).text

    def restarts(self, pods=None):
        """{(pod, container): how often it was started again}, of all containers and native sidecars."""
        return {
            (one["metadata"]["name"], found["name"]): found["restartCount"]
            for one in (self.pods() if pods is None else pods)
            for found in statuses(one)
        }

    def follow_endpoints(self, name):
        return Endpoints(self, name)

    def describe(self):
        """What a failed story wants to know."""
        lines = []
        for one in self.pods():
            states = [
                f"{s['name']}:{json.dumps(s['state'])[:300]} ready={s['ready']} restarts={s['restartCount']}"
                for s in statuses(one)
            ]
            lines.append(f"{one['metadata']['name']} {one['status']['phase']} " + " | ".join(states))
            for found in statuses(one):
                if not found["ready"] or found["restartCount"]:
                    text = self.log(one["metadata"]["name"], found["name"], previous=found["restartCount"] > 0)
                    lines += [f"    | {found['name']}: {line}" for line in text.splitlines()[-10:]]
        events = sorted(self.list("events"), key=lambda e: e.get("lastTimestamp") or e["metadata"]["creationTimestamp"])
        lines += [f"{e['type']} {e['reason']} {e['involvedObject']['name']}: {e['message']}" for e in events[-30:]]
        return "\n".join(lines)


def statuses(one):
    """Of all its containers, native sidecars among them."""
    return one["status"].get("initContainerStatuses", []) + one["status"].get("containerStatuses", [])


def status(one, name):
    return next(found for found in statuses(one) if found["name"] == name)


def container_id(one, name):
    """As the node's container runtime knows it."""
    return status(one, name)["containerID"].split("://")[1]


def ready(one):
    conditions = {c["type"]: c["status"] for c in one["status"].get("conditions", [])}
    return conditions.get("Ready") == "True" and not one["metadata"].get("deletionTimestamp")


class Endpoints:
    """Which addresses a Service sends to, and when that changed (EndpointSlices, watched)."""

    def __init__(self, place, name):
        self.name = name
        self._watch = place.cluster.watch(place.path(f"endpointslices?labelSelector=kubernetes.io/service-name={name}"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._watch.close()

    def history(self):
        """[(monotonic seconds, ready addresses)]"""
        slices, seen = {}, []
        for at, kind, one in list(self._watch.events):
            if kind not in ("ADDED", "MODIFIED", "DELETED"):
                continue
            addresses = {
                address
                for endpoint in one.get("endpoints") or []
                if endpoint["conditions"].get("ready")
                for address in endpoint["addresses"]
            }
            slices[one["metadata"]["name"]] = set() if kind == "DELETED" else addresses
            seen.append((at, set().union(*slices.values())))
        return seen

    def now(self):
        seen = self.history()
        return seen[-1][1] if seen else set()

    def wait(self, count, timeout, since=None):
        """Waits for so many ready addresses; the seconds from `since` to the change (the watch's own clock)."""
        since = time.monotonic() if since is None else since

        def at():
            moment = None
            for when, addresses in self.history():  # the beginning of the last stretch with that count
                moment = (when if moment is None else moment) if len(addresses) == count else None
            return moment

        moment = wait_until(at, timeout, lambda: f"{count} endpoints of {self.name}: {self.history()[-5:]}", every=0.02)
        return max(0.0, moment - since)
