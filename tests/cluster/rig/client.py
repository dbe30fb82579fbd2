"""A client inside the cluster that asks a Service again and again, a new connection each time, and counts."""

import json
import subprocess
import threading

from .cluster import end, wait_until

# Runs in the stand-in image. One line a request: seconds since its start, status (0: no answer), the text's first word.
SCRIPT = r"""
import http.client, json, sys, threading, time, urllib.parse
url, every = urllib.parse.urlsplit(sys.argv[1]), float(sys.argv[2])
stop = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
while not stop.is_set():
    began = time.monotonic()
    try:
        c = http.client.HTTPConnection(url.hostname, url.port or 80, timeout=3)
        c.request("GET", url.path or "/", headers={"Connection": "close"})
        a = c.getresponse()
        found = {"status": a.status, "text": a.read(500).decode(errors="replace")}
    except (OSError, http.client.HTTPException) as error:
        found = {"status": 0, "text": type(error).__name__}
    print(json.dumps({"took": round(time.monotonic() - began, 4), **found}), flush=True)
    stop.wait(max(0, began + every - time.monotonic()))
"""


class Client:
    """with Client(place, "http://web/version") as client: …; client.answers, client.failures()"""

    def __init__(self, place, url, every=0.1):
        self.answers = []  # [{"status", "text", "took"}]
        self._process = place.cluster.start(
            "kubectl", "-n", place.name, "exec", "-i", "tools", "--", "python3", "-u", "-c", SCRIPT, url, str(every),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self._thread = threading.Thread(target=self._read, daemon=True)

    def _read(self):
        for line in self._process.stdout:
            self.answers.append(json.loads(line))

    def __enter__(self):
        self._thread.start()
        # The node's proxy hears of a ready pod a moment later; what counts begins with the first answer.
        wait_until(lambda: self.answers and self.answers[-1]["status"] == 200, 20, "the Service answers")
        self.answers.clear()
        wait_until(lambda: self.answers, 20, "the client asks")
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self._process.poll() is None:
            self._process.stdin.close()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                end(self._process)
        self._thread.join(5)

    def failures(self):
        return [one for one in list(self.answers) if one["status"] != 200]

    def lost(self):
        """The failures, without a few in which the database took longer than the stand-in gives it: a busy machine's."""
        failures = self.failures()
        slow = [one for one in failures if one["status"] == 503 and '"timeout"' in one["text"]]
        return failures if len(slow) > len(self.answers) / 50 else [one for one in failures if one not in slow]

    def wait_for(self, predicate, timeout, what):
        """Until an answer from now on satisfies predicate; returns it."""
        first = len(self.answers)
        return wait_until(lambda: next((a for a in self.answers[first:] if predicate(a)), None), timeout, what)
