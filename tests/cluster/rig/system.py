"""One of the example systems in a place: its own chart with an overlay, driven by the commands of its page. Its images are the
stand-in's, under the system's own names (images/images.yaml)."""

import json
import shutil
import threading
import time

from .cluster import ROOT, SLOW, wait_until
from .place import ready, statuses
from .release import CHART, Release

# The node's proxy hears of a ready pod a moment later: until then a Service refuses.
CLIENT = """
import sys, time, urllib.error, urllib.request
method, url, patience = sys.argv[1:]
body, until = sys.stdin.buffer.read() or None, time.monotonic() + 4 * float(patience)
while True:
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"}, method=method)
    try: answer = urllib.request.urlopen(request, timeout=float(patience))
    except urllib.error.HTTPError as error: answer = error
    except urllib.error.URLError as error:
        if not isinstance(error.reason, ConnectionRefusedError) or time.monotonic() > until: raise
        time.sleep(0.2)
        continue
    break
print(answer.status, answer.read().decode())
"""


class System(Release):
    prefix = "app."

    def __init__(self, place, example, name, overlay="values-dev.yaml", **how):
        super().__init__(place, name=name, **how)
        above = place.folder / "chart"
        if not above.exists():
            shutil.copytree(CHART, above, ignore=shutil.ignore_patterns("examples"))
        self.chart = above / "examples" / example
        shutil.copytree(ROOT / "chart" / "examples" / example, self.chart, ignore=shutil.ignore_patterns("charts"), dirs_exist_ok=True)
        self.overlays = ["-f", self.chart / overlay]
        self.helm("dependency", "build", self.chart)

    def test(self):
        """helm test; its output. The pods are gone afterwards, or it has failed."""
        return self.helm("test", self.name, "--timeout=60s", timeout=90).text

    def uninstall(self, **options):
        """With the pods of `helm test`, by the command of docs/chart.md."""
        super().uninstall(**options)
        wait_until(lambda: not self.pods(), 30, "its pods are gone")
        self.place.kubectl("delete", "pod", "-l", f"app.kubernetes.io/instance={self.name}", "--wait=true")

    # --- Its pods -----------------------------------------------------------------------------------------------------

    def pods(self, component=None):
        """Those of its workloads: not of jobs, nor what `helm test` left."""
        labels = f"app.kubernetes.io/instance={self.name}" + (f",app.kubernetes.io/component={component}" if component else "")
        owners = ("ReplicaSet", "StatefulSet")
        return [one for one in self.place.pods(labels) if one["metadata"].get("ownerReferences", [{}])[0].get("kind") in owners]

    def job(self, key):
        """The last Job of a migration; its name may end with a hash."""
        (found,) = [one for one in self.place.list("jobs") if one["metadata"]["labels"].get("app.kubernetes.io/component") == f"{key}.migration"]
        return found

    def job_log(self, key):
        return self.place.log(f"job/{self.job(key)['metadata']['name']}")

    def settled(self, timeout=60):
        """Waits until no pod of it is there but ready ones: an old one has ended, too."""
        what = lambda: f"all pods ready: {self.place.describe()}"  # noqa: E731
        wait_until(lambda: (lambda pods: pods and all(map(ready, pods)))(self.pods()), timeout, what)

    def running(self):
        """{container's id}: of a container that was started again there is another."""
        return {status["containerID"] for pod in self.pods() for status in statuses(pod)}

    # --- Its users ----------------------------------------------------------------------------------------------------

    def ask(self, method, url, body=""):
        """(status, text) from a pod of the place."""
        body = body if isinstance(body, str) else json.dumps(body)
        done = self.place.exec("tools", "python3", "-c", CLIENT, method, url, str(10 * SLOW), stdin=body)
        status, _, text = done.out.partition(" ")
        return int(status), text.strip()

    def add(self, url, title):
        status, text = self.ask("POST", url, {"title": title})
        assert status == 201, (status, text)
        return json.loads(text)

    def rows(self, url):
        """What it lists, as soon as it does: a pod stays ready for a moment after its database has gone."""
        answers = []
        wait_until(lambda: answers.append(self.ask("GET", url)) or answers[-1][0] == 200, 20, lambda: f"{url} lists: {answers[-3:]}")
        return json.loads(answers[-1][1])


def seconds(act):
    """(what act() gives, how long it took)"""
    since = time.monotonic()
    return act(), time.monotonic() - since


class Tunnel:
    """with Tunnel(place): each LoadBalancer of the place gets an address, as `minikube tunnel` and a cloud give it."""

    ADDRESS = "192.0.2.10"  # of no machine

    def __init__(self, place):
        self.place = place

    def __enter__(self):
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._give, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join(20)

    def _give(self):
        status = json.dumps({"status": {"loadBalancer": {"ingress": [{"ip": self.ADDRESS}]}}})
        while not self._over.wait(0.2):
            for one in self.place.list("services"):
                if one["spec"]["type"] == "LoadBalancer" and not one["status"]["loadBalancer"].get("ingress"):
                    name = one["metadata"]["name"]
                    self.place.kubectl("patch", "service", name, "--subresource=status", "--type=merge", "-p", status, check=False)
